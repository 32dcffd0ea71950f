"""Image files that hold a whole video: gif, animated WebP and PNG, TIFF of several pages."""

import io
import struct
from contextlib import suppress

import av
import numpy as np
import pytest
from PIL import Image
from support.stored_videos import CLIPS, png

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source

_PICTURES = [Image.fromarray(picture) for picture in CLIPS[0]]


def _save(path, pictures=_PICTURES, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)
    return path


def _ffmpeg(path):
    with av.open(str(path)) as container:
        rgba = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
    return np.stack([np.where(picture[..., 3:] > 0, picture[..., :3], 0) for picture in rgba])


@pytest.mark.parametrize(
    ("name", "options", "compression"),
    [
        ("a.webp", {"lossless": True}, ""),
        ("a.WebP", {"lossless": True, "format": "WEBP"}, ""),
        ("a.png", {}, ""),
        ("a.apng", {"format": "PNG"}, ""),
        ("a.png", {"default_image": True, "append_images": _PICTURES}, ""),
        ("a.tif", {}, ""),
        ("a.TIFF", {"compression": "tiff_lzw"}, ""),
        ("a.tiff", {"big_tiff": True}, ""),
    ],
)
def test_one_file_is_one_video(name, options, compression, tmp_path):
    pictures = [Image.new("RGB", (24, 16)), *_PICTURES] if "default_image" in options else _PICTURES
    options = {key: value for key, value in options.items() if key != "append_images"}

    source = open_source(_save(tmp_path / name, pictures, **options))

    assert (len(source), source.num_frames(0), source.size) == (1, 5, (16, 24))
    np.testing.assert_array_equal(source.read(0, [4, 0, 0]), CLIPS[0][[4, 0, 0]])
    assert source.read(0, []).shape == (0, 16, 24, 3)
    assert (source.compression, source.notes) == (compression, ())


@pytest.mark.parametrize(
    ("name", "options", "compression"),
    [("a.webp", {}, "webp"), ("a.tif", {"compression": "jpeg"}, "tiff jpeg"), ("a.gif", {}, "gif, 256 colours")],
)
def test_what_was_lost_is_named(name, options, compression, tmp_path):
    assert open_source(_save(tmp_path / name, **options)).compression == compression


@pytest.mark.parametrize(("ending", "options"), [("webp", {"lossless": True}), ("png", {}), ("tif", {})])
def test_a_folder_of_them_is_a_folder_of_videos(ending, options, tmp_path):
    for index, name in enumerate(("v1", "v2", "v10")):
        _save(tmp_path / "set" / f"{name}.{ending}", [Image.fromarray(p) for p in CLIPS[index]], **options)

    source = open_source(tmp_path / "set")

    assert [source.name(index) for index in range(3)] == [f"{name}.{ending}" for name in ("v1", "v2", "v10")]
    for index in range(3):
        np.testing.assert_array_equal(source.read(index, range(5)), CLIPS[index])
    assert source.notes == ()


def test_a_still_image_among_them_is_noted(tmp_path):
    _save(tmp_path / "set" / "a.webp", lossless=True)
    _PICTURES[0].save(tmp_path / "set" / "b.webp", lossless=True)

    source = open_source(tmp_path / "set")

    assert len(source) == 1
    assert "1 pictures beside videos were left aside (first: ./b.webp)" in source.notes


def test_an_animated_image_among_frames_is_refused(tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "0.png").write_bytes(png(CLIPS[0][0]))
    _save(tmp_path / "v" / "1.png")

    with pytest.raises(DataError, match="holds several frames") as raised:
        open_source(tmp_path)

    assert "1.png" in raised.value.where


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.jpg"])
def test_one_still_image_is_no_video_and_the_message_says_what_to_do(name, tmp_path):
    _PICTURES[0].save(tmp_path / name)

    with pytest.raises(DataError, match="is not a supported video source") as raised:
        open_source(tmp_path / name)

    assert raised.value.found == "one image, of one frame"
    assert "strips:" in raised.value.fix


def test_deep_pages_keep_their_high_byte_and_floats_are_refused(tmp_path):
    deep = [Image.fromarray(picture[..., 0].astype(np.uint16) * 257) for picture in CLIPS[0]]
    source = open_source(_save(tmp_path / "deep.tif", deep))
    np.testing.assert_array_equal(source.read(0, range(5))[..., 1], CLIPS[0][..., 0])
    assert "16-bit" in source.notes[0]

    floats = [Image.fromarray(picture[..., 0].astype(np.float32)) for picture in CLIPS[0]]
    with pytest.raises(DataError, match="whose range is not declared"):
        open_source(_save(tmp_path / "float.tif", floats))
    with pytest.raises(DataError, match="changes its size on the way"):
        open_source(_save(tmp_path / "sizes.tif", [_PICTURES[0], _PICTURES[1].resize((8, 8))]))


@pytest.mark.parametrize(("disposal", "blend"), [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)])
def test_frames_of_an_animated_png_are_drawn_as_ffmpeg_does(disposal, blend, tmp_path):
    generator = np.random.default_rng(disposal)
    rgba = generator.integers(0, 256, (5, 12, 14, 4), dtype=np.uint8)
    rgba[..., 3] = np.where(generator.random((5, 12, 14)) < 0.4, 0, 255)
    path = _save(tmp_path / "a.png", [Image.fromarray(p) for p in rgba], disposal=disposal, blend=blend)

    source = open_source(path)

    np.testing.assert_array_equal(source.read(0, range(5)), _ffmpeg(path))
    assert "transparent pixels of animated images were made black" in source.notes[0]


def test_an_animated_png_that_pillow_draws_wrongly_is_refused(tmp_path):
    rgba = [Image.fromarray(np.dstack([p, np.where(p[..., 0] > 99, 255, 0).astype(np.uint8)])) for p in CLIPS[0]]

    with pytest.raises(DataError, match="is blended over others and then undone"):
        open_source(_save(tmp_path / "a.png", rgba, disposal=2, blend=1))


def test_an_animated_png_that_begins_over_its_still_image_is_refused(tmp_path):
    rgba = [Image.fromarray(np.dstack([p, np.full((16, 24), 7, np.uint8)])) for p in CLIPS[0]]

    with pytest.raises(DataError, match="first frame does not cover the still image"):
        open_source(_save(tmp_path / "a.png", rgba, default_image=True, blend=1))


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.tif", "a.gif"])
def test_cut_files_are_named(name, tmp_path):
    path = _save(tmp_path / name)
    whole = path.read_bytes()
    for end in range(1, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:end])
        with suppress(DataError):
            assert 1 <= open_source(path).num_frames(0) <= 5


def test_frames_larger_than_a_gifs_screen_are_cut_to_it(tmp_path):
    film = b"GIF89a" + struct.pack("<HHBBB", 24, 16, 0, 0, 0)
    shown = []
    generator = np.random.default_rng(0)
    for height, width in ((16, 24), (20, 30), (40, 20), (16, 60), (20, 30)):
        grey = generator.integers(0, 256, (height, width), dtype=np.uint8)
        before = shown[-1] if shown else np.zeros((16, 24), np.uint8)
        shown.append(before.copy())
        shown[-1][: min(16, height), : min(24, width)] = grey[:16, :24]
        film += _gif_frame(grey)
    (tmp_path / "a.gif").write_bytes(film + b";")

    source = open_source(tmp_path / "a.gif")

    assert source.size == (16, 24)
    np.testing.assert_array_equal(source.read(0, range(5))[..., 0], shown)
    assert any("larger than the screen" in note for note in source.notes)


def _gif_frame(grey):
    """One frame of a gif with its own palette, at the top left, drawn over what is there."""
    stream = io.BytesIO()
    image = Image.fromarray(grey)
    image.putpalette(np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes())
    image.save(stream, "GIF", optimize=False, interlace=False)
    data = stream.getvalue()
    palette = data[13 : 13 + 768]
    start = data.index(b"\x2c", 13 + 768)
    return b"\x21\xf9\x04\x04\x04\x00\x00\x00" + data[start : start + 9] + b"\x87" + palette + data[start + 10 : -1]


@pytest.mark.parametrize("ending", ["y4m", "Y4M", "mts", "M2TS"])
def test_raw_video_and_transport_streams(ending, tmp_path):
    path = tmp_path / f"a.{ending}"
    is_raw = ending.lower() == "y4m"
    clip = np.repeat(np.repeat(CLIPS[0], 4, axis=1), 4, axis=2)
    with av.open(str(path), "w", format="yuv4mpegpipe" if is_raw else "mpegts") as out:
        stream = out.add_stream("wrapped_avframe" if is_raw else "libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv444p"
        for number, picture in enumerate(clip):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv444p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())

    source = open_source(path)

    assert source.num_frames(0) == 5
    assert np.abs(source.read(0, range(5)).astype(int) - clip).mean() < 10
    if is_raw:
        path.write_bytes(path.read_bytes()[:-1000])
        with pytest.raises(DataError, match="is cut off: it ends within a frame"):
            open_source(path)


def _part_of_a_gif(indices, left, top, disposal):
    """One frame of a gif whose colour 3 is transparent; its palette is the file's."""
    stream = io.BytesIO()
    image = Image.fromarray(indices)
    image.putpalette(bytes(range(48)))
    image.save(stream, "GIF", optimize=False, interlace=False)
    data = stream.getvalue()
    palette = 3 * (2 << (data[10] & 7))
    start = data.index(b"\x2c", 13 + palette)
    height, width = indices.shape
    control = b"\x21\xf9\x04" + bytes([disposal << 2 | 1]) + b"\x04\x00\x03\x00"
    return control + b"\x2c" + struct.pack("<HHHH", left, top, width, height) + b"\x00" + data[start + 10 : -1]


@pytest.mark.parametrize("seed", range(12))
def test_frames_of_a_gif_are_disposed_of_as_ffmpeg_does(seed, tmp_path):
    generator = np.random.default_rng(seed)
    palette = generator.integers(0, 256, 48, dtype=np.uint8).tobytes()
    film = b"GIF89a" + struct.pack("<HHBBB", 14, 12, 0x83, 0, 0) + palette
    for _ in range(6):
        height, width = int(generator.integers(1, 13)), int(generator.integers(1, 15))
        top, left = int(generator.integers(0, 13 - height)), int(generator.integers(0, 15 - width))
        indices = generator.integers(0, 16, (height, width), dtype=np.uint8)
        film += _part_of_a_gif(indices, left, top, int(generator.integers(0, 4)))
    path = tmp_path / "a.gif"
    path.write_bytes(film + b";")

    source = open_source(path)

    expected = _ffmpeg(path)
    np.testing.assert_array_equal(source.read(0, range(6)), expected)
    np.testing.assert_array_equal(source.read(0, [5, 2, 2]), expected[[5, 2, 2]])


@pytest.mark.parametrize(
    ("screen", "said"), [((8000, 8000), "more than 8K video has"), ((3000, 3000), "of 8x8 pixels")]
)
def test_a_huge_screen_with_small_frames_takes_no_memory(screen, said, tmp_path, monkeypatch):
    film = b"GIF89a" + struct.pack("<HHBBB", *screen, 0, 0, 0)
    for _ in range(3):
        film += _gif_frame(np.zeros((8, 8), np.uint8))
    (tmp_path / "a.gif").write_bytes(film + b";")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("drawn"))
    with pytest.raises(DataError, match=said):
        open_source(tmp_path / "a.gif")


def test_a_later_frame_that_is_huge_takes_no_memory(tmp_path):
    film = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0)
    for _ in range(2):
        film += _gif_frame(np.zeros((8, 8), np.uint8))
    place = film.rindex(b"\x2c\0\0\0\0\x08\0\x08\0")
    film = film[: place + 5] + struct.pack("<HH", 8000, 8000) + film[place + 9 :]
    (tmp_path / "a.gif").write_bytes(film + b";")
    with pytest.raises(DataError, match="more than 8K video has"):
        open_source(tmp_path / "a.gif")


@pytest.mark.parametrize("ending", ["webp", "png"])
def test_turns_that_are_not_applied_are_noted(ending, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    _save(tmp_path / f"a.{ending}", exif=exif.tobytes())
    _save(tmp_path / f"b.{ending}")
    assert any(
        "EXIF orientation of animated images was not applied" in note
        for note in open_source(tmp_path / f"a.{ending}").notes
    )
    assert not any("EXIF" in note for note in open_source(tmp_path / f"b.{ending}").notes)
