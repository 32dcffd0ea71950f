from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vidmbench.core.errors import DataError
from vidmbench.evaluation.clips import plan_clips
from vidmbench.protocols.clips_stage import ClipsSpec, SideSpec


@st.composite
def requests(draw):
    pick = draw(st.sampled_from(["all", "sorted-first", "random"]))
    side = SideSpec(
        videos=None if pick == "all" else draw(st.integers(1, 6)),
        pick=pick,
        start=draw(st.sampled_from(["zero", "random"])),
    )
    spec = ClipsSpec(
        frames=draw(st.integers(1, 9)), frames_allowed=(1, 99), stride=draw(st.integers(1, 4)), real=side, fake=side
    )
    lengths = draw(st.lists(st.integers(0, 60), min_size=1, max_size=12))
    return lengths, spec, draw(st.sampled_from(["real", "fake"])), draw(st.integers(0, 2**64))


def planned(request, names=None):
    lengths, spec, side, seed = request
    names = names or [f"v{index}" for index in range(len(lengths))]
    try:
        return plan_clips(names, lengths, spec, side, seed=seed, short="drop", label="x")
    except DataError:
        return None


@given(requests())
def test_every_clip_lies_in_its_video(request):
    lengths, spec, _, _ = request
    plan = planned(request)
    usable = [index for index, length in enumerate(lengths) if length >= (spec.frames - 1) * spec.stride + 1]
    wanted = len(usable) if spec.real.videos is None else spec.real.videos
    if plan is None:
        assert len(usable) < max(wanted, 1)
        return
    videos = [clip.video for clip in plan.clips]
    assert len(videos) == wanted
    assert videos == sorted(set(videos))
    assert set(videos) <= set(usable)
    assert len(plan.skipped) == len(lengths) - len(usable)
    for clip in plan.clips:
        indices = list(clip.indices)
        assert len(indices) == spec.frames
        assert indices[0] >= 0
        assert indices[-1] < lengths[clip.video]
        assert all(after - before == spec.stride for before, after in pairwise(indices))
        assert spec.real.start == "random" or indices[0] == 0


@given(requests())
def test_the_plan_is_a_function_of_its_request(request):
    assert planned(request) == planned(request)


@given(requests(), st.lists(st.integers(0, 60), max_size=4))
def test_videos_that_follow_move_no_clip_of_those_before(request, more):
    lengths, spec, side, seed = request
    if spec.real.pick == "random":
        return
    before, after = planned(request), planned((lengths + more, spec, side, seed))
    if before is None or after is None:
        return
    starts = {clip.video: clip.start for clip in after.clips}
    assert all(starts[clip.video] == clip.start for clip in before.clips)
