"""What is said of a video beside its frames: alpha, HDR, further streams, rates."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image
from support.encoded_video import encode, moving

from vidmbench.sources.controls import control
from vidmbench.videos import inspect_video, open_source, write_frames
from vidmbench.videos.files.stream_notes import shown_rate

_ALPHA = "the alpha channel was dropped, and colours kept as they are stored"
_PQ = "HDR (PQ) was read as it is stored, without tone mapping"
_HLG = "HDR (HLG) was read as it is stored, without tone mapping"
_UNEVEN = "the frame rate varies; frames were taken in order, as if it did not"
_HOLE = "time jumps between two frames; they were taken in order, as if it did not: "
_SECOND = "of 2 video streams in one file, the one that FFmpeg calls best was read"

_FILES = {
    "plain.mp4": ({}, ()),
    "plain.mkv": ({"rate": 30}, ()),
    "ntsc.mkv": ({"rate": Fraction(30000, 1001)}, ()),
    "alpha.mkv": ({"codec": "ffv1", "layout": "yuva420p"}, (_ALPHA,)),
    "alpha_rgb.mov": ({"codec": "png", "layout": "rgba"}, (_ALPHA,)),
    "prores.mov": ({"codec": "prores_ks", "layout": "yuva444p10le"}, (_ALPHA,)),
    "alpha.webm": ({"codec": "libvpx-vp9", "layout": "yuva420p", "options": {"cpu-used": "8"}}, (_ALPHA,)),
    "pq.mp4": ({"layout": "yuv420p10le", "colours": {"color_trc": 16, "colorspace": 9}}, (_PQ,)),
    "hlg.mp4": ({"layout": "yuv420p10le", "colours": {"color_trc": 18, "colorspace": 9}}, (_HLG,)),
    "bt709.mp4": ({"colours": {"color_trc": 1, "colorspace": 1}}, ()),
    "one_gap.mp4": ({"times": [*range(20), *range(21, 31)]}, ()),
    "one_dropped.avi": ({"codec": "mpeg4", "times": [*range(20), *range(21, 31)]}, ()),
    "many_dropped.avi": ({"codec": "mpeg4", "times": [2 * k - k % 3 // 2 for k in range(30)]}, (_UNEVEN,)),
    "hole.mp4": ({"times": [*range(9), *range(59, 80)]}, (f"{_HOLE}after frame 8 the next one comes 2.04 s later",)),
    "hole.mkv": ({"times": [*range(20), *range(320, 330)]}, (f"{_HOLE}after frame 19 the next one comes 12 s later",)),
    "late_start.mp4": ({"times": range(100, 130)}, ()),
    "uneven.mp4": ({"times": np.cumsum([1 + (k % 3) for k in range(30)]).tolist()}, (_UNEVEN,)),
}


@pytest.mark.parametrize(("name", "how", "notes"), [(name, *rest) for name, rest in _FILES.items()], ids=_FILES)
def test_what_is_said_of_a_file(name, how, notes, tmp_path):
    facts = inspect_video(encode(tmp_path / name, moving(30), **how))

    assert facts.notes == notes
    if _UNEVEN not in notes:
        assert facts.frame_rate == pytest.approx(float(how.get("rate", 25)), rel=2e-3)


@pytest.mark.parametrize(
    ("name", "usual", "held", "frame", "found"),
    [
        ("a.gif", 40, 240, 12, "after frame 12 the next one comes 0.24 s later"),
        ("a.webp", 40, 2000, 0, "after frame 0 the next one comes 2 s later"),
        ("a.gif", 40, 100, 12, None),
        ("a.gif", 40, 2000, 29, None),
        ("a.webp", 5, 20, 12, None),
    ],
)
def test_a_frame_that_is_held_is_named_unless_it_is_the_last(name, usual, held, frame, found, tmp_path):
    pictures = [Image.fromarray(picture) for picture in moving(30)]
    durations = [held if index == frame else usual for index in range(30)]
    pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], duration=durations)

    notes = open_source(tmp_path / name).notes

    assert [note for note in notes if "time jumps" in note] == (
        [f"{_HOLE.removesuffix(': ')} (1 of 1 videos, first {name}: {found})"] if found else []
    )


def test_jumps_of_several_videos_are_one_note(tmp_path):
    for index, gap in enumerate((10, 20)):
        encode(tmp_path / f"{index}.mp4", moving(30), times=[*range(20), *range(20 + gap, 30 + gap)])

    (note,) = open_source(tmp_path).notes

    assert note.endswith("(2 of 2 videos, first 0.mp4: after frame 19 the next one comes 0.44 s later)")


def test_a_second_stream_is_named_and_a_cover_is_not(tmp_path):
    for name, disposition, notes in (("two.mkv", None, (_SECOND,)), ("cover.mp4", "attached_pic", ())):
        with av.open(str(tmp_path / name), "w") as container:
            streams = [container.add_stream("libx264", rate=25), container.add_stream("mjpeg", rate=25)]
            for stream, layout in zip(streams, ("yuv420p", "yuvj420p"), strict=True):
                stream.height, stream.width, stream.pix_fmt = 64, 96, layout
            if disposition:
                streams[1].disposition = av.stream.Disposition[disposition]
            for stream, count in zip(streams, (10, 1 if disposition else 10), strict=True):
                for picture in moving(count):
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                container.mux(stream.encode())

        assert inspect_video(tmp_path / name).notes == notes
        assert inspect_video(tmp_path / name).num_frames == 10


def test_the_rates_of_a_source_are_those_of_its_videos(tmp_path):
    for index, rate in enumerate((24, 30)):
        encode(tmp_path / "mixed" / f"{index}.mp4", moving(12), rate=rate)
    write_frames(tmp_path / "frames" / "0", moving(3))
    mixed = open_source(tmp_path / "mixed")

    assert mixed.frame_rates == (24.0, 30.0)
    assert control("reversed", mixed, is_paired=False).frame_rates == (24.0, 30.0)
    assert open_source(tmp_path / "frames").frame_rates is None


@pytest.mark.parametrize(
    ("times", "declared", "rate"),
    [
        ([0, 40, 80], 0.0, 25.0),
        ([0, 33, 67, 100, 133, 167, 200], 0.0, 30.0),
        ([0, 40, 80, 200, 240], 0.0, 25.0),
        ([0, 10, 50, 200], 0.0, 15.0),
        ([0], 24.0, 24.0),
        ([0, None, 2], 12.5, 12.5),
        ([], 0.0, 0.0),
        ([5, 5], 0.0, 0.0),
    ],
)
def test_the_rate_is_that_of_the_frames(times, declared, rate):
    assert shown_rate(times, 0.001, declared) == rate
