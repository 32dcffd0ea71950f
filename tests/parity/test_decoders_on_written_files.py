"""decord, on files of many kinds: ordinary ones have the frames they always had, others show why PyAV reads all.

A bounded sweep over codecs, layouts, sizes, colours and flags, frame by frame.
"""

from importlib.util import find_spec

import numpy as np
import pytest
from support.encoded_video import encode, moving

from vidmbench.core.errors import DataError
from vidmbench.videos import decode

pytestmark = pytest.mark.skipif(find_spec("decord") is None, reason="decord has no wheel for this machine")

_FAST = {"cpu-used": "8"}
_INTERLACED = {"flags": "+ilme+ildct"}
_SIZES = ((64, 80), (66, 94), (128, 128), (98, 66), (130, 66))
_ODD_HEIGHTS = ((65, 64), (127, 125), (129, 128))

#: Most of what people have: both libraries give the same bits.
_ORDINARY = {
    "odd_width.webm": {"codec": "libvpx-vp9", "size": (64, 65), "options": _FAST},
    **{f"h264_{height}x{width}.mp4": {"size": (height, width)} for height, width in _SIZES},
    "h264.mkv": {},
    "h264.mov": {},
    "b_frames.mp4": {"options": {"bf": "3", "g": "6"}},
    "all_intra.mp4": {"options": {"g": "1"}},
    "full_range.mp4": {"layout": "yuvj420p"},
    **{f"matrix_{matrix}.mp4": {"colours": {"colorspace": matrix, "color_range": 1}} for matrix in (1, 4, 5, 6, 7, 9)},
    **{f"full_matrix_{matrix}.mkv": {"colours": {"colorspace": matrix, "color_range": 2}} for matrix in (1, 6, 9)},
    "late.mp4": {"times": range(250, 262)},
    "uneven.mp4": {"times": [0, 1, 3, 4, 8, 9, 12, 13, 20, 21, 22, 30]},
    "fake_interlaced.mp4": {"options": {"x264-params": "fake-interlaced=1"}},
    "vp8.webm": {"codec": "libvpx", "options": _FAST},
    "vp9.webm": {"codec": "libvpx-vp9", "options": _FAST},
    "vp9_bt709.webm": {"codec": "libvpx-vp9", "options": _FAST, "colours": {"colorspace": 1, "color_range": 1}},
    "mpeg4.avi": {"codec": "mpeg4"},
    "h264_422.mp4": {"layout": "yuv422p"},
    "h264_444.mp4": {"layout": "yuv444p"},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "mjpeg.avi": {"codec": "mjpeg", "layout": "yuvj422p"},
    "prores.mov": {"codec": "prores_ks", "layout": "yuv422p10le"},
    "turned.mp4": {"rotation": 90},
    "h264.flv": {},
    "tiny.mp4": {"size": (32, 32)},
}
#: Files of which decord gives other frames, or none; should it learn to read one, this list is what changes.
_OTHERS = {
    "h264_64x72.mp4": {"size": (64, 72)},
    "tff.mp4": {"options": {**_INTERLACED, "x264-params": "tff=1"}},
    "bff.mkv": {"options": {**_INTERLACED, "x264-params": "bff=1"}},
    "interlaced.mpg": {"codec": "mpeg2video", "options": _INTERLACED},
    **{
        f"{codec[3:]}_{height}x{width}.webm": {"codec": codec, "size": (height, width), "options": _FAST}
        for codec in ("libvpx", "libvpx-vp9")
        for height, width in _ODD_HEIGHTS
    },
    "mpeg4_odd.mp4": {"codec": "mpeg4", "size": (129, 128)},
    "h264_10.mp4": {"layout": "yuv420p10le"},
    "h264_422_10.mp4": {"layout": "yuv422p10le"},
    "hevc_10.mp4": {"codec": "libx265", "layout": "yuv420p10le", "options": {"x265-params": "log-level=none"}},
    "vp9_440.webm": {"codec": "libvpx-vp9", "layout": "yuv440p", "options": _FAST},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12"}},
    "ffv1.mkv": {"codec": "ffv1", "layout": "yuv420p10le"},
    "intra_refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=4:bframes=0"}},
    "h264.ts": {},
}


def _made(tmp_path, name, how):
    how = dict(how)
    return encode(tmp_path / name, moving(12, *how.pop("size", (128, 128))), **how)


@pytest.mark.parametrize(("name", "how"), _ORDINARY.items(), ids=_ORDINARY)
def test_ordinary_files_have_the_frames_they_always_had(name, how, tmp_path):
    path = _made(tmp_path, name, how)

    np.testing.assert_array_equal(decode(path, range(12)), decode(path, range(12), "decord"))


@pytest.mark.parametrize(("name", "how"), _OTHERS.items(), ids=_OTHERS)
def test_other_files_are_why_one_library_reads_all(name, how, tmp_path):
    path = _made(tmp_path, name, how)
    expected = decode(path, range(12))
    alone = np.stack([decode(path, [index])[0] for index in range(12)])

    np.testing.assert_array_equal(alone, expected)
    try:
        by_decord = np.stack([decode(path, [index], "decord")[0] for index in range(12)])
    except DataError:
        return
    assert by_decord.shape != expected.shape or (by_decord != expected).any()
