"""Refuses samples whose clips end in frames that show nothing new, or repeat frames, in all videos alike.

A model that writes 16 frames into files of 32, or repeats every sixth one, is scored on fewer frames than asked for,
and nothing about the number tells. Only samples read from files are looked at: real videos may stand still, and
controls are made to.
"""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.core.errors import DataError, VidmbenchError
from vidmbench.evaluation.clips import Clip
from vidmbench.protocols.clips_stage import ClipsSpec
from vidmbench.videos.arrays.uint8_source import ArraySource, ArrayVideos
from vidmbench.videos.files.endings import (
    ARRAY_SUFFIXES,
    MAYBE_ANIMATED_SUFFIXES,
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
)
from vidmbench.videos.files.inspection import FileSource
from vidmbench.videos.grids.tile_states import block_changes, deviations, in_ranges
from vidmbench.videos.grids.tiles import TiledSource
from vidmbench.videos.in_memory.spool import SpooledVideos
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
    elif isinstance(source, FileSource | ArraySource | SpooledVideos):
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


def stand_still(source: Source, clips: Sequence[Clip]) -> list[str]:
    """A note where every frame of all scored videos repeats the first one of its clip.

    Args:
        source: The scored videos; those neither from files nor in arrays, such as controls, are made to stand still.
        clips: What is read of them; at most 64 are looked at.
    """
    if not isinstance(source, FileSource | ArrayVideos | SpooledVideos) or not clips:
        return []
    for number in (_FIRST, _MOST):
        chosen = np.unique(np.linspace(0, len(clips) - 1, min(len(clips), number)).round().astype(int))
        if not all(_stands_still(source, clips[index]) for index in chosen.tolist()):
            return []
    return [
        f"the scored videos stand still: in all {len(chosen)} clips that were looked at every frame repeats the first"
    ]


def _stands_still(source: Source, clip: Clip) -> bool:
    if clip.frames < 2:
        return False
    try:
        first, last = source.read(clip.video, [clip.indices[0], clip.indices[-1]])
        if block_changes(np.stack([first, last]))[0] > _SAME:
            return False  # nearly always: one look at two frames
        frames = source.stream(clip.video, clip.indices)
        return all(block_changes(np.stack([first, frame]))[0] <= _SAME for frame in frames)
    except VidmbenchError:
        return False  # scoring says what is wrong with the video


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
    declared = _layout(source, numbers)
    if declared is None:
        ways.append("save the array without them")
        return f"omit them: {', or '.join(ways)}"
    unpacked = "unpack the archive, " if source.label.lower().endswith((".tar", ".zip")) else ""
    ways.append(
        f"{unpacked}save the lines below as FILE.toml and read the videos by "
        "vidmbench run --model LABEL --samples PATH --dataset DATASET --layout FILE.toml"
    )
    lines = "".join(f"\n    {line}" for line in declared)
    return f"omit them: {', or '.join(ways)}; drop_frames = [] there scores them as they are{lines}"


def _layout(source: Source, numbers: Sequence[str]) -> list[str] | None:
    """The lines of a layout that reads the same videos without some frames; None for an array in memory."""
    if isinstance(source, SpooledVideos):
        return None
    names = [source.name(index) for index in range(len(source))]
    videos = sorted(
        {suffix for name in names if (suffix := _suffix_in(name, VIDEO_SUFFIXES | MAYBE_ANIMATED_SUFFIXES))}
    )
    more = []
    if isinstance(source, TiledSource):
        kind, suffixes, more = "grid", videos or sorted(VIDEO_SUFFIXES | PICTURE_SUFFIXES), ["grid = {}"]
    elif isinstance(source, ArraySource):
        suffix = _suffix_in(source.label, ARRAY_SUFFIXES)
        if suffix is None:
            return None
        kind, suffixes, more = "array", [suffix], ['array = { axes = "nthwc", range = "0..255" }']
    elif videos:
        kind, suffixes = "videos", videos
    else:
        kind, suffixes = "frame-folders", sorted(PICTURE_SUFFIXES)
    quoted = {
        "files": [f"*{suffix}" for suffix in suffixes],
        "drop_frames": list(numbers),
        "compression": source.compression or "none",
    }
    files, drop, compression = (json.dumps(value) for value in quoted.values())
    return [
        'name = "mine"',
        f"files = {files}",
        f'kind = "{kind}"',
        f"compression = {compression}",
        f"lossy = {json.dumps(source.compression is not None)}",
        f"drop_frames = {drop}",
        *more,
    ]


def _suffix_in(name: str, known: Collection[str]) -> str | None:
    suffix = PurePosixPath(re.sub(r"#\w+$", "", name)).suffix
    return suffix if suffix.lower() in known else None
