"""The lines between and around the tiles of a scaled image, and the tiles that keep clear of them; numbers only.

Scaling leaves no line of a whole number of pixels. Its width is not measured but cut away: of all cuts with equal
distances the one with the largest tiles is taken whose edges do not look like a line.
"""

from typing import NamedTuple

import numpy as np

#: Pixels that are cut away at most, on each side of a tile.
_MAX_CUT = 8
#: Pixels from where a seam is expected to where its line may be.
_NEAR = 4
#: A line has one colour: what its pixels may differ from it, as a share of what the pixels inside tiles do.
_LINE_SPREAD = 0.55
#: How much of a line's colour may shine through at the edge of a tile, and at how many edges more.
_SHINE = 0.35
_SHINING_EDGES = 0.1
#: Intensity levels; where the pixels inside a tile differ from the line by less, its edge tells nothing.
_TELLING = 4.0
_TOLD_EDGES = 0.5
#: The same for the mean brightness of tiles that are whole pixels apart: levels by which a line differs from both its
#: sides, what may shine through, and pixels that are cut away at most.
_CONTRAST = 8.0
_LEVEL_SHINE = 0.3
_MAX_WHOLE_CUT = 4


class Cut(NamedTuple):
    """A geometry; ``tile`` is (height, width), whole pixels that the tiles hold at least."""

    rows: int
    columns: int
    padding: int
    border: int
    tile: tuple[int, int]


def spans(size: int, count: int, padding: int, border: int) -> tuple[np.ndarray, int]:
    """The positions of tiles in one direction: their first pixels, int64 (tile,), and how many pixels each has.

    Where they do not fill the size in whole pixels, as in a scaled image, the whole pixels in the middle of each
    tile are taken, equally many of all.
    """
    exact = (size - 2 * border - (count - 1) * padding) / count
    whole = int(exact + 1e-9)
    first = border + np.arange(count) * (exact + padding) + (exact - whole) / 2
    # Halves go up, all of them: numpy's own rounding takes the nearest even number.
    return np.floor(first + 0.5).astype(np.int64).clip(0, max(0, size - whole)), whole


def largest_clean_cut(luma: np.ndarray, rows: int, columns: int) -> Cut | None:
    """The largest tiles that keep clear of the lines between and around them.

    Args:
        luma: Of the image, float32 (part, height, width), 0..255.
        rows: Tiles one above the other.
        columns: Tiles side by side.

    Returns:
        The cut, without padding where there is no line; None where lines are left however much is cut away.
    """
    directions = [(luma.swapaxes(1, 2), rows), (luma, columns)]
    lines = [_Line.between(axis, count) for axis, count in directions if count > 1]
    seen = [line for line in lines if line is not None]
    whole = _cut_at_whole_distances(luma, rows, columns)
    if whole is not None:
        return whole
    if len(seen) < len(lines):
        return _cut(luma, rows, columns, 0, 0)  # where tiles touch in one direction, they do in the other
    around = sum(sum(line.at_ends()) for line in seen)
    cuts = [(2 * pixels, pixels) for pixels in range(_MAX_CUT + 1)]
    if around != len(seen):  # half of them: as VideoGPT writes it, which no even border fits
        has_border = around > len(seen)
        cuts += [(pixels, pixels if has_border else 0) for pixels in range(1, _MAX_CUT + 1)]
    possible = [cut for pair in cuts if (cut := _cut(luma, rows, columns, *pair)) is not None]
    possible.sort(key=lambda cut: -cut.tile[0] * cut.tile[1])
    for cut in possible:
        are_clear = [line.is_clear(cut.padding, cut.border) for line in seen]
        # One direction is enough, as lines are equally wide in both: in the other all videos may have a dark rim.
        if True in are_clear or set(are_clear) == {None}:
            return cut
    return None


def is_clean(luma: np.ndarray, cut: Cut) -> bool:
    """Whether the edges of a cut's tiles look like the pixels further in, not like a line."""
    directions = [(luma.swapaxes(1, 2), cut.rows), (luma, cut.columns)]
    lines = [_Line.between(axis, count) for axis, count in directions if count > 1]
    return any(line is None or line.is_clear(cut.padding, cut.border) is not False for line in lines)


def _cut_at_whole_distances(luma: np.ndarray, rows: int, columns: int) -> Cut | None:
    """The cut clear of lines that are darker or brighter than the tiles, where these are whole pixels apart."""
    directions = [(luma.swapaxes(1, 2), rows), (luma, columns)]
    if any(axis.shape[2] % count for axis, count in directions):
        return None
    for border in range(_MAX_WHOLE_CUT + 1):
        if any(_is_level(axis, count, border) for axis, count in directions if count > 1):
            return _cut(luma, rows, columns, 2 * border, border) if border else None
    return None


def _is_level(luma: np.ndarray, count: int, border: int) -> bool:
    """Whether the edges of tiles cut ``border`` inside equal steps are as bright as the pixels further in."""
    level = luma.mean(axis=(0, 1))
    pitch = luma.shape[2] // count
    seams = np.arange(1, count) * pitch
    sides = np.stack([level[seams - 5], level[seams + 4]])
    around = np.stack([level[seams + shift] for shift in (-2, -1, 0, 1)])
    darker = float(np.median(sides.min(axis=0) - around.min(axis=0)))
    brighter = float(np.median(around.max(axis=0) - sides.max(axis=0)))
    if max(darker, brighter) < _CONTRAST:
        return True
    line = level.min() if darker > brighter else level.max()
    first = np.arange(count) * pitch + border
    last = first + pitch - 2 * border - 1
    edges = np.concatenate([level[first], level[last]])
    inside = np.concatenate([(level[first + 1] + level[first + 2]) / 2, (level[last - 1] + level[last - 2]) / 2])
    shine = (inside - edges) / np.where(np.abs(inside - line) < 1, 1, inside - line)
    return bool((shine > _LEVEL_SHINE).mean() <= _SHINING_EDGES)


def _cut(luma: np.ndarray, rows: int, columns: int, padding: int, border: int) -> Cut | None:
    high, wide = (
        spans(size, count, padding, border)[1] for size, count in zip(luma.shape[1:], (rows, columns), strict=True)
    )
    return Cut(rows, columns, padding, border, (high, wide)) if min(high, wide) > 1 else None


class _Line:
    """The line between the tiles of one direction, which runs along the last axis."""

    def __init__(self, count: int, distance: np.ndarray) -> None:
        self._count = count
        #: How far the pixels of each position are from the line's colour, on average.
        self._distance = distance

    @classmethod
    def between(cls, luma: np.ndarray, count: int) -> "_Line | None":
        """None where the tiles touch."""
        size = luma.shape[2]
        pitch = size / count
        near = int(min(_NEAR, pitch // 4))
        if near < 1:
            return None
        spread = np.abs(luma - np.median(luma, axis=(0, 1))).mean(axis=(0, 1))
        middles = np.floor(np.arange(1, count) * pitch).astype(int)
        around = middles[:, None] + np.arange(-near, near)
        line = around[np.arange(len(middles)), spread[around].argmin(axis=1)]
        inside = spread[np.floor((np.arange(count) + 0.5) * pitch).astype(int)]
        if np.median(spread[line]) > _LINE_SPREAD * np.median(inside):
            return None
        colour = np.median(luma[:, :, line])
        return cls(count, np.abs(luma - colour).mean(axis=(0, 1)))

    def at_ends(self) -> tuple[bool, bool]:
        """Whether the line also runs along the first and the last side of the image."""
        inside = [
            self._distance[part].mean() for part in (slice(_MAX_CUT, 2 * _MAX_CUT), slice(-2 * _MAX_CUT, -_MAX_CUT))
        ]
        first, last = (
            bool(1 - self._distance[end] / max(level, _TELLING) > _SHINE)
            for end, level in zip((0, -1), inside, strict=True)
        )
        return first, last

    def is_clear(self, padding: int, border: int) -> bool | None:
        """Whether tiles cut like this keep clear of the line; None where they have its colour themselves."""
        first, tile = spans(len(self._distance), self._count, padding, border)
        depth = min(3, (tile - 1) // 2)
        edges = np.concatenate([first, first + tile - 1])
        inwards = np.repeat([1, -1], self._count)
        inside = np.mean([self._distance[edges + inwards * step] for step in range(1, depth + 2)], axis=0)
        shine = 1 - self._distance[edges] / np.maximum(inside, _TELLING)
        is_shining = (shine > _SHINE) & (inside >= _TELLING)
        # The outermost edges are where a cut for other lines around the whole fails, so they alone must be clear.
        outermost = is_shining[[0, -1]].any()
        if (inside >= _TELLING).mean() < _TOLD_EDGES:
            return None
        return bool(is_shining.mean() <= _SHINING_EDGES and not outermost)
