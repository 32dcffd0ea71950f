"""Folders of frames and GIFs: numbering, depth, transparency."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.stored_videos import CLIPS, png

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source


def _frames_of(root: Path, **pictures: bytes) -> Path:
    (root / "v").mkdir(parents=True)
    for name, content in pictures.items():
        (root / "v" / name.replace("_", ".")).write_bytes(content)
    return root


def test_frames_of_two_sizes(tmp_path):
    root = _frames_of(tmp_path / "set", f1_png=png(CLIPS[0][0]), f2_png=png(CLIPS[0][0][:8]))

    with pytest.raises(DataError, match="the frames in v differ in size") as raised:
        open_source(root)
    assert "16x24 (f1.png), 8x24 (f2.png)" in str(raised.value)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("img1.png", "flow1.png"), "do not form one series"),
        (("f1.png", "f1.jpg"), "do not form one series"),
        (("f1.png", "f01.png"), "numbered in two ways"),
    ],
)
def test_names_that_do_not_count_frames(names, words, tmp_path):
    (tmp_path / "v").mkdir()
    for name in names:
        (tmp_path / "v" / name).write_bytes(png(CLIPS[0][0]))

    with pytest.raises(DataError, match=words):
        open_source(tmp_path)


def test_gaps_in_the_numbers_are_noted(tmp_path):
    root = _frames_of(tmp_path / "set", f1_png=png(CLIPS[0][0]), f2_png=png(CLIPS[0][1]), f10_png=png(CLIPS[0][2]))

    source = open_source(root)

    np.testing.assert_array_equal(source.read(0, range(3)), CLIPS[0][:3])
    assert source.notes[0].startswith("frame numbers have gaps")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_cut_pictures_are_named(kind, tmp_path):
    stream = io.BytesIO()
    Image.fromarray(CLIPS[0][0]).save(stream, format=kind)
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / f"f1.{kind.lower()}").write_bytes(stream.getvalue()[:-40])

    with pytest.raises(DataError, match=rf"f1\.{kind.lower()} cannot be read"):
        open_source(tmp_path)


def test_sixteen_bit_grey_keeps_its_high_byte(tmp_path):
    grey = (np.arange(16 * 24, dtype=np.uint16) * 170).reshape(16, 24)
    (tmp_path / "v").mkdir()
    Image.fromarray(grey).save(tmp_path / "v" / "f1.png")

    source = open_source(tmp_path)

    np.testing.assert_array_equal(source.read(0, [0])[0, ..., 1], grey >> 8)
    assert "16-bit" in source.notes[0]


def test_alpha_is_dropped_and_noted_once(tmp_path):
    rgba = np.dstack([CLIPS[0][0], np.full((16, 24), 7, np.uint8)])
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(rgba).save(tmp_path / "set" / name / f"f{number}.png")

    source = open_source(tmp_path / "set")

    np.testing.assert_array_equal(source.read(0, [1])[0], CLIPS[0][0])
    assert source.notes == ("transparency was dropped, as Pillow's convert('RGB') does (2 of 2 videos, first a)",)


def test_palette_with_transparency_and_sideways_jpeg(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    palette = Image.fromarray(CLIPS[0][0]).quantize(16)
    palette.save(tmp_path / "a" / "f1.png", transparency=bytes(range(16)))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(CLIPS[0][0].swapaxes(0, 1)).save(tmp_path / "b" / "f1.jpg", quality=100, subsampling=0, exif=exif)

    source = open_source(tmp_path)  # both 16 x 24 as displayed

    np.testing.assert_array_equal(source.read(0, [0])[0], np.asarray(palette.convert("RGBA").convert("RGB")))
    assert np.abs(source.read(1, [0])[0].astype(int) - CLIPS[0][0][:, ::-1].astype(int)).mean() < 20
    assert source.size == (16, 24)


def test_transparent_gif_is_black_where_nothing_was_drawn(tmp_path):
    frames = []
    for column in range(3):
        rgba = np.zeros((8, 8, 4), np.uint8)
        rgba[:, column] = (200, 100, 50, 255)
        frames.append(Image.fromarray(rgba))
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], disposal=2)

    source = open_source(tmp_path / "a.gif")

    shown = source.read(0, range(3))
    for column in range(3):
        assert (shown[column, :, column] == (200, 100, 50)).all()
        assert (np.delete(shown[column], column, axis=1) == 0).all()
    assert "transparent pixels" in source.notes[0]


def test_the_colour_under_transparent_gif_pixels_is_not_shown(tmp_path):
    indexed = Image.frombytes("P", (8, 8), np.eye(8, dtype=np.uint8).tobytes())
    indexed.putpalette([255, 0, 255, 10, 20, 30])
    indexed.save(tmp_path / "a.gif", transparency=0)

    shown = open_source(tmp_path / "a.gif").read(0, [0])[0]

    assert {tuple(colour) for colour in shown.reshape(-1, 3).tolist()} == {(0, 0, 0), (10, 20, 30)}
