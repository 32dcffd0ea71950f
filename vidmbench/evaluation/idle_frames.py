"""Refuses samples whose clips end in frames that show nothing new, or repeat frames, in all videos alike.

A model that writes 16 frames into files of 32, or repeats every sixth one, is scored on fewer frames than asked for,
and nothing about the number tells. Only samples read from files are looked at: real videos may stand still, and
controls are made to.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.core.errors import DataError, VidmbenchError
from vidmbench.evaluation.clips import Clip
from vidmbench.protocols.stages import ClipsSpec
from vidmbench.videos.arrays.uint8_source import ArraySource
from vidmbench.videos.files.inspection import FileSource
from vidmbench.videos.grids.tile_states import block_changes, deviations, in_ranges
from vidmbench.videos.grids.tiles import TiledSource
from vidmbench.videos.source import Source

#: Clips that are looked at first, and where all of them end alike.
_FIRST, _MOST = 3, 64
#: Intensity levels: by how much the most different blocks of a repeated frame and the pixels of a blank one may differ.
_SAME, _BLANK = 1.5, 2.0
#: Strides that are proposed.
_STRIDES = (2, 3, 4, 6, 8)


def check_idle_frames(source: Source, clips: Sequence[Clip], spec: ClipsSpec) -> None:
    """Refuses scored videos that show nothing new in some frames of their clips, all of them in the same ones.

    Args:
        source: The scored videos.
        clips: All that will be read of them.
        spec: How they were chosen.

    Raises:
        DataError: The message says how to omit these frames, and how to score them as they are.
    """
    if isinstance(source, TiledSource):
        idle = source.idle_frames
        found = sorted({frame for clip in clips for frame in _nothing_new(clip, idle)})
    elif isinstance(source, FileSource | ArraySource):
        idle = _common_end(source, clips)
        found = sorted(idle)
    else:
        return
    if not found:
        return
    which, do = ("frames", "are blank or repeat") if len(found) > 1 else ("frame", "is blank or repeats")
    raise DataError(
        f"{len(found)} of the frames that a clip of {source.label} takes show nothing new",
        expected="frames that differ, as many as are asked for",
        found=f"{which} {in_ranges(found)}, counted from 0, {do} the frame before in all videos",
        where=source.label,
        fix=_ways_out(source, clips, spec, idle, found),
    )


def _nothing_new(clip: Clip, idle: Iterable[int]) -> list[int]:
    """The frames of a clip since whose predecessor in it nothing has changed."""
    quiet = set(idle)
    pairs = pairwise(clip.indices)  # what the first frame repeats is not in the clip
    return [frame for before, frame in pairs if quiet.issuperset(range(before + 1, frame + 1))]


def _common_end(source: Source, clips: Sequence[Clip]) -> frozenset[int]:
    """The last frames of clips that start at one frame, if these alone are blank or still, and in all of them."""
    if len({(clip.start, clip.frames, clip.stride) for clip in clips}) != 1 or clips[0].frames < 4:
        return frozenset()
    length = clips[0].frames
    still = length
    for number in (_FIRST, _MOST):
        chosen = np.unique(np.linspace(0, len(clips) - 1, min(len(clips), number)).round().astype(int))
        for clip in (clips[index] for index in chosen.tolist()):
            still = min(still, _still_end(source, clip))
            # The frame that the others repeat counts where it is blank itself; one pair alone may be chance.
            if still < 2:
                return frozenset()
    return frozenset() if still >= length - 1 else frozenset(clips[0].indices[length - still :])


def _still_end(source: Source, clip: Clip) -> int:
    """How many frames at the end of a clip repeat the one before or are blank."""
    last = list(clip.indices[-2:])
    try:
        if not _repeats_or_blank(*source.read(clip.video, last)):
            return 0  # nearly always: one look at two frames
        still, before = 0, None
        for frame in source.stream(clip.video, clip.indices):  # frame by frame: clips may be large
            is_idle = before is not None and _repeats_or_blank(before, frame)
            still = still + 1 if is_idle or _is_blank(frame) else 0
            before = frame
    except VidmbenchError:
        return 0  # scoring says what is wrong with the video
    return still


def _repeats_or_blank(before: Image, frame: Image) -> bool:
    return bool(block_changes(np.stack([before, frame]))[0] <= _SAME) or _is_blank(frame)


def _is_blank(frame: Image) -> bool:
    return bool(deviations(frame[None])[0] <= _BLANK)


def _ways_out(source: Source, clips: Sequence[Clip], spec: ClipsSpec, idle: Iterable[int], found: Sequence[int]) -> str:
    starts = {clip.start for clip in clips}
    first = clips[0]
    ways = []
    if len(starts) == 1:
        frames = sum(frame < found[0] for frame in first.indices)
        if spec.frames_allowed[0] <= frames < first.frames:
            ways.append(f"--frames {frames}")
        shortest = min(source.num_frames(clip.video) for clip in clips)
        for stride in (stride for stride in _STRIDES if stride > first.stride):
            longer = Clip(first.video, first.start, first.frames, stride)
            if longer.indices[-1] < shortest and not _nothing_new(longer, idle):
                ways.append(f"--stride {stride}")
                break
    numbers = in_ranges(sorted(idle)).replace(" and ", ", ").replace(" to ", "-").split(", ")
    listed = ", ".join(f'"{number}"' for number in numbers)
    ways.append(f"drop_frames = [{listed}] in a layout of your own (--layout FILE.toml, docs/baselines.md)")
    return f"omit them: {', or '.join(ways)}; drop_frames = [] in such a layout scores them as they are"
