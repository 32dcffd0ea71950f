"""The digits of ``explain``: those of the ends, and enough to show each change that has a share."""

import pytest
from support.table_samples import measured

from vidmbench.evaluation.studies.explain import ChangedField, Shift
from vidmbench.reporting.studies.explanation import explanation_text


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ((0.0, -32.0), ("2437", "0", "2437", "-32", "2405")),
        ((0.31, -32.0), ("2437.2", "+0.3", "2437.5", "-32.0", "2405.5")),
        ((1e-11, -32.0), ("2437", "+0", "2437", "-32", "2405")),
        ((0.0, 0.0), ("2437", "0", "2437", "0", "2437")),
    ],
)
def test_no_digit_is_noise_and_every_share_shows_a_change(changes, cells):
    values = (2437.2, 2437.2 + changes[0], 2437.2 + sum(changes))
    numbers = [measured(value=value, interval=(value - 1059, value + 1059)) for value in values]
    steps = [
        Shift(ChangedField("array.range", "a", "b"), value, change, None)
        for value, change in zip(values[1:], changes, strict=True)
    ]
    text = explanation_text(numbers, steps)
    rows = [[cell.strip() for cell in line.split("|")[4:6]] for line in text.splitlines()[2:5]]
    assert (rows[0][0], rows[1][1], rows[1][0], rows[2][1], rows[2][0]) == cells
    assert "2437 ± 1059  " in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [("jackknife-20x20-95", "bias included"), ("t-4-videos-95", "of the mean over videos"),
     ("t-3-scenes-95", "of the mean over scenes")],
)  # fmt: skip
def test_the_footer_says_what_the_interval_is_of(kind, words):
    ends = [measured(value=0.85, interval=(0.8, 0.9), interval_kind=kind)] * 2
    assert words in explanation_text(ends, []).splitlines()[-1]


@pytest.mark.parametrize(("shares", "is_said"), [((1.6, -0.6), True), ((0.4, 0.6), False), ((None, None), False)])
def test_shares_beyond_the_whole_are_explained(shares, is_said):
    ends = [measured(value=value) for value in (20.0, 36.0, 30.0)]
    steps = [
        Shift(ChangedField("array.range", "a", "b"), end.value, end.value - before.value, share)
        for before, end, share in zip(ends, ends[1:], shares, strict=False)
    ]
    assert ("A share beyond 100 %" in explanation_text(ends, steps)) == is_said
