"""Files that show many videos: how their tiles are found, cut and described."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import numpy as np
import pytest
from PIL import Image

from vidmbench.core.errors import DataError
from vidmbench.videos import ArraySource, open_source, write_gif, write_mp4
from vidmbench.videos.grids import tiles as grid_tiles
from vidmbench.videos.grids.layout import Grid, GridLayout, find_grid
from vidmbench.videos.grids.tiles import TiledSource
from vidmbench.videos.source import Source

# None; VideoGPT; make_grid; a frame of one and of two pixels around each tile.
SPACINGS = [(0, 0), (1, 1), (2, 2), (2, 1), (4, 2)]


def scenes(number, frames=6, size=(64, 64), seed=0):
    """Smooth moving scenes, uint8 (number, frames, height, width, 3)."""
    rng = np.random.default_rng(seed)
    height, width = size
    videos = np.empty((number, frames, height, width, 3), np.uint8)
    for video in range(number):
        coarse = rng.integers(20, 236, (7, 7 + frames, 3), dtype=np.uint8)
        for frame in range(frames):
            picture = Image.fromarray(coarse[:, frame : frame + 7])
            videos[video, frame] = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    return videos


def put_together(videos, rows, columns, padding=0, border=0, colour=0):
    """What a generator writes: pixel by pixel in no clever way, empty tiles in the padding's colour."""
    _, frames, high, wide, _ = videos.shape
    height = rows * high + (rows - 1) * padding + 2 * border
    width = columns * wide + (columns - 1) * padding + 2 * border
    whole = np.full((frames, height, width, 3), colour, np.uint8)
    for number, video in enumerate(videos):
        top = border + (number // columns) * (high + padding)
        left = border + (number % columns) * (wide + padding)
        for frame in range(frames):
            for line in range(high):
                whole[frame, top + line, left : left + wide] = video[frame, line]
    return whole


def source_of(*wholes):
    return ArraySource(np.stack(wholes), "grids")


# --- geometry --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("padding", "border"), [*SPACINGS, (3, 0), (0, 5)])
def test_boxes_are_the_tiles_in_reading_order(padding, border):
    videos = np.random.default_rng(0).integers(0, 256, (6, 2, 5, 7, 3), dtype=np.uint8)
    whole = put_together(videos, 2, 3, padding, border)
    grid = Grid(2, 3, padding, border)

    boxes = grid.boxes(*whole.shape[1:3])

    assert grid.tile(*whole.shape[1:3]) == (5, 7)
    for (lines, columns), video in zip(boxes, videos, strict=True):
        np.testing.assert_array_equal(whole[:, lines, columns], video)


def test_tiles_that_do_not_divide_the_picture():
    with pytest.raises(DataError, match="an image of 64x65 cannot be cut") as raised:
        Grid(2, 2).boxes(64, 65)

    assert raised.value.expected == "65 = 2 x tile + 1 x 0 + 2 x 0 pixels"
    assert raised.value.found == "tiles of 32.5 pixels"
    assert raised.value.where
    assert raised.value.fix
    with pytest.raises(DataError, match="cannot be cut"):
        Grid(2, 2, padding=60, border=2).tile(64, 64)  # nothing is left for the tiles


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Grid(0, 2),
        lambda: Grid(2, 2, -1, 0),
        lambda: GridLayout(rows=-1),
        lambda: GridLayout(border=-2),
        lambda: GridLayout(tile=(0, 64)),
    ],
)
def test_impossible_numbers(wrong):
    with pytest.raises(DataError, match="the grid declared does not fit"):
        wrong()


# --- finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", [0, 255, 128])
@pytest.mark.parametrize(("padding", "border"), SPACINGS)
@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (1, 5), (4, 1), (2, 2)])
def test_grids_are_found(rows, columns, padding, border, colour):
    whole = put_together(scenes(rows * columns), rows, columns, padding, border, colour)

    assert find_grid(whole, GridLayout(), "a") == Grid(rows, columns, padding, border)


@pytest.mark.parametrize(("size", "rows", "columns"), [((32, 32), 6, 5), ((192, 192), 2, 3), ((48, 80), 3, 3)])
def test_sizes_and_tiles_that_are_not_square(size, rows, columns):
    whole = put_together(scenes(rows * columns, 3, size), rows, columns, 2, 2)

    assert find_grid(whole, GridLayout(), "a") == Grid(rows, columns, 2, 2)


@pytest.mark.parametrize(("padding", "border"), SPACINGS)
@pytest.mark.parametrize("suffix", ["mp4", "gif"])
def test_grids_are_found_after_compression(suffix, padding, border, tmp_path):
    whole = put_together(scenes(15), 3, 5, padding, border)  # even sizes, as mp4 needs them
    path = tmp_path / f"a.{suffix}"
    write_mp4(path, whole) if suffix == "mp4" else write_gif(path, whole)

    source = TiledSource(open_source(path), GridLayout())

    assert source.grid == Grid(3, 5, padding, border)
    assert len(source) == 15


def test_videos_of_equal_brightness_at_the_seam_in_some_frames():
    videos = scenes(9, frames=8)
    videos[:, :6] = 90  # nothing is seen for most of the time
    whole = put_together(videos, 3, 3)

    assert find_grid(whole, GridLayout(), "a") == Grid(3, 3)


def test_a_seam_that_vanishes_in_the_mean_over_time():
    videos = scenes(9, frames=8)
    videos[:, 4:] = 255 - videos[:, :4]

    assert find_grid(put_together(videos, 3, 3), GridLayout(), "a") == Grid(3, 3)


def textured(whole):
    """The same still noise on all frames, as in grass or dithering."""
    noise = np.random.default_rng(1).normal(0, 12, whole.shape[1:])
    return np.clip(whole + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("padding", "border"), SPACINGS)
def test_texture_hides_no_seam(padding, border):
    whole = textured(put_together(scenes(12), 3, 4, padding, border))
    outside = put_together(np.ones((12, 6, 64, 64, 3), np.uint8), 3, 4, padding, border) == 0
    whole[outside] = 0

    assert find_grid(whole, GridLayout(), "a") == Grid(3, 4, padding, border)


def test_square_tiles_are_likelier_than_an_edge_across_a_few_pixels():
    videos = scenes(4)
    videos[:, :, 32:, :6] = np.minimum(videos[:, :, 32:, :6].astype(int) + 40, 255)

    assert find_grid(put_together(videos, 1, 4), GridLayout(), "a") == Grid(1, 4)


def test_lines_smeared_by_scaling_are_cut_away():
    whole = put_together(scenes(100, 4, (64, 64)), 10, 10, 1, 1)
    small = np.stack(
        [np.asarray(Image.fromarray(frame).resize((480, 480), Image.Resampling.BICUBIC)) for frame in whole]
    )

    source = TiledSource(source_of(small), GridLayout())

    assert (source.grid.rows, source.grid.columns) == (10, 10)
    assert source.grid.padding == 2 * source.grid.border
    assert source.grid.border in (1, 2)
    assert "scaled after it had been put together" in source.notes[0]
    for index in range(100):
        tile = source.read(index, range(4)).astype(float)
        assert np.abs(tile[:, :, 0] - tile[:, :, 1]).mean() < 20
        assert np.abs(tile[:, :, -1] - tile[:, :, -2]).mean() < 20


def test_a_picture_that_does_not_decide_names_the_candidates():
    rng = np.random.default_rng(0)
    whole = np.zeros((4, 128, 128, 3), np.uint8)
    for frame in whole:  # bright dots on black, none near a seam
        for top, left in np.ndindex(4, 4):
            y, x = rng.integers(8, 20, 2)
            frame[32 * top + y : 32 * top + y + 3, 32 * left + x : 32 * left + x + 3] = 255

    with pytest.raises(DataError, match="cannot be seen where one video") as raised:
        find_grid(whole, GridLayout(), "dots.mp4")

    assert "4 x 4 tiles of 32x32" in raised.value.found
    assert "2 x 2 tiles of 64x64" in raised.value.found
    assert raised.value.where == "dots.mp4"
    assert "size of a tile" in raised.value.fix
    assert find_grid(whole, GridLayout(tile=(32, 32)), "dots.mp4") == Grid(4, 4)
    assert find_grid(whole, GridLayout(rows=4, columns=4), "dots.mp4") == Grid(4, 4)
    assert find_grid(whole, GridLayout(2, 2, 0, 0), "dots.mp4") == Grid(2, 2)


@pytest.mark.parametrize("seed", range(5))
def test_one_video_is_no_grid(seed):
    with pytest.raises(DataError, match="cannot be seen where one video"):
        find_grid(scenes(1, 6, (128, 192), seed)[0], GridLayout(), "a")


@pytest.mark.parametrize("seed", range(3))
def test_texture_makes_no_grid(seed):
    with pytest.raises(DataError, match="cannot be seen where one video"):
        find_grid(textured(scenes(1, 4, (100, 150), seed)[0]), GridLayout(), "a")  # no multiples of a block


@pytest.mark.parametrize("size", [8, 16])
def test_blocks_of_a_codec_make_no_grid(size):
    video = scenes(1, 4, (192, 256))[0].astype(int)
    blocks = np.random.default_rng(0).integers(-9, 10, (192 // size, 256 // size, 1))

    with pytest.raises(DataError, match="cannot be seen where one video"):
        find_grid(
            (video + np.kron(blocks, np.ones((size, size, 1), int))).clip(0, 255).astype(np.uint8), GridLayout(), "a"
        )


def test_a_horizon_in_the_middle_makes_no_grid():
    video = scenes(1, 4, (144, 176))[0] // 2
    video[:, 72:] += 100

    with pytest.raises(DataError, match="cannot be seen where one video"):
        find_grid(video, GridLayout(), "a")


def test_uniform_pictures_decide_nothing():
    with pytest.raises(DataError, match="cannot be seen"):
        find_grid(np.zeros((2, 64, 64, 3), np.uint8), GridLayout(), "a")


@pytest.mark.parametrize(
    "declared",
    [
        GridLayout(rows=3),
        GridLayout(columns=4),
        GridLayout(tile=(64, 64)),
        GridLayout(padding=2),
        GridLayout(padding=2, border=2),
        GridLayout(rows=3, columns=4, tile=(64, 64)),
        GridLayout(3, 4, 2, 2),
        GridLayout(3, 4, 2, 2, (64, 64)),
        GridLayout(padding=2, border=2, tile=(64, 64)),
    ],
)
def test_what_is_declared_is_kept_and_the_rest_found(declared):
    whole = put_together(scenes(12), 3, 4, 2, 2)

    assert find_grid(whole, declared, "a") == Grid(3, 4, 2, 2)


def test_a_declaration_beats_the_picture():
    whole = put_together(scenes(16), 4, 4)

    assert find_grid(whole, GridLayout(2, 4, 0, 0), "a") == Grid(2, 4)


@pytest.mark.parametrize(
    "declared",
    [
        GridLayout(rows=5, columns=4, padding=2, border=2),
        GridLayout(tile=(63, 63), padding=2, border=2),
        GridLayout(3, 4, 2, 2, (64, 60)),
        GridLayout(padding=0, border=100, rows=1),
    ],
)
def test_a_declaration_that_contradicts_the_size(declared):
    whole = put_together(scenes(12), 3, 4, 2, 2)

    with pytest.raises(DataError, match="cannot be cut") as raised:
        find_grid(whole, declared, "a.mp4")

    assert raised.value.expected
    assert raised.value.found
    assert raised.value.where
    assert raised.value.fix


# --- tiles as videos -------------------------------------------------------------------------------------------------


def test_every_tile_is_a_video():
    videos = scenes(12)
    base = source_of(put_together(videos[:6], 2, 3, 2, 2), put_together(videos[6:], 2, 3, 2, 2))

    source = TiledSource(base, GridLayout())

    assert isinstance(source, Source)
    assert (len(source), source.size, source.label, source.skipped) == (12, (64, 64), "grids", ())
    names = [source.name(index) for index in range(12)]
    assert names[:4] == [f"{base.name(0)}#{tile}" for tile in ("r0c0", "r0c1", "r0c2", "r1c0")]
    assert names[11] == f"{base.name(1)}#r1c2"
    for index, video in enumerate(videos):
        assert source.num_frames(index) == 6
        read = source.read(index, [5, 0, 0])
        np.testing.assert_array_equal(read, video[[5, 0, 0]])
        assert read.dtype == np.uint8
    assert source.read(3, []).shape == (0, 64, 64, 3)
    (note,) = source.notes
    assert note.startswith("cut into 2 x 3 tiles of 64x64, padding 2, border 2; found from the picture (seams score ")
    assert TiledSource(base, GridLayout(2, 3, 2, 2), label="mine").label == "mine"
    with pytest.raises(DataError, match=r"#r0c1 has no frame 6"):
        source.read(1, [6])
    with pytest.raises(DataError, match="has no frame -1"):
        source.read(1, [-1])


def test_declared_grids_say_so():
    source = TiledSource(source_of(put_together(scenes(6), 2, 3)), GridLayout(2, 3, 0, 0))

    assert source.notes == ("cut into 2 x 3 tiles of 64x64, padding 0, border 0; as declared",)


def test_what_only_follows_from_the_size_says_so():
    dim = np.zeros((4, 128, 128, 3), np.uint8)
    dim[:, 5:9, 5:9] = dim[:, 100:104, 100:104] = 250

    source = TiledSource(source_of(dim), GridLayout(rows=2, columns=2))

    assert "padding 0, border 0; the picture does not show it" in source.notes[0]


def test_what_is_read_can_be_changed_without_harm():
    source = TiledSource(source_of(put_together(scenes(4), 2, 2)), GridLayout())
    first = source.read(0, [0])
    first[:] = 0

    assert source.read(0, [0]).any()


def test_digest_is_of_content_and_geometry():
    whole = put_together(scenes(16), 4, 4)
    digest = TiledSource(source_of(whole), GridLayout(4, 4, 0, 0)).digest()
    changed = whole.copy()
    changed[0, 0, 0, 0] ^= 1

    assert TiledSource(source_of(whole), GridLayout(tile=(64, 64))).digest() == digest
    others = {TiledSource(source_of(whole), GridLayout(*numbers)).digest() for numbers in ((2, 4, 0, 0), (4, 2, 0, 0))}
    assert len(others | {digest, TiledSource(source_of(changed), GridLayout(4, 4, 0, 0)).digest()}) == 4
    assert len(bytes.fromhex(digest)) == 32


def test_all_videos_must_be_cut_alike():
    videos = scenes(16)
    one, other = put_together(videos, 4, 4), put_together(scenes(4, size=(128, 128)), 2, 2)

    with pytest.raises(DataError, match="are not cut alike") as raised:
        TiledSource(source_of(one, other), GridLayout())

    assert "4 x 4 tiles" in raised.value.found
    assert "2 x 2 tiles" in raised.value.found
    assert len(TiledSource(source_of(one, other), GridLayout(2, 2, 0, 0))) == 8


def test_videos_that_do_not_decide_are_cut_like_those_that_do():
    whole = put_together(scenes(16, 8), 4, 4)
    dim = np.zeros_like(whole)
    dim[:, 8:20, 8:20] = 250
    dim[:, 200:220, 210:230] = 250

    assert TiledSource(source_of(dim, whole), GridLayout()).grid == Grid(4, 4)


class Counting:
    """A source that counts what is asked of it."""

    def __init__(self, base):
        self.base, self.reads, self.seconds = base, [], 0.0
        self.label, self.size, self.skipped, self.notes = base.label, base.size, base.skipped, ("as it lay there",)

    def __len__(self):
        return len(self.base)

    def __getattr__(self, name):
        return getattr(self.base, name)

    def read(self, index, frames):
        self.reads.append(index)
        sleep(self.seconds)
        return self.base.read(index, frames)


def test_a_video_is_decoded_once_for_all_its_tiles():
    base = Counting(source_of(put_together(scenes(16), 4, 4), put_together(scenes(16, seed=1), 4, 4)))

    source = TiledSource(base, GridLayout())
    for index in range(len(source)):
        source.read(index, [0, 3])

    assert sorted(base.reads) == [0, 1]
    assert source.notes[0] == "as it lay there"


def test_what_is_kept_is_bounded(monkeypatch):
    wholes = [put_together(scenes(4, seed=seed), 2, 2) for seed in range(3)]
    monkeypatch.setattr(grid_tiles, "_KEPT_BYTES", 2 * wholes[0].nbytes)
    base = Counting(source_of(*wholes))
    source = TiledSource(base, GridLayout(2, 2, 0, 0))
    base.reads.clear()

    for index in (4, 8, 4, 0, 4, 8):  # videos 1 and 2 are kept, 0 drives out 2, which the last one reads again
        source.read(index, [0])

    assert base.reads == [0, 2]
    monkeypatch.setattr(grid_tiles, "_KEPT_BYTES", 1)  # smaller than one video: the newest still stays
    base.reads.clear()
    for index in (0, 1, 2, 3, 8, 9):
        source.read(index, [0])
    assert base.reads == [0, 2]


def test_threads_share_what_is_decoded(monkeypatch):
    monkeypatch.setattr(grid_tiles, "_KEPT_BYTES", 0)
    videos = scenes(12)
    base = Counting(source_of(*(put_together(videos[k : k + 4], 2, 2) for k in (0, 4, 8))))
    source = TiledSource(base, GridLayout(2, 2, 0, 0))
    base.reads.clear()
    source.read(8, [0])
    base.reads.clear()
    base.seconds = 0.1  # time enough for the others to come
    barrier = Barrier(4)

    def read(index):
        barrier.wait()
        return source.read(index, range(6))

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(read, range(4)))
        num_decoded = len(base.reads)
        base.seconds = 0.0
        one_by_one = list(pool.map(lambda k: source.read(k % 12, [k % 6]), range(120)))

    assert num_decoded == 1  # for all four threads
    for index in range(4):
        np.testing.assert_array_equal(together[index], videos[index])
    for k, read_back in enumerate(one_by_one):
        np.testing.assert_array_equal(read_back[0], videos[k % 12, k % 6])


def test_a_video_that_cannot_be_decoded_may_be_tried_again():
    whole = put_together(scenes(4), 2, 2)
    calls = []

    def decode(index):
        calls.append(index)
        if len(calls) == 1:
            raise DataError("a moment of weakness")
        return whole

    decoded = grid_tiles._Decoded(decode)
    with pytest.raises(DataError, match="weakness"):
        decoded.get(0)
    assert decoded.get(0) is whole
    assert calls == [0, 0]


# --- what is said about tiles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize(("padding", "colour"), [(0, 0), (2, 0), (2, 255)])
def test_empty_tiles_at_the_end_are_left_out(padding, colour, lossless, tmp_path):
    videos = scenes(10)
    write_mp4(tmp_path / "a.mp4", put_together(videos, 3, 4, padding, padding, colour), lossless=lossless)

    source = TiledSource(open_source(tmp_path / "a.mp4"), GridLayout())

    assert len(source) == 10
    assert source.name(9) == "a.mp4#r2c1"
    assert "2 tiles at the end of the grid are empty and left out" in source.notes
    assert np.abs(source.read(9, [0])[0].astype(int) - videos[9, 0]).mean() < 6


def test_a_uniform_tile_before_the_end_is_kept():
    videos = scenes(10)
    videos[4] = 255

    source = TiledSource(source_of(put_together(videos, 3, 4, 2, 2)), GridLayout())

    assert len(source) == 10
    assert (source.read(4, [0]) == 255).all()
    assert "1 tile before the last video is of one colour throughout and kept" in source.notes


def test_a_tile_that_is_empty_only_at_first_is_a_video():
    videos = scenes(4, 12)
    videos[3, :11] = 0

    source = TiledSource(source_of(put_together(videos, 2, 2)), GridLayout(2, 2, 0, 0))

    assert len(source) == 4
    assert not any("empty" in note for note in source.notes)


def test_a_small_object_is_not_empty():
    videos = scenes(4)
    videos[3] = 0
    videos[3, :, 30:34, 30:34] = 200

    assert len(TiledSource(source_of(put_together(videos, 2, 2)), GridLayout(2, 2, 0, 0))) == 4


def test_nothing_but_empty_tiles():
    with pytest.raises(DataError, match="all tiles of grids are empty"):
        TiledSource(source_of(np.zeros((2, 64, 64, 3), np.uint8)), GridLayout(2, 2, 0, 0))


@pytest.mark.parametrize("suffix", ["", "mp4"])
def test_frames_that_all_tiles_repeat(suffix, tmp_path):
    videos = scenes(6, 10)
    videos[:, 3], videos[:, 7] = videos[:, 2], videos[:, 6]
    whole = put_together(videos, 2, 3)
    base = source_of(whole)
    if suffix:
        write_mp4(tmp_path / "a.mp4", whole)
        base = open_source(tmp_path / "a.mp4")

    source = TiledSource(base, GridLayout())

    assert source.notes[1:] == ("frames 3 and 7 repeat the frame before in all tiles",)


def test_frames_that_some_tiles_repeat_and_static_ends():
    videos = scenes(6, 10)
    videos[1, 4] = videos[1, 3]
    videos[2:4, 8:] = videos[2:4, 7:8]
    one, other = put_together(videos, 2, 3), put_together(scenes(6, 10, seed=1), 2, 3)

    source = TiledSource(source_of(one, other), GridLayout())

    assert source.notes[1:] == (
        "in 3 of 12 tiles frames repeat the frame before",
        "2 of 12 tiles stand still at the end: the last two frames or more are equal",
    )


def test_repeats_of_one_grid_among_several_name_it():
    videos = scenes(6, 10)
    videos[:, 5] = videos[:, 4]
    base = source_of(put_together(scenes(6, 10, seed=1), 2, 3), put_together(videos, 2, 3))

    (note,) = TiledSource(base, GridLayout()).notes[1:]

    assert note == f"frame 5 repeats the frame before in all tiles (1 of 2 grids, first {base.name(1)})"


def test_a_small_object_that_moves_is_no_repeat():
    videos = np.full((4, 6, 64, 64, 3), 100, np.uint8)
    videos[:] = scenes(4, 1)
    for frame in range(6):
        videos[:, frame, 20:24, 20 + frame : 24 + frame] = 250

    source = TiledSource(source_of(put_together(videos, 2, 2)), GridLayout())

    assert len(source.notes) == 1


def test_one_frame_repeats_nothing():
    source = TiledSource(source_of(put_together(scenes(4, 1), 2, 2)), GridLayout())

    assert len(source.notes) == 1


def test_a_grid_larger_than_memory_is_refused_before_it_is_read(monkeypatch):
    from vidmbench.videos import ArraySource
    from vidmbench.videos.grids import tiles

    monkeypatch.setattr(tiles, "free_memory", lambda: 1000)
    source = ArraySource(np.full((1, 9, 36, 36, 3), 7, np.uint8))
    monkeypatch.setattr(source, "read", lambda *_: pytest.fail("read"))
    with pytest.raises(DataError, match="larger than the free memory: grids are read whole"):
        tiles.TiledSource(source, GridLayout(2, 2, padding=2, border=0))
