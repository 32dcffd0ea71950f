"""What training does on a GPU, on the CPU: frames held on the device, losses read seldom, batches drawn ahead."""

import math

import numpy as np
import pytest
import torch
from support.vidm_helpers import (
    CPU,
    SEED_FLOW,
    CodedVideos,
    LabelledVideos,
    small_recipe,
    small_spec,
    state_in,
    told_by,
    train,
    training_videos,
)

from vidmbench.core.errors import ResultError
from vidmbench.vidm.diffusion.schedule import at, linear_schedule
from vidmbench.vidm.recipes import DataSpec
from vidmbench.vidm.training import loop
from vidmbench.vidm.training import step as stepping
from vidmbench.vidm.training.batches import batches
from vidmbench.vidm.training.device_batches import held_frames


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Everything that is chosen for a GPU is chosen; the work itself is done by the CPU."""
    monkeypatch.setattr(loop, "is_accelerator", lambda device: True)


@pytest.fixture
def readings(monkeypatch):
    """How many losses each reading waited for."""
    found, read = [], stepping.Losses.read

    def noted(losses, step):
        if losses._unread:
            found.append(len(losses._unread))
        read(losses, step)

    monkeypatch.setattr(stepping.Losses, "read", noted)
    return found


def same(one, other):
    return all(torch.equal(one[name], value) for name, value in other.items())


class Stopped(Exception):
    pass


def stopping_at(last):
    def progress(step, steps, words):
        if step == last:
            raise Stopped

    return progress


@pytest.mark.parametrize("part", ["content", "motion"])
def test_a_stopped_run_ends_in_the_same_bits(part, as_on_a_gpu, tmp_path, monkeypatch):
    train(tmp_path / "whole", part)
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_STATES", -1.0)
    with pytest.raises(Stopped):
        train(tmp_path / "stopped", part, progress=stopping_at(4))
    assert state_in(tmp_path / "stopped", part)[1] == 3
    train(tmp_path / "stopped", part)
    (whole, _), (resumed, step) = (state_in(tmp_path / name, part) for name in ("whole", "stopped"))
    assert step == 6
    assert same(whole, resumed)


def test_the_loss_is_read_once_a_row_and_on_a_cpu_at_every_step(readings, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "STEPS_A_ROW", 4)
    train(tmp_path / "cpu")
    assert readings == [1] * 6
    readings.clear()
    monkeypatch.setattr(loop, "is_accelerator", lambda device: True)
    shown = []
    train(tmp_path / "gpu", progress=lambda step, steps, words: shown.append(words))
    assert readings == [4, 2]
    assert [words.endswith("nan") for words in shown] == [True] * 3 + [False] * 3
    log = (tmp_path / "gpu" / "content.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in log] == ["step", "4", "6"]


def test_rows_do_not_depend_on_how_often_losses_are_read():
    often, seldom = (stepping.Losses(lambda *_: ResultError("not expected")) for _ in range(2))
    for step in range(1, 7):
        pair = torch.tensor(1 / step), torch.tensor(step / 3)
        for losses in (often, seldom):
            losses.add(*pair)
        often.read(step)
    seldom.read(6)
    assert often.last == seldom.last
    assert often.means() == seldom.means()


@pytest.mark.parametrize("bad", ["loss", "norm"])
def test_a_loss_that_is_no_number_is_named_by_its_step_when_it_is_read(bad):
    losses = stepping.Losses(lambda step, loss, norm: ResultError(f"{step} {loss} {norm}"))
    for step in range(1, 6):
        broken = step == 3
        losses.add(
            torch.tensor(math.nan if broken and bad == "loss" else 1.0),
            torch.tensor(math.inf if broken and bad == "norm" else 2.0),
        )
    with pytest.raises(ResultError, match=r"^3 nan (2\.0|inf)$"):
        losses.read(5)


def test_weights_that_are_no_numbers_are_not_kept(as_on_a_gpu, tmp_path, monkeypatch):
    """A GPU's optimiser goes on before anyone looks: the state that was saved before must stay."""
    calls, loss = [], stepping.training_loss

    def changed(*args, **options):
        calls.append(1)
        return loss(*args, **options) * (float("nan") if len(calls) == 3 else 1.0)

    monkeypatch.setattr(stepping, "training_loss", changed)
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_STATES", -1.0)
    with pytest.raises(ResultError, match="no longer a number at step 3"):
        train(tmp_path)
    tensors, step = state_in(tmp_path)
    assert step == 2
    assert all(value.isfinite().all() for value in tensors.values())


def test_frames_that_do_not_fit_are_sent_and_give_the_bits_of_a_cpu(as_on_a_gpu, tmp_path, monkeypatch):
    train(tmp_path / "held")
    monkeypatch.setattr(loop, "free_bytes", lambda device: 0)
    train(tmp_path / "sent")
    monkeypatch.undo()
    train(tmp_path / "cpu")
    held, sent, cpu = (state_in(tmp_path / name)[0] for name in ("held", "sent", "cpu"))
    assert same(sent, cpu)
    assert not same(held, cpu)


def test_videos_of_several_lengths_are_sent(as_on_a_gpu, tmp_path):
    assert held_frames(training_videos(CodedVideos((8, 9, 10))), CPU, None, has_labels=False) is None
    train(tmp_path, "motion", source=CodedVideos((8, 9, 10)))


def test_classes_come_with_the_frames_that_are_held(as_on_a_gpu, tmp_path):
    videos, spec = training_videos(LabelledVideos()), small_spec(num_classes=3)
    held = held_frames(videos, CPU, None, has_labels=True)
    batch = held.draw("content", spec, DataSpec(start="any"), 0, 0, 50)
    assert [video % 3 for video, _, _ in told_by(batch.x_0)] == batch.label.tolist()
    assert batch.x_0.is_contiguous()
    assert batch.eps.is_contiguous()
    train(tmp_path, recipe=small_recipe(spec, flow_start=SEED_FLOW), source=LabelledVideos())


def test_processes_share_what_the_device_draws():
    held = held_frames(training_videos(), CPU, None, has_labels=False)
    whole = held.draw("motion", small_spec(), DataSpec(), 0, 3, 6)
    parts = [whole.rows(0, 3), whole.rows(3, 6)]
    for name in ("x_0", "eps", "t", "first", "previous", "n"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))
    assert whole.label is None


@pytest.mark.parametrize("room", [0, 1])
def test_only_sets_that_fit_are_held(room):
    videos = training_videos()
    assert (held_frames(videos, CPU, videos.num_bytes - 1 + room, has_labels=False) is not None) == bool(room)


def test_batches_drawn_far_ahead_are_the_same_and_in_order():
    def drawn(ahead):
        return batches(
            "motion", training_videos(), small_spec(), DataSpec(), 1, steps=range(2, 9), batch_size=2, ahead=ahead
        )

    one, four, no_more = list(drawn(1)), list(drawn(4)), drawn(4)
    assert len(one) == len(four) == 7
    assert all(same(vars(a) | {"label": a.t}, vars(b) | {"label": b.t}) for a, b in zip(one, four, strict=True))
    next(no_more)
    no_more.close()  # threads end without drawing what nobody takes


def test_constants_of_timesteps_are_picked_as_numpy_picks_them():
    values = np.sqrt(linear_schedule().alpha_bar)
    t = torch.randint(1000, (64,), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        at(values, t, torch.zeros(64, 3))
    picked = at(values, t, torch.zeros(64, 3, 2, 2))
    assert torch.equal(picked, torch.from_numpy(values[t.numpy()]).float().view(64, 1, 1, 1))
    assert not picked.is_inference()
