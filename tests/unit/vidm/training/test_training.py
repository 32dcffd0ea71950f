import os
import signal
import socket
import subprocess
import sys

import pandas as pd
import pytest
import torch
from support import vidm_driver
from support.paths import environment
from support.vidm_helpers import SEED_FLOW, CodedVideos, small_recipe, small_spec, state_in, train

from vidmbench.core.errors import ResultError, UsageError, WeightsError
from vidmbench.vidm.recipes import DataSpec
from vidmbench.vidm.training import loop as training
from vidmbench.vidm.training import step as stepping
from vidmbench.vidm.training.loop import new_net
from vidmbench.vidm.training.state import Log, TrainingState

DRIVER = ("-m", vidm_driver.__name__)
PARTS = ["content", "motion"]
DEEPER = small_spec().motion.model_copy(update={"blocks": 2})


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """A state after every step, a row after every second one, as in the driver's processes."""
    monkeypatch.setattr(training, "SECONDS_BETWEEN_STATES", -1.0)
    monkeypatch.setattr(training, "STEPS_A_ROW", vidm_driver.STEPS_A_ROW)


def at_step(step, change):
    """A loss that ``change`` is done to at a step, counted from 1."""
    calls, loss = [], stepping.training_loss

    def changed(*args, **options):
        calls.append(1)
        found = loss(*args, **options)
        return change(found) if len(calls) == step else found

    return changed


# --- stopping and going on


@pytest.mark.parametrize(
    ("part", "kills"),
    [("content", [("after-step", 3)]), ("motion", [("half-state", 2), ("between-files", 4)])],
)
def test_a_run_killed_at_any_moment_ends_in_the_same_bits(part, kills, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for moment, step in kills:
        command = [sys.executable, *DRIVER, str(killed), part, moment, str(step)]
        process = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment())
        assert process.returncode == -signal.SIGKILL, process.stderr
        assert state_in(killed, part)[1] == step - 1
    words = []
    ema = vidm_driver.trained(part, killed, progress=lambda step, steps, said: words.append(said))
    assert len(words) == 6 - (step - 1)  # what was done is not done again, the flow's training neither
    expected = vidm_driver.trained(part, whole)
    assert all(torch.equal(ema[name], value) for name, value in expected.items())
    (found, done), (tensors, _) = state_in(killed, part), state_in(whole, part)
    assert done == 6
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], value) for name, value in tensors.items())
    log, uninterrupted = (pd.read_csv(folder / f"{part}.csv") for folder in (killed, whole))
    assert log["step"].tolist() == [2, 4, 6]
    assert list(log.columns) == ["step", "loss", "grad_norm", "lr", "seconds"]
    assert log["seconds"].is_monotonic_increasing
    assert log.iloc[2][["loss", "grad_norm"]].equals(uninterrupted.iloc[2][["loss", "grad_norm"]])


def test_an_interrupted_step_is_finished_and_kept(tmp_path):
    command = [sys.executable, *DRIVER, str(tmp_path / "stopped"), "content", "interrupt", "3"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment())
    assert process.returncode != 0
    assert "KeyboardInterrupt" in process.stderr
    assert state_in(tmp_path / "stopped", "content")[1] == 3
    ema = vidm_driver.trained("content", tmp_path / "stopped")
    expected = vidm_driver.trained("content", tmp_path / "whole")
    assert all(torch.equal(ema[name], value) for name, value in expected.items())


_SIGNALS = """
import signal
from vidmbench.vidm.training.interrupts import interrupts_wait

signal.signal(signal.SIGINT, before := signal.default_int_handler)  # in the background it is ignored
with interrupts_wait() as is_stopped:
    assert not is_stopped()
    signal.raise_signal(signal.SIGINT)
    assert is_stopped()
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        print("stopped at once")
with interrupts_wait(enabled=False) as is_stopped:
    assert signal.getsignal(signal.SIGINT) is before
    assert not is_stopped()
assert signal.getsignal(signal.SIGINT) is before
"""


def test_a_second_signal_acts_at_once():
    # A process of its own: what other tests loaded must not decide what a signal does, and no signal may stop them.
    command = [sys.executable, "-c", _SIGNALS]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment())
    assert (process.returncode, process.stdout) == (0, "stopped at once\n"), process.stderr


def test_a_finished_run_is_not_trained_again(tmp_path):
    first = train(tmp_path)
    before = (tmp_path / "content.state.safetensors").stat().st_mtime_ns
    again = train(tmp_path, progress=lambda *_: pytest.fail("trained again"))
    assert all(torch.equal(again[name], value) for name, value in first.items())
    assert (tmp_path / "content.state.safetensors").stat().st_mtime_ns == before


def state_at(step, log=None):
    net = torch.nn.Linear(1, 1)
    return TrainingState(net, {}, torch.optim.AdamW(net.parameters()), step, {}, log)


def test_rows_of_lost_work_are_dropped(tmp_path):
    log = Log(tmp_path / "log.csv", state_at(0))
    for step in (2, 4, 6):
        log.add(step, 1 / step, 1.0, 1e-3, step / 10)
    log.write()
    again = Log(tmp_path / "log.csv", state_at(5))
    assert again.seconds == 0.4
    again.add(6, 0.5, 1.0, 1e-3, 0.7)
    again.write()
    assert pd.read_csv(tmp_path / "log.csv")["loss"].tolist() == [0.5, 0.25, 0.5]
    assert Log(tmp_path / "log.csv", state_at(0)).seconds == 0.0  # a new run in the folder begins a new log


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-3], lambda data: data.replace(b"0.5", b"0.6")]
)
def test_a_damaged_log_is_written_again_from_the_state(damage, tmp_path, capsys):
    path, rows = tmp_path / "log.csv", [[2, 0.5, 1.0, 1e-3, 0.2], [4, 0.25, 1.0, 1e-3, 0.4]]
    Log(path, state_at(4, rows)).write()
    whole = path.read_bytes()
    path.write_bytes(whole + b"6,0.1,1,0.001,0.6\n")  # of work that was lost
    capsys.readouterr()
    Log(path, state_at(4, rows))
    assert capsys.readouterr().err == ""
    path.write_bytes(damage(whole))
    assert Log(path, state_at(4, rows)).seconds == 0.4
    assert f"note: the log {path} is damaged" in capsys.readouterr().err
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"step,loss\n1,2\n", b"step,loss,grad_norm,lr,seconds\n2,x,1,1,1\n"]
)
def test_a_damaged_log_of_an_earlier_version_is_said(data, tmp_path, capsys):
    (tmp_path / "log.csv").write_bytes(data)
    assert Log(tmp_path / "log.csv", state_at(4)).seconds == 0.0
    assert "is damaged; its rows up to step 4 are lost" in capsys.readouterr().err


def one_step(**changes):
    return small_recipe(**({"steps": 1, "flow_start": SEED_FLOW} | changes))


@pytest.mark.parametrize(
    ("key", "part", "changes"),
    [
        ("seed", "content", {"seed": 1}),
        ("data", "content", {"source": CodedVideos(name="other")}),
        ("model.truncation", "content", {"recipe": one_step(model=small_spec(truncation=False))}),
        ("model.motion.blocks", "motion", {"recipe": one_step(model=small_spec(motion=DEEPER))}),
        ("frames.start", "content", {"recipe": one_step(data=DataSpec(start="first"))}),
        ("training.lr", "content", {"recipe": one_step(lr=2e-3)}),
        ("flow_start.start", "motion", {"recipe": small_recipe(steps=1)}),
    ],
)
def test_the_folder_of_another_run_is_refused_and_the_difference_named(key, part, changes, tmp_path):
    train(tmp_path, part, one_step())
    path = tmp_path / f"{part}.state.safetensors"
    before = path.read_bytes()
    with pytest.raises(ResultError, match="other settings") as caught:
        train(tmp_path, part, **({"recipe": one_step()} | changes))
    assert caught.value.expected.startswith(f"{key} = ")
    assert caught.value.found.startswith(f"{key} = ")
    assert caught.value.expected != caught.value.found
    assert caught.value.where == str(path)
    assert path.read_bytes() == before


def test_a_truncated_state_is_refused(tmp_path):
    train(tmp_path, recipe=small_recipe(steps=1))
    path = tmp_path / "content.state.safetensors"
    for size in (path.stat().st_size - 1, 100, 0):
        os.truncate(path, size)
        with pytest.raises(WeightsError, match="cannot be read") as caught:
            train(tmp_path, recipe=small_recipe(steps=1))
        assert caught.value.where == str(path)


# --- going wrong


def without_slope(loss):
    """The same value with a gradient that is no number."""
    return loss + (loss - loss.detach()).sqrt()


@pytest.mark.parametrize("change", [lambda loss: loss * float("nan"), lambda loss: loss / 0, without_slope])
def test_a_loss_that_is_no_number_stops_training_and_keeps_the_last_good_state(change, tmp_path, monkeypatch):
    train(tmp_path / "good", recipe=small_recipe(steps=4))
    monkeypatch.setattr(stepping, "training_loss", at_step(3, change))
    with pytest.raises(ResultError, match="content generator is no longer a number at step 3") as caught:
        train(tmp_path / "bad", recipe=small_recipe(steps=4))
    assert "content.state.safetensors" in caught.value.fix
    tensors, step = state_in(tmp_path / "bad")
    assert step == 2
    assert all(value.isfinite().all() for value in tensors.values())
    monkeypatch.undo()
    train(tmp_path / "bad", recipe=small_recipe(steps=4))  # the state is the one before the bad step
    good, mended = state_in(tmp_path / "good")[0], state_in(tmp_path / "bad")[0]
    assert all(torch.equal(mended[name], value) for name, value in good.items())


def test_an_absurd_learning_rate_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SECONDS_BETWEEN_STATES", 60.0)
    with pytest.raises(ResultError, match=r"content.lr = 1e\+30") as caught:
        train(tmp_path, recipe=small_recipe(lr=1e30))
    assert "nothing was saved yet" in caught.value.fix
    assert not list(tmp_path.iterdir())


def no_memory(_):
    return torch.empty(1 << 50, dtype=torch.uint8)


def no_gpu_memory(_):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore")


@pytest.mark.parametrize(("change", "said"), [(no_memory, "allocate memory"), (no_gpu_memory, "CUDA out of memory")])
def test_out_of_memory_says_what_to_lower(change, said, tmp_path, monkeypatch):
    monkeypatch.setattr(stepping, "training_loss", at_step(2, change))
    with pytest.raises(ResultError, match="memory ran out") as caught:
        train(tmp_path)
    assert said in caught.value.found
    assert "\n" not in caught.value.found
    assert caught.value.where == "batch_size = 4, resolution = 16"
    assert "lower batch_size" in caught.value.fix
    assert state_in(tmp_path)[1] == 1


def test_other_errors_of_torch_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(stepping, "training_loss", at_step(1, lambda loss: loss @ torch.zeros(3)))
    with pytest.raises(RuntimeError, match="size"):
        train(tmp_path)


# --- several processes


def test_two_processes_train_as_one(tmp_path):
    """Their mean of two halves is the whole batch's mean but for float32's rounding, which AdamW may enlarge: where
    a gradient is tiny, its step still is of the size of lr. Six steps of 1e-3 move weights by up to 6e-3.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1"]
    command = [*launcher, f"--master-port={port}", *DRIVER, str(tmp_path / "two"), ",".join(PARTS), "never", "0"]
    single = environment(OMP_NUM_THREADS="1", GLOO_SOCKET_IFNAME="lo")
    process = subprocess.run(command, capture_output=True, text=True, timeout=600, env=single)
    assert process.returncode == 0, process.stderr
    for part in PARTS:
        vidm_driver.trained(part, tmp_path / "one")
        (one, step), (two, same) = (state_in(tmp_path / folder, part) for folder in ("one", "two"))
        assert step == same == 6
        start = new_net(part, small_spec(), vidm_driver.SEED).state_dict()
        assert max((one[f"net.{name}"] - value).abs().max().item() for name, value in start.items()) > 5e-3
        distances = torch.cat([(two[name] - value).abs().flatten() for name, value in one.items()])
        assert distances.quantile(0.99).item() < 1e-6
        assert distances.max().item() < 2e-4
        logs = [pd.read_csv(tmp_path / folder / f"{part}.csv")[["step", "loss", "lr"]] for folder in ("one", "two")]
        pd.testing.assert_frame_equal(*logs, rtol=1e-4)


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_processes", lambda: (1, 3))
    with pytest.raises(UsageError, match="a batch_size that 3 processes divide") as caught:
        train(tmp_path, "motion")
    assert (caught.value.found, caught.value.where) == ("4", "motion.batch_size")
