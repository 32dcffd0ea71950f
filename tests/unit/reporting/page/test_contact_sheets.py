"""The picture beside a record: only a picture, and only that of the record's own folder."""

import io
import os

import pytest
from PIL import Image, PngImagePlugin
from support.table_samples import measured, run_of

from vidmbench.core.errors import ResultError
from vidmbench.records.record import find_records, write_record
from vidmbench.reporting.page import contact_sheets
from vidmbench.reporting.page.contact_sheets import contact_sheet_beside
from vidmbench.reporting.page.write import write_report


@pytest.fixture
def record(tmp_path):
    return write_record(run_of(measured(), model="my gan"), tmp_path / "runs")


def picture(path, **options):
    Image.new("RGB", (20, 10), "red").save(path, "png", **options)
    return path


def test_pixels_and_nothing_else_are_taken_over(record):
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Comment", "private words")
    path = picture(record.with_suffix(".png"), pnginfo=facts)
    path.write_bytes(path.read_bytes() + b"private words behind it")
    sheet = contact_sheet_beside(record)
    assert b"private" not in sheet
    shown = Image.open(io.BytesIO(sheet))
    assert (shown.size, shown.getpixel((0, 0))) == ((20, 10), (255, 0, 0))


def test_none(record):
    assert contact_sheet_beside(record) is None


def link(path, tmp_path):
    path.symlink_to(picture(tmp_path / "private.png"))


def link_to_text(path, tmp_path):
    (tmp_path / "key").write_text("private words")
    path.symlink_to(tmp_path / "key")


def text(path, tmp_path):
    path.write_text("private words")


def jpeg(path, tmp_path):
    Image.new("RGB", (8, 8)).save(path, "jpeg")


def svg(path, tmp_path):
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")


def cut_off(path, tmp_path):
    Image.effect_noise((64, 64), 50).save(path, "png")
    path.write_bytes(path.read_bytes()[:900])


def huge(path, tmp_path):
    picture(path)
    data = bytearray(path.read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    path.write_bytes(data)


def pipe(path, tmp_path):
    os.mkfifo(path)


def folder(path, tmp_path):
    path.mkdir()


@pytest.mark.parametrize("make", [link, link_to_text, text, jpeg, svg, cut_off, huge, pipe, folder])
def test_everything_else_is_not_shown_and_says_why(make, record, tmp_path):
    make(record.with_suffix(".png"), tmp_path)
    with pytest.raises(ResultError, match="the image beside its record"):
        contact_sheet_beside(record)
    found = find_records(tmp_path / "runs")
    (page,) = write_report(found.records, tmp_path / "site", where="here", files=found.files)
    html = page.read_text()
    assert "not shown: " in html
    assert "the image beside its record" in html
    assert "data:image/png" not in html
    assert "private" not in html


def test_a_large_file_is_not_read(record, monkeypatch):
    monkeypatch.setattr(contact_sheets, "_MOST_BYTES", 10)
    picture(record.with_suffix(".png"))
    with pytest.raises(ResultError, match="is larger than"):
        contact_sheet_beside(record)


def test_it_belongs_to_the_record_of_its_name(tmp_path):
    """A folder of others cannot put its picture beside a record of ours by taking the name of our run."""
    ours = write_record(run_of(measured(), run_id="run-1"), tmp_path / "ours")
    theirs = write_record(run_of(measured(), run_id="run-2", model="their model"), tmp_path / "theirs")
    theirs.rename(tmp_path / "theirs" / "run-1.json")
    picture(tmp_path / "theirs" / "run-1.png")
    found = find_records(tmp_path / "ours", tmp_path / "theirs")
    assert found.files == {"run-1": ours, "run-2": tmp_path / "theirs" / "run-1.json"}
    assert contact_sheet_beside(found.files["run-1"]) is None
