"""A file that shows many videos as a source of its tiles, and what is odd about them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.text import counted
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.grids.layout import Grid, GridLayout, find_with_reason, in_words
from vidmbench.videos.source import Source, SourceDefaults, frame_rates_of

#: Decoded videos that are kept, so that reading all tiles of one decodes it once.
_KEPT_BYTES = 2**30
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


class TiledSource(SourceDefaults):
    """Every tile of every video of another source, as a video of its own.

    All videos are decoded once to find and describe the tiles. Empty tiles at the end of a grid are skipped.

    Args:
        base: Videos that each show a grid of videos, all cut alike.
        layout: What is declared about the grid.
        label: See :class:`vidmbench.videos.source.Source`; by default the base's.

    Raises:
        DataError: The grid cannot be found, differs between videos, or holds empty tiles only.
    """

    def __init__(self, base: Source, layout: GridLayout, *, label: str | None = None) -> None:
        self.label = base.label if label is None else label
        self.skipped = base.skipped
        self.compression = base.compression
        self.frame_rates = frame_rates_of(base)
        self._base = base
        self._origin = layout.origin
        self._decoded = _Decoded(lambda index: layout.centred(base.read(index, range(base.num_frames(index)))))
        names = [base.name(index) for index in range(len(base))]
        self.grid, how = self._agree_on_grid(layout, names)
        self.size: tuple[int, int] = self.grid.tile(*base.size)
        self._boxes = self.grid.boxes(*base.size)
        states = [_look(self._decoded.get(index), self._boxes) for index in range(len(base))]
        self._tiles = [(video, tile) for video, state in enumerate(states) for tile in range(state.num_kept)]
        if not self._tiles:
            raise DataError(
                f"all tiles of {base.label} are empty",
                expected="videos in the tiles",
                found=f"{len(self._boxes) * len(base)} uniform tiles",
                where=base.label,
                fix="check the file; a grid without any video cannot be scored",
            )
        geometry = f"cut into {in_words(self.grid, self.size)}; {how}"
        self.notes: tuple[str, ...] = (*base.notes, geometry, *_tile_notes(names, states))

    def __len__(self) -> int:
        """The number of tiles that are not empty."""
        return len(self._tiles)

    def name(self, index: int) -> str:
        """The grid's name with the tile's row and column, from 0: ``samples.mp4#r0c3``."""
        video, tile = self._tiles[index]
        row, column = divmod(tile, self.grid.columns)
        return f"{self._base.name(video)}#r{row}c{column}"

    def num_frames(self, index: int) -> int:
        """The number of frames of the grid."""
        return self._base.num_frames(self._tiles[index][0])

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The frames asked for, uint8 (frame, tile height, tile width, 3), RGB, 0..255, in the order asked for.

        Raises:
            DataError: The grid cannot be decoded or has fewer frames.
        """
        video, tile = self._tiles[index]
        check_frames(self.name(index), frames, self._base.num_frames(video))
        rows, columns = self._boxes[tile]
        return self._decoded.get(video)[:, rows, columns][np.asarray(frames, dtype=np.intp)]

    def digest(self) -> str:
        """The sha256 over the base's digest and the geometry."""
        grid, origin = self.grid, self._origin
        numbers = (grid.rows, grid.columns, grid.padding, grid.border, *(origin or ()))
        scaled = ("scaled",) if grid.is_scaled else ()
        return sha256_of_parts(self._base.digest(), "grid", *map(str, numbers), *scaled)

    def check_unchanged(self, index: int) -> None:
        """See :class:`vidmbench.videos.source.Source`; of the grid that the tile is cut from."""
        self._base.check_unchanged(self._tiles[index][0])

    def _agree_on_grid(self, layout: GridLayout, names: Sequence[str]) -> tuple[Grid, str]:
        grids: dict[tuple[Grid, str], str] = {}
        errors = []
        for index, name in enumerate(names):
            if layout.is_complete and grids:
                break  # the size decides alone, and all videos of a source have one
            try:
                grids.setdefault(find_with_reason(self._decoded.get(index), layout, name), name)
            except DataError as error:
                errors.append(error)  # where some videos decide, the others are cut like them
        if not grids:
            raise errors[0]
        if len({grid for grid, _ in grids}) > 1:
            raise DataError(
                f"the grids in {self._base.label} are not cut alike",
                expected="one geometry for all videos of a source",
                found="; ".join(f"{grid} ({name})" for (grid, _), name in grids.items()),
                where=self._base.label,
                fix="keep grids of one geometry in a folder, or declare rows, columns, padding and border",
            )
        return next(iter(grids))


class _Decoded:
    """The most recently used videos, whole; for several threads."""

    def __init__(self, decode: Callable[[int], Frames]) -> None:
        self._decode = decode
        self._videos: OrderedDict[int, Frames] = OrderedDict()
        self._lock = Lock()
        self._busy: dict[int, Lock] = {}

    def get(self, index: int) -> Frames:
        """The whole video; a second thread that asks for it waits instead of decoding it again."""
        with self._lock:
            busy = self._busy.setdefault(index, Lock())
        with busy:
            with self._lock:
                if index in self._videos:
                    self._videos.move_to_end(index)
                    return self._videos[index]
            video = self._decode(index)
            with self._lock:
                self._videos[index] = video
                # The newest one stays even if it is larger than the bound, or each tile would decode it again.
                while len(self._videos) > 1 and sum(cached.nbytes for cached in self._videos.values()) > _KEPT_BYTES:
                    self._videos.popitem(last=False)
            return video


@dataclass(frozen=True)
class _State:
    """What the tiles of one video look like.

    Attributes:
        num_kept: Tiles up to the last one that is not empty.
        num_empty: Empty ones before that.
        num_dropped: Empty ones after it.
        changes: How much each frame differs from the one before, float64 (tile that is not empty, frame - 1): the mean
            of the 8 x 8 pixels that differ most, intensity levels. A small object that moves in a still scene hardly
            shows in the mean of all pixels.
    """

    num_kept: int
    num_empty: int
    num_dropped: int
    changes: np.ndarray

    def common_repeats(self) -> list[int]:
        """The frames that show, in all tiles, what the frame before shows."""
        if not self.changes.size:
            return []
        middle = np.median(self.changes, axis=0)
        bound = min(_SAME_IN_THE_MIDDLE, _SAME_SHARE * float(np.quantile(middle, 0.75)))
        is_same = (self.changes.max(axis=0) <= _SAME_AT_MOST) & (middle <= bound)
        return [int(index) + 1 for index in np.flatnonzero(is_same)]


def _look(video: Frames, boxes: Sequence[tuple[slice, slice]]) -> _State:
    is_empty = [_is_empty(video[:, rows, columns]) for rows, columns in boxes]
    num_kept = len(boxes)
    while num_kept and is_empty[num_kept - 1]:
        num_kept -= 1
    full = [boxes[tile] for tile in range(num_kept) if not is_empty[tile]]
    changes = np.array([_changes(video[:, rows, columns]) for rows, columns in full])
    return _State(num_kept, num_kept - len(full), len(boxes) - num_kept, changes)


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


def _changes(tile: Frames) -> np.ndarray:
    """See ``_State.changes``; of one tile."""
    grey = tile.mean(axis=3, dtype=np.float32)
    num_frames, height, width = grey.shape
    block = min(_BLOCK, height, width)
    high, wide = height // block, width // block
    blocks = np.abs(np.diff(grey[:, : high * block, : wide * block], axis=0))
    blocks = blocks.reshape(num_frames - 1, high, block, wide, block).mean(axis=(2, 4))
    most: np.ndarray = blocks.max(axis=(1, 2)).astype(np.float64)
    return most


def _tile_notes(names: Sequence[str], states: Sequence[_State]) -> list[str]:
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
    for common_frames, videos in repeats.items():
        where = f" ({len(videos)} of {len(names)} grids, first {videos[0]})" if len(names) > 1 else ""
        word = "frame {} repeats" if len(common_frames) == 1 else "frames {} repeat"
        notes.append(f"{word.format(_listed(common_frames))} the frame before in all tiles{where}")
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


def _listed(numbers: Sequence[int]) -> str:
    words = [str(number) for number in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


if TYPE_CHECKING:
    _tiled: type[Source] = TiledSource
