"""The published numbers and the layouts that show them."""

import csv
import re
from collections import Counter

import pytest

from vidmbench.core import resources
from vidmbench.records.published import PublishedValue, published_values
from vidmbench.reporting.tables.build import build_table, layout_names, load_layout
from vidmbench.reporting.tables.text import to_markdown

TABLES = {"table1": 44, "table2": 34, "table3": 24}
PUBLISHED = [value for table in TABLES for value in published_values(table)]


def cell(table, metric="FVD", **wanted) -> PublishedValue:
    wanted = {"table": table, "metric": metric, **wanted}
    found = [one for one in PUBLISHED if all(getattr(one, key) == want for key, want in wanted.items())]
    assert len(found) == 1, f"{len(found)} cells fit {wanted}"
    return found[0]


def row(table, metric="FVD", **wanted) -> dict:
    wanted = {"table": table, "metric": metric, **wanted}
    found = [one for one in PUBLISHED if all(getattr(one, key) == want for key, want in wanted.items())]
    assert len({one.method for one in found}) == len(found)
    return {one.method: one.printed for one in found}


def test_every_csv_has_a_layout_and_all_its_rows():
    assert {path.stem for path in (resources.results_dir() / "published").glob("*.csv")} == set(TABLES)
    assert set(TABLES) <= set(layout_names())
    assert {table: len(published_values(table)) for table in TABLES} == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_columns_and_spelling(table):
    with (resources.results_dir() / "published" / f"{table}.csv").open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
    assert reader.fieldnames == list(PublishedValue.model_fields)
    for line in rows:
        assert None not in line, f"too many fields: {line}"
        assert all(text == text.strip() for text in line.values()), line


@pytest.mark.parametrize(
    "value", PUBLISHED, ids=lambda one: f"{one.table}-{one.dataset}{one.frames}-{one.method}-{one.metric}"
)
def test_each_cell_agrees_with_itself(value):
    """What is printed, the number, the spread, the flag and the note say the same."""
    assert value.source
    assert value.split in {"train", "train+test", "unstated"}
    assert value.class_conditional in {"true", "false", "unstated", "uncertain"}
    assert (value.value is None) == (value.flag == "not-printed")
    assert bool(value.notes) or not value.flag, "a flag needs a note"
    assert bool(value.reading) == (value.value is not None)
    if value.value is None:
        assert value.printed in {"", "-", "N/A"}
        return
    number, spread = re.fullmatch(r"([\d.]+)(?:±([\d.]+\??))?", value.printed).groups()
    assert float(number) == value.value
    if spread and spread.endswith("?"):
        assert value.stderr is None
        assert value.flag == "doubtful"
    else:
        assert (float(spread) if spread else None) == value.stderr


def test_numbers_of_the_vidm_rows():
    """Typed from the paper's tables, not from the CSV."""
    vidm = {
        ("UCF-101", 16): "294.7",
        ("UCF-101", 128): "1531.9",
        ("SkyTimelapse", 16): "57.4",
        ("SkyTimelapse", 128): "140.9",
        ("CLEVRER", 16): "87.4",
        ("CLEVRER", 128): "426.5",
        ("TaiChi-HD", 16): "121.9",
        ("TaiChi-HD", 128): "563.6",
    }
    for (dataset, frames), printed in vidm.items():
        assert cell("table1", dataset=dataset, frames=frames, method="VIDM").printed == printed


def test_whole_rows_of_table_1():
    assert list(row("table1", dataset="UCF-101", frames=16).items()) == [
        ("MoCoGAN+SG2", "1821.4"),
        ("MoCoGAN-HD", "1729.6"),
        ("VideoGPT", "2880.6"),
        ("DIGAN", "1630.2"),
        ("DIGAN (class-cond)", "471.9"),
        ("StyleGAN-V", "1431.0"),
        ("TATS", "332"),
        ("VIDM", "294.7"),
    ]
    sky = row("table1", dataset="SkyTimelapse", frames=128)
    assert list(sky.values()) == ["272.8", "878.1", "N/A", "196.7", "196.7", "197.0", "-", "140.9"]


def test_whole_rows_of_table_2():
    train = row("table2", metric="IS", split="train")
    assert " ".join(train.values()) == (
        "8.31±.09 11.85±.07 12.42±.07 14.56±.05 22.91±.19 24.69±.30 28.87±.67 29.71±.53 53.34 35.20"
    )
    both = row("table2", split="train+test")
    assert list(both.values()) == ["", "838", "577±2?", "", "", "295±3", "263"]


def test_whole_rows_of_table_3():
    truncation = "content: w/o sampling space truncation"
    assert [cell("table3", metric, method=truncation).printed for metric in ("FID", "IS", "FVD")] == [
        "21.1",
        "3.07",
        "107.9",
    ]
    motion = [cell("table3", method="motion: w/o implicit conditions", frames=frames) for frames in (16, 64, 128)]
    assert [one.printed for one in motion] == ["584.8", "552.1", "614.1"]


@pytest.mark.parametrize(("frames", "printed", "extracted"), [(16, "128.1", "28.1"), (128, "748.0", "48.0")])
def test_repaired_cells(frames, printed, extracted):
    taichi = cell("table1", dataset="TaiChi-HD", frames=frames, method="DIGAN")
    assert (taichi.printed, taichi.flag) == (printed, "repaired")
    assert f"reads {extracted}:" in taichi.note


def test_flags_of_known_traps():
    assert cell("table1", dataset="UCF-101", frames=16, method="TATS").flag == "other-protocol"
    assert cell("table1", dataset="UCF-101", frames=16, method="DIGAN (class-cond)").flag == "doubtful"
    assert cell("table1", dataset="SkyTimelapse", frames=16, method="DIGAN (class-cond)").flag == "duplicate"
    assert cell("table2", method="VDM").flag == "other-protocol"
    assert cell("table2", method="TGANv2").flag == "misprinted"
    assert cell("table2", "IS", method="StyleGAN-V").flag == "doubtful"
    assert all(one.flag for one in PUBLISHED if one.table == "table2" and one.metric == "FVD"), "the row reads FID"


def test_no_published_cell_is_lost_or_shown_twice():
    shown = Counter()
    for name in layout_names():
        layout = load_layout(name)
        for part in layout.parts:
            for first in part.rows:
                for second in part.columns:
                    if (first.label, second.label) in part.none:
                        continue
                    wanted = {**part.select.chosen(), **first.chosen(), **second.chosen()}
                    fitting = [
                        one
                        for one in PUBLISHED
                        if one.table in layout.published
                        and all(getattr(one, key) == want for key, want in wanted.items())
                    ]
                    assert len(fitting) == 1, (name, first.label, second.label)
                    shown[fitting[0]] += 1
    assert set(shown) == set(PUBLISHED)
    assert set(shown.values()) == {1}


@pytest.mark.parametrize("name", TABLES)
def test_tables_hold_every_cell_and_every_flag_has_its_footnotes(name):
    table = build_table(load_layout(name))
    cells = [one for panel in table.panels for line in panel.cells for one in line]
    published = published_values(name)
    assert Counter((one.text, one.flag) for one in cells) == Counter((one.printed, one.flag) for one in published)
    text = " ".join(to_markdown(table).split())
    for one in cells:
        assert bool([kind for kind, _ in one.details if kind != "tie"]) == bool(one.flag)
    told = load_layout(name).in_legend
    for value in published:
        if value.flag:
            said = [" ".join(note.rstrip(".").split()) for note in value.notes if note not in told]
            assert all(note in text for note in said), value
    assert max((int(number) for number in re.findall(r"^(\d+)\. ", to_markdown(table), flags=re.M)), default=0) <= 8
