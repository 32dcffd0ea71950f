"""A file that shows many videos as a source of its tiles, and what is odd about them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.memory import free_memory
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.grids.layout import Grid, GridLayout, find_with_reason, in_words
from vidmbench.videos.grids.tile_states import look, tile_notes
from vidmbench.videos.source import Source, SourceDefaults, frame_rates_of

#: Decoded videos that are kept, so that reading all tiles of one decodes it once.
_KEPT_BYTES = 2**30


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
        self._decoded = _Decoded(lambda index: layout.centred(_whole(base, index)))
        names = [base.name(index) for index in range(len(base))]
        self.grid, how = self._agree_on_grid(layout, names)
        self.size: tuple[int, int] = self.grid.tile(*base.size)
        self._boxes = self.grid.boxes(*base.size)
        states = [look(self._decoded.get(index), self._boxes) for index in range(len(base))]
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
        self.notes: tuple[str, ...] = (*base.notes, geometry, *tile_notes(names, states))
        #: Frames that are blank, or repeat the one before, in all tiles of all videos; see evaluation/idle_frames.py.
        self.idle_frames = frozenset.intersection(*(state.idle_frames for state in states))

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


def _whole(source: Source, index: int) -> Frames:
    """All frames of a grid.

    Raises:
        DataError: They do not fit into the free memory.
    """
    num_frames, (height, width), free = source.num_frames(index), source.size, free_memory()
    size = 2 * num_frames * height * width * 3  # frames are collected before they are one array
    if free is not None and size > free:
        raise DataError(
            f"{source.name(index)} is larger than the free memory: grids are read whole",
            expected=f"at most {free / 2**30:.1f} GiB while it is read",
            found=f"{num_frames} frames of {height}x{width}, {size / 2**30:.1f} GiB",
            where=source.label,
            fix="cut it into grids of fewer frames or tiles, or save each video in a file of its own",
        )
    return source.read(index, range(num_frames))


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


if TYPE_CHECKING:
    _tiled: type[Source] = TiledSource
