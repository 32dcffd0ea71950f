"""One file, one signature, one number: wherever decord is let in, it gives the bits of PyAV.

A bounded sweep over codecs, layouts, sizes, colours and flags. Where both differ, the file must have been kept from
decord; where they agree, ordinary files must not have been kept from it.
"""

import numpy as np
import pytest
from support.encoded_video import encode, moving

from vidmbench.videos import decode, inspect_video

pytest.importorskip("decord", reason="decord has no wheel for this machine")

_FAST = {"cpu-used": "8"}
_INTERLACED = {"flags": "+ilme+ildct"}
_SIZES = ((64, 80), (66, 94), (128, 128), (98, 66), (64, 72), (130, 66))
_ODD_SIZES = ((65, 64), (64, 65), (127, 125), (129, 128))

#: Files that decord may read: most of what people have.
_ORDINARY = {
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
}
#: Files that PyAV alone reads, on every machine.
_KEPT = {
    "tff.mp4": {"options": {**_INTERLACED, "x264-params": "tff=1"}},
    "bff.mkv": {"options": {**_INTERLACED, "x264-params": "bff=1"}},
    "interlaced.mpg": {"codec": "mpeg2video", "options": _INTERLACED},
    **{
        f"{codec[3:]}_{height}x{width}.webm": {"codec": codec, "size": (height, width), "options": _FAST}
        for codec in ("libvpx", "libvpx-vp9")
        for height, width in _ODD_SIZES
    },
    "mpeg4_odd.mp4": {"codec": "mpeg4", "size": (129, 128)},
    "mpeg4.avi": {"codec": "mpeg4"},
    "h264_422.mp4": {"layout": "yuv422p"},
    "h264_444.mp4": {"layout": "yuv444p"},
    "h264_10.mp4": {"layout": "yuv420p10le"},
    "h264_422_10.mp4": {"layout": "yuv422p10le"},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "hevc_10.mp4": {"codec": "libx265", "layout": "yuv420p10le", "options": {"x265-params": "log-level=none"}},
    "vp9_440.webm": {"codec": "libvpx-vp9", "layout": "yuv440p", "options": _FAST},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12"}},
    "mjpeg.avi": {"codec": "mjpeg", "layout": "yuvj422p"},
    "ffv1.mkv": {"codec": "ffv1", "layout": "yuv420p10le"},
    "prores.mov": {"codec": "prores_ks", "layout": "yuv422p10le"},
    "intra_refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=4:bframes=0"}},
    "turned.mp4": {"rotation": 90},
    "h264.ts": {},
    "h264.flv": {},
    "tiny.mp4": {"size": (32, 32)},
}


def _made(tmp_path, name, how):
    how = dict(how)
    return encode(tmp_path / name, moving(12, *how.pop("size", (128, 128))), **how)


@pytest.mark.parametrize(("name", "how"), [*_ORDINARY.items(), *_KEPT.items()], ids=[*_ORDINARY, *_KEPT])
def test_both_give_the_same_frames_or_one_is_not_asked(name, how, tmp_path):
    path = _made(tmp_path, name, how)
    facts = inspect_video(path)
    expected = decode(path, range(12), "pyav", facts=facts)

    assert facts.suits_decord == (name in _ORDINARY)
    np.testing.assert_array_equal(decode(path, range(12), facts=facts), expected)
    if facts.suits_decord and facts.width != 72:  # decord itself fails at some widths, and gives way then
        np.testing.assert_array_equal(decode(path, range(12), "decord", facts=facts), expected)
    for index in (11, 5, 8):
        np.testing.assert_array_equal(decode(path, [index], facts=facts)[0], expected[index])


def test_a_stream_whose_colours_change_is_kept_from_decord(tmp_path):
    for name, matrix in (("a.ts", 1), ("b.ts", 9)):
        encode(tmp_path / name, moving(4, 128, 128), colours={"colorspace": matrix, "color_range": 1})
    (tmp_path / "both.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())

    facts = inspect_video(tmp_path / "both.ts")

    assert facts.num_frames == 8
    assert not facts.suits_decord
