"""Labels of any origin in tables: no false row, no formula, no link, nothing hidden."""

import csv
import io

import pytest
from support.table_samples import layout_of, measured, run_of

from vidmbench.reporting.tables.build import build_table, measurement_rows, printed
from vidmbench.reporting.tables.delimited import to_csv

ESCAPES = "\x1b[2J\x1b[31m\x07"
HIDDEN = ["\n", "\r", "\x1b", "\x9b", "\x85", "\u202e", "\u200b", "\u2028", "\x0b", "\0"]


def table_with(folder, model, **changes):
    return build_table(layout_of(folder), [run_of(measured(**changes), model=model)])


@pytest.mark.parametrize("form", ["md", "csv", "latex", "html"])
@pytest.mark.parametrize("character", HIDDEN, ids=ascii)
def test_nothing_hidden_and_no_line_more(character, form, tmp_path):
    plain = printed([table_with(tmp_path, "aXb", warnings=("cXd",))], form)
    label = f"a{character}b"
    text = printed([table_with(tmp_path, label, warnings=(f"c{character}d",))], form)
    assert character not in text.replace("\n", "") if character != "\n" else True
    assert text.count("\n") == plain.count("\n")
    assert len(text.splitlines()) == len(plain.splitlines())


@pytest.mark.parametrize("character", HIDDEN, ids=ascii)
def test_rows_of_a_run_too(character):
    record = run_of(measured(signature=f"fvd | x{character}y"), model=f"a{character}| 1.0 |", dataset=f"d{character}")
    lines = measurement_rows([record]).to_markdown().splitlines()
    assert len(lines) == len(measurement_rows([run_of(measured())]).to_markdown().splitlines())
    assert character not in "".join(lines)


@pytest.mark.parametrize(
    "label", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("http://x")', "＝1+1", "\t=1+1"]
)
def test_spreadsheets_compute_no_label(label, tmp_path):
    rows = list(csv.reader(io.StringIO(to_csv(table_with(tmp_path, label, warnings=(label,))))))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "＝", "-2+", "-1+", "\t"))]
    assert any(label.strip() in cell for cell in cells)


@pytest.mark.parametrize(
    ("value", "interval", "cell"),
    [
        (-0.5, None, "-0.500 (no interval)"),
        (-0.5, (-0.7, -0.3), "-0.500 ± 0.200"),
        (-12.0, (-15.0, -11.0), "-12.00 [-15.00, -11.00]"),
    ],
)
def test_negative_numbers_are_numbers(value, interval, cell, tmp_path):
    text = measured(value=value, interval=interval).text(3 if value > -1 else 2)
    assert text == cell
    table = build_table(layout_of(tmp_path), [run_of(measured(value=value, interval=interval))])
    rows = csv.DictReader(io.StringIO(to_csv(table)))
    assert [float(row["value"]) for row in rows if row["kind"] == "measured"] == [value]


def test_markdown_has_no_tag_and_no_link(tmp_path):
    label = "<img src=x onerror=alert(1)> [click](javascript:alert(1)) a|b"
    text = printed([table_with(tmp_path, label, warnings=(label,))], "md")
    assert r"\<img" in text
    assert "](javascript" not in text
    assert " <img" not in text
    rows = measurement_rows([run_of(measured(), model=label)]).to_markdown()
    assert r"a\|b" in rows
    assert " <img" not in rows.partition("\n\n")[0]


def test_latex_compiles_whatever_a_label_holds(tmp_path):
    text = printed([table_with(tmp_path, "\\input{/etc/passwd} $x$ % & # _ ^ ~ {}\x1b\u202e")], "latex")
    assert "\\input" not in text
    assert r"\textbackslash{}input\{/etc/passwd\}" in text.replace(r"\allowbreak{}", "")
    assert "U+001B" in text


def test_square_brackets_are_no_markup(tmp_path):
    text = measurement_rows([run_of(measured(), model="[red]x[/] [bold]")]).to_markdown()
    assert "[red]x[/] [bold]" in text
