"""What ``vidmbench rollout`` will measure: windows of long videos, at the same places in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.text import counted
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import Clip, ClipPlan, Side, plan_clips
from vidmbench.evaluation.given import Given, Videos, given, open_pair
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.missing import check_weights
from vidmbench.evaluation.plan import Planned, checked_counts
from vidmbench.evaluation.unscaled_videos import check_levels
from vidmbench.protocols.clips_stage import ClipsSpec, SideSpec
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.videos.source import Source
from vidmbench.videos.transformed import OneClip, Transformed

#: The protocol of the colours that a frame has in common with the first one.
COLOURS = "colour-similarity"


@dataclass(frozen=True)
class Windows:
    """Where windows are.

    Attributes:
        frames: Frames of each video that are looked at, from the first on.
        span: Frames of the video from the first to the last one of a window.
        step: Frames from one window to the next.
    """

    frames: int
    span: int
    step: int

    @property
    def starts(self) -> range:
        """The first frame of each window, counted from 0."""
        return range(0, self.frames - self.span + 1, self.step)


@dataclass(frozen=True)
class RolloutJob:
    """What will be measured along the videos of one model.

    Attributes:
        job: Both sources, and a plan for each protocol: that of the first window.
        windows: Where windows are.
        clips: Of each of those plans, all windows of both sides, video by video.
        colours: The whole videos of both sides, by the protocol of colours.
        notes: What a reader should know of how long videos are.
    """

    job: Job
    windows: Windows
    clips: tuple[tuple[ClipPlan, ClipPlan], ...]
    colours: Planned
    notes: tuple[str, ...]


def prepare_rollouts(
    real: Videos, fakes: Sequence[Videos], choices: Choices, *, window: int, step: int | None
) -> list[RolloutJob]:
    """Resolves ``vidmbench rollout``, each model once.

    Args:
        real: The real videos, as :func:`vidmbench.open_source` takes them.
        fakes: The videos to score, of each model.
        choices: The options; their clip length, at most one, is the length of the videos.
        window: Frames of a window.
        step: Frames from one window to the next; None takes those that it spans.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    specs = _checked(choices, window, step)
    models = [fake for place, fake in enumerate(fakes) if not isinstance(fake, str) or fake not in fakes[:place]]
    jobs = [_prepared(real, fake, choices, specs, window, step) for fake in models]
    labels = [each.job.model for each in jobs]
    return [  # folders of one name are told apart by their paths, as those of `score` are
        replace(each, job=replace(each.job, model=str(fake)))
        if isinstance(fake, str) and labels.count(each.job.model) > 1
        else each
        for each, fake in zip(jobs, models, strict=True)
    ]


def _checked(choices: Choices, window: int, step: int | None) -> list[ProtocolSpec]:
    """The protocols, which can all score windows."""
    for option, number in (("--window", window), ("--step", step)):
        if number is not None and number < 1:
            raise UsageError(f"{option} {number} is too small", expected="1 or more", found=str(number), where=option)
    specs = choices.load_protocols()
    for spec in specs:
        _check_windows(spec)
        spec.check_frames(window, "--window")
        check_weights(spec)
    return specs


def _check_windows(spec: ProtocolSpec) -> None:
    """Refuses protocols whose clips cannot be windows of any video.

    Raises:
        UsageError: The protocol needs pairs, given frames, prefixes or mirror images.
    """
    reason = ""
    if spec.kind.reads_pairs:
        reason = "compares each video with its target, frame by frame"
    elif spec.needs_pairs:
        reason = "puts frames that a model was given in front of each clip"
    elif spec.clips.prefixes_from is not None:
        reason = "scores all prefixes of a clip"
    elif spec.clips.real.mirrored or spec.clips.fake.mirrored:
        reason = "scores clips and their mirror images"
    if reason:
        curve = "score it, and draw its curve: vidmbench plot horizon" if spec.kind.reads_pairs else None
        raise UsageError(
            f"{spec.name} {reason}, and has no windows",
            expected="a protocol that compares distributions of clips, or describes single videos",
            found=spec.name,
            where="--protocol",
            fix=curve or "choose another: vidmbench list protocols",
        )


def _prepared(
    real: Videos, fake: Videos, choices: Choices, protocols: Sequence[ProtocolSpec], window: int, step: int | None
) -> RolloutJob:
    real_side = given(real)
    fake_side = given(fake, real_side.named)
    dataset = None if real_side.data is None else real_side.data.dataset
    of_windows = replace(choices, frames=(window,))
    specs = [
        _from_the_start(spec) for spec in of_windows.bound_protocols(dataset, is_cropped=False, protocols=protocols)
    ]
    strides = [spec.clips.stride_of(side) for spec in specs for side in (spec.clips.real, spec.clips.fake)]
    span = (window - 1) * max(strides) + 1
    step = span if step is None else step
    asked = choices.frames[0] if choices.frames else None
    _check_length(asked, span, step)
    if asked is None:
        _check_not_sampled(fake_side)
    sources = open_pair(
        real_side,
        fake_side,
        choices,
        specs,
        clips=[_whole_videos(spec, asked or span + step) for spec in specs],
    )
    checked_counts(*sources, specs)
    frames = asked or _shortest(sources, span + step, is_lenient=choices.on_bad == "skip")
    first, second = (OneClip(source, frames) if isinstance(source, Transformed) else source for source in sources)
    specs = [_as_many_as_there_are(spec, first, second, choices) for spec in specs]
    windows = Windows(frames, span, step)
    videos = [
        (_videos(spec, frames, "real", first, choices), _videos(spec, frames, "fake", second, choices))
        for spec in specs
    ]
    check_levels(first, videos[0][0].clips)
    check_levels(second, videos[0][1].clips)
    clips = tuple(_cut(spec, *of_spec, windows.starts) for spec, of_spec in zip(specs, videos, strict=True))
    plans = [
        Planned(spec, *_cut(spec, *of_spec, windows.starts[:1])) for spec, of_spec in zip(specs, videos, strict=True)
    ]
    job = Job(
        model=second.label,
        dataset=first.label if dataset is None else dataset.name,
        split=None if real_side.data is None else real_side.data.split(),
        real=first,
        fake=second,
        plans=tuple(plans),
        choices=choices,
    )
    colours = load_protocol(COLOURS).with_options(frames=frames, seed=choices.seed)
    return RolloutJob(job, windows, clips, Planned(colours, *videos[0]), tuple(_notes(first, second, frames)))


def _from_the_start(spec: ProtocolSpec) -> ProtocolSpec:
    """The protocol with clips that begin at frame 0, chosen once: each window is the same in all videos."""
    sides = {name: getattr(spec.clips, name).model_copy(update={"start": "zero"}) for name in ("real", "fake")}
    return spec.model_copy(
        update={
            "clips": spec.clips.model_copy(update={**sides, "least_frames": None}),
            "statistics": spec.statistics.model_copy(update={"repeats": 1}),
        }
    )


def _whole_videos(spec: ProtocolSpec, frames: int) -> ClipsSpec:
    """The choice of videos, whole."""
    sides = {name: getattr(spec.clips, name).model_copy(update={"stride": None}) for name in ("real", "fake")}
    return spec.clips.model_copy(update={"frames": frames, "stride": 1, **sides})


def _as_many_as_there_are(spec: ProtocolSpec, real: Source, fake: Source, choices: Choices) -> ProtocolSpec:
    """A protocol that asks for more videos than there are takes what there is, unless the user named a number."""
    sides = {}
    for name, source, asked in (("real", real, choices.num_real), ("fake", fake, choices.num_fake)):
        side: SideSpec = getattr(spec.clips, name)
        if not spec.kind.reads_real and name == "real":  # a reference all the same, of as many videos
            wanted = asked or spec.clips.fake.videos
            side = side if wanted is None else side.with_videos(min(wanted, len(source)))
        elif asked is None and side.videos is not None:
            side = side.model_copy(update={"videos": min(side.videos, len(source))})
        sides[name] = side
    return spec.model_copy(update={"clips": spec.clips.model_copy(update=sides)})


def _videos(spec: ProtocolSpec, frames: int, side: Side, source: Source, choices: Choices) -> ClipPlan:
    """The videos of a side, each from frame 0 on as far as windows reach."""
    lengths = [source.num_frames(index) for index in range(len(source))]
    clips = _whole_videos(spec, frames)
    chosen: SideSpec = getattr(clips, side)
    if choices.on_bad == "skip" and chosen.videos is not None and choices.num_fake is None:
        there = max(1, sum(length >= frames for length in lengths))
        chosen = chosen.model_copy(update={"videos": min(chosen.videos, there)})
        clips = clips.model_copy(update={side: chosen})
    return plan_clips(
        [source.name(index) for index in range(len(source))],
        lengths,
        clips,
        side,
        seed=spec.statistics.seed,
        short="drop" if choices.on_bad == "skip" else "error",
        label=source.label,
    )


def _cut(spec: ProtocolSpec, real: ClipPlan, fake: ClipPlan, starts: Sequence[int]) -> tuple[ClipPlan, ClipPlan]:
    """The windows of both sides, video by video."""
    return (_windows_of(spec, spec.clips.real, real, starts), _windows_of(spec, spec.clips.fake, fake, starts))


def _windows_of(spec: ProtocolSpec, side: SideSpec, videos: ClipPlan, starts: Sequence[int]) -> ClipPlan:
    frames, stride = spec.clips.frames, spec.clips.stride_of(side)
    clips = (Clip(video.video, start, frames, stride) for video in videos.clips for start in starts)
    return ClipPlan(tuple(clips), videos.skipped)


def _check_length(asked: int | None, span: int, step: int) -> None:
    """Refuses a length that was asked for and holds no two windows.

    Raises:
        UsageError: It is too short.
    """
    if asked is not None and asked < span + step:
        raise UsageError(
            "videos of this length hold no two windows",
            expected=f"--frames {span + step} or more: windows of {span} frames, the second from frame {step + 1} on",
            found=f"--frames {asked}",
            where="--frames",
            fix="ask for longer videos, or for a smaller --window or --step",
        )


def _check_not_sampled(fake: Given) -> None:
    """Refuses a model without a number of frames: its videos are as long as one asks for.

    Raises:
        UsageError: FAKE is a model, or its static baseline.
    """
    if fake.named is not None and fake.named.name.base.kind == "vidm":
        raise UsageError(
            "a model samples videos of any length",
            expected="how long they are to be, such as --frames 128",
            found=f"{fake.named.name.text} without --frames",
            where="--frames",
        )


def _shortest(sources: Sequence[Source], least: int, *, is_lenient: bool) -> int:
    """The length that all videos have.

    Args:
        sources: Both sides.
        least: Frames of two windows.
        is_lenient: Whether videos that do not hold two windows do not count, as they are skipped.

    Raises:
        DataError: A video holds no two windows.
    """
    lengths = [(source.num_frames(index), source, index) for source in sources for index in range(len(source))]
    long = [length for length in lengths if length[0] >= least]
    counted_ones = (
        long if is_lenient and all(any(each[1] is source for each in long) for source in sources) else lengths
    )
    shortest, source, index = min(counted_ones, key=lambda each: each[0])
    if shortest >= least:
        return shortest
    own = [length for length, other, _ in lengths if other is source]
    few = sum(length < least for length in own)
    raise DataError(
        f"{few} of {counted(len(own), 'video')} of {source.label} hold no two windows",
        expected=f"at least {least} frames",
        found=f"{source.name(index)} has {counted(shortest, 'frame')}",
        where=source.label,
        fix="give longer videos, or ask for a smaller --window or --step"
        + ("; --on-bad skip skips short videos" if few < len(own) else ""),
    )


def _notes(real: Source, fake: Source, frames: int) -> list[str]:
    """That videos differ in length, and what was done about it."""
    ranges = []
    for source in (real, fake):
        lengths = {source.num_frames(index) for index in range(len(source))}
        low, high = min(lengths), max(lengths)
        ranges.append(f"{low} frames" if low == high else f"{low} to {high} frames")
    if ranges[0] == ranges[1] and " to " not in ranges[0]:
        return []
    return [f"videos differ in length: real {ranges[0]}, scored {ranges[1]}; the first {frames} of each were looked at"]
