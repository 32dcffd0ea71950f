"""Film strips: one picture a video."""

import numpy as np
import pytest
from PIL import Image
from support.strip_folders import find_strips

from vidmbench.core.errors import DataError
from vidmbench.videos.files.inspection import survey
from vidmbench.videos.files.video_files import Item
from vidmbench.videos.grids.strips import StripFile

VIDEO = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)


def side_by_side(video):
    strip = np.zeros((video.shape[1], 0, 3), np.uint8)
    for frame in video:
        strip = np.concatenate([strip, frame], axis=1)
    return strip


def above_each_other(video):
    strip = np.zeros((0, video.shape[2], 3), np.uint8)
    for frame in video:
        strip = np.concatenate([strip, frame], axis=0)
    return strip


def saved(path, strip, kind="PNG", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(strip).save(path, format=kind, **options)
    return path


def open_strips(folder, **options):
    return survey(folder, find_strips(folder, **options))


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
@pytest.mark.parametrize("declared", [None, 5])
def test_square_frames(axis, declared, tmp_path):
    strip = side_by_side(VIDEO) if axis == "horizontal" else above_each_other(VIDEO)
    saved(tmp_path / "set" / "a.png", strip)

    source = open_strips(tmp_path / "set", axis=axis, frames=declared)

    assert (len(source), source.size, source.num_frames(0), source.name(0)) == (1, (16, 16), 5, "a.png")
    np.testing.assert_array_equal(source.read(0, range(5)), VIDEO)
    np.testing.assert_array_equal(source.read(0, [4, 0, 4]), VIDEO[[4, 0, 4]])
    assert source.read(0, []).shape == (0, 16, 16, 3)
    with pytest.raises(DataError, match="has no frame 5"):
        source.read(0, [5])


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_frames_that_are_not_square_are_counted_by_declaration(axis, tmp_path):
    video = VIDEO[:, :12] if axis == "horizontal" else VIDEO[:, :, :12]
    strip = side_by_side(video) if axis == "horizontal" else above_each_other(video)
    path = saved(tmp_path / "a.png", strip)

    item = StripFile("a.png", path, axis, 5)
    facts = item.inspect()

    assert isinstance(item, Item)
    assert (facts.num_frames, facts.height, facts.width) == (5, *video.shape[1:3])
    np.testing.assert_array_equal(item.read([3, 1], facts), video[[3, 1]])


@pytest.mark.parametrize(
    ("axis", "frames", "expected", "fix"),
    [
        ("horizontal", None, "square frames of 16x16", "declare how many frames"),
        ("vertical", None, "square frames of 70x70", "declare how many frames"),
        ("horizontal", 4, "4 frames of one size", "the vertical axis"),
        ("vertical", 3, "3 frames of one size", "the horizontal axis"),
        ("horizontal", 0, "0 frames", "another number"),
    ],
)
def test_strips_that_cannot_be_divided(axis, frames, expected, fix, tmp_path):
    path = saved(tmp_path / "a.png", np.zeros((16, 70, 3), np.uint8))

    with pytest.raises(DataError, match=r"a\.png cannot be cut into frames") as raised:
        StripFile("a.png", path, axis, frames).inspect()

    assert expected in raised.value.expected
    assert raised.value.found == "a picture of 16x70"
    assert raised.value.where == str(path)
    assert fix in raised.value.fix


def test_the_other_axis_is_proposed(tmp_path):
    path = saved(tmp_path / "a.png", above_each_other(VIDEO))

    with pytest.raises(DataError, match="cannot be cut") as raised:
        StripFile("a.png", path).inspect()

    assert "the vertical axis" in raised.value.fix


def test_png_under_the_name_of_jpg_with_alpha(tmp_path):
    strip = np.dstack([side_by_side(VIDEO), np.full((16, 80), 7, np.uint8)])
    saved(tmp_path / "set" / "a.jpg", strip)

    source = open_strips(tmp_path / "set")

    np.testing.assert_array_equal(source.read(0, range(5)), VIDEO)
    assert source.notes == ("transparency was dropped, as Pillow's convert('RGB') does (1 of 1 videos, first a.jpg)",)


def test_jpeg(tmp_path):
    smooth = np.broadcast_to(np.linspace(0, 200, 5).astype(np.uint8)[:, None, None, None], VIDEO.shape)
    saved(tmp_path / "set" / "a.jpeg", side_by_side(smooth), "JPEG", quality=95)

    frames = open_strips(tmp_path / "set").read(0, range(5))

    assert np.abs(frames.astype(int) - smooth).max() < 8


def test_folders_are_listed_in_natural_order(tmp_path):
    for name in ("b/10.png", "b/2.png", "a/1.jpg", "z.png"):
        saved(tmp_path / name, side_by_side(VIDEO))
    for leftover in (".hidden.png", "__MACOSX/x.png", "b/notes.txt", "a/clip.mp4"):
        (tmp_path / leftover).parent.mkdir(exist_ok=True)
        (tmp_path / leftover).write_bytes(b"junk")
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)

    strips = find_strips(tmp_path)

    assert [strip.name for strip in strips] == ["a/1.jpg", "b/2.png", "b/10.png", "z.png"]
    assert all(strip.path.is_file() for strip in strips)
    assert len(survey(tmp_path, strips)) == 4


def test_videos_of_several_lengths_and_a_bad_one(tmp_path):
    saved(tmp_path / "1.png", side_by_side(VIDEO))
    saved(tmp_path / "2.png", side_by_side(VIDEO[:3]))
    saved(tmp_path / "3.png", np.zeros((16, 40, 3), np.uint8))

    with pytest.raises(DataError, match="1 of 3 videos"):
        open_strips(tmp_path)

    source = survey(tmp_path, find_strips(tmp_path), on_bad="skip")
    assert [source.num_frames(index) for index in range(2)] == [5, 3]
    assert "multiple of 16 pixels wide" in source.skipped[0].reason


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="no film strips"):
        find_strips(tmp_path)


def test_another_cut_of_the_same_bytes_is_another_video(tmp_path):
    saved(tmp_path / "a.png", side_by_side(VIDEO))
    ways = [{}, {"frames": 10}, {"frames": 2}, {"frames": 4, "axis": "vertical"}]

    sources = [open_strips(tmp_path, **way) for way in ways]  # the index remembers the ones before

    assert [source.num_frames(0) for source in sources] == [5, 10, 2, 4]
    assert len({source.digest() for source in sources}) == 4
    assert open_strips(tmp_path).digest() == sources[0].digest()
    assert open_strips(tmp_path, frames=5).digest() == sources[0].digest()


def test_a_strip_that_changes_while_it_is_read(tmp_path):
    path = saved(tmp_path / "a.png", side_by_side(VIDEO))
    source = open_strips(tmp_path)
    saved(path, side_by_side(VIDEO[:4]))

    with pytest.raises(DataError, match="changed while it was read"):
        source.read(0, [0])
