"""How much faster clips are read from a prepared file than from the videos it was made from."""

from fractions import Fraction
from itertools import cycle

import av
import numpy as np
import pytest
from support.drifting_video import drifting_frames
from support.timing import check_faster

from vidmbench.core.torch_settings import one_torch_thread
from vidmbench.videos import open_source, write_mp4
from vidmbench.videos.packed.writer import write_prepared
from vidmbench.videos.pre_resize import pre_resized

NUM_FRAMES, PIXELS = 320, 128
CLIP, PAIRS = 16, 12


@pytest.fixture(scope="module")
def frames():
    return drifting_frames(NUM_FRAMES)


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


# Decoding alone is what an mp4 is measured against. An avi of this kind is cheap to decode: there the frames are
# brought to their resolution as well, as reading the original has to.
@pytest.mark.parametrize(("suffix", "is_framed", "least"), [("mp4", False, 10.0), ("avi", True, 5.0)])
def test_clips_come_faster_from_a_prepared_file(benchmark, tmp_path, frames, suffix, is_framed, least):
    (tmp_path / "set").mkdir()
    {"mp4": write_mp4, "avi": write_avi}[suffix](tmp_path / "set" / f"video.{suffix}", frames)
    with one_torch_thread():
        source = open_source(tmp_path / "set")
        file = write_prepared(source, tmp_path / "set.bin", rule="centre-bilinear", pixels=PIXELS)
        starts = np.random.default_rng(1).integers(0, NUM_FRAMES - CLIP + 1, PAIRS).tolist()
        of_source, of_file = cycle(starts), cycle(starts)

        def original():
            start = next(of_source)
            clip = source.read(0, range(start, start + CLIP))
            return pre_resized(clip, "centre-bilinear", PIXELS) if is_framed else clip

        def prepared():
            start = next(of_file)
            return file.read(0, range(start, start + CLIP))

        file.read(0, range(CLIP))
        ratio = check_faster(benchmark, original, prepared, least=least, than=f"from {suffix}", pairs=PAIRS)
    benchmark.extra_info["ms"] = [round(1000 * seconds, 1) for seconds in (ratio.slow, ratio.fast)]
