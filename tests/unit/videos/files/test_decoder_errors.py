"""Damage that FFmpeg logs and marks on no frame is found, in threads too; what whole files log is passed over."""

import logging
from concurrent.futures import ThreadPoolExecutor

import av.logging
import pytest
from support.encoded_video import encode, moving

from vidmbench.core.errors import DataError
from vidmbench.videos import inspect_video, open_source
from vidmbench.videos.files import decoder_errors

_HASHED = {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12:hash=1"}}


def _with_one_bit_changed(path, place=0.5):
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 4
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("a.mkv", {"codec": "ffv1"}, "CRC mismatch"),
        ("a.avi", {"codec": "ffv1"}, "CRC mismatch"),
        ("a.mp4", _HASHED, "mismatching checksum"),
    ],
)
def test_a_checksum_that_differs_is_damage(name, how, said, tmp_path, capfd):
    path = encode(tmp_path / name, moving(24), **how)
    assert inspect_video(path).num_frames == 24
    _with_one_bit_changed(path)

    with pytest.raises(DataError, match=rf"{name[0]}\.{name[2:]} is damaged: (.|\n)*{said}") as raised:
        inspect_video(path)

    assert raised.value.where == str(path)
    assert capfd.readouterr() == ("", "")


def test_a_file_with_a_wrong_checksum_is_skipped_like_other_damaged_ones(tmp_path, own_cache):
    for name in ("a.mkv", "b.mkv", "c.mkv"):
        encode(tmp_path / "set" / name, moving(12), codec="ffv1")
    _with_one_bit_changed(tmp_path / "set" / "b.mkv")

    with pytest.raises(DataError, match=r"1 of 3 videos"):
        open_source(tmp_path / "set")
    assert len(open_source(tmp_path / "set", on_bad="skip")) == 2


def test_equal_damage_is_found_in_each_of_several_files_at_once(tmp_path):
    path = _with_one_bit_changed(encode(tmp_path / "0.mkv", moving(24), codec="ffv1"))
    paths = [tmp_path / f"{number}.mkv" for number in range(12)]
    whole = encode(tmp_path / "whole.mkv", moving(24), codec="ffv1")
    for copy in paths[1:]:
        copy.write_bytes(path.read_bytes())

    def is_refused(path):
        try:
            inspect_video(path)
        except DataError:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(is_refused, [part for path in paths for part in (path, whole)])) == [True, False] * 12


def test_a_program_that_silences_ffmpeg_hides_no_damage(tmp_path, monkeypatch):
    path = _with_one_bit_changed(encode(tmp_path / "a.mkv", moving(24), codec="ffv1"))
    real = decoder_errors.keep_errors
    silenced = []

    def then_silence():
        real()
        if not silenced:
            silenced.append(av.logging.set_level(None))

    monkeypatch.setattr("vidmbench.videos.files.containers.keep_errors", then_silence)

    with pytest.raises(DataError, match="is damaged"):
        inspect_video(path)
    assert silenced


def test_errors_outside_a_capture_are_not_printed(capfd):
    decoder_errors.keep_errors()

    av.logging.log(av.logging.ERROR, "h264", "something")

    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("libav").level == logging.CRITICAL


@pytest.mark.parametrize(
    ("text", "is_exact", "is_damage"),
    [
        ("mmco: unref short failure", False, False),
        ("co located POCs unavailable", False, False),
        ("unable to decode APP fields: Invalid data found when processing input", False, False),
        ("Verifying checksum for frame with POC 1: mismatching checksum of plane 0 - a != b", False, True),
        ("slice CRC mismatch 256A434D!", True, True),
        ("quant_table_index out of range", True, True),
    ],
)
def test_of_lossy_formats_only_checksums_count(text, is_exact, is_damage):
    assert (decoder_errors._sign_of_damage([text], is_exact=is_exact) is not None) == is_damage


def test_no_error_is_taken_for_a_repetition_of_another_files():
    av.logging.set_skip_repeated(True)
    decoder_errors.keep_errors()

    with av.logging.Capture() as logs:
        for _ in range(3):
            av.logging.log(av.logging.ERROR, "ffv1", "slice CRC mismatch")

    assert len(logs) == 3
