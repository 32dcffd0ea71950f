"""Grids and film strips that generators' authors published, read from beside the checkout."""

from functools import cache

import numpy as np
import pytest
from support.paths import SHARED
from support.strip_folders import find_strips

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source
from vidmbench.videos.files.inspection import survey
from vidmbench.videos.grids.layout import Grid, GridLayout
from vidmbench.videos.grids.tiles import TiledSource

_DATA = SHARED / "data"
_GENERATED = _DATA / "generated"
_STRIPS = _DATA / "real" / "mocogan"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not _DATA.is_dir(), reason="the reference clips are not beside the checkout (../shared/data)"),
]

# grid, height and width of a tile, number of frames
_FOUND = {
    "digan_repo/sky.gif": (Grid(10, 10), (128, 128), 16),
    "mdgan/real_video.mp4": (Grid(6, 8, 2, 2), (128, 128), 32),
    "mdgan/s1_video.mp4": (Grid(6, 8, 2, 2), (128, 128), 32),
    "vidm_page/ucf101/digan.gif": (Grid(3, 3), (128, 128), 16),
    "vidm_page/ucf101/vidm.gif": (Grid(3, 3), (128, 128), 16),
    "vidm_page/clevrer/digan.mp4": (Grid(1, 8), (256, 256), 128),
    "vidm_page/clevrer/vidm.mp4": (Grid(1, 8), (256, 256), 128),
    # Written with lines of one pixel and scaled afterwards: no whole number of pixels is right.
    "videogpt/bair_1frame_cond.mp4": (Grid(10, 10, 4, 2), (44, 44), 19),
    "videogpt/ucf_128_uncond.mp4": (Grid(10, 10, 4, 2), (104, 104), 19),
}


@cache
def tiles(name):
    return TiledSource(open_source(_GENERATED / name), GridLayout())


@pytest.mark.parametrize("name", _FOUND)
def test_published_grids_are_found(name):
    grid, size, num_frames = _FOUND[name]

    source = tiles(name)

    assert (source.grid, source.size, len(source)) == (grid, size, grid.rows * grid.columns)
    assert source.num_frames(0) == num_frames
    assert f"cut into {grid.rows} x {grid.columns} tiles of {size[0]}x{size[1]}" in source.notes[0]
    assert any("scaled" in note for note in source.notes) == name.startswith("videogpt")


@pytest.mark.parametrize("name", ["videogpt/bair_1frame_cond.mp4", "videogpt/ucf_128_uncond.mp4"])
def test_frames_that_videogpt_repeats(name):
    assert "frames 3, 9 and 15 repeat the frame before in all tiles" in tiles(name).notes


@pytest.mark.parametrize("name", sorted(set(_FOUND) - {"videogpt/bair_1frame_cond.mp4", "videogpt/ucf_128_uncond.mp4"}))
def test_other_grids_repeat_no_frame(name):
    assert not any("in all tiles" in note for note in tiles(name).notes)


@pytest.mark.parametrize("name", ["videogpt/ucf_128_uncond.mp4", "mdgan/s1_video.mp4"])
def test_no_line_is_left_in_the_tiles(name):
    source = tiles(name)
    brightness = np.mean([source.read(index, [0, 5])[..., 1].mean(axis=0) for index in range(len(source))], axis=0)

    for profile in (brightness.mean(axis=0), brightness.mean(axis=1)):
        for edge, inside in ((profile[0], profile[2]), (profile[-1], profile[-3])):
            assert abs(edge - inside) < 10


def test_digits_on_black_show_no_seams():
    base = open_source(_GENERATED / "tgan" / "mm.gif")

    with pytest.raises(DataError, match="cannot be seen") as raised:
        TiledSource(base, GridLayout())

    assert "10 x 10 tiles of 64x64, padding 0, border 0" in raised.value.found
    for declared in (GridLayout(tile=(64, 64)), GridLayout(rows=10, columns=10), GridLayout(10, 10, 0, 0)):
        source = TiledSource(base, declared)
        assert (source.grid, source.size, len(source)) == (Grid(10, 10), (64, 64), 100)


@pytest.mark.parametrize(
    ("folder", "number", "frames"), [("shapes/0", 304, {32}), ("actions/0", 18, None), ("actions/1", 18, None)]
)
def test_strips_of_mocogan(folder, number, frames):
    source = survey(_STRIPS / folder, find_strips(_STRIPS / folder))

    assert (len(source), source.size) == (number, (64, 64))
    lengths = {source.num_frames(index) for index in range(number)}
    assert lengths == frames if frames else min(lengths) > 50
    assert any("transparency was dropped" in note for note in source.notes)
    clip = source.read(0, range(8)).astype(int)
    between = np.abs(np.diff(clip, axis=0)).mean()
    # Cut half a frame off, neighbouring frames would still look alike, but each would show the seam in its middle.
    seam = np.abs(clip[:, :, 32] - clip[:, :, 31]).mean()
    border = np.abs(clip[1:, :, 0] - clip[:-1, :, -1]).mean()
    assert between < 20
    assert seam <= border + 5


def test_strips_of_both_kinds_lie_in_folders_below():
    strips = find_strips(_STRIPS)

    assert len(strips) == 636
    assert strips[0].name.startswith("actions/0/")
    assert strips[-1].name.startswith("shapes/1/")
