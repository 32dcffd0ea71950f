"""Grids whose tiles are no whole number of pixels, because the picture was scaled after it had been put together."""

from functools import cache

import numpy as np
import pytest
from PIL import Image
from support.scaled_grids import Case, cases, verdict

from vidmbench.core.errors import DataError
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import ArraySource
from vidmbench.videos.grids.layout import Grid, GridLayout, find_grid, find_with_reason
from vidmbench.videos.grids.lines import spans
from vidmbench.videos.grids.tiles import TiledSource


@cache
def waves(number, size):
    """number x number distinct moving tiles of 128 pixels, scaled to ``size`` pixels."""
    rng = np.random.default_rng(number)
    tile, frames = 128, 8
    y, x = np.mgrid[:tile, :tile]
    whole = np.zeros((frames, number * tile, number * tile, 3), np.uint8)
    for row, column in np.ndindex(number, number):
        base, phase, length = rng.integers(40, 200, 3), rng.uniform(0, 6.28, 3), rng.uniform(14, 15)
        part = np.s_[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
        for frame, colour in np.ndindex(frames, 3):
            wave = 40 * np.sin(x / length * 0.7 + y / 17 + phase[colour] + frame / 2)
            whole[frame][(*part, colour)] = np.clip(base[colour] + wave, 0, 255)
    return np.stack(
        [np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.BILINEAR)) for frame in whole]
    )


@pytest.mark.parametrize(("number", "size"), [(6, 640), (6, 500), (8, 700), (4, 250)])
def test_tiles_of_no_whole_number_of_pixels(number, size):
    whole = waves(number, size)

    grid, how = find_with_reason(whole, GridLayout(), "a.gif")

    pitch = size / number
    assert grid == Grid(number, number, is_scaled=True)
    assert grid.tile(size, size) == (int(pitch), int(pitch))
    for index, (rows, columns) in enumerate(grid.boxes(size, size)):
        for box, place in ((rows, index // number), (columns, index % number)):
            assert abs(box.start - place * pitch) <= 1
            assert box.stop <= min(size, (place + 1) * pitch + 0.5)
    assert "found from the picture (seams score" in how
    assert "next best" in how
    assert "scaled after it had been put together" in how


def test_rows_and_columns_are_enough():
    assert find_grid(waves(6, 640), GridLayout(rows=6, columns=6), "a") == Grid(6, 6, is_scaled=True)
    blank = np.zeros((2, 100, 100, 3), np.uint8)
    grid, how = find_with_reason(blank, GridLayout(rows=3, columns=7), "a")
    assert grid == Grid(3, 7, is_scaled=True)
    assert "shows no seams" in how
    with pytest.raises(DataError, match="cannot be cut as declared"):
        find_grid(blank, GridLayout(rows=101), "a")


@pytest.mark.parametrize(("size", "count"), [(640, 6), (250, 4), (500, 6), (101, 10), (97, 96)])
@pytest.mark.parametrize(("padding", "border"), [(0, 0), (0, 1)])
def test_spans_are_of_one_size_inside_the_picture_and_apart(size, count, padding, border):
    if size - 2 * border < count:
        pytest.skip("no pixels are left")
    first, tile = spans(size, count, padding, border)

    assert tile >= 1
    assert first[0] >= 0
    assert first[-1] + tile <= size
    assert (np.diff(first) >= tile).all()


def test_a_scaled_grid_as_a_source():
    base = ArraySource(waves(4, 250)[None], "grids")

    source = TiledSource(base, GridLayout())
    same = TiledSource(base, GridLayout(rows=4, columns=4))

    assert (source.size, len(source)) == ((62, 62), 16)
    assert source.digest() == same.digest()
    assert source.read(15, [0]).shape == (1, 62, 62, 3)


def test_most_frames_may_be_blank():
    live = waves(4, 250)
    white = np.full((470, *live.shape[1:]), 252, np.uint8)
    white[::7, :3] = 255

    assert find_grid(np.concatenate([live, white]), GridLayout(), "a") == Grid(4, 4, is_scaled=True)


def test_seams_that_no_grid_explains_are_refused():
    whole = waves(6, 640)
    title = np.full((len(whole), 45, 640, 3), 255, np.uint8)
    title[:, 10:35, 200:400] = 0

    with pytest.raises(DataError, match="cannot be seen") as raised:
        find_grid(np.concatenate([title, whole], axis=1), GridLayout(), "a")

    assert "x 6 tiles" in raised.value.found


@cache
def mini():
    source = ToyVideos("test", num_videos=100, resolution=64)
    return np.stack([source.read(index, range(0, 128, 16)) for index in range(100)])


def test_scaled_grids_of_clevrer_mini():
    pools = {"mini": mini()}
    results = {case: verdict(case, pools[case.tiles]) for case in cases(20, 0, pools)}

    others = {case: result for case, result in results.items() if result != "right"}
    assert set(others.values()) <= {"refused"}, others
    assert len(others) <= 2, others


def test_the_same_with_rows_and_columns_declared():
    case = Case("mini", 3, 6, 4, 2, 2, 0, 0.83, "bicubic")

    assert verdict(case, mini(), is_declared=True) == "right"


# --- what a system usually writes ------------------------------------------------------------------------------------


def lined(padding):
    tiles = mini()[:12]
    whole = np.zeros((8, 3 * (64 + padding) + padding, 4 * (64 + padding) + padding, 3), np.uint8)
    for index, tile in enumerate(tiles):
        top, left = (padding + place * (64 + padding) for place in divmod(index, 4))
        whole[:, top : top + 64, left : left + 64] = tile
    return whole


def test_what_a_system_usually_writes_gives_way_to_the_picture():
    habit = GridLayout(padding=0, border=0, is_habit=True)

    assert find_grid(lined(0), habit, "a") == Grid(3, 4)
    grid, how = find_with_reason(lined(2), habit, "a")

    assert grid == Grid(3, 4, 2, 2)
    assert "differs from what the system usually writes, padding 0, border 0" in how
    assert find_grid(np.zeros((2, 128, 128, 3), np.uint8), GridLayout(2, 2, 0, 0, is_habit=True), "a") == Grid(2, 2)
    with pytest.raises(DataError, match="cannot be"):
        find_grid(np.zeros((2, 128, 128, 3), np.uint8), habit, "a")
