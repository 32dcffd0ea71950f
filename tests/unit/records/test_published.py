"""Published tables that were saved by other programs."""

import csv
import shutil

import pytest

from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.records.published import published_values


@pytest.fixture
def path(tmp_path, monkeypatch):
    (tmp_path / "published").mkdir()
    shutil.copy(resources.results_dir() / "published" / "table1.csv", tmp_path / "published" / "mine.csv")
    monkeypatch.setattr(resources, "results_dir", lambda: tmp_path)
    published_values.cache_clear()
    yield tmp_path / "published" / "mine.csv"
    published_values.cache_clear()


def rewritten(path, change):
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def test_a_byte_order_mark_is_no_part_of_the_first_column(path):
    number = len(published_values("mine"))
    published_values.cache_clear()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(published_values("mine")) == number > 10


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-32"])
def test_other_encodings_are_named(path, encoding):
    path.write_bytes(path.read_text(encoding="utf-8").replace("†", "é").encode(encoding, errors="replace") + b"\xe9")
    with pytest.raises(ResultError, match="a published table cannot be read") as caught:
        published_values("mine")
    assert "CSV in UTF-8" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[0].pop(),
        lambda rows: rows[0].append("more"),
        lambda rows: rows[0].__setitem__(0, "Table"),
        lambda rows: rows.clear(),
    ],
    ids=["fewer", "more", "another", "none"],
)
def test_other_columns_are_named(path, change):
    rewritten(path, change)
    with pytest.raises(ResultError, match="a published table has other columns"):
        published_values("mine")


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.append("x"),
        lambda row: row.pop(),
        lambda row: row.__setitem__(9, "NaN"),
        lambda row: row.__setitem__(9, "inf"),
        lambda row: row.__setitem__(3, "9" * 5000),
        lambda row: row.__setitem__(3, "sixteen"),
    ],
    ids=["more cells", "fewer cells", "NaN", "inf", "digits", "words"],
)
def test_a_row_that_cannot_be_is_named_with_its_line(path, change):
    rewritten(path, lambda rows: change(rows[3]))
    with pytest.raises(ResultError, match="a row of a published table is invalid") as caught:
        published_values("mine")
    assert caught.value.where == f"{path}:4"
    assert len(str(caught.value)) < 2000


def test_what_is_no_csv(path):
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ResultError, match="published table"):
        published_values("mine")
