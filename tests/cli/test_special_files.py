"""Named pipes, sockets and devices in the place of any input: one message at once, instead of waiting without end."""

import os
import shutil
import signal
import socket

import numpy as np
import pytest

from vidmbench.core.resources import results_dir
from vidmbench.videos import write_frames, write_mp4

LIMIT = 120  # seconds; a command that waits for a pipe waits for ever
CLIPS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 16, 3), dtype=np.uint8)
SCORE = ("score", "real.npy")

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture(autouse=True)
def clock():
    """Ends a command that waits."""

    def late(*_):
        raise AssertionError(f"the command waited {LIMIT} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def real(folder, fake_network):
    np.save(folder / "real.npy", CLIPS)


def pipe(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((f"a{suffix}", SCORE) for suffix in (".npy", ".npz", ".zip", ".mp4", ".gif", ".webp", ".h5", "")),
        ("p.toml", (*SCORE, "real.npy", "--protocol")),
        ("l.toml", ("run", "--dataset", "folder:real.npy", "--model", "mine", "--samples", "real.npy", "--layout")),
        ("samples", ("run", "--dataset", "folder:real.npy", "--model", "mine", "--samples")),
        ("samples.mp4", ("run", "--dataset", "folder:real.npy", "--model", "digan", "--samples")),
        ("a_eval.npy", ("run", "--dataset", "folder:real.npy", "--model", "tats", "--samples")),
        ("ucf", ("score", "dataset:ucf101", "real.npy", "--data-root")),
        ("ucf.h5", ("score", "dataset:ucf101", "real.npy", "--data-root")),
        ("ucf", ("data", "check", "ucf101", "--data-root")),
        ("ucf", ("data", "prepare", "ucf101", "--resolution", "16", "--out", "x", "--data-root")),
        ("picture.png", ("sample", "--model", "vidm", "--out", "samples", "--num-videos", "1", "--content")),
        ("recipe.toml", ("train", "--out", "RUN", "--recipe")),
        ("minute.json", ("results", "import")),
        ("minute.json", ("results", "diff", "minute.json")),
        *((f"{name}", ("weights", "add", name)) for name in ("i3d-kinetics400", "inception-v3", "c3d-ucf101")),
        ("spynet-sintel", ("weights", "add", "spynet-sintel")),
        ("a.gif", ("plot", "samples", "--out", "x.png", "real.npy")),
        ("a.mp4", ("memorisation", "real.npy", "real.npy")),
        ("a.npz", ("infinity", "real.npy")),
        ("a.npz", ("compare", "real.npy")),
        ("a.npz", ("compare-models", "real.npy", "real.npy")),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, tuple) else part or "none",
)
def test_a_pipe_as_an_input_is_refused(name, words, command, folder):
    pipe(folder / name)
    command(*words, name).fails("is neither a file nor a folder", "found: a named pipe", "write its content to a file")


@pytest.mark.parametrize("name", ["RUN/vidm.safetensors", "a.safetensors", "a.pth"])
@pytest.mark.parametrize(
    "words", [("sample", "--out", "samples", "--num-videos", "1", "--model"), ("score", "real.npy")]
)
def test_a_pipe_as_a_checkpoint_is_refused(name, words, command, folder):
    pipe(folder / name)
    command(*words, f"vidm:{name.partition('/')[0]}").fails("neither a file nor a folder")


@pytest.mark.parametrize("on_bad", ["stop", "skip"])
def test_a_pipe_among_videos(command, folder, on_bad):
    for number in range(3):
        write_mp4(folder / "set" / f"v{number}.mp4", CLIPS[number], lossless=True)
    for name in ("v8.mp4", "v9.gif"):
        pipe(folder / "set" / name)
    options = ("--frames", "16", "--num-real", "4", "--num-fake", "3")
    done = command("score", "real.npy", "set", *options, "--on-bad", on_bad)
    if on_bad == "stop":
        done.fails("2 of 5 videos", "v8.mp4 is neither a file nor a folder", "found a named pipe")
    else:
        assert done.code == 0
        assert "v9.gif: v9.gif is neither a file nor a folder" in done.err


def test_a_pipe_among_frames(command, folder):
    for number in range(3):
        write_frames(folder / "set" / f"v{number}", CLIPS[number])
    (folder / "set" / "v1" / "frame00003.png").unlink()
    pipe(folder / "set" / "v1" / "frame00003.png")
    command("score", "real.npy", "set").fails("1 of 3 videos", "frame00003.png is neither a file nor a folder")


def test_pipes_among_records_are_passed_over(command, folder):
    (record,) = list((results_dir() / "measured").rglob("*.json"))[:1]
    (folder / "runs").mkdir()
    shutil.copy(record, folder / "runs")
    pipe(folder / "runs" / "other.json")
    for words in (("results", "list", "--runs", "runs", "--own"), ("report", "--runs", "runs", "--out", "page")):
        assert command(*words).code == 0


def test_a_pipe_as_a_list_of_a_dataset(command, folder):
    write_mp4(folder / "ucf" / "YoYo" / "v_YoYo_g01_c01.avi", CLIPS[0], lossless=True)
    pipe(folder / "ucf" / "ucfTrainTestlist" / "trainlist01.txt")
    pipe(folder / "ucf" / "dataset.json")
    assert command("data", "check", "ucf101", "--data-root", "ucf", "--quick").code in (0, 2)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused(command, device):
    command("score", "real.npy", device).fails("is neither a file nor a folder", "found: a device")
    command("score", "real.npy", "real.npy", "--protocol", device).fails(device)


def test_a_link_to_a_device_is_refused(command, folder):
    (folder / "a.npy").symlink_to("/dev/zero")
    command("score", "real.npy", "a.npy").fails("is neither a file nor a folder", "found: a device")


def test_a_socket_is_refused(command, folder):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("a.mp4")
        command("score", "real.npy", "a.mp4").fails("is neither a file nor a folder", "found: a socket")
