"""Frames from the middle of a file: the same as from the start, without reading the whole file for each clip."""

import os
import tracemalloc

import av
import numpy as np
import pytest
from support.encoded_video import all_frames, encode, moving

from vidmbench.videos import decode, decoded_frames, inspect_video
from vidmbench.videos.files import first_look, frame_reading
from vidmbench.videos.files.frame_times import FrameTimes, frame_times, unpacked

_B_FRAMES = {"g": "12", "bf": "3"}
_OPEN_GROUPS = {"x264-params": "open-gop=1:keyint=8:min-keyint=8:bframes=3:scenecut=0:b-pyramid=1"}
_UNEVEN = np.cumsum([1 + (7 * k) % 5 for k in range(90)]).tolist()
_FORMS = {
    "b_frames.mp4": {"options": _B_FRAMES},
    "b_frames.mkv": {"options": _B_FRAMES},
    "b_frames.mov": {"options": _B_FRAMES},
    "short_groups.mp4": {"options": {"g": "3", "bf": "2", "x264-params": "scenecut=0:keyint=3:min-keyint=1"}},
    "open_groups.mp4": {"options": _OPEN_GROUPS},
    "open_groups.mkv": {"options": _OPEN_GROUPS},
    "intra_refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=12:bframes=0"}},
    "intra_refresh.mkv": {"options": {"x264-params": "intra-refresh=1:keyint=12:bframes=0"}},
    "all_intra.mp4": {"options": {"g": "1"}},
    "uneven.mp4": {"options": _B_FRAMES, "times": _UNEVEN},
    "uneven.mkv": {"options": _B_FRAMES, "times": _UNEVEN},
    "fragmented.mp4": {"options": _B_FRAMES, "file_options": {"movflags": "frag_keyframe+empty_moov"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12:bframes=3:open-gop=1"}},
    "vp8.webm": {"codec": "libvpx", "options": {"g": "12", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "8"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "12", "cpu-used": "8", "lag-in-frames": "12"}},
    "av1.mp4": {"codec": "libsvtav1", "options": {"g": "12", "preset": "12", "svtav1-params": "lookahead=0"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "mpeg2.ts": {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}},
    "h264.ts": {"options": _B_FRAMES},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "h264.flv": {"options": _B_FRAMES},
    "ffv1.mkv": {"codec": "ffv1", "options": {"g": "12"}},
    "prores.mov": {"codec": "prores_ks", "layout": "yuv422p10le"},
}


@pytest.fixture
def packets(monkeypatch):
    """How many packets were demuxed."""
    seen = []
    for module in (frame_reading, first_look):
        real = module.packets_of

        def counted(container, stream=None, real=real):
            for packet in real(container, stream):
                seen.append(packet.pts)
                yield packet

        monkeypatch.setattr(module, "packets_of", counted)
    return seen


@pytest.mark.parametrize(("name", "how"), _FORMS.items(), ids=_FORMS)
def test_frames_from_anywhere_equal_those_from_the_start(name, how, tmp_path):
    path = encode(tmp_path / name, moving(90), **how)
    expected = all_frames(path)
    facts = inspect_video(path)
    rng = np.random.default_rng(0)

    assert facts.num_frames == len(expected) == 90
    for start in [0, *rng.integers(1, 83, 8)]:
        clip = range(start, start + 7)
        np.testing.assert_array_equal(decode(path, clip, facts=facts), expected[clip], err_msg=f"{start}")
    scattered = rng.permutation(90)[:9].tolist()
    np.testing.assert_array_equal(decode(path, scattered, facts=facts), expected[scattered])


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv"])
def test_a_clip_costs_its_group_of_frames_and_not_the_file(name, tmp_path, packets):
    path = encode(tmp_path / name, moving(600, 32, 32), options={"g": "20", "bf": "2"})
    facts = inspect_video(path)
    packets.clear()

    decode(path, range(400, 416), facts=facts)
    assert len(packets) <= 16 + 20 + 20  # of the clip, before it in its group, and those that are decoded ahead
    packets.clear()
    decode(path, [5, 300, 599], facts=facts)
    assert len(packets) <= 3 * 40


def test_where_searching_proves_wrong_the_file_is_decoded_from_its_start(tmp_path):
    path = encode(tmp_path / "a.mp4", moving(60), options=_B_FRAMES)
    facts = inspect_video(path)
    times = unpacked(facts.frame_times)
    for wrong in (
        FrameTimes(times.times, tuple(range(60))),
        FrameTimes(tuple(time + 1 for time in times.times), times.key_frames),
        FrameTimes(times.times, (30,)),
    ):
        found = dict(frame_reading.read_frames_with_pyav(path, [3, 31, 32, 50], wrong))

        np.testing.assert_array_equal(np.stack(list(found.values())), all_frames(path)[[3, 31, 32, 50]])


def test_frames_come_one_by_one(tmp_path):
    path = encode(tmp_path / "a.mp4", moving(64, 256, 256), options={"preset": "ultrafast"})
    facts = inspect_video(path)
    expected = all_frames(path)
    tracemalloc.start()
    for index, picture in enumerate(decoded_frames(path, range(64), "pyav", facts=facts)):
        np.testing.assert_array_equal(picture, expected[index])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 8 * picture.nbytes


def test_asked_for_in_any_order(tmp_path):
    path = encode(tmp_path / "a.mp4", moving(30), options=_B_FRAMES)
    asked = [20, 3, 20, 29, 0]

    np.testing.assert_array_equal(np.stack(list(decoded_frames(path, asked))), all_frames(path)[asked])


def test_times_are_packed_small_and_read_back():
    times = frame_times([33 * k + k % 3 for k in range(200_000)], range(0, 200_000, 250))

    packed = times.packed()

    assert len(packed) < 20_000
    assert unpacked(packed) == times
    assert [unpacked(text) for text in ("", "no", packed[:40])] == [None] * 3


@pytest.mark.parametrize("times", [[], [0, 1, None], [0, 2, 1], [0, 1, 1]])
def test_times_that_do_not_increase_cannot_be_searched(times):
    assert frame_times(times, [0]) is None


def test_titles_in_another_encoding_do_not_matter(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Krasse Faelle"
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        for picture in moving(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    content = path.read_bytes()
    assert b"Krasse Faelle" in content
    path.write_bytes(content.replace(b"Krasse Faelle", "Krasse Fälle ".encode("latin-1")))

    assert inspect_video(path).num_frames == 3


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no scheduling policies to ask for")
def test_writing_a_file_leaves_the_priority_of_the_test_run(tmp_path):
    before = os.sched_getscheduler(0)
    encode(tmp_path / "av1.mp4", moving(2), **_FORMS["av1.mp4"])

    assert os.sched_getscheduler(0) == before
