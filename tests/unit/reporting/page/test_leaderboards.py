"""The leaderboards of a report: who ranks where, and what is said of it."""

import pytest
from support.table_samples import measured, run_of

from vidmbench.reporting.page.leaderboards import leaderboard_section, leaderboards, verdict


def run(model, value, half=10.0, signature="aaaaaaaa", **changes):
    interval = None if half is None else (value - half, value + half)
    return run_of(measured(signature, value, interval, **changes), model=model, run_id=f"{model}-{signature}")


def ranks(board):
    return [(standing.model, standing.rank) for standing in board.models]


def test_one_model_is_surely_best():
    (board,) = leaderboards([run("b", 150.0), run("a", 100.0), run("c", 155.0), run("control:real", 20.0)])
    assert ranks(board) == [("a", 1), ("b", 2), ("c", 2)]
    assert [standing.model for standing in board.references] == ["control:real"]
    assert verdict(board) == "a is best: its interval lies below those of all others."


def test_overlapping_intervals_share_a_rank():
    (board,) = leaderboards([run("a", 100.0), run("b", 115.0), run("c", 130.0), run("d", 300.0)])
    assert ranks(board) == [("a", 1), ("b", 1), ("c", 2), ("d", 4)]  # c overlaps b, not a
    worse = "Below them: 2 models, surely worse than at least one of these."
    assert verdict(board) == f"Not distinguishable: a and b, whose intervals overlap. {worse}"


def test_higher_is_better_where_the_metric_says_so():
    spec = {"metric": "inception-score"}
    (board,) = leaderboards([run(m, v, metric="is", protocol_spec=spec) for m, v in (("a", 100.0), ("b", 200.0))])
    assert ranks(board) == [("b", 1), ("a", 2)]
    assert verdict(board) == "b is best: its interval lies above that of the other."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"half": None}, "no interval"),
        ({"protocol_spec": {"metric": "someones-own"}}, "does not say which way is better"),
        ({"warnings": ("first frames: of the real videos",)}, "continues given frames"),
    ],
)
def test_what_is_not_ranked(changes, reason):
    (board,) = leaderboards([run("a", 100.0, **changes), run("b", 50.0, **changes)])
    assert {standing.rank for standing in board.models} == {None}
    assert all(reason in standing.reason for standing in board.models)
    assert verdict(board) == "No model is ranked here."
    assert reason in leaderboard_section([run("a", 100.0, **changes)]).html


def test_a_number_is_the_latest_and_signatures_are_kept_apart():
    records = [run("a", 100.0), run("b", 90.0), run("a", 50.0), run("a", 1.0, signature="bbbbbbbb", frames=64)]
    first, second = leaderboards(records)
    assert [standing.measurement.value for standing in first.models] == [50.0, 90.0]
    assert verdict(second) == "a is the only model with a number that can be ranked."


def test_failed_numbers_and_controls_alone_have_no_leaderboard():
    failed = run_of(measured(value=None, interval=None, status="failed", reason="x"), model="a")
    assert leaderboards([failed, run("control:real", 1.0)]) == []
    assert "No model was scored" in leaderboard_section([run("control:real", 1.0)]).html


def test_the_section_holds_one_board_a_length_and_folds_the_others():
    records = [
        run("a", 100.0),
        run("<b>", 115.0),
        run("a", 100.0, signature="cccccccc", protocol="fvd-tats"),
        run("a", 100.0, signature="dddddddd", frames=64),
    ]
    html = leaderboard_section(records).html
    assert html.index("16 frames, FVD ↓") < html.index("64 frames, FVD ↓") < html.index("<details>")
    assert html.index("<details>") < html.index("fvd-tats")
    assert "&lt;b&gt;" in html
    assert "--low: 4.00%" in html
