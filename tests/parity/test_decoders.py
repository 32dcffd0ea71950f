"""decord gives the frames of PyAV, to the bit, on all real clips but those in MPEG-4 part 2."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from support.paths import SHARED

from vidmbench.videos import decode, inspect_video

_DATA = SHARED / "data"
_SUFFIXES = {".mp4", ".avi", ".mkv", ".webm", ".mov"}
_CLIPS = sorted(path for path in (_DATA / "real").rglob("*") if path.suffix in _SUFFIXES)
# Without those that tests/unit/videos/test_shared.py shows to be refused, and a large one.
_LEFT_OUT = {"result.webm", "Mpeg4.mp4", "smpte-2997.mp4"}
_ODD = sorted(path for path in (_DATA / "odd").rglob("*") if path.suffix in _SUFFIXES and path.name not in _LEFT_OUT)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not _CLIPS, reason="the reference clips are not beside the checkout (../shared/data)"),
    pytest.mark.skipif(find_spec("decord") is None, reason="decord has no wheel for this machine"),
]


def _spread(num_frames: int) -> list[int]:
    return sorted({int(index) for index in np.linspace(0, num_frames - 1, 12)})


def _short(path: Path) -> str:
    return path.relative_to(_DATA).as_posix()


def test_there_are_clips_to_compare():
    assert len(_CLIPS) >= 15


@pytest.mark.parametrize("path", _CLIPS, ids=_short)
def test_both_decoders_give_the_same_frames(path):
    facts = inspect_video(path)
    frames = _spread(facts.num_frames)

    by_pyav = decode(path, frames, facts=facts)
    by_decord = decode(path, frames, decoder="decord", facts=facts)

    # The standard of MPEG-4 part 2 leaves the inverse transform open, and AVI keeps no times to search by.
    if path.suffix != ".avi":
        np.testing.assert_array_equal(by_decord, by_pyav)


@pytest.mark.parametrize("path", _CLIPS, ids=_short)
def test_starting_in_the_middle_changes_nothing(path):
    facts = inspect_video(path)
    frames = [facts.num_frames - 1, facts.num_frames // 2, facts.num_frames * 2 // 3]
    from_start = decode(path, [0, *frames], facts=facts)[1:]

    alone = np.concatenate([decode(path, [frame], facts=facts) for frame in frames])

    np.testing.assert_array_equal(alone, from_start)


@pytest.mark.parametrize("path", _ODD, ids=_short)
def test_odd_files_read_alike_from_anywhere(path):
    facts = inspect_video(path)
    frames = [0, facts.num_frames // 2, facts.num_frames * 5 // 7, facts.num_frames - 1]
    from_start = decode(path, [0, *frames], facts=facts)[1:]

    alone = np.concatenate([decode(path, [frame], facts=facts) for frame in frames])

    np.testing.assert_array_equal(alone, from_start)


def test_decord_turns_pictures_as_this_package_does():
    for name in ("video_0.mov", "video_180.mov", "video_270.mov"):
        path = _DATA / "odd" / "decord" / name
        np.testing.assert_array_equal(decode(path, [0, 2], decoder="decord"), decode(path, [0, 2]))


def test_best_of_two_streams_is_read():
    path = _DATA / "odd" / "torchcodec" / "nasa_13013.mp4"

    facts = inspect_video(path)

    assert (facts.num_frames, facts.height, facts.width) == (390, 270, 480)
    np.testing.assert_array_equal(decode(path, [389], decoder="decord"), decode(path, [389]))


def test_why_decord_reads_nothing_unasked():
    ten_bits = _DATA / "odd" / "torchcodec" / "h264_10bits.mp4"
    assert (decode(ten_bits, [0], decoder="decord") != decode(ten_bits, [0])).any()
    xvid = _DATA / "real" / "torchvision_clips" / "original" / "v_SoccerJuggling_g23_c01.avi"
    difference = np.abs(decode(xvid, [*range(40)], decoder="decord").astype(int) - decode(xvid, [*range(40)]))
    assert 0 < difference.max() <= 2
