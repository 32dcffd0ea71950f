import errno
import json
import os
import zlib

import filelock
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from vidmbench.core.errors import ResultError
from vidmbench.evaluation import rows_file
from vidmbench.evaluation.feature_cache import CacheEntry
from vidmbench.videos.source import Skipped

HEAD, ROW = 16, 20  # bytes of a file of rows: its head, and a row of four numbers with its checksum


@pytest.fixture
def entry(tmp_path):
    return lambda rows=3: CacheEntry(tmp_path, "key", rows, 4)


def row(value):
    return np.full(4, value, dtype=np.float32)


def grown(entry, rows, values=None):
    growing = entry(rows)
    with growing.growing():
        for value in range(rows) if values is None else values:
            growing.put(value, row(value))
        growing.finish()
    return growing


def kept(entry, rows):
    again = entry(rows)
    with again.growing():
        return again.missing


def test_an_entry_grows_and_becomes_whole(entry, tmp_path):
    growing = entry()
    with growing.growing():
        for value in range(3):
            assert not growing.is_whole
            growing.put(value, row(value))
        growing.finish()
    assert growing.is_whole
    whole = entry()
    assert whole.look()
    features, skipped = whole.read()
    np.testing.assert_array_equal(features, np.stack([row(value) for value in range(3)]))
    assert features.dtype == np.float32
    assert skipped == ()
    assert not (tmp_path / "key.rows").exists()


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o755])
def test_others_may_lock_and_go_on_where_they_may_write(mode, entry, tmp_path):
    tmp_path.chmod(mode)
    growing = entry()
    before = os.umask(0o077)
    try:
        with growing.growing():
            growing.put(0, row(0))
    finally:
        os.umask(before)
    for ending in (".lock", ".rows"):
        assert (tmp_path / f"key{ending}").stat().st_mode & 0o777 == mode & 0o666


def test_rows_are_written_through(entry, tmp_path):
    growing = entry()
    with growing.growing():
        growing.put(0, row(7))
        data = (tmp_path / "key.rows").read_bytes()
    assert len(data) == HEAD + ROW
    assert data[HEAD:-4] == row(7).tobytes()
    assert int.from_bytes(data[-4:], "little") == zlib.crc32(row(7).tobytes(), zlib.crc32(b"key 0"))
    assert kept(entry, 3) == [1, 2]


def test_more_rows_than_wanted_are_cut(entry, tmp_path):
    grown(entry, 6, range(5))
    assert kept(entry, 3) == []
    assert (tmp_path / "key.rows").stat().st_size == HEAD + 3 * ROW


def test_skipped_rows_are_listed_in_order_left_out_and_tried_again(entry, tmp_path):
    growing = entry(12)
    with growing.growing():
        for value in range(12):
            if value in (2, 10):
                growing.skipped[value] = Skipped(f"v{value}", "broken")
            else:
                growing.put(value, row(value))
        growing.finish()
    features, skipped = growing.read()
    assert skipped == (Skipped("v2", "broken"), Skipped("v10", "broken"))
    assert features[:, 0].tolist() == [0, 1, 3, 4, 5, 6, 7, 8, 9, 11]
    assert not entry(12).look()
    again = entry(12)
    with again.growing():
        assert again.missing == [2, 10]
        again.put(2, row(2))
        again.put(10, row(10))
        again.finish()
    whole = entry(12)
    assert whole.look()
    assert whole.read()[0][:, 0].tolist() == list(range(12))


def test_a_row_of_nan_that_the_network_gave_is_no_skipped_row(entry):
    growing = entry(2)
    with growing.growing():
        growing.put(0, row(np.nan))
        growing.put(1, row(1))
        growing.finish()
    whole = entry(2)
    assert whole.look()
    features, skipped = whole.read()
    assert (len(features), skipped) == (2, ())


def test_an_entry_of_another_shape_is_not_taken(entry):
    grown(entry, 3)
    assert entry(3).look()
    other = entry(4)
    assert not other.look()
    assert other.damage == "are damaged"


# Damage.


@pytest.mark.parametrize("position", range(0, 320, 7))
def test_every_flipped_bit_of_a_whole_entry_is_noticed(entry, tmp_path, position):
    grown(entry, 3)
    path = tmp_path / "key.safetensors"
    data = bytearray(path.read_bytes())
    expected = load_file(path)["features"]
    data[position % len(data)] ^= 1 << position % 8
    path.write_bytes(data)

    damaged = entry(3)

    assert not damaged.look() or np.array_equal(damaged.read()[0], expected)


def test_a_bit_of_a_number_in_a_whole_entry_is_noticed(entry, tmp_path):
    grown(entry, 3)
    path = tmp_path / "key.safetensors"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    damaged = entry(3)
    assert not damaged.look()
    assert damaged.damage == "are damaged"


def test_an_entry_without_a_checksum_is_computed_again(entry, tmp_path):
    save_file({"features": np.zeros((3, 4), np.float32)}, tmp_path / "key.safetensors", {"skipped": "{}"})
    old = entry(3)
    assert not old.look()
    assert old.damage == "were written by an earlier version, without a checksum"


def test_the_whole_entry_of_another_key_is_not_taken(entry, tmp_path):
    grown(entry, 3)
    (tmp_path / "key.safetensors").rename(tmp_path / "other.safetensors")
    assert not CacheEntry(tmp_path, "other", 3, 4).look()


@pytest.mark.parametrize("number", [0, 1, 3])
@pytest.mark.parametrize("damage", ["a bit", "zeros", "zeros to the end", "another row"])
def test_damaged_rows_are_computed_again(entry, tmp_path, capsys, damage, number):
    grown(entry, 5, range(4))
    path = tmp_path / "key.rows"
    data = bytearray(path.read_bytes())
    begin = HEAD + number * ROW
    if damage == "a bit":
        data[begin + 5] ^= 16
    elif damage == "zeros":
        data[begin : begin + ROW] = bytes(ROW)
    elif damage == "zeros to the end":
        data[begin:] = bytes(len(data) - begin)
    else:
        other = (number + 1) % 4
        data[begin : begin + ROW] = data[HEAD + other * ROW : HEAD + (other + 1) * ROW]
    path.write_bytes(data)
    lost = list(range(number, 4)) if damage == "zeros to the end" else [number]

    assert kept(entry, 5) == [*lost, 4]

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"note: {len(lost)} of 4 rows of features are computed again: damaged in ")


@pytest.mark.parametrize("content", [np.zeros(12, "<f4").tobytes(), b"\0" * (HEAD + 2 * ROW), b"x"])
def test_rows_without_checksums_are_not_taken(entry, tmp_path, capsys, content):
    (tmp_path / "key.rows").write_bytes(content)
    assert kept(entry, 3) == [0, 1, 2]
    assert "has no checksums or is damaged" in capsys.readouterr().err
    assert (tmp_path / "key.rows").read_bytes() == b"vidmbench rows 2"


def test_a_row_that_is_dropped_is_computed_again(entry, capsys):
    growing = entry(3)
    with growing.growing():
        for value in range(3):
            growing.put(value, row(value))
        growing.drop(1)
        growing.finish()
    assert growing.computed() == (0, 1, 2)
    assert kept(entry, 3) == [1]
    assert not capsys.readouterr().err


# A cache that cannot be written.


@pytest.fixture
def full_disk(monkeypatch):
    """A disk with room for some bytes more."""

    def fill(room):
        class Full(rows_file.FileIO):
            def write(self, data):
                nonlocal room
                if not room:
                    raise OSError(errno.ENOSPC, "No space left on device")
                count = super().write(bytes(data)[:room])
                room -= count
                return count

        monkeypatch.setattr(rows_file, "FileIO", Full)

    return fill


def test_a_full_disk_keeps_what_was_written(entry, full_disk, monkeypatch):
    full_disk(HEAD + 2 * ROW + 7)
    with pytest.raises(
        ResultError, match=r"No space left on device\n.*where: .*\n.*2 of 5 clips are kept in key\.rows"
    ):
        grown(entry, 5)
    monkeypatch.undo()
    assert kept(entry, 5) == [2, 3, 4]


def test_a_full_disk_at_the_start_says_so(entry, full_disk):
    full_disk(0)
    with pytest.raises(ResultError, match=r"0 of 3 clips are kept"), entry(3).growing():
        pytest.fail("not reached")


def test_a_full_disk_at_the_end_keeps_the_rows(entry, monkeypatch, tmp_path):
    def refuse(self, data):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    growing = entry(3)
    with growing.growing():
        for value in range(3):
            growing.put(value, row(value))
        monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
        with pytest.raises(ResultError, match="No space left on device"):
            growing.finish()
    monkeypatch.undo()
    again = entry(3)
    with again.growing():
        assert again.is_whole
        again.finish()
    assert entry(3).look()


@pytest.fixture
def read_only(monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(errno.EROFS, "Read-only file system")

    return lambda: monkeypatch.setattr(filelock.FileLock, "acquire", refuse)


def test_a_whole_entry_needs_no_lock(entry, read_only):
    grown(entry, 3)
    read_only()
    assert entry(3).look()


def test_missing_rows_need_a_cache_that_can_be_written(entry, read_only):
    read_only()
    with pytest.raises(ResultError, match="Read-only file system"), entry(3).growing():
        pytest.fail("not reached")


def test_rows_that_nobody_can_compute_need_no_lock(entry, read_only):
    grown(entry, 3, [0, 2])
    read_only()
    growing = entry(3)
    with growing.growing():
        assert growing.missing == [1]
        growing.finish()
        with pytest.raises(ResultError, match="Read-only file system"):
            growing.put(1, row(1))
    assert growing.read()[0][:, 0].tolist() == [0, 2]


def test_the_checksum_is_in_the_header(entry, tmp_path):
    grown(entry, 3)
    data = (tmp_path / "key.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert len(header["__metadata__"]["sha256"]) == 64
