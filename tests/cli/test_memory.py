"""Memory of whole commands: it does not grow with the size, the length and the number of videos.

Each command runs in a process of its own, with a network that costs nothing, once on tiny videos and once on large
ones of as many frames. What it takes beyond the tiny ones is what frames take on their way.
"""

import shutil
import subprocess
import sys

import av
import numpy as np
import pytest
from PIL import Image
from support.paths import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the resource module")

RUN = """
from support.engines import FakeEngine, use_engine
from support.peak_memory import peak_memory
use_engine(lambda *_, **__: FakeEngine())
from vidmbench.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print("peak", peak_memory())
"""
TINY, LARGE = (64, 64), (2160, 3840)
MIB = 2**20


def peak(*words, tmp_path, cache="cache"):
    """The most memory that a command ever has, bytes."""
    variables = environment() | {"VIDMBENCH_CACHE": str(tmp_path / cache), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", RUN, *map(str, words)]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout.split("peak ")[-1])


def pictures(size, frames, seed):
    """Blocks of colour and a square that moves."""
    height, width = size
    blocks = np.random.default_rng(seed).integers(0, 256, (height // 64 + 1, width // 64 + 1, 3), dtype=np.uint8)
    ground = np.kron(blocks, np.ones((64, 64, 1), np.uint8))[:height, :width]
    for number in range(frames):
        ground[: height // 2, : width // 2] = (number * 37 + seed) % 256  # repeated frames would be refused
        yield ground


def write_video(path, size, frames, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "35"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        for picture in pictures(size, frames, seed):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def videos(root, size, frames):
    for seed, side in enumerate(("real", "fake")):
        write_video(root / side / "0.mp4", size, frames, seed)
        shutil.copy(root / side / "0.mp4", root / side / "1.mp4")


def frame_folders(root, size, frames):
    for side in ("real", "fake"):
        for number in (0, 1):
            folder = root / side / str(number)
            folder.mkdir(parents=True)
            for index, picture in enumerate(pictures(size, frames, number + (side == "fake"))):
                Image.fromarray(picture).save(folder / f"{index:04d}.png", compress_level=1)


def arrays(root, size, frames):
    root.mkdir()
    for seed, side in enumerate(("real.npy", "fake.npy")):
        shape = (2, frames, *size, 3)
        array = np.lib.format.open_memmap(root / side, "w+", np.uint8, shape)
        for number in (0, 1):
            for index, picture in enumerate(pictures(size, frames, number + seed)):
                array[number, index] = picture


def score(root, tmp_path, *options, side="", cache):
    sides = (root / f"real{side}", root / f"fake{side}")
    return peak("score", *sides, "--num-videos", 2, *options, tmp_path=tmp_path, cache=cache)


def test_videos_of_4k_take_less_than_a_gibibyte(tmp_path):
    """32 frames of 2160 x 3840 are 0.8 GB as they are decoded and 3.2 GB as floats; two are read at once."""
    found = {}
    for name, size in (("tiny", TINY), ("large", LARGE)):
        videos(tmp_path / name, size, 32)
        found[name] = score(tmp_path / name, tmp_path, "--frames", 32, cache=name)
    assert found["large"] - found["tiny"] < 1024 * MIB


@pytest.mark.parametrize(("write", "side"), [(frame_folders, ""), (arrays, ".npy")])
def test_frames_and_arrays_too(write, side, tmp_path):
    found = {}
    for name, size in (("tiny", TINY), ("large", (1080, 1920))):
        write(tmp_path / name, size, 24)
        found[name] = score(tmp_path / name, tmp_path, "--frames", 24, side=side, cache=name)
    assert found["large"] - found["tiny"] < 300 * MIB  # two clips are 300 MB as they are stored, 1.2 GB as floats


@pytest.mark.parametrize("control", ["reversed", "noise"])
def test_controls_too(control, tmp_path):
    found = {}
    for name, size in (("tiny", TINY), ("large", (1080, 1920))):
        for number in (0, 1):
            write_video(tmp_path / name / f"{number}.mp4", size, 24, number)
        words = ("score", tmp_path / name, f"control:{control}", "--frames", 24, "--num-videos", 2)
        found[name] = peak(*words, tmp_path=tmp_path, cache=name)
    assert found["large"] - found["tiny"] < 400 * MIB


def test_many_videos_take_no_more_than_a_few(tmp_path):
    """PyAV once kept every frame whose rotation was looked up: 0.8 MB each here."""
    found = {}
    for count in (2, 12):
        for side in ("real", "fake"):
            for number in range(count):
                write_video(tmp_path / str(count) / side / f"{number}.mp4", (540, 960), 16, number)
        root = tmp_path / str(count)
        words = ("score", root / "real", root / "fake", "--frames", 16, "--num-videos", count)
        found[count] = peak(*words, tmp_path=tmp_path, cache=str(count))
    assert found[12] - found[2] < 64 * MIB
