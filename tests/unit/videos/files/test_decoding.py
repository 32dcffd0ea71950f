"""Video files of every awkward kind, written here from arrays: counted, cut, damaged, turned, searched."""

import subprocess
import sys

import av
import numpy as np
import pytest
from support.encoded_video import all_frames, encode, moving

from vidmbench.core.errors import DataError, VidmbenchError
from vidmbench.videos import decode, inspect_video, write_mp4
from vidmbench.videos.files import decoding, frame_reading

_OPEN_GROUPS = {"x264-params": "open-gop=1:keyint=8:min-keyint=8:bframes=3:scenecut=0:b-pyramid=0"}
_FORMS = {
    "h264.mp4": {"options": {"g": "8"}},
    "h264.mkv": {"options": {"g": "8"}},
    "h264.ts": {"options": {"g": "8"}},
    "open.mp4": {"options": _OPEN_GROUPS},
    "open.mkv": {"options": _OPEN_GROUPS},
    "ten_bits.mkv": {"layout": "yuv420p10le"},
    "full_chroma.mp4": {"layout": "yuv444p", "options": {"g": "8"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "8", "cpu-used": "8"}},
    "vp8.webm": {"codec": "libvpx", "options": {"g": "8", "cpu-used": "8"}},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "8"}},
    "mpeg4_b_frames.avi": {"codec": "mpeg4", "options": {"g": "8", "bf": "2"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "8"}},
    "mjpeg.avi": {"codec": "mjpeg", "layout": "yuvj420p"},
    "wmv2.wmv": {"codec": "wmv2", "options": {"g": "8"}},
    "ffv1.mkv": {"codec": "ffv1"},
    "variable_rate.mp4": {"options": {"g": "8"}, "times": np.cumsum([1 + (7 * k) % 5 for k in range(24)])},
}


@pytest.mark.parametrize(("name", "how"), _FORMS.items(), ids=_FORMS)
def test_any_frame_alone_equals_the_full_decode(name, how, tmp_path):
    path = encode(tmp_path / name, moving(), **how)
    expected = all_frames(path)
    facts = inspect_video(path)

    assert (facts.num_frames, facts.height, facts.width) == expected.shape[:3]
    for index in (23, 7, 8, 9, 15, 0):
        np.testing.assert_array_equal(decode(path, [index], facts=facts)[0], expected[index], err_msg=f"{index}")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (7, 5), (17, 16), (33, 17), (35, 63)])
def test_tiny_and_odd_sizes(height, width, tmp_path):
    path = encode(tmp_path / "tiny.mkv", moving(5, height, width), layout="yuv444p")

    np.testing.assert_array_equal(decode(path, [4, 0]), all_frames(path)[[4, 0]])


def test_order_and_repeats_are_kept(tmp_path):
    path = tmp_path / "a.mp4"
    clip = moving()
    write_mp4(path, clip, lossless=True)

    np.testing.assert_array_equal(decode(path, [5, 2, 5, 23]), clip[[5, 2, 5, 23]])
    assert decode(path, []).shape == (0, 64, 96, 3)


@pytest.mark.parametrize("bad", [24, -1])
def test_frames_that_are_not_there(bad, tmp_path):
    write_mp4(tmp_path / "a.mp4", moving())

    with pytest.raises(DataError, match=f"a.mp4 has no frame {bad}"):
        decode(tmp_path / "a.mp4", [0, bad])


@pytest.mark.parametrize(("angle", "turns"), [(90, 1), (180, 2), (270, 3)])
def test_rotation_is_applied(angle, turns, tmp_path):
    clip = moving(3)
    path = encode(
        tmp_path / "turned.mp4", clip, codec="libx264rgb", layout="rgb24", options={"qp": "0"}, rotation=angle
    )

    facts = inspect_video(path)

    turned = decode(path, [1], facts=facts)[0]
    assert (facts.height, facts.width) == np.rot90(clip[1], turns).shape[:2]
    np.testing.assert_array_equal(turned, np.rot90(clip[1], turns))


def test_reading_starts_at_a_near_key_frame(tmp_path, monkeypatch):
    path = encode(tmp_path / "long.mp4", moving(200), options={"g": "20"})
    facts = inspect_video(path)
    converted = []
    real = frame_reading.to_rgb
    monkeypatch.setattr(frame_reading, "_from_start", lambda *_: pytest.fail("decoded from the start"))
    monkeypatch.setattr(frame_reading, "to_rgb", lambda *frame: converted.append(1) or real(*frame))

    decode(path, range(180, 196), "pyav", facts=facts)

    assert len(converted) == 16


def test_damage_in_the_middle_is_found(tmp_path):
    path = encode(tmp_path / "a.mkv", moving(60), options={"g": "12"})
    content = bytearray(path.read_bytes())
    for tenth in range(3, 9):  # one hit alone may by chance decode to nonsense without an error
        start = len(content) * tenth // 10
        content[start : start + 20] = b"\xaa" * 20
    path.write_bytes(content)

    with pytest.raises(DataError, match=r"a\.mkv (is damaged|cannot be read)"):
        inspect_video(path)


@pytest.mark.parametrize("name", ["end.mp4", "cut.avi", "cut.mkv", "cut.mp4"])
def test_cut_files_are_named(name, tmp_path):
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = encode(tmp_path / name, moving(100), codec=codec, options={"g": "12"})
    if name == "cut.mp4":  # the table of contents in front, as on the web
        with av.open(str(path)) as old, av.open(str(tmp_path / "f.mp4"), "w", options={"movflags": "faststart"}) as new:
            stream = new.add_stream_from_template(old.streams.video[0])
            for packet in old.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    new.mux(packet)
        path = tmp_path / "f.mp4"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    with pytest.raises(DataError) as raised:
        inspect_video(path)

    assert path.name in str(raised.value)
    assert "--on-bad skip" in (raised.value.fix or "")


def test_text_under_a_video_name(tmp_path):
    (tmp_path / "a.mp4").write_text("not a video\n" * 50)

    with pytest.raises(DataError, match=r"a\.mp4 cannot be read as a video"):
        inspect_video(tmp_path / "a.mp4")


def test_a_play_list_under_a_video_name(tmp_path):
    write_mp4(tmp_path / "real.mp4", moving(3))
    (tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile real.mp4\n")

    with pytest.raises(DataError, match="it is a play list that names other files"):
        inspect_video(tmp_path / "a.mp4")


def test_a_file_cut_exactly_between_two_frames(tmp_path):
    path = encode(tmp_path / "a.avi", moving(50), codec="mpeg4")
    with av.open(str(path)) as container:
        places = sorted(packet.pos for packet in container.demux(video=0) if packet.size)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: places[30] - 8])  # a chunk starts with 8 bytes of name and length

    with pytest.raises(DataError, match="is cut off") as raised:
        inspect_video(path)

    assert raised.value.found == f"{places[30] - 8} bytes"
    assert places[49] < int(raised.value.expected.split()[0]) <= size


def test_size_that_changes_on_the_way(tmp_path):
    small = encode(tmp_path / "s.ts", moving(10, 64, 96))
    large = encode(tmp_path / "l.ts", moving(10, 96, 128))
    (tmp_path / "both.ts").write_bytes(small.read_bytes() + large.read_bytes())

    with pytest.raises(DataError, match="changes its size on the way") as raised:
        inspect_video(tmp_path / "both.ts")

    assert "64x96 from frame 0, 96x128 from frame 10" in str(raised.value)


def test_frames_never_come_from_decord_unasked(tmp_path, monkeypatch):
    path = encode(tmp_path / "a.mp4", moving(), options={"g": "8"})
    monkeypatch.setattr(decoding, "_decord", lambda: pytest.fail("decord was loaded"))

    np.testing.assert_array_equal(decode(path, [20, 3]), all_frames(path)[[20, 3]])


def test_decord_that_is_missing_or_fails_says_so(tmp_path, monkeypatch):
    path = encode(tmp_path / "a.mp4", moving())

    class Broken:
        @staticmethod
        def VideoReader(path, num_threads):
            raise RuntimeError("no")

    for module, words in ((None, "decord is not installed"), (Broken, r"decord cannot read a\.mp4")):
        monkeypatch.setattr(decoding, "_decord", lambda module=module: module)
        with pytest.raises(VidmbenchError, match=words):
            decode(path, [3], "decord")


def test_importing_loads_neither_decoders_nor_torch():
    code = (
        "import sys, vidmbench.videos; print([m for m in ('av', 'decord', 'torch', 'PIL', 'tqdm') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
