import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.evaluation.clips import Clip, plan_clips
from vidmbench.protocols.clips_stage import ClipsSpec, SideSpec


def spec(frames=4, stride=1, videos=None, pick="all", start="random"):
    side = SideSpec(videos=videos, pick=pick, start=start)
    zero = SideSpec(videos=videos, pick=pick, start="zero")
    return ClipsSpec(frames=frames, frames_allowed=(1, 1024), stride=stride, real=side, fake=zero)


def names(count):
    return [f"v{index}" for index in range(count)]


def planned(lengths, chosen, side="real", *, seed=0, short="error"):
    return plan_clips(names(len(lengths)), lengths, chosen, side, seed=seed, short=short, label="films")


def test_frames_are_a_stride_apart():
    assert list(Clip(0, 3, 4, 5).indices) == [3, 8, 13, 18]


@pytest.mark.parametrize("stride", [1, 3])
def test_starts_cover_every_valid_frame_evenly(stride):
    span = 3 * stride + 1
    plan = planned([span + 7] * 4000, spec(stride=stride))
    counts = np.bincount([clip.start for clip in plan.clips])
    assert len(counts) == 8
    # 500 expected of each; five standard deviations.
    assert np.abs(counts - 500).max() < 5 * np.sqrt(500 * 7 / 8)
    assert max(clip.indices[-1] for clip in plan.clips) == span + 6


def test_a_video_as_long_as_the_clip_has_one_start():
    plan = planned([4, 4], spec())
    assert [clip.start for clip in plan.clips] == [0, 0]


def test_clips_start_at_zero_where_the_protocol_says_so():
    assert {clip.start for clip in planned([50] * 30, spec(), "fake").clips} == {0}


def test_the_same_seed_gives_the_same_plan_and_another_seed_another():
    chosen = spec(videos=20, pick="random")
    plans = [planned([40] * 60, chosen, seed=seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1]
    assert {clip.video for clip in plans[0].clips} != {clip.video for clip in plans[2].clips}
    assert planned([40] * 60, spec(), seed=1) != planned([40] * 60, spec(), seed=2)


def test_a_start_depends_on_the_video_alone():
    """Neither the number of videos nor which others are chosen moves a clip."""
    few = {clip.video: clip.start for clip in planned([40] * 5, spec()).clips}
    many = {clip.video: clip.start for clip in planned([40] * 50, spec()).clips}
    assert few == {video: many[video] for video in few}


def test_the_plan_is_pinned():
    """These numbers decide which frames a published score used: they may never change."""
    plan = planned([40] * 8, spec(videos=4, pick="random"))
    assert [(clip.video, clip.start) for clip in plan.clips] == [(1, 13), (2, 26), (4, 11), (6, 27)]


def test_sorted_first_takes_the_first():
    plan = planned([9] * 6, spec(videos=3, pick="sorted-first"))
    assert [clip.video for clip in plan.clips] == [0, 1, 2]


def test_all_takes_all():
    assert [clip.video for clip in planned([9] * 6, spec()).clips] == list(range(6))


def test_random_takes_others_than_the_first_in_ascending_order():
    videos = [clip.video for clip in planned([9] * 100, spec(videos=30, pick="random")).clips]
    assert videos == sorted(set(videos))
    assert videos != list(range(30))
    fakes = [clip.video for clip in planned([9] * 100, spec(videos=30, pick="random"), "fake").clips]
    assert videos != fakes


def test_a_larger_choice_holds_the_smaller():
    small, large = (planned([9] * 100, spec(videos=n, pick="random")).clips for n in (20, 30))
    assert set(small) < set(large)


def test_short_videos_are_dropped_and_listed():
    plan = planned([9, 3, 4, 0], spec(), short="drop")
    assert [clip.video for clip in plan.clips] == [0, 2]
    assert [(left.name, left.reason) for left in plan.skipped] == [
        ("v1", "has 3 frames, a clip needs 4"),
        ("v3", "has 0 frames, a clip needs 4"),
    ]


def test_the_stride_counts_for_what_is_short():
    assert len(planned([10, 9], spec(stride=3), short="drop").clips) == 1


def test_short_videos_stop_the_work():
    with pytest.raises(DataError) as caught:
        planned([9, 3, 2, 1, 1], spec())
    assert str(caught.value) == (
        "4 of 5 videos of films are shorter than the clip\n"
        "  expected: at least 4 frames for --frames 4 --stride 1\n"
        "  found: v1 (has 3 frames), v2 (has 2 frames), v3 (has 1 frame) and 1 more\n"
        "  where: films\n"
        "  what to do: skip them with --on-bad skip"
    )


@pytest.mark.parametrize("short", ["drop", "error"])
def test_more_frames_than_any_video_has(short):
    with pytest.raises(DataError, match="2 of 2 videos of films are shorter") as caught:
        planned([20, 21], spec(frames=16, stride=2), short=short)
    assert caught.value.fix == "ask for fewer frames: the longest video allows --frames 11"
    assert len(planned([20, 21], spec(frames=11, stride=2), short="drop").clips) == 1


@pytest.mark.parametrize("pick", ["sorted-first", "random"])
def test_fewer_videos_than_asked(pick):
    with pytest.raises(DataError) as caught:
        planned([9, 9, 9, 2], spec(videos=5, pick=pick), short="drop")
    assert "fewer videos than asked for on the real side" in str(caught.value)
    assert (caught.value.expected, caught.value.found) == ("5 videos", "3 (1 more are too short)")
    assert caught.value.fix is not None
    assert caught.value.fix.startswith("--num-videos 3 works (or --num-real 3)")
    assert len(planned([9, 9, 9, 2], spec(videos=3, pick=pick), short="drop").clips) == 3


def test_one_usable_video_proposes_no_number_that_would_fail():
    with pytest.raises(DataError) as caught:
        planned([9, 2], spec(videos=5, pick="random"), "fake", short="drop")
    assert caught.value.fix == "give a source with at least 2 usable videos"
