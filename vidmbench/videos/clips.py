"""Which frames of which videos are scored: index arithmetic from a specification and a seed, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vidmbench.errors import DataError
from vidmbench.protocol_stages import ClipsSpec, SideSpec
from vidmbench.seeding import generator
from vidmbench.source import Skipped

Side = Literal["real", "fake"]


@dataclass(frozen=True)
class Clip:
    """One clip.

    Attributes:
        video: Index of the video in its source.
        start: First frame.
        frames: Number of frames.
        stride: Distance of neighbouring frames in the video.
    """

    video: int
    start: int
    frames: int
    stride: int

    @property
    def indices(self) -> range:
        """The frames, as indices into the video."""
        return range(self.start, self.start + self.frames * self.stride, self.stride)


@dataclass(frozen=True)
class ClipPlan:
    """All clips of one side, in ascending order of videos.

    Attributes:
        clips: The clips.
        skipped: Videos left out because they are shorter than a clip.
    """

    clips: tuple[Clip, ...]
    skipped: tuple[Skipped, ...]


def plan_clips(
    names: Sequence[str],
    lengths: Sequence[int],
    spec: ClipsSpec,
    side: Side,
    *,
    seed: int,
    short: Literal["drop", "error"],
    label: str,
) -> ClipPlan:
    """Chooses the clips of one side.

    The choice depends on the seed and on each video's name and length alone: not on batches, workers or processes.

    Args:
        names: Names of all videos, in the source's order.
        lengths: Frames of each.
        spec: The protocol's clips, bound.
        side: Which side of it.
        seed: Seed of the choice.
        short: Whether videos shorter than a clip are left out or are an error.
        label: The source's label, for messages.

    Returns:
        The plan.

    Raises:
        DataError: Videos are too short, or fewer than asked for.
    """
    chosen: SideSpec = getattr(spec, side)
    span = (spec.frames - 1) * spec.stride + 1
    usable = [index for index, length in enumerate(lengths) if length >= span]
    skipped = tuple(
        Skipped(names[index], f"has {length} frames, a clip needs {span}")
        for index, length in enumerate(lengths)
        if length < span
    )
    if skipped and (short == "error" or not usable):
        raise _too_short(skipped, len(lengths), max(lengths), spec, span, label)
    wanted = len(usable) if chosen.videos is None else chosen.videos
    if wanted > len(usable):
        raise _too_few(wanted, len(usable), len(skipped), side, label)
    if chosen.pick == "random":
        order = generator(seed, "pick", side).permutation(len(usable))
        usable = [usable[position] for position in order]
    clips = [
        Clip(index, _start(chosen, lengths[index] - span, seed, side, names[index]), spec.frames, spec.stride)
        for index in sorted(usable[:wanted])
    ]
    return ClipPlan(tuple(clips), skipped)


def _start(chosen: SideSpec, last: int, seed: int, side: Side, name: str) -> int:
    if chosen.start == "zero" or last == 0:
        return 0
    # StyleGAN-V draws from the same range: with a stride s it allows a start up to N - n s + s - 1 = N - span.
    return int(generator(seed, "start", side, name).integers(0, last + 1))


def _too_short(
    skipped: Sequence[Skipped], total: int, longest: int, spec: ClipsSpec, span: int, label: str
) -> DataError:
    names = ", ".join(f"{video.name} ({video.reason.split(',')[0]})" for video in skipped[:3])
    fitting = (longest - 1) // spec.stride + 1
    more = f" and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    return DataError(
        f"{len(skipped)} of {total} videos of {label} are shorter than the clip",
        expected=f"at least {span} frames for --frames {spec.frames} --stride {spec.stride}",
        found=f"{names}{more}",
        where=label,
        fix="leave them out with --on-bad skip"
        if len(skipped) < total
        else f"ask for fewer frames: the longest video allows --frames {fitting}"
        if fitting >= spec.frames_allowed[0]
        else "give longer videos, or a smaller --stride",
    )


def _too_few(wanted: int, usable: int, skipped: int, side: Side, label: str) -> DataError:
    because = f" ({skipped} more are too short)" if skipped else ""
    return DataError(
        f"fewer videos than asked for on the {side} side",
        expected=f"{wanted} videos",
        found=f"{usable}{because}",
        where=label,
        fix=f"--num-videos {usable} works (or --num-{side} {usable}); numbers compare only at equal counts"
        if usable >= 2
        else "give a source with at least 2 usable videos",
    )
