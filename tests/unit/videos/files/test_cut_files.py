"""Files cut anywhere are refused in one sentence; files that only look short are read whole."""

import struct

import numpy as np
import pytest
from support.encoded_video import all_frames, encode, moving

from vidmbench.core.errors import DataError, VidmbenchError
from vidmbench.videos import decode, inspect_video
from vidmbench.videos.files.container_ends import promised_bytes, video_chunks_of_avi

_GROUPS = {"g": "12"}
_FAST = {"g": "12", "cpu-used": "8"}
_FORMS = {
    "plain.mp4": {},
    "moov_first.mp4": {"file_options": {"movflags": "faststart"}},
    "fragments.mp4": {"file_options": {"movflags": "frag_keyframe+empty_moov+default_base_moof"}},
    "plain.mov": {},
    "mpeg4.avi": {"codec": "mpeg4"},
    "h264.avi": {},
    "vp9.webm": {"codec": "libvpx-vp9", "options": _FAST},
    "vp8.webm": {"codec": "libvpx", "options": _FAST},
    "plain.mkv": {},
    "live.mkv": {"file_options": {"live": "1"}},
    "plain.ts": {},
    "plain.m2ts": {"file_options": {"mpegts_m2ts_mode": "1"}},
    "mpeg2.mpg": {"codec": "mpeg2video"},
    "h264.flv": {},
    "sorenson.flv": {"codec": "flv"},
    "wmv2.wmv": {"codec": "wmv2"},
    "sound.mp4": {"sound": ("aac", 2.0)},
    "sound.mkv": {"sound": ("aac", 2.0)},
    "sound_longer.mkv": {"sound": ("aac", 5.0)},
    "sound_shorter.mkv": {"sound": ("aac", 0.5)},
    "sound_longer.mp4": {"sound": ("aac", 5.0)},
    "sound_shorter.mp4": {"sound": ("aac", 0.5)},
    "sound.avi": {"codec": "mpeg4", "sound": ("mp2", 2.0)},
    "sound.ts": {"sound": ("aac", 2.0)},
    "sound.flv": {"sound": ("aac", 2.0)},
    "late.mp4": {"times": range(250, 300)},
    "late.mkv": {"times": range(250, 300)},
    "late.ts": {"times": range(250, 300)},
    "late.flv": {"times": range(250, 300)},
    "with_gaps.mp4": {"times": [*range(20), *range(30, 60)]},
    "with_gaps.mkv": {"times": [*range(20), *range(30, 60)]},
    "last_frame_stands.mkv": {"times": [*range(49), 200]},
    "dropped.avi": {"codec": "mpeg4", "times": [*range(7), *range(8, 51)]},
    "many_dropped.avi": {"codec": "mpeg4", "times": [*range(7), *range(17, 60)]},
    "dropped_before_the_last.avi": {"codec": "mpeg4", "times": [*range(49), 60]},
    "dropped_with_sound.avi": {"codec": "mpeg4", "times": [*range(7), *range(9, 52)], "sound": ("mp2", 2.1)},
}
_PACKETS = {".ts": 188, ".m2ts": 192, ".mpg": 2048}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Each file, written once."""
    folder, paths = tmp_path_factory.mktemp("whole"), {}

    def path_of(name):
        if name not in paths:
            how = {"options": _GROUPS, **_FORMS[name]}
            paths[name] = encode(folder / name, moving(50), **how)
        return paths[name]

    return path_of


@pytest.mark.parametrize("name", _FORMS)
def test_whole_files_are_read_whole(name, made):
    path = made(name)

    facts = inspect_video(path)

    assert facts.num_frames == 50
    np.testing.assert_array_equal(decode(path, [0, 30, 49], facts=facts), all_frames(path)[[0, 30, 49]])


@pytest.mark.parametrize("name", _FORMS)
def test_cut_files_are_refused(name, made, tmp_path):
    content = made(name).read_bytes()
    cut = tmp_path / f"cut_{name}"
    for missing in [1, 2, 3, 17, 100, 500, *(len(content) * tenth // 10 for tenth in range(1, 10))]:
        # Streams that can be joined at any packet say nothing of their length: between two packets is no cut.
        unit = _PACKETS.get(cut.suffix, 0)
        missing += bool(unit) and (len(content) - missing) % unit == 0
        cut.write_bytes(content[: len(content) - missing])

        with pytest.raises(DataError, match=cut.name) as raised:
            inspect_video(cut)
        assert "--on-bad skip" in (raised.value.fix or ""), missing


@pytest.mark.parametrize("name", ["plain.mp4", "sound.mp4", "plain.mov", "plain.mkv", "mpeg4.avi"])
def test_the_last_bytes_count_and_nothing_ends_in_a_traceback(name, made, tmp_path):
    content = made(name).read_bytes()
    cut = tmp_path / name
    for missing in range(1, 1200, 7):
        cut.write_bytes(content[: len(content) - missing])
        try:
            found = inspect_video(cut).num_frames
        except VidmbenchError as error:
            found = str(error)[: len(name)]
        # An AVI without its index, which comes last, still has every frame.
        assert found == name or (name == "mpeg4.avi" and found == 50), missing


def test_what_was_cut_is_said_in_bytes(made, tmp_path):
    content = made("plain.mkv").read_bytes()
    cut = tmp_path / "a.mkv"
    cut.write_bytes(content[: len(content) * 6 // 10])

    with pytest.raises(DataError, match=r"a\.mkv is cut off") as raised:
        inspect_video(cut)

    assert raised.value.expected == f"{len(content)} bytes, as its container declares"
    assert raised.value.found == f"{len(content) * 6 // 10} bytes"


@pytest.mark.parametrize("name", ["plain.mp4", "mpeg4.avi", "plain.mkv"])
def test_what_was_appended_does_not_matter(name, made, tmp_path):
    path = tmp_path / name
    path.write_bytes(made(name).read_bytes() + bytes(100))

    assert inspect_video(path).num_frames == 50


@pytest.mark.parametrize(("duration", "start", "num_frames"), [(0.5, 0, 25), (1, 20, 30), (0.25, 20, 13)])
def test_an_edit_list_that_shows_a_part(duration, start, num_frames, made, tmp_path):
    content = bytearray(made("plain.mp4").read_bytes())
    place = content.index(b"elst") + 12
    whole, first = struct.unpack_from(">II", content, place)
    struct.pack_into(">II", content, place, int(whole * duration), first + start * 512)
    path = tmp_path / "part.mp4"
    path.write_bytes(content)
    expected = all_frames(path)

    facts = inspect_video(path)

    assert facts.num_frames == num_frames == len(expected)
    for index in (0, num_frames // 2, num_frames - 1):
        np.testing.assert_array_equal(decode(path, [index], facts=facts)[0], expected[index])


def test_an_avi_that_was_never_finished(made, tmp_path):
    """Its lengths are still zero, as a recorder that was switched off leaves them; every frame is there."""
    content = bytearray(made("mpeg4.avi").read_bytes())
    frames = content.index(b"movi")
    content[4:8] = content[frames - 4 : frames] = bytes(4)
    path = tmp_path / "a.avi"
    path.write_bytes(content)

    assert promised_bytes(path) is None
    assert inspect_video(path).num_frames == 50


def test_an_avi_with_a_broken_chain_of_chunks(made, tmp_path):
    content = bytearray(made("mpeg4.avi").read_bytes())
    third = [place for place in range(len(content)) if content[place : place + 4] == b"00dc"][2]
    content[third + 4 : third + 8] = (2**30).to_bytes(4, "little")
    path = tmp_path / "a.avi"
    path.write_bytes(content)

    assert video_chunks_of_avi(made("mpeg4.avi"), 0) == (50, 0)
    assert video_chunks_of_avi(made("dropped.avi"), 0) == (50, 1)
    assert video_chunks_of_avi(path, 0) is None
    with pytest.raises(DataError, match=r"a\.avi"):
        inspect_video(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x1a\x45\xdf\xa3", b"FLV", b"RIFF", bytes(500), b"\0\0\0\x20ftyp", b"\xff" * 99]
)
def test_what_is_no_video_promises_nothing_or_more(content, tmp_path):
    (tmp_path / "a").write_bytes(content)

    promised = promised_bytes(tmp_path / "a")

    assert promised is None or promised >= len(content)


def test_an_avi_with_a_frame_under_another_name(made, tmp_path):
    """The demuxer passes over it in silence."""
    content = bytearray(made("mpeg4.avi").read_bytes())
    third = [place for place in range(len(content)) if content[place : place + 4] == b"00dc"][2]
    content[third : third + 4] = b"JUNK"
    path = tmp_path / "a.avi"
    path.write_bytes(content)

    with pytest.raises(DataError, match=r"a\.avi is cut off") as raised:
        inspect_video(path)
    assert raised.value.found == "49 frames"


def test_any_bytes_are_followed_to_an_end(made, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("plain.mp4", "plain.mkv", "live.mkv", "mpeg4.avi", "h264.flv", "plain.ts", "mpeg2.mpg", "wmv2.wmv"):
        content = np.frombuffer(made(name).read_bytes(), np.uint8)
        for _ in range(20):
            changed = content.copy()
            changed[rng.integers(0, min(400, len(content)), 3)] = rng.integers(0, 256, 3)
            (tmp_path / "a").write_bytes(changed.tobytes())
            promised_bytes(tmp_path / "a")
            video_chunks_of_avi(tmp_path / "a", 0)


@pytest.mark.parametrize("name", ["plain.mp4", "moov_first.mp4", "plain.mov"])
def test_joined_files_are_refused(name, made, tmp_path):
    content = made(name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content + content)

    with pytest.raises(DataError, match=r"is several videos joined with cat"):
        inspect_video(path)
