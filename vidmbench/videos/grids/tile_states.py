"""What the tiles of a grid look like: empty ones, blank frames and frames that repeat the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.text import counted

#: Intensity levels. Compression leaves a uniform area uniform up to this, on average and in the worst pixel in a
#: thousand.
_EMPTY_MEAN = 2.0
_EMPTY_WORST = 12.0
#: Pixels at the edge of an empty tile into which compression may carry the tiles beside it.
_RIM = 8
#: Intensity levels: a tile changes by no more where a frame is repeated and the repetition was compressed as well.
_SAME = 1.5
#: The same where all tiles repeat a frame at once, which a new key frame may change more: in the middle and at most,
#: and in the middle also as a share of what other frames change.
_SAME_IN_THE_MIDDLE, _SAME_AT_MOST, _SAME_SHARE = 4.0, 8.0, 0.2
_BLOCK = 8


@dataclass(frozen=True)
class TileState:
    """What the tiles of one video look like.

    Attributes:
        num_kept: Tiles up to the last one that is not empty.
        num_empty: Empty ones before that.
        num_dropped: Empty ones after it.
        changes: How much each frame differs from the one before, float64 (tile that is not empty, frame - 1): the mean
            of the 8 x 8 pixels that differ most, intensity levels. A small object that moves in a still scene hardly
            shows in the mean of all pixels.
        deviations: How far the pixels of each frame are from their mean, on average, float64 (tile that is not empty,
            frame), intensity levels.
    """

    num_kept: int
    num_empty: int
    num_dropped: int
    changes: np.ndarray
    deviations: np.ndarray

    def common_repeats(self) -> list[int]:
        """The frames that show, in all tiles, what the frame before shows."""
        if not self.changes.size:
            return []
        middle = np.median(self.changes, axis=0)
        bound = min(_SAME_IN_THE_MIDDLE, _SAME_SHARE * float(np.quantile(middle, 0.75)))
        is_same = (self.changes.max(axis=0) <= _SAME_AT_MOST) & (middle <= bound)
        return [int(index) + 1 for index in np.flatnonzero(is_same)]

    def blank_frames(self) -> list[int]:
        """The frames that show nothing in any tile, where others do."""
        if not self.deviations.size:
            return []
        is_blank = self.deviations.max(axis=0) <= _EMPTY_MEAN
        return [] if is_blank.all() else [int(index) for index in np.flatnonzero(is_blank)]

    @property
    def idle_frames(self) -> frozenset[int]:
        """The frames that show nothing new in any tile."""
        return frozenset((*self.common_repeats(), *self.blank_frames()))


def look(video: Frames, boxes: Sequence[tuple[slice, slice]]) -> TileState:
    """Looks at the tiles of one video.

    Args:
        video: uint8 (frame, height, width, 3), RGB, 0..255.
        boxes: The rows and columns of pixels of each tile.
    """
    is_empty = [_is_empty(video[:, rows, columns]) for rows, columns in boxes]
    num_kept = len(boxes)
    while num_kept and is_empty[num_kept - 1]:
        num_kept -= 1
    full = [boxes[tile] for tile in range(num_kept) if not is_empty[tile]]
    changes = np.array([block_changes(video[:, rows, columns]) for rows, columns in full])
    deviating = np.array([deviations(video[:, rows, columns]) for rows, columns in full])
    return TileState(num_kept, num_kept - len(full), len(boxes) - num_kept, changes, deviating)


def _is_empty(tile: Frames) -> bool:
    """Whether a tile has one colour in all frames, up to compression noise."""
    rim = min(_RIM, tile.shape[1] // 4, tile.shape[2] // 4)
    tile = tile[:, rim : tile.shape[1] - rim, rim : tile.shape[2] - rim]
    thin = tile[:: max(1, len(tile) // 4)]
    for frames in (thin, tile):  # most tiles are told from empty ones by a few frames
        off = np.abs(frames.astype(np.int16) - np.median(frames, axis=(0, 1, 2)).astype(np.int16))
        if off.mean() > _EMPTY_MEAN or np.quantile(off, 0.999) > _EMPTY_WORST:
            return False
    return True


def block_changes(tile: Frames) -> np.ndarray:
    """How much each frame differs from the one before, float64 (frame - 1,); see ``TileState.changes``."""
    grey = tile.mean(axis=3, dtype=np.float32)
    num_frames, height, width = grey.shape
    block = min(_BLOCK, height, width)
    high, wide = height // block, width // block
    blocks = np.abs(np.diff(grey[:, : high * block, : wide * block], axis=0))
    blocks = blocks.reshape(num_frames - 1, high, block, wide, block).mean(axis=(2, 4))
    most: np.ndarray = blocks.max(axis=(1, 2)).astype(np.float64)
    return most


def deviations(tile: Frames) -> np.ndarray:
    """How far the pixels of each frame are from their mean, float64 (frame,); see ``TileState.deviations``."""
    grey = tile[:, ::2, ::2].mean(axis=3, dtype=np.float32)
    off = np.abs(grey - grey.mean(axis=(1, 2), keepdims=True)).mean(axis=(1, 2))
    return np.asarray(off, np.float64)


def tile_notes(names: Sequence[str], states: Sequence[TileState]) -> list[str]:
    """What a reader should know of the tiles of some grids.

    Args:
        names: Of the grids.
        states: Of each.

    Returns:
        One sentence each.
    """
    notes = []
    num_dropped = sum(state.num_dropped for state in states)
    if num_dropped:
        notes.append(f"{counted(num_dropped, 'tile')} at the end of the grid {_are(num_dropped)} empty and left out")
    num_empty = sum(state.num_empty for state in states)
    if num_empty:
        notes.append(
            f"{counted(num_empty, 'tile')} before the last video {_are(num_empty)} of one colour throughout and kept"
        )
    repeats: dict[tuple[int, ...], list[str]] = {}
    num_tiles = num_repeating = num_still = 0
    for name, state in zip(names, states, strict=True):
        common = state.common_repeats()
        if common:
            repeats.setdefault(tuple(common), []).append(name)
        is_same = state.changes <= _SAME
        is_own = is_same.copy()
        is_own[:, [index - 1 for index in common]] = False
        num_tiles += len(is_same)
        num_repeating += int(is_own.any(axis=1).sum())
        num_still += int(is_same[:, -1:].sum())
    blank = [name for name, state in zip(names, states, strict=True) if state.blank_frames()]
    if blank:
        frames = next(state.blank_frames() for state in states if state.blank_frames())
        first = f" ({len(blank)} of {len(names)} grids, first {blank[0]})" if len(names) > 1 else ""
        notes.append(f"{counted(len(frames), 'frame')} show nothing in any tile: {in_ranges(frames)}{first}")
    for common_frames, videos in repeats.items():
        where = f" ({len(videos)} of {len(names)} grids, first {videos[0]})" if len(names) > 1 else ""
        word = "frame {} repeats" if len(common_frames) == 1 else "frames {} repeat"
        notes.append(f"{word.format(in_ranges(common_frames))} the frame before in all tiles{where}")
    if num_repeating:
        other = "other frames repeat" if repeats else "frames repeat"
        notes.append(f"in {num_repeating} of {counted(num_tiles, 'tile')} {other} the frame before")
    if num_still:
        notes.append(
            f"{num_still} of {counted(num_tiles, 'tile')} stand still at the end: the last two frames or more are equal"
        )
    return notes


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def in_ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as words, three or more neighbours as a range: "3, 9 and 16 to 31"."""
    words: list[str] = []
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        together = [number for _, number in run]
        is_range = len(together) > 2
        words += [f"{together[0]} to {together[-1]}"] if is_range else [str(number) for number in together]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
