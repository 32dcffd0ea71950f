"""From a request of ``vidmbench memorisation`` to three sources and their clips."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.vocabulary import TrainClips
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import Clip, ClipPlan, plan_clips
from vidmbench.evaluation.opening import OpeningOptions, open_named
from vidmbench.metrics.memorisation import threshold_rank
from vidmbench.protocols.clips_stage import SideSpec
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.sources.names import parse_source
from vidmbench.sources.opening import copied_control, refuse_pack, resolve
from vidmbench.videos.source import Source

_STARTS: dict[TrainClips, Literal["random", "every-chunk", "every-window"]] = {
    "random": "random",
    "chunks": "every-chunk",
    "windows": "every-window",
}


@dataclass(frozen=True)
class Part:
    """One of the three sources with its clips.

    Attributes:
        role: ``training``, ``held-out`` or ``generated``.
        source: The videos.
        spec: The protocol, whose real side says how these clips were chosen.
        plan: The clips.
        usable: How many of its videos are long enough.
    """

    role: str
    source: Source
    spec: ProtocolSpec
    plan: ClipPlan
    usable: int

    @property
    def has_longer(self) -> bool:
        """Whether some videos hold more than a clip, so that there were others to choose."""
        span = self.spec.clips.span_of(self.spec.clips.real)
        return any(self.source.num_frames(clip.video) > span for clip in self.plan.clips)

    def name(self, clip: Clip) -> str:
        """What a clip is called: its video, and its first frame where the video is longer than a clip."""
        video = self.source.name(clip.video)
        is_whole = self.source.num_frames(clip.video) <= self.spec.clips.span_of(self.spec.clips.real)
        return video if is_whole else f"{video} from {clip.start}"


@dataclass(frozen=True)
class MemorisationJob:
    """Three sources and their clips; the request is checked.

    Attributes:
        train: The generator's training videos.
        heldout: Real videos that it was not trained on.
        fake: Its samples.
        quantile: Of the held-out distances, for the threshold.
        train_clips: Which clips of a training video are searched.
        choices: The options.
    """

    train: Part
    heldout: Part
    fake: Part
    quantile: float
    train_clips: TrainClips
    choices: Choices

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        """Training, held-out, generated."""
        return self.train, self.heldout, self.fake


def prepare_memorisation(
    train: str,
    heldout: str,
    fake: str,
    choices: Choices,
    *,
    num_videos: int | None = None,
    num_train: int | None = None,
    quantile: float = 0.05,
    train_clips: TrainClips = "random",
) -> MemorisationJob:
    """Resolves ``vidmbench memorisation``.

    Of the protocol the array stage is taken. The clips of all three sources are chosen alike, as held-out and
    generated clips must be: videos by a seeded permutation, a clip of each from a seeded start.

    Args:
        train: Real videos, as the command line names them: files, ``dataset:NAME[@SPLIT]``, ``static-of:`` either.
        heldout: The same.
        fake: The same, a model, or ``control:NAME`` made from the training videos themselves.
        choices: The options; their counts of videos are ignored.
        num_videos: Most videos of each source; None takes all training videos, and of the others as many as the
            protocol takes.
        num_train: Most training videos, where it is to be another number.
        quantile: See :func:`vidmbench.metrics.memorisation.memorisation`.
        train_clips: ``random``: one clip a training video; ``chunks``: all that follow one another; ``windows``: all.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    if not 0 < quantile < 1:
        raise UsageError(
            "a quantile is between 0 and 1", expected="such as 0.05", found=f"{quantile:g}", where="--quantile"
        )
    spec = _bound(choices)
    most = num_videos or spec.clips.fake.videos
    sources = _open_three((train, heldout, fake), spec, most, choices)
    parts = (
        _part("training", sources[0], spec, num_train or num_videos, choices),
        _part("held-out", sources[1], spec, most, choices),
        _part("generated", sources[2], spec, most, choices),
    )
    _check_heldout(parts[1], quantile, num_videos)
    return MemorisationJob(_cut(parts[0], train_clips), *parts[1:], quantile, train_clips, choices)


def _bound(choices: Choices) -> ProtocolSpec:
    if len(choices.protocols) > 1 or len(choices.frames) > 1:
        what = "protocol" if len(choices.protocols) > 1 else "clip length"
        raise UsageError(
            f"memorisation takes one {what}", found=", ".join(map(str, (*choices.protocols, *choices.frames)))
        )
    spec = load_protocol(choices.protocols[0])
    detector = load_detector(spec.array.detector)
    # Of frames, numbers that no distance between distributions uses say nothing about what they show.
    if detector.reads == "pairs" or (detector.reads == "frames" and not {"frechet", "kernel"} & set(detector.measures)):
        raise UsageError(
            "the nearest clip needs a network's features of clips or frames",
            expected="such as fvd-vidm-paper, or fid-frames: then distances are of all frames in their order",
            found=f"{spec.name}: {detector.title}",
            where="--protocol",
        )
    frames = choices.frames[0] if choices.frames else None
    return spec.with_options(frames=frames, stride=choices.stride, seed=choices.seed)


def _open_three(
    texts: tuple[str, str, str], spec: ProtocolSpec, num_videos: int | None, choices: Choices
) -> tuple[Source, Source, Source]:
    """Training, held-out and generated videos; a model gives as many as are compared."""
    train, heldout, fake = (parse_source(text) for text in texts)
    for role, name in (("TRAIN", train), ("HELDOUT", heldout), ("FAKE", fake)):
        refuse_pack(name)
        if role != "FAKE" and name.base.kind in ("vidm", "control"):
            raise UsageError(
                f"{role} takes real videos", expected="files, or dataset:NAME[@SPLIT]", found=name.text,
                fix="models and controls are given as FAKE",
            )  # fmt: skip
    trained_on = resolve(train)
    seed = choices.seed or 0
    options = OpeningOptions(
        reading=choices.reading,
        seed=seed,
        real=trained_on if trained_on.dataset is not None else None,
        num_videos=num_videos,
        num_frames=(spec.clips.frames - 1) * spec.clips.stride + 1,
        sampling=choices.drawing,
        device=choices.device,
    )
    source = open_named(trained_on, options)
    copies = replace(options, make_control=partial(copied_control, base=source, seed=seed))
    return source, open_named(resolve(heldout, trained_on), options), open_named(resolve(fake, trained_on), copies)


def _part(role: str, source: Source, spec: ProtocolSpec, most: int | None, choices: Choices) -> Part:
    """The clips of one source, at most ``most``."""
    lengths = [source.num_frames(index) for index in range(len(source))]
    usable = sum(length >= (spec.clips.frames - 1) * spec.clips.stride + 1 for length in lengths)
    taken = usable if most is None else min(most, usable)
    side = SideSpec(videos=max(1, taken), pick="random", start="random")
    with_side = _with_side(spec, side)
    names = [source.name(index) for index in range(len(source))]
    short: Literal["drop", "error"] = "drop" if choices.on_bad == "skip" else "error"
    # One name of a side for all three: the same videos give the same clips, so that whole copies are recognised.
    plan = plan_clips(
        names, lengths, with_side.clips, "real", seed=spec.statistics.seed, short=short, label=f"{role}: {source.label}"
    )
    return Part(role, source, with_side, plan, usable)


def _with_side(spec: ProtocolSpec, side: SideSpec) -> ProtocolSpec:
    return spec.model_copy(update={"clips": spec.clips.model_copy(update={"real": side, "fake": side})})


def _cut(part: Part, train_clips: TrainClips) -> Part:
    """The training part with all the clips of the videos that the search covers."""
    if train_clips == "random":
        return part
    videos = [clip.video for clip in part.plan.clips]
    spec = _with_side(part.spec, SideSpec(pick="all", start=_STARTS[train_clips]))
    source = part.source
    plan = plan_clips(
        [source.name(video) for video in videos],
        [source.num_frames(video) for video in videos],
        spec.clips,
        "real",
        seed=spec.statistics.seed,
        short="error",
        label=source.label,
    )
    clips = tuple(replace(clip, video=videos[clip.video]) for clip in plan.clips)
    return replace(part, spec=spec, plan=ClipPlan(clips, part.plan.skipped))


def _check_heldout(part: Part, quantile: float, num_videos: int | None) -> None:
    """Refuses too few held-out clips before the network runs; where there are more, says how to take them."""
    try:
        threshold_rank(len(part.plan.clips), quantile)
    except DataError as error:
        is_short = num_videos is None or part.usable <= num_videos
        fix = error.fix if is_short or error.fix is None else f"take more with --num-videos; {error.fix}"
        raise DataError(
            error.problem, expected=error.expected, found=error.found, where=part.source.label, fix=fix
        ) from None
