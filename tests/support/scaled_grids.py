"""Grids that are scaled after they have been put together, with what is right about them: for tests and the sweep."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source
from vidmbench.videos.grids.layout import Grid, GridLayout, find_grid
from vidmbench.videos.grids.tiles import TiledSource

NUM_FRAMES = 8
FILTERS = {name: Image.Resampling[name.upper()] for name in ("bilinear", "bicubic", "lanczos", "nearest", "box")}
#: The largest that an edge may lie outside its tile, pixels, and the smallest share of it that must be left.
OUTSIDE, LEFT = 1.01, 0.88


@dataclass(frozen=True)
class Case:
    """A grid to be made and found again."""

    tiles: str
    seed: int
    rows: int
    columns: int
    padding: int
    border: int
    colour: int
    scale: float
    resampling: str


def cases(number: int, seed: int, pools: dict[str, np.ndarray]) -> Iterator[Case]:
    """4x4 to 10x10 and mixed, padding 0 to 4 with and without a border, scales 0.4 to 1.2, tiles from 24 pixels."""
    rng = np.random.default_rng(seed)
    names = sorted(pools)
    for index in range(number):
        tiles = names[index % len(names)]
        rows = int(rng.integers(4, 11))
        columns = rows if rng.random() < 0.6 else int(rng.integers(4, 11))
        padding = int(rng.integers(0, 5))
        smallest = max(0.4, 24.5 / pools[tiles].shape[2])
        yield Case(
            tiles=tiles,
            seed=int(rng.integers(1 << 30)),
            rows=rows,
            columns=columns,
            padding=padding,
            border=padding if rng.random() < 0.7 else 0,
            colour=int(rng.choice([0, 0, 255, 128])),
            scale=float(rng.uniform(smallest, 1.2)),
            resampling=str(rng.choice(list(FILTERS), p=[0.35, 0.35, 0.1, 0.1, 0.1])),
        )


def picture(case: Case, tiles: np.ndarray) -> np.ndarray:
    """The grid, uint8 (frame, height, width, 3)."""
    rng = np.random.default_rng(case.seed)
    number = case.rows * case.columns
    chosen = rng.permutation(len(tiles))[:number] if len(tiles) >= number else rng.integers(0, len(tiles), number)
    _, frames, high, wide, _ = tiles.shape
    height, width = (_extent(count, size, case) for count, size in ((case.rows, high), (case.columns, wide)))
    whole = np.full((frames, height, width, 3), case.colour, np.uint8)
    for place, index in enumerate(chosen.tolist()):
        tile = tiles[index]
        if len(tiles) < number:  # the same video again shall look different
            tile = np.roll(tile, int(rng.integers(frames)), 0)[:, :, :: int(rng.choice([1, -1]))]
        top = case.border + place // case.columns * (high + case.padding)
        left = case.border + place % case.columns * (wide + case.padding)
        whole[:, top : top + high, left : left + wide] = tile
    size = (round(width * case.scale), round(height * case.scale))
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, FILTERS[case.resampling])) for frame in whole])


def verdict(case: Case, tiles: np.ndarray, *, is_declared: bool = False) -> str:
    """``right``, ``refused``, or what is wrong about the grid that is found; with rows and columns declared or not."""
    whole = picture(case, tiles)
    layout = GridLayout(rows=case.rows, columns=case.columns) if is_declared else GridLayout()
    try:
        grid = find_grid(whole, layout, "grid")
    except DataError:
        return "refused"
    return _judged(grid, case, tiles.shape[2:4], whole.shape[1:3])


def _judged(grid: Grid, case: Case, tile: tuple[int, ...], size: tuple[int, ...]) -> str:
    if (grid.rows, grid.columns) != (case.rows, case.columns):
        return f"cut into {grid.rows} x {grid.columns}"
    boxes = grid.boxes(*size)
    for axis, count in ((0, case.rows), (1, case.columns)):
        step = case.columns if axis == 0 else 1
        scale = size[axis] / _extent(count, tile[axis], case)
        for index in range(count):
            first = (case.border + index * (tile[axis] + case.padding)) * scale
            last = first + tile[axis] * scale
            box = boxes[index * step][axis]
            outside = max(first - box.start, box.stop - last)
            left = (box.stop - box.start) / (last - first)
            if outside > OUTSIDE or left < LEFT:
                return (
                    f"tile {index} of axis {axis} cut from {box.start} to {box.stop}, it is {first:.1f} to {last:.1f}"
                )
    return "right"


def _extent(count: int, tile: int, case: Case) -> int:
    return count * tile + (count - 1) * case.padding + 2 * case.border


def real_tiles(data: Path) -> dict[str, np.ndarray]:
    """Tiles of videos from ../shared/data, uint8 (video, frame, height, width, 3) by origin."""
    generated = data / "generated"
    return {
        "sky": _tiles_of(generated / "digan_repo" / "sky.gif"),
        "real": _tiles_of(generated / "mdgan" / "real_video.mp4"),
        "samples": _tiles_of(generated / "mdgan" / "s1_video.mp4"),
        "ucf101": np.concatenate(
            [_tiles_of(generated / "vidm_page/ucf101" / f"{name}.gif") for name in ("vidm", "digan")]
        ),
        "videogpt": _tiles_of(generated / "videogpt" / "ucf_128_uncond.mp4"),
        "actions": _strips(data / "real" / "mocogan" / "actions"),
    }


def _tiles_of(path: Path) -> np.ndarray:
    source = TiledSource(open_source(path), GridLayout())
    frames = np.linspace(0, source.num_frames(0) - 1, NUM_FRAMES).round().astype(int).tolist()
    return np.stack([source.read(index, frames) for index in range(len(source))])


def _strips(folder: Path) -> np.ndarray:
    videos = []
    for path in sorted(folder.rglob("*.jpg")):
        strip = np.asarray(Image.open(path).convert("RGB"))
        starts = 64 * np.linspace(0, strip.shape[1] // 64 - 1, NUM_FRAMES).round().astype(int)
        videos.append(np.stack([strip[:, start : start + 64] for start in starts]))
    return np.stack(videos)
