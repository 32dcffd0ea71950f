"""How an image that shows many videos is cut: as declared, and found from the image as far as it is not."""

from dataclasses import dataclass, replace

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.videos.grids.detection import Outcome, explains, search
from vidmbench.videos.grids.lines import Cut, spans
from vidmbench.videos.grids.whole_pixels import Wanted, divisions, paddings

_SHOWN = 8

_DECLARED = "as declared"
_SEEN = "found from the picture"
_FOLLOWS = "the picture does not show it, but nothing else that is usual fits what is declared"
_SCALED = (
    "the image was scaled after it had been put together: tiles or the lines between them begin between whole "
    "pixels, so tiles are cut inside them and are not of the size the model made"
)
_UNSEEN = "the image shows no seams, so it is cut into equal parts"


@dataclass(frozen=True)
class Grid:
    """How an image is cut into tiles of one size.

    Attributes:
        rows: Tiles one above the other, at least 1.
        columns: Tiles side by side, at least 1.
        padding: Pixels between neighbouring tiles.
        border: Pixels around the whole.
        is_scaled: The tiles need not fill the image in whole pixels, as in one that was scaled after it had been put
            together: the same number of whole pixels is then taken from the middle of each.
    """

    rows: int
    columns: int
    padding: int = 0
    border: int = 0
    is_scaled: bool = False

    def __post_init__(self) -> None:
        _check_numbers(self.rows, self.columns, self.padding, self.border)

    @property
    def key(self) -> tuple[int, int, int, int]:
        """Rows, columns, padding and border."""
        return self.rows, self.columns, self.padding, self.border

    def tile(self, height: int, width: int) -> tuple[int, int]:
        """The size of one tile, (height, width), in an image of ``height`` x ``width``.

        Raises:
            DataError: The tiles do not fill the image exactly, or nothing is left for them.
        """
        sizes = []
        for size, count in ((height, self.rows), (width, self.columns)):
            fitting = divisions(size, count, None, self.padding, self.border)
            if self.is_scaled and size >= count:
                fitting = [(count, spans(size, count, self.padding, self.border)[1])]
            if not fitting or fitting[0][1] < 1:
                raise DataError(
                    f"an image of {height}x{width} cannot be cut into {self}",
                    expected=f"{size} = {count} x tile + {count - 1} x {self.padding} + 2 x {self.border} pixels",
                    found=f"tiles of {(size - 2 * self.border - (count - 1) * self.padding) / count:g} pixels",
                    where=f"{self}",
                    fix="correct rows, columns, padding or border, or omit what you are not sure of",
                )
            sizes.append(fitting[0][1])
        return sizes[0], sizes[1]

    def boxes(self, height: int, width: int) -> list[tuple[slice, slice]]:
        """The tiles' rows and columns of pixels, tile by tile in row-major order.

        Raises:
            DataError: As :meth:`tile`.
        """
        tile_height, tile_width = self.tile(height, width)
        tops = spans(height, self.rows, self.padding, self.border)[0].tolist()
        lefts = spans(width, self.columns, self.padding, self.border)[0].tolist()
        return [(slice(top, top + tile_height), slice(left, left + tile_width)) for top in tops for left in lefts]

    def __str__(self) -> str:
        return f"{self.rows} x {self.columns} tiles, padding {self.padding}, border {self.border}"


@dataclass(frozen=True)
class GridLayout:
    """What is declared about a grid; None is found from the image.

    Attributes:
        rows: Tiles one above the other.
        columns: Tiles side by side.
        padding: Pixels between neighbouring tiles.
        border: Pixels around the whole.
        tile: Height and width of a tile, pixels.
        origin: Row and column of the first tile's corner where the border is not even on all sides: VideoGPT and
            TATS write all of it at the right and the bottom. Goes with ``border``, which counts twice in the size.
        is_habit: Whether all this is only what a system usually writes: an image that clearly shows other tiles is cut
            as it shows them.
    """

    rows: int | None = None
    columns: int | None = None
    padding: int | None = None
    border: int | None = None
    tile: tuple[int, int] | None = None
    origin: tuple[int, int] | None = None
    is_habit: bool = False

    def __post_init__(self) -> None:
        _check_numbers(self.rows, self.columns, self.padding, self.border, *(self.tile or ()))
        border = self.border or 0
        if self.origin is not None and not all(0 <= corner <= 2 * border for corner in self.origin):
            raise DataError(
                "the first tile does not begin inside the border",
                expected=f"an origin from 0 to {2 * border}, twice the border",
                found=f"origin {self.origin[0]}, {self.origin[1]} with border {border}",
                fix="declare border and origin together",
            )

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to find, once the image's size is known."""
        has_spacing = self.padding is not None and self.border is not None
        return has_spacing and (self.tile is not None or (self.rows is not None and self.columns is not None))

    def centred(self, frames: Frames) -> Frames:
        """Frames moved so that the border lies evenly around; as they are where it does."""
        down, right = (0, 0) if self.origin is None else ((self.border or 0) - corner for corner in self.origin)
        return frames if (down, right) == (0, 0) else np.roll(frames, (down, right), axis=(1, 2))

    def __str__(self) -> str:
        tile = f"{self.tile[0]}x{self.tile[1]}" if self.tile else None
        given = {"rows": self.rows, "columns": self.columns, "tile": tile}
        given |= {"padding": self.padding, "border": self.border}
        return ", ".join(f"{key} {value}" for key, value in given.items() if value is not None) or "nothing"


def find_grid(frames: Frames, declared: GridLayout, where: str) -> Grid:
    """Finds the geometry of a grid of videos, as far as it is not declared.

    Args:
        frames: Some or all frames of the whole image, uint8 (frame, height, width, 3), RGB, 0..255; at least one.
            Many are better than few: where videos are nearly uniform for a while, the seams between them do not show.
        declared: What is known; everything that is None is found.
        where: The video, for messages.

    Returns:
        A geometry that fits the size and all that is declared.

    Raises:
        DataError: The image does not decide (the candidates are named), or its size contradicts what is declared.
    """
    return find_with_reason(frames, declared, where)[0]


def find_with_reason(frames: Frames, declared: GridLayout, where: str) -> tuple[Grid, str]:
    """The grid, and how it came about, in words."""
    if declared.is_habit and str(declared) != "nothing":
        return _found_or_habit(frames, replace(declared, is_habit=False), where)
    height, width = frames.shape[1:3]
    constraints = Wanted(declared.rows, declared.columns, declared.padding, declared.border, declared.tile)
    if declared.is_complete and declared.rows is not None and declared.columns is not None:
        grid = Grid(declared.rows, declared.columns, declared.padding or 0, declared.border or 0)
        tile = grid.tile(height, width)
        if declared.tile in (None, tile):
            return grid, _DECLARED
        raise _contradiction(declared, height, width, where, f"tiles of {tile[0]}x{tile[1]}")
    if declared.tile is None and declared.padding is None and declared.border is None:
        if (declared.rows or 1) > height or (declared.columns or 1) > width:
            raise _contradiction(declared, height, width, where, "fewer pixels than tiles")
        return _found(frames, declared, constraints, where)
    tile_height, tile_width = declared.tile or (None, None)
    fitting = [
        (rows[0], columns[0], padding, border)
        for padding, border in paddings(constraints)
        for rows in divisions(height, declared.rows, tile_height, padding, border)
        for columns in divisions(width, declared.columns, tile_width, padding, border)
    ]
    if not fitting:
        raise _contradiction(declared, height, width, where, "no such geometry")
    is_counted = declared.tile is not None or (declared.rows is not None and declared.columns is not None)
    if len(fitting) == 1 and is_counted:
        return Grid(*fitting[0]), _DECLARED if declared.is_complete else _FOLLOWS
    return _found(frames, declared, constraints, where)


def _found_or_habit(frames: Frames, habit: GridLayout, where: str) -> tuple[Grid, str]:
    """What the system usually writes, unless the image clearly shows something else."""
    try:
        usual = find_with_reason(frames, habit, where)
    except DataError:
        usual = None
    outcome = search(frames, Wanted(None, None, None, None, None))
    if outcome.cut is None:
        return usual or find_with_reason(frames, habit, where)
    if usual is not None and explains(frames, Cut(*usual[0].key, usual[0].tile(*frames.shape[1:3])), outcome):
        return usual
    grid, how = _found(frames, GridLayout(), Wanted(None, None, None, None, None), where)
    return grid, f"{how}; this differs from what the system usually writes, {habit}"


def _found(frames: Frames, declared: GridLayout, constraints: Wanted, where: str) -> tuple[Grid, str]:
    height, width = frames.shape[1:3]
    outcome = search(frames, constraints)
    cut = outcome.cut
    if cut is None:
        raise _undecided(outcome, declared, height, width, where)
    grid = Grid(*cut[:4])
    is_whole = all(
        divisions(size, count, None, cut.padding, cut.border)
        for size, count in ((height, cut.rows), (width, cut.columns))
    )
    if not is_whole:
        grid = replace(grid, is_scaled=True)
    if not outcome.is_seen:
        return grid, _FOLLOWS if is_whole and outcome.is_usual else _UNSEEN
    how = _SEEN
    if outcome.next_best is not None:
        other = outcome.next_best
        how += f" (seams score {outcome.score:.0f}; next best {other.rows} x {other.columns}, {other.score:.0f})"
    return grid, f"{how}; {_SCALED}" if outcome.is_scaled else how


def _check_numbers(rows: int | None, columns: int | None, padding: int | None, border: int | None, *tile: int) -> None:
    counts = {"rows": rows, "columns": columns} | dict(zip(("tile height", "tile width"), tile, strict=False))
    wrong = [f"{key} {value}" for key, value in counts.items() if value is not None and value < 1]
    wrong += [f"{k} {v}" for k, v in {"padding": padding, "border": border}.items() if v is not None and v < 0]
    if wrong:
        raise DataError(
            "the grid declared does not fit",
            expected="at least one row and column, tiles of at least one pixel, padding and border of 0 or more",
            found=", ".join(wrong),
            fix="declare numbers that are possible, or omit them to have them found",
        )


def _contradiction(declared: GridLayout, height: int, width: int, where: str, actual: str) -> DataError:
    return DataError(
        f"an image of {height}x{width} cannot be cut as declared",
        expected=f"a grid with {declared}",
        found=actual,
        where=where,
        fix="omit what you are not sure of; what is omitted is found from the image",
    )


def _undecided(outcome: Outcome, declared: GridLayout, height: int, width: int, where: str) -> DataError:
    shown = [in_words(cut, cut.tile) for cut in outcome.candidates[:_SHOWN]]
    if len(outcome.candidates) > _SHOWN:
        shown.append(f"{len(outcome.candidates) - _SHOWN} more")
    needed = "the size of a tile, or rows, columns, padding and border"
    if declared.is_complete is False and (declared.rows or declared.columns or declared.tile):
        needed = "rows, columns, padding and border, all four"
    return DataError(
        "it cannot be seen where one video of the grid ends and the next begins",
        expected="seams between the tiles that show all along, at equal distances",
        found=f"an image of {height}x{width}, declared {declared}; "
        + (f"possible: {'; '.join(shown)}" if shown else "no usual tile size fits"),
        where=where,
        fix=f"declare {needed}; if the file shows one video only, it is not a grid",
    )


def in_words(grid: Grid | Cut, tile: tuple[int, int]) -> str:
    """A geometry as messages and notes name it; ``tile`` is (height, width)."""
    return f"{grid.rows} x {grid.columns} tiles of {tile[0]}x{tile[1]}, padding {grid.padding}, border {grid.border}"
