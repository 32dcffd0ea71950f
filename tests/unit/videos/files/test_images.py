"""Folders of frames and GIFs: numbering, depth, transparency."""

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
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


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_twelve_bits_in_sixteen_are_noted_unless_one_picture_uses_more(ending, tmp_path):
    grey = np.random.default_rng(0).integers(0, 4096, (16, 24)).astype(np.uint16)
    for name, pictures in {"faint": (grey, grey), "dark": (grey, grey * 16)}.items():
        (tmp_path / name / "v").mkdir(parents=True)
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / name / "v" / f"f{number}.{ending}")

    (note,) = open_source(tmp_path / "faint").notes

    assert "no value exceeds 4095" in note
    assert "12 bits times 16" in note
    assert open_source(tmp_path / "dark").notes == (
        "16-bit pictures were cut to their high byte (1 of 1 videos, first v)",
    )


def test_twelve_bits_in_sixteen_of_colour_are_noted(tmp_path):
    (tmp_path / "v").mkdir()
    rows = b"".join(b"\0" + struct.pack(">12H", *[value] * 12) for value in (0, 1000, 4000, 4095))
    (tmp_path / "v" / "f1.png").write_bytes(_png(4, 4, depth=16, data=zlib.compress(rows)))

    (note,) = open_source(tmp_path).notes

    assert "no value exceeds 4095" in note


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


def _png(width, height, *, depth=8, colour=2, data=None):
    """A PNG of black pixels by hand, with the header that is asked for."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(bytes((3 * 4 + 1) * 4)) if data is None else data
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("f1.png", _png(30_000, 30_000), "declares more than 178,956,970 pixels"),
        ("f1.png", _png(2**31 - 1, 2**31 - 1), "declares more than"),
        ("f1.png", _png(0, 0), "cannot be read"),
        ("f1.png", _png(4, 0), "cannot be read"),
        ("f1.png", _png(4, 4, depth=3), "cannot be read"),
        ("f1.png", _png(4, 4, data=b"junk"), "cannot be read"),
        ("f1.png", _png(4, 4)[:-30], "cannot be read"),
        ("f1.bmp", b"BM" + bytes(12) + struct.pack("<Iii", 40, 40_000, 40_000) + bytes(40), "cannot be read"),
        ("f1.tif", b"II*\0" + bytes(4), "cannot be read"),
        ("f1.jpg", b"\xff\xd8\xff\xe0" + bytes(60), "cannot be read"),
        ("f1.webp", b"RIFF\x04\0\0\0WEBPVP8X", "cannot be read"),
        ("f1.png", b"", r"0 bytes"),
    ],
)
def test_hostile_pictures_are_one_message(name, content, words, tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / name).write_bytes(content)

    with pytest.raises(DataError, match=words) as raised:
        open_source(tmp_path).read(0, [0])

    assert name in str(raised.value)


def test_one_pixel_cmyk_and_one_bit(tmp_path):
    for index, mode in enumerate(("RGB", "CMYK", "1", "L", "LA", "P")):
        (tmp_path / f"v{index}").mkdir()
        image = Image.new(mode, (1, 1))
        image.save(tmp_path / f"v{index}" / ("f1.jpg" if mode == "CMYK" else "f1.png"))

        source = open_source(tmp_path / f"v{index}")

        assert source.read(0, [0]).shape == (1, 1, 1, 3)
        expected = np.asarray(Image.open(next((tmp_path / f"v{index}").iterdir())).convert("RGB"))
        np.testing.assert_array_equal(source.read(0, [0])[0], expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(10))
def test_orientation_is_as_pillow_shows_it(kind, orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "v").mkdir()
    path = tmp_path / "v" / f"f1.{kind.lower()}"
    Image.fromarray(CLIPS[0][0]).save(path, exif=exif)

    source = open_source(tmp_path)

    with Image.open(path) as image:
        shown = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert source.size == shown.shape[:2]
    assert any("EXIF orientation" in note for note in source.notes) == (orientation in range(2, 9))
    np.testing.assert_array_equal(source.read(0, [0])[0], shown)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG", "BMP", "GIF"])
def test_any_changed_byte_is_read_or_one_message(kind, tmp_path):
    stream = io.BytesIO()
    pictures = [Image.fromarray(picture) for picture in CLIPS[0][:2]]
    pictures[0].save(stream, kind, **({"save_all": True, "append_images": pictures[1:]} if kind == "GIF" else {}))
    folder = tmp_path / "v"
    folder.mkdir()
    path = folder / f"f1.{kind.lower()}"
    generator = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(stream.getvalue())
        # most of what can go wrong is in the first bytes
        place = generator.integers(min(len(data), 120)) if generator.random() < 0.7 else generator.integers(len(data))
        data[place] = generator.integers(256)
        path.write_bytes(data)
        with suppress(DataError):
            source = open_source(path if kind == "GIF" else folder)
            source.read(0, range(source.num_frames(0)))


@pytest.mark.parametrize("size", [(13_000, 13_000), (1 << 28, 1)])
def test_a_small_file_that_declares_gigabytes_is_refused(size, tmp_path):
    stream = io.BytesIO()
    Image.new("1", (8, 8)).save(stream, "png")
    data = bytearray(stream.getvalue())
    data[16:24] = struct.pack(">II", *size)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    root = _frames_of(tmp_path / "set", f1_png=bytes(data), f2_png=bytes(data))

    with pytest.raises(DataError, match=r"no frame has|cannot be read"):
        open_source(root)
