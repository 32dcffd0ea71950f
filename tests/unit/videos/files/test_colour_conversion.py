"""RGB that does not depend on the processor, and files that two decoders might read differently."""

import subprocess
import sys
import zlib

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from support.encoded_video import encode, moving

from vidmbench.core.errors import DataError
from vidmbench.videos import decode, inspect_video
from vidmbench.videos.files import colour_conversion
from vidmbench.videos.files.colour_conversion import fast_conversion, to_rgb

_FAST = ("yuv420p", "yuvj420p", "yuva420p", "yuv422p", "yuvj422p")
_GENERAL = ("yuv444p", "yuv440p", "gray", "gbrp", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le")
_SUMS = {
    "yuv420p 2": 1873809310,
    "yuv420p 1": 906843823,
    "yuv422p 2": 346569327,
    "yuv422p 1": 3747005396,
    "yuv444p 2": 1630026087,
    "yuv444p 1": 1575867464,
    "yuv440p 2": 3622589432,
    "yuv440p 1": 886998860,
    "gray 2": 3068687854,
    "gray 1": 3068687854,
    "gbrp 2": 320255114,
    "gbrp 1": 320255114,
    "yuv420p10le 2": 1592358032,
    "yuv420p10le 1": 2950428936,
    "yuv422p10le 2": 452040466,
    "yuv422p10le 1": 729799749,
    "yuv444p10le 2": 3362238212,
    "yuv444p10le 1": 4054021065,
    "yuv420p12le 2": 3594907333,
    "yuv420p12le 1": 2333577698,
}


def noise(layout, height, width, matrix=None, colour_range=None):
    """A frame in which every plane is noise, the same on every machine."""
    rng = np.random.default_rng(7)
    frame = av.VideoFrame(width, height, layout)
    for plane in frame.planes:
        samples = rng.integers(0, 256, (plane.height, plane.line_size), dtype=np.uint8)
        if layout.endswith(("10le", "12le")):
            samples[:, 1::2] &= 3 if layout.endswith("10le") else 15
        plane.update(samples.tobytes())
    if matrix is not None:
        frame.colorspace = matrix
    if colour_range is not None:
        frame.color_range = colour_range
    return frame


def by_ffmpeg(frame):
    return VideoReformatter().reformat(frame, format="rgb24", threads=1).to_ndarray()


@pytest.fixture
def _as_on_x86():
    if not colour_conversion._swscale_is_fast_as_on_x86():
        pytest.skip("the FFmpeg of this machine has another fast converter")


@pytest.mark.usefixtures("_as_on_x86")
@pytest.mark.parametrize("layout", _FAST)
def test_the_fast_converter_is_that_of_x86(layout):
    declared = [((66, 94), matrix, extent) for matrix in (None, 0, 1, 2, 4, 5, 6, 7, 9) for extent in (None, 1, 2)]
    sizes = [(size, None, None) for size in ((64, 64), (2, 2), (4, 7), *((8, width) for width in range(1, 67, 5)))]
    for size, matrix, extent in declared + sizes:
        frame = noise(layout, *size, matrix, extent)

        np.testing.assert_array_equal(fast_conversion(frame), by_ffmpeg(frame), err_msg=f"{size} {matrix} {extent}")


def test_ordinary_frames_are_converted_to_these_values_on_every_machine():
    """Sums over the bytes, from FFmpeg on x86: neither another processor nor another version may move them."""
    found = {
        f"{layout} {matrix}": zlib.crc32(to_rgb(noise(layout, 64, 64, matrix), VideoReformatter()).tobytes())
        for layout in (*_FAST[:1], *_FAST[3:4], *_GENERAL)
        for matrix in (2, 1)
    }

    assert found == _SUMS


def test_a_reserved_matrix_counts_as_none(monkeypatch):
    frame = noise("yuv420p", 64, 64)
    expected = to_rgb(frame, VideoReformatter())
    frame.colorspace = 3

    np.testing.assert_array_equal(to_rgb(frame, VideoReformatter()), expected)
    monkeypatch.setattr(colour_conversion, "_swscale_is_fast_as_on_x86", lambda: False)
    np.testing.assert_array_equal(to_rgb(frame, VideoReformatter()), expected)


def test_a_file_with_a_reserved_matrix_is_read_as_one_without(tmp_path):
    plain = encode(tmp_path / "plain.mkv", moving(3), "ffv1")
    reserved = encode(tmp_path / "reserved.mkv", moving(3), "ffv1", colours={"colorspace": 1})
    content = reserved.read_bytes()
    assert b"\x55\xb1\x81\x01" in content  # Matroska's element for the matrix, one byte long
    reserved.write_bytes(content.replace(b"\x55\xb1\x81\x01", b"\x55\xb1\x81\x03"))

    assert inspect_video(reserved).num_frames == 3
    np.testing.assert_array_equal(decode(reserved, range(3)), decode(plain, range(3)))


_FILES = {
    "progressive.mp4": {},
    "interlaced.mp4": {"options": {"flags": "+ilme+ildct", "x264-params": "tff=1"}},
    "bottom_first.mkv": {"options": {"flags": "+ilme+ildct", "x264-params": "bff=1"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"flags": "+ilme+ildct"}},
    "bt709.mp4": {"colours": {"colorspace": 1, "color_range": 1}},
    "full_range.mp4": {"colours": {"colorspace": 1, "color_range": 2}},
    "bt2020.mp4": {"colours": {"colorspace": 9, "color_range": 1}},
    "4_2_2.mp4": {"layout": "yuv422p"},
    "jpeg.avi": {"codec": "mjpeg", "layout": "yuvj422p"},
    "10_bits.mp4": {"layout": "yuv420p10le"},
}


@pytest.mark.usefixtures("_as_on_x86")
@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("height", [64, 66])
def test_a_machine_whose_ffmpeg_differs_gives_the_same_frames(name, height, tmp_path, monkeypatch):
    if height == 66 and "x264-params" in _FILES[name].get("options", {}):
        pytest.skip("x264 refuses interlaced frames of this height")
    path = encode(tmp_path / name, moving(4, height, 96), **_FILES[name])
    expected = decode(path, range(4))
    calls = []
    real = colour_conversion.fast_conversion
    monkeypatch.setattr(colour_conversion, "_swscale_is_fast_as_on_x86", lambda: False)
    monkeypatch.setattr(colour_conversion, "fast_conversion", lambda frame: calls.append(1) or real(frame))

    np.testing.assert_array_equal(decode(path, range(4)), expected)
    is_interlaced = any(word in name for word in ("interlaced", "bottom", "mpeg2"))
    assert bool(calls) == (name != "10_bits.mp4" and not (is_interlaced and height == 66))


@pytest.mark.usefixtures("_as_on_x86")
def test_without_the_instructions_of_the_processor_frames_are_the_same(tmp_path):
    """FFmpeg is told in a process of its own that the processor has none: its plain C differs by an intensity level."""
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    for name, how in _FILES.items():
        encode(tmp_path / name, moving(3), **how)
    encode(tmp_path / "mpeg4.avi", moving(3), codec="mpeg4")
    encode(tmp_path / "vp9.webm", moving(3), codec="libvpx-vp9", options={"cpu-used": "8"})
    encode(tmp_path / "odd.mkv", moving(3, 65, 63), codec="ffv1")
    code = (
        "import ctypes, sys, av, pathlib, zlib\n"
        "maps = {line.split()[-1] for line in open('/proc/self/maps') if 'libavutil' in line}\n"
        "if sys.argv[2] == 'plain': ctypes.CDLL(maps.pop()).av_force_cpu_flags(0)\n"
        "from vidmbench.videos import decode\n"
        "from vidmbench.videos.files.colour_conversion import _swscale_is_fast_as_on_x86\n"
        "print(_swscale_is_fast_as_on_x86())\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    print(path.name, zlib.crc32(decode(path, range(3)).tobytes()))\n"
    )

    usual, plain = (
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), kind], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for kind in ("usual", "plain")
    )

    assert (usual[0], plain[0]) == ("True", "False")
    assert usual[1:] == plain[1:]
    assert len(usual) == 1 + len(_FILES) + 3


@pytest.mark.parametrize(("matrix", "name"), [(8, "YCgCo"), (10, "BT.2020 with constant luminance")])
@pytest.mark.parametrize("is_fast", [True, False])
def test_colours_that_cannot_be_converted_are_named(matrix, name, is_fast, tmp_path, monkeypatch):
    monkeypatch.setattr(colour_conversion, "_swscale_is_fast_as_on_x86", lambda: is_fast)
    path = encode(tmp_path / "a.mp4", moving(3), colours={"colorspace": matrix})

    with pytest.raises(DataError, match=r"a\.mp4 has colours that cannot be brought to RGB") as raised:
        inspect_video(path)

    assert name in (raised.value.found or "")
