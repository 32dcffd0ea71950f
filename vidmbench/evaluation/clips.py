"""Which frames of which videos are scored: index arithmetic from a specification and a seed, nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.core.text import counted
from vidmbench.protocols.clips_stage import MANY_A_VIDEO, ClipsSpec, SideSpec
from vidmbench.videos.source import Skipped

Side = Literal["real", "fake"]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Clip:
    """One clip.

    Attributes:
        video: Index of the video in its source.
        start: First frame.
        frames: Number of frames.
        stride: Distance of neighbouring frames in the video.
        is_mirrored: Whether left and right are exchanged.
    """

    video: int
    start: int
    frames: int
    stride: int
    is_mirrored: bool = False

    @property
    def indices(self) -> range:
        """The frames, as indices into the video."""
        return range(self.start, self.start + self.frames * self.stride, self.stride)


@dataclass(frozen=True)
class ClipPlan:
    """All clips of one side, in ascending order of videos.

    Attributes:
        clips: The clips.
        skipped: Videos skipped because they are shorter than a clip.
        together: How many neighbouring clips belong together, each in a place of its own: prefixes of a video, or
            predictions of one; 0 where that does not matter.
    """

    clips: tuple[Clip, ...]
    skipped: tuple[Skipped, ...]
    together: int = 0

    @property
    def num_scored(self) -> int:
        """The number of clips; all prefixes of one count once."""
        return len(self.clips) // max(1, len({clip.frames for clip in self.clips}))

    @property
    def counts(self) -> frozenset[int]:
        """How many clips videos give: one number where all give as many."""
        return frozenset(Counter(clip.video for clip in self.clips).values())

    @property
    def clips_a_video(self) -> int:
        """How many clips every video gives; 1 also where they differ."""
        return next(iter(self.counts)) if len(self.counts) == 1 else 1


def plan_clips(
    names: Sequence[str],
    lengths: Sequence[int],
    spec: ClipsSpec,
    side: Side,
    *,
    seed: int,
    short: Literal["drop", "error"],
    label: str,
    repeat: int = 0,
    is_asked: bool = True,
) -> ClipPlan:
    """Chooses the clips of one side.

    The choice depends on the seed and on each video's name and length alone: not on batches, workers or processes.

    Args:
        names: Names of all videos, in the source's order.
        lengths: Frames of each.
        spec: The protocol's clips, bound.
        side: Which side of it.
        seed: Seed of the choice.
        short: Whether videos shorter than a clip are skipped or are an error.
        label: The source's label, for messages.
        repeat: Which of a protocol's repeats this is; each draws anew.
        is_asked: Whether the user gave the number of videos; for the message where there are fewer.

    Returns:
        The plan.

    Raises:
        DataError: Videos are too short, or fewer than asked for.
    """
    chosen: SideSpec = getattr(spec, side)
    stride, span = spec.stride_of(chosen), spec.span_of(chosen)
    if chosen.start == "spread":
        stride, span = 1, spec.frames
    usable = [index for index, length in enumerate(lengths) if length >= span]
    skipped = tuple(
        Skipped(names[index], f"has {counted(length, 'frame')}, a clip needs {span}")
        for index, length in enumerate(lengths)
        if length < span
    )
    if skipped and (short == "error" or not usable):
        raise _too_short(skipped, len(lengths), max(lengths), spec, span, stride, label)
    draw = _Draw(seed, side, repeat)
    if chosen.start in MANY_A_VIDEO:
        windows = [clip for index in usable for clip in _windows(chosen.start, index, lengths[index], spec, stride)]
        clips = draw.picked(windows, chosen, len(skipped), label, is_asked)
        return ClipPlan(tuple(sorted(clips, key=lambda clip: (clip.video, clip.start))), skipped)
    clips = [
        clip
        for index in sorted(draw.picked(usable, chosen, len(skipped), label, is_asked))
        for clip in _clips(chosen, index, lengths[index], spec, stride, draw, names[index])
    ]
    prefixes = 0 if spec.prefixes_from is None else len({clip.frames for clip in clips})
    return ClipPlan(tuple(clips), skipped, prefixes)


@dataclass(frozen=True)
class _Draw:
    """The random choices of one side in one repeat."""

    seed: int
    side: Side
    repeat: int

    def generator(self, *purpose: str) -> np.random.Generator:
        # The first repeat is the plain draw, so that a protocol's other fields can be studied on the same clips.
        again = (f"repeat-{self.repeat}",) if self.repeat else ()
        return generator(self.seed, purpose[0], self.side, *purpose[1:], *again)

    def picked(self, usable: Sequence[Item], chosen: SideSpec, skipped: int, label: str, is_asked: bool) -> list[Item]:
        """As many as wanted, in the order of the pick."""
        num_videos = len(usable) if chosen.videos is None else chosen.videos
        if num_videos > len(usable):
            what = "clips" if chosen.start in MANY_A_VIDEO else "videos"
            raise _too_few(num_videos, len(usable), skipped, self.side, label, what, is_asked)
        if chosen.pick != "random":
            return list(usable[:num_videos])
        return [usable[position] for position in self.generator("pick").permutation(len(usable))[:num_videos]]


def _clips(
    chosen: SideSpec, index: int, length: int, spec: ClipsSpec, stride: int, draw: _Draw, name: str
) -> Iterator[Clip]:
    """What is scored of a chosen video: one clip, its mirror image where the protocol wants it, or its prefixes."""
    for frames in range(spec.prefixes_from or spec.frames, spec.frames + 1):
        clip = _clip(chosen, index, length, frames, stride, draw, name)
        yield clip
        if chosen.mirrored:
            yield replace(clip, is_mirrored=True)


def _clip(chosen: SideSpec, index: int, length: int, frames: int, stride: int, draw: _Draw, name: str) -> Clip:
    """One clip of a video."""
    if chosen.start == "spread":
        return Clip(index, 0, frames, max(1, length // frames))
    if chosen.start == "second":
        return Clip(index, 1, frames, stride)
    last = length - ((frames - 1) * stride + 1)
    if chosen.start == "zero" or last == 0:
        return Clip(index, 0, frames, stride)
    # StyleGAN-V draws from the same range: with a stride s it allows a start up to N - n s + s - 1 = N - span.
    return Clip(index, int(draw.generator("start", name).integers(0, last + 1)), frames, stride)


def num_windows(length: int, spec: ClipsSpec, side: SideSpec) -> int:
    """The number of clips that a video of a length gives on a side whose videos give several."""
    if length < spec.span_of(side):
        return 0
    return sum(1 for _ in _windows(side.start, 0, length, spec, spec.stride_of(side)))


def _windows(start: str, index: int, length: int, spec: ClipsSpec, stride: int) -> Iterator[Clip]:
    """All clips of a video from which the protocol picks."""
    span = (spec.frames - 1) * stride + 1
    if start == "every-window":
        starts: Iterable[int] = range(length - span + 1)
    elif start == "every-chunk":
        starts = range(0, length - span + 1, span)
    else:  # windows of frames x stride frames, each read in all of its phases
        window = spec.frames * stride
        starts = (first + phase for first in range(0, length - window + 1, window) for phase in range(stride))
    return (Clip(index, first, spec.frames, stride) for first in starts)


def _too_short(
    skipped: Sequence[Skipped], total: int, longest: int, spec: ClipsSpec, span: int, stride: int, label: str
) -> DataError:
    names = ", ".join(f"{video.name} ({video.reason.split(',')[0]})" for video in skipped[:3])
    more = f" and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    return DataError(
        f"{len(skipped)} of {total} videos of {label} are shorter than the clip",
        expected=f"at least {span} frames for --frames {spec.frames} --stride {stride}",
        found=f"{names}{more}",
        where=label,
        fix=_for_short_videos(longest, spec, span, stride, is_every=len(skipped) == total),
    )


def _for_short_videos(longest: int, spec: ClipsSpec, span: int, stride: int, *, is_every: bool) -> str:
    """What to do about videos that are shorter than the clip."""
    if not is_every:
        return "skip them with --on-bad skip"
    is_long_enough = longest >= (spec.least_frames or 0)
    before = 0 if spec.least_frames else span - ((spec.frames - 1) * stride + 1)  # frames that no clip begins with
    fitting = (longest - before - 1) // stride + 1
    if is_long_enough and fitting >= spec.frames_allowed[0]:
        return f"ask for fewer frames: the longest video allows --frames {fitting}"
    smaller = ", or a smaller --stride" if stride > 1 and is_long_enough else ""
    return f"give longer videos{smaller}; what can score these: vidmbench compare REAL FAKE --frames {longest}"


def too_few_words(is_asked: bool) -> tuple[str, str]:
    """How a message of too few videos begins, and what follows the number that was expected.

    Args:
        is_asked: Whether the user gave that number; else it is the protocol's or the data set's own.
    """
    return ("than asked for", "") if is_asked else ("than are taken by default", " by default")


def _too_few(requested: int, usable: int, skipped: int, side: Side, label: str, what: str, is_asked: bool) -> DataError:
    because = f" ({skipped} more are too short)" if skipped else ""
    than, default = too_few_words(is_asked)
    return DataError(
        f"fewer {what} {than} on the {side} side",
        expected=f"{requested} {what}{default}",
        found=f"{usable}{because}",
        where=label,
        fix=f"--num-videos {usable} works (or --num-{side} {usable}); compare numbers only at equal counts"
        if usable >= 2
        else "give a source with at least 2 usable videos",
    )
