"""``table`` of your own records: nothing else needed, and clear words where something is wrong."""

from pathlib import Path

import pytest
from support.own_records import own, two_models

from vidmbench.records.record import write_record


@pytest.fixture
def runs(folder):
    for record in two_models():
        write_record(record, folder / "runs")
    return folder / "runs"


@pytest.mark.parametrize(
    "words", [(), ("--runs", "runs"), ("--rows", "model", "--columns", "protocol,frames")], ids=str
)
def test_models_as_rows_and_nothing_else_needed(command, runs, words):
    said = command("table", *words)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("FVD (lower is better) on MyClips, 16 frames")
    assert "| model-a | 2437 ± 1059 |" in said.out
    assert "VIDM paper" not in said.out


@pytest.mark.parametrize(("form", "words"), [("csv", "part,row,column"), ("latex", r"\toprule"), ("html", "<!doctype")])
def test_formats(command, runs, form, words):
    assert words in command("table", "--runs", "runs", "--format", form).out


def test_signatures_are_the_appendix(command, runs):
    assert "fakes:bbbbbbbb" not in command("table").out
    assert "fakes:bbbbbbbb" in command("table", "--signatures").out
    assert "proto:fvd-stylegan-v" in command("table", "1", "--signatures").out
    assert "proto:fvd-stylegan-v" not in command("table", "1").out


def test_selections(command, runs):
    write_record(own("model-a", 9000.0, 500.0, frames=64, signature_id="64646464"), runs)
    assert "64 frames" in command("table").out
    assert "64 frames" not in command("table", "--frames", "16").out
    assert "model-b" not in command("table", "--model", "model-a").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rows", "modle"), ("unknown dimension in --rows 'modle': did you mean model",)),
        (("--columns", ","), ("--columns needs a value",)),
        (("--rows", "model", "--columns", "model"), ("model is in rows and in columns", "each dimension once")),
        (("--protocol", "fvd-tats"), ("unknown protocol in these records 'fvd-tats'", "fvd-vidm-paper")),
        (("--frames", "17"), ("unknown frames in these records '17'",)),
        (("1", "--rows", "model"), ("--rows is for a table of your own records", "omit 1")),
        (("--runs", "gone"), ("no such folder of records", "where: gone")),
    ],
    ids=str,
)
def test_bad_requests(command, runs, words, message):
    command("table", *words).fails(*message)


def test_a_folder_without_records(command, folder):
    Path("empty").mkdir()
    command("table", "--runs", "empty").fails("no measured number to show", "where: empty", "vidmbench run --model")
    assert "VIDM paper, Table 1" in command("table").out, "without records of your own, the tables of the paper"


def test_a_layout_of_your_own_is_in_the_help(command):
    assert "mine.toml" in command("table", "--help").out
