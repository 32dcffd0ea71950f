"""Clips of codes that cut several from one video, or spread one over all of it."""

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.evaluation.clips import Clip, num_windows, plan_clips
from vidmbench.protocols.clips_stage import ClipsSpec, SideSpec


def planned(lengths, side, *, frames=4, stride=1, seed=0, repeat=0, short="drop"):
    zero = SideSpec(pick="all", start="zero")
    spec = ClipsSpec(frames=frames, frames_allowed=(1, 1024), stride=stride, real=side, fake=zero)
    names = [f"v{index}" for index in range(len(lengths))]
    return plan_clips(names, lengths, spec, "real", seed=seed, short=short, label="films", repeat=repeat)


def places(plan):
    return [(clip.video, clip.start) for clip in plan.clips]


def every(start, **more):
    return SideSpec(pick="all", start=start, **more)


def test_every_window_is_every_valid_start():
    assert places(planned([4, 3, 6], every("every-window"))) == [(0, 0), (2, 0), (2, 1), (2, 2)]
    assert places(planned([7], every("every-window"), stride=2)) == [(0, 0)]


def test_chunks_stand_behind_each_other_and_the_rest_is_lost():
    assert places(planned([11, 4], every("every-chunk"))) == [(0, 0), (0, 4), (1, 0)]


def test_phases_share_a_window():
    """DIGAN's TaiChi reader: of every 64 frames four clips of 16, each with stride 4."""
    plan = planned([64 * 2 + 63], every("every-phase", stride=4), frames=16)
    assert places(plan) == [(0, start) for start in (0, 1, 2, 3, 64, 65, 66, 67)]
    assert {clip.stride for clip in plan.clips} == {4}
    taken = np.sort(np.concatenate([list(clip.indices) for clip in plan.clips]))
    np.testing.assert_array_equal(taken, np.arange(128))


def test_a_spread_clip_covers_its_video():
    """VIDM's script on MP4 files: 16 of 128 frames is every eighth."""
    plan = planned([128, 16, 47], every("spread"), frames=16)
    assert plan.clips == (Clip(0, 0, 16, 8), Clip(1, 0, 16, 1), Clip(2, 0, 16, 2))
    with pytest.raises(DataError, match="shorter"):
        planned([15], every("spread"), frames=16)


def test_windows_are_drawn_without_replacement_and_each_equally_often():
    side = SideSpec(videos=10, pick="random", start="every-window")
    counts = np.zeros(20)
    for seed in range(400):
        drawn = places(planned([13, 13], side, seed=seed))
        assert len(set(drawn)) == 10
        for video, start in drawn:
            counts[video * 10 + start] += 1
    # 200 expected of each of the 20 clips; five standard deviations.
    assert np.abs(counts - 200).max() < 5 * np.sqrt(400 * 0.25)


def test_longer_videos_weigh_more():
    side = SideSpec(videos=200, pick="random", start="every-window")
    drawn = places(planned([303, 103], side))
    assert 125 < sum(video == 0 for video, _ in drawn) < 175  # 300 of 400 windows: 150 expected, 4 sd


def test_the_first_windows_are_in_order():
    side = SideSpec(videos=3, pick="sorted-first", start="every-window")
    assert places(planned([5, 5], side)) == [(0, 0), (0, 1), (1, 0)]


def test_repeats_draw_anew_and_the_first_is_the_plain_draw():
    side = SideSpec(videos=5, pick="random", start="random")
    draws = [planned([40] * 50, side, repeat=repeat) for repeat in (0, 1, 2)]
    assert draws[0] == planned([40] * 50, side)
    assert len({draw.clips for draw in draws}) == 3


def test_a_side_may_have_a_stride_of_its_own():
    """Latte: real clips every third frame, generated ones every frame."""
    plan = planned([46, 45], every("zero", stride=3), frames=16)
    assert plan.clips == (Clip(0, 0, 16, 3),)
    assert plan.skipped[0].reason == "has 45 frames, a clip needs 46"


def test_too_few_windows_are_said_as_clips():
    side = SideSpec(videos=9, pick="random", start="every-window")
    with pytest.raises(DataError, match="fewer clips than asked for") as caught:
        planned([4, 6], side)
    assert caught.value.found == "4"


@pytest.mark.parametrize("start", ["every-window", "every-chunk", "every-phase"])
@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 31])
def test_the_number_of_windows(start, length):
    side = every(start, stride=2)
    spec = ClipsSpec(frames=4, frames_allowed=(1, 9), real=side, fake=side)
    try:
        found = len(planned([length], side).clips)
    except DataError:
        found = 0
    assert num_windows(length, spec, side) == found
