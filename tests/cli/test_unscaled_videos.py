"""Image and video files of floats that became bytes without a factor of 255."""

import numpy as np
import pytest

from vidmbench.videos import write_frames, write_mp4

pytestmark = pytest.mark.usefixtures("fake_network")
_UNIT = np.random.default_rng(0).random((3, 16, 64, 64, 3))


def _store(root, clips, write):
    for number, clip in enumerate(clips):
        write(root / f"{number}", np.ascontiguousarray(clip, np.uint8))


def _mp4(path, clip):
    write_mp4(path.with_suffix(".mp4"), clip)


@pytest.mark.parametrize("write", [write_frames, _mp4])
@pytest.mark.parametrize("side", ["real", "scored"])
def test_they_are_refused(write, side, command, folder, real):
    _store(folder / "bad", np.repeat(_UNIT[:, :1].round(), 16, axis=1), write)
    sides = ("bad", real) if side == "real" else (real, "bad")

    outcome = command("score", *sides, "--frames", 16, "--num-videos", 3)

    assert outcome.code == 2
    assert "no value in the videos of bad exceeds" in outcome.err
    assert "(x * 255).round()" in outcome.err


@pytest.mark.parametrize("values", [(0,), (0, 255), (0, 1, 7), (10, 11)])
def test_dark_and_black_and_white_videos_are_scored(values, command, folder, real):
    clips = np.random.default_rng(1).choice(values, (3, 16, 64, 64, 3))
    _store(folder / "dark", clips, write_frames)

    outcome = command("score", real, "dark", "--frames", 16, "--num-videos", 3)

    assert outcome.code == 0, outcome.err
    assert "factor of 255" not in outcome.err
