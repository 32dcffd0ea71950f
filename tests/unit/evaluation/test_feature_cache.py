import numpy as np
import pytest

from vidmbench.evaluation.feature_cache import CacheEntry
from vidmbench.videos.source import Skipped


@pytest.fixture
def entry(tmp_path):
    return lambda rows=3: CacheEntry(tmp_path, "key", rows, 4)


def row(value):
    return np.full(4, value, dtype=np.float32)


def test_an_entry_grows_and_becomes_whole(entry):
    growing = entry()
    growing.start()
    for value in range(3):
        assert not growing.is_whole
        growing.append(row(value))
    growing.finish()
    assert growing.is_whole
    features, skipped = entry().read()
    np.testing.assert_array_equal(features, np.stack([row(value) for value in range(3)]))
    assert features.dtype == np.float32
    assert skipped == ()


def test_rows_are_written_through(entry, tmp_path):
    growing = entry()
    growing.start()
    growing.append(row(7))
    assert (tmp_path / "key.rows").stat().st_size == 16
    other = entry()
    other.start()
    assert other.rows == 1
    other.close()
    growing.close()


def test_more_rows_than_wanted_are_cut(entry, tmp_path):
    (tmp_path / "key.rows").write_bytes(np.zeros(40, "<f4").tobytes())
    growing = entry()
    growing.start()
    assert growing.rows == 3
    growing.close()
    assert (tmp_path / "key.rows").stat().st_size == 3 * 16


def test_skipped_rows_are_listed_in_order_and_left_out(entry):
    growing = entry(12)
    growing.start()
    for value in range(12):
        if value in (2, 10):
            growing.skip(Skipped(f"v{value}", "broken"))
        else:
            growing.append(row(value))
    assert [video.name for video in growing.skipped()] == ["v2", "v10"]
    growing.finish()
    features, skipped = entry(12).read()
    assert skipped == (Skipped("v2", "broken"), Skipped("v10", "broken"))
    assert features[:, 0].tolist() == [0, 1, 3, 4, 5, 6, 7, 8, 9, 11]


def test_a_row_of_nan_that_the_network_gave_is_no_skipped_row(entry):
    growing = entry(2)
    growing.start()
    growing.append(row(np.nan))
    growing.append(row(1))
    growing.finish()
    features, skipped = entry(2).read()
    assert (len(features), skipped) == (2, ())


def test_an_entry_of_another_shape_is_dropped(entry):
    growing = entry(3)
    growing.start()
    for value in range(3):
        growing.append(row(value))
    growing.finish()
    entry(3).drop_if_damaged()
    assert entry(3).is_whole
    entry(4).drop_if_damaged()
    assert not entry(3).is_whole
