"""Best and second best: which numbers are marked, and above all which are not."""

import re

import pytest
from support.table_samples import layout_of, measured, run_of

from vidmbench.core.errors import ProtocolError
from vidmbench.records.published import published_values
from vidmbench.reporting.tables.build import build_table, layout_names, load_layout
from vidmbench.reporting.tables.marks import comparison_of, with_marks
from vidmbench.reporting.tables.values import Cell


def published(value, compared="together", **changes):
    return Cell("published", str(value), value=value, compared=compared, **changes)


def own(value, width=1.0, signature_id="aaaaaaaa", **changes):
    interval = None if width is None else (value - width, value + width)
    return Cell("measured", str(value), value=value, interval=interval, compared=signature_id, **changes)


def marks(cells, better="lower"):
    return [{"best": "1", "second": "2", "": "."}[cell.mark] for cell in with_marks(cells, better)]


@pytest.mark.parametrize(
    ("cells", "better", "expected"),
    [
        ([published(3.0), published(1.0), published(2.0)], "lower", ".12"),
        ([published(3.0), published(1.0), published(2.0)], "higher", "1.2"),
        ([published(3.0), published(1.0)], "lower", ".1"),
        ([published(3.0)], "lower", "."),
        ([published(3.0), Cell(), published(1.0)], "lower", "..1"),
        ([published(1.0), published(1.0), published(2.0), published(3.0)], "lower", "11.."),
        ([published(1.0), published(1.0)], "lower", ".."),
        ([published(1.0), published(2.0), published(2.0), published(3.0)], "lower", "122."),
        ([published(1.0), published(2.0), published(2.0)], "lower", "1.."),
    ],
    ids=["lower", "higher", "a pair", "alone", "gap", "shared", "all equal", "second shared", "all the rest"],
)
def test_order(cells, better, expected):
    assert "".join(marks(cells, better)) == expected


def test_without_a_common_evaluation_nothing_is_marked():
    assert marks([published(1.0, ""), published(2.0, ""), published(3.0, "")]) == [".", ".", "."]
    assert marks([published(1.0, "a"), published(2.0, "b")]) == [".", "."]
    assert marks([own(1.0), own(5.0, signature_id="bbbbbbbb")]) == [".", "."]
    assert marks([published(1.0), own(5.0)]) == [".", "."], "published and measured never meet"


def test_each_comparable_set_has_its_own_best():
    cells = [published(9.0, "a"), published(1.0, ""), published(8.0, "a"), own(5.0), own(50.0)]
    assert marks(cells) == [".", ".", "1", "1", "."]


@pytest.mark.parametrize("flag", ["doubtful", "misprinted"])
def test_marking_stops_at_a_doubtful_number(flag):
    doubtful = published(2.0, flag=flag)
    assert marks([published(1.0), doubtful, published(3.0), published(4.0)]) == ["1", ".", ".", "."]
    assert marks([published(2.5), doubtful, published(3.0)]) == [".", ".", "."], "not even the best sure one"
    assert marks([published(1.0), doubtful]) == [".", "."], "no sure number is beaten"
    assert marks([published(1.0), published(1.5), published(1.7), doubtful]) == ["1", "2", ".", "."]
    assert marks([published(1.0), published(2.0, flag="repaired"), published(3.0)]) == ["1", "2", "."]


def test_overlapping_intervals_share_a_mark():
    assert marks([own(10.0), own(11.5), own(20.0)]) == ["1", "1", "."]
    assert marks([own(10.0), own(20.0), own(21.0), own(30.0)]) == ["1", "2", "2", "."]
    assert marks([own(10.0), own(11.5)]) == [".", "."], "a tie has no winner"
    assert marks([published(10.0, spread=1.0), published(10.5), published(20.0)]) == ["1", "1", "."]


def test_a_measured_number_without_interval_beats_nothing_and_may_be_anything():
    assert marks([own(1.0, None), own(5.0)]) == [".", "."]
    assert marks([own(1.0), own(5.0, None), own(9.0)]) == [".", ".", "."]


# Which published numbers compare


@pytest.mark.parametrize("flag", ["other-protocol", "duplicate", "not-printed"])
def test_what_is_made_in_another_way_is_outside(flag):
    (value,) = (one for one in published_values("table1") if one.value == 87.4)
    assert comparison_of(value, 0)
    assert comparison_of(value, None) == "", "no common evaluation is known"
    assert comparison_of(value.model_copy(update={"flag": flag}), 0) == ""
    for change in ({"split": "train"}, {"class_conditional": "true"}):
        assert comparison_of(value.model_copy(update=change), 0) != comparison_of(value, 0)


def test_groups_that_do_not_contradict_each_other_are_still_not_ranked(tmp_path):
    """Partial signatures full of ``?`` conflict with nothing; a bold number on such grounds would be a lie."""
    columns = '{ label = "VIDM", method = "VIDM" }, { label = "DIGAN", method = "DIGAN" }'
    apart = "".join(
        f'[[parts.protocols]]\nmethods = ["{name}"]\nnote = "x"\n'
        'scored_together = true\nsignatures = ["fvd | proto:?"]\n'
        for name in ("VIDM", "DIGAN")
    )
    assert not build_table(layout_of(tmp_path, columns, apart)).has_marks
    together = '[[parts.protocols]]\nmethods = ["VIDM", "DIGAN"]\nnote = "x"\n'
    assert not build_table(layout_of(tmp_path, columns, together)).has_marks
    table = build_table(layout_of(tmp_path, columns, together + "scored_together = true\n"))
    assert [[cell.mark for cell in line] for line in table.panels[0].cells] == [["best", ""], ["best", ""]]
    assert "Scored together: ranked among themselves." in table.panels[0].protocols[0]


def test_who_scored_together_cannot_have_done_so_in_two_ways(tmp_path):
    rest = (
        '[[parts.protocols]]\nmethods = ["VIDM"]\nnote = "x"\nscored_together = true\n'
        'signatures = ["fvd | cov:n", "fvd | cov:n-1"]\n'
    )
    with pytest.raises(ProtocolError, match=re.escape("scored_together, but the signatures differ in cov")):
        layout_of(tmp_path, rest=rest)
    assert layout_of(tmp_path, rest=rest.replace("scored_together = true\n", ""))


# The tables as they stand


def marked(name):
    table = build_table(load_layout(name))
    return {
        (row, column): cell.mark
        for panel in table.panels
        for row, line in zip(panel.rows, panel.cells, strict=True)
        for column, cell in zip(panel.columns, line, strict=True)
        if cell.mark
    }


def test_table_1_ranks_whom_one_party_scored():
    found = marked("1")
    assert found["256-UCF101^16", "StyleGAN-V"] == "best"
    assert found["256-SkyTimelapse^128", "DIGAN"] == "best"
    assert found["256-CLEVRER^16", "VIDM"] == "best"
    assert not [row for row, column in found if column in ("TATS", "DIGAN‡")]
    assert not [row for row, column in found if column == "VIDM" and "CLEVRER" not in row]
    assert not [row for row, _ in found if "TaiChi" in row], "three systems of three origins"


def test_table_2_ranks_nobody_and_says_so():
    table = build_table(load_layout("2"))
    assert marked("2") == {}
    assert any("No number is marked as best" in line for line in table.legend)


def test_table_3_has_no_second_where_a_doubtful_number_stands_there():
    found = marked("3")
    assert found["default VIDM", "FVD^64 ↓"] == "best"
    assert "second" not in [mark for (_, column), mark in found.items() if column == "FVD^64 ↓"]
    assert found["w/o PosGN", "FVD^128 ↓"] == "second"


@pytest.mark.parametrize("name", layout_names())
def test_no_flagged_number_is_marked(name):
    cells = [cell for panel in build_table(load_layout(name)).panels for line in panel.cells for cell in line]
    assert not [cell.text for cell in cells if cell.mark and cell.flag not in ("", "repaired")]


# Measured numbers


def systems(*records):
    panel = build_table(load_layout("table1"), records).panels[1]
    return {column: panel.cells[0][at].mark for at, column in enumerate(panel.columns) if "(" in column}


def test_controls_and_given_first_frames_do_not_compete():
    def record(model, value, **changes):
        return run_of(measured(value=value, interval=(value - 1, value + 1), **changes), model=model, run_id=model)

    rivals = [record("a", 50.0), record("b", 60.0)]
    assert systems(*rivals) == {"a (measured)": "best", "b (measured)": ""}
    for model in ("control:real", "static-of:a"):
        assert systems(*rivals, record(model, 10.0)) == {
            "a (measured)": "best",
            "b (measured)": "",
            f"{model} (measured)": "",
        }
    given = record("c", 10.0, warnings=("first frames: real, frame 0 of each video of clevrer@train",))
    drawn = record("c", 10.0, warnings=("first frames: generated",))
    assert systems(*rivals, given)["c (measured)"] == ""
    assert systems(*rivals, drawn)["c (measured)"] == "best"


def test_only_one_signature_is_ranked():
    records = [
        run_of(measured(signature_id, value, (value - 1, value + 1)), model=model, run_id=model)
        for model, value, signature_id in (("a", 10.0, "aaaaaaaa"), ("b", 20.0, "bbbbbbbb"), ("c", 30.0, "bbbbbbbb"))
    ]
    assert systems(*records) == {"a (measured)": "", "b (measured)": "best", "c (measured)": ""}


def test_reproduced_are_measured_systems_of_the_table():
    digan = run_of(measured(), model="digan", run_id="digan")
    other = run_of(measured(), model="tats", run_id="tats")
    table = build_table(load_layout("table1"), [digan, other, run_of(measured())])
    assert table.panels[1].columns[-3:] == ("digan (reproduced)", "tats (measured)", "vidm (measured)")
    kinds = [cell.kind for cell in table.panels[1].cells[0][-3:]]
    assert kinds == ["reproduced", "measured", "measured"], "TATS has no number on CLEVRER to be reproduced"
    assert any(line.startswith("Reproduced: measured by vidmbench") for line in table.legend)
    assert not any(line.startswith("Reproduced") for line in build_table(load_layout("table1"), [other]).legend)


def test_stand_ins_reproduce_nothing(tmp_path):
    axes = {
        "rows": (
            'rows = [{ label = "16", frames = 16 }, { label = "128", frames = 128 }]',
            'rows = [{ label = "a", method = "VIDM", measured_as = "vidm-official" }]',
        ),
        "stand": ("[measured]\n", '[measured]\nstand_ins = { CLEVRER = ["clevrer-mini"] }\n'),
    }
    layout = layout_of(tmp_path, '{ label = "16", frames = 16 }', **axes)
    for dataset, kind in (("clevrer", "reproduced"), ("clevrer-mini", "measured")):
        table = build_table(layout, [run_of(measured(), model="vidm-official", dataset=dataset)])
        assert [cell.kind for cell in table.panels[0].cells[0]] == ["published", kind]


def test_published_and_measured_columns_of_one_case_are_ranked_apart():
    records = [
        run_of(measured(value=value, interval=(value - 1, value + 1)), model=model, run_id=model)
        for model, value in (("vidm-content-vanilla", 10.0), ("vidm-default", 30.0))
    ]
    panel = build_table(load_layout("3"), [one.model_copy(update={"dataset": "clevrer"}) for one in records]).panels[0]
    marks_of = [[line[at].mark for line in panel.cells] for at in (-2, -1)]
    assert marks_of == [["", "", "second", "best"], ["best", "", "", ""]]
