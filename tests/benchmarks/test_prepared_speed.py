"""How much faster clips are read from a prepared file than from the videos it was made from, in one run."""

from fractions import Fraction
from statistics import median
from time import perf_counter

import av
import numpy as np
import pytest
import torch

from vidmbench.videos import open_source, write_mp4
from vidmbench.videos.packed.writer import write_prepared
from vidmbench.videos.pre_resize import pre_resized

NUM_FRAMES, HEIGHT, WIDTH, PIXELS = 320, 240, 320, 128
CLIP, ROUNDS = 16, 12


@pytest.fixture(scope="module")
def frames():
    """A soft texture that drifts, a square that crosses it, and a little grain."""
    random = np.random.default_rng(0)
    coarse = torch.from_numpy(random.uniform(0, 255, (1, 3, 40, 48)))
    still = torch.nn.functional.interpolate(coarse, size=(400, 480), mode="bicubic")[0].permute(1, 2, 0).numpy()
    video = np.empty((NUM_FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    for t in range(NUM_FRAMES):
        frame = still[t // 4 : t // 4 + HEIGHT, t // 3 : t // 3 + WIDTH] + random.normal(0, 2, (HEIGHT, WIDTH, 3))
        frame[80:140, t % 260 : t % 260 + 60] = (200, 40, 90)
        video[t] = np.clip(frame, 0, 255)
    return video


def write_avi(target, frames):
    """MPEG-4 part 2 at the bit rate of UCF-101's files."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(25))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 400_000
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def timed(function):
    start = perf_counter()
    function()
    return perf_counter() - start


# Decoding alone is what an mp4 is measured against. An avi of this kind is cheap to decode: there the frames are
# brought to their resolution as well, as reading the original has to.
@pytest.mark.parametrize(("suffix", "is_framed", "least_ratio"), [("mp4", False, 10.0), ("avi", True, 5.0)])
def test_clips_come_faster_from_a_prepared_file(benchmark, tmp_path, frames, suffix, is_framed, least_ratio):
    (tmp_path / "set").mkdir()
    {"mp4": write_mp4, "avi": write_avi}[suffix](tmp_path / "set" / f"video.{suffix}", frames)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        source = open_source(tmp_path / "set")
        file = write_prepared(source, tmp_path / "set.bin", rule="centre-bilinear", pixels=PIXELS)
        starts = np.random.default_rng(1).integers(0, NUM_FRAMES - CLIP + 1, ROUNDS)

        def original(start):
            clip = source.read(0, range(start, start + CLIP))
            return pre_resized(clip, "centre-bilinear", PIXELS) if is_framed else clip

        file.read(0, range(CLIP))
        runs = [
            (timed(lambda: original(start)), timed(lambda: file.read(0, range(start, start + CLIP))))  # noqa: B023
            for start in starts.tolist()
        ]
        benchmark.pedantic(lambda: file.read(0, range(37, 37 + CLIP)), rounds=ROUNDS)
    finally:
        torch.set_num_threads(threads)
    ratio = median(run[0] for run in runs) / median(run[1] for run in runs)
    share = file.path.stat().st_size / (NUM_FRAMES * PIXELS * PIXELS * 3)
    milliseconds = [round(1000 * median(times), 1) for times in zip(*runs, strict=True)]
    benchmark.extra_info |= {"times faster": round(ratio, 1), "ms": milliseconds, "share of raw": round(share, 2)}
    print(f"\n{suffix}: {milliseconds} ms a clip, {ratio:.1f} times faster, {100 * share:.0f} % of raw")
    assert ratio >= least_ratio
    assert share < 0.75
