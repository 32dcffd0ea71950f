"""The gates of ``make benchmark``: pairs in turn, medians, three series before one fails."""

from types import SimpleNamespace

import pytest
from support import timing


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what the functions under test add to it; and who was called."""
    state = SimpleNamespace(now=0.0, calls=[])
    monkeypatch.setattr(timing, "perf_counter", lambda: state.now)
    return state


def lasting(clock, name, *seconds):
    """A function that takes these seconds, one after the other and again from the start."""

    def function():
        clock.now += seconds[clock.calls.count(name) % len(seconds)]
        clock.calls.append(name)

    return function


@pytest.fixture
def table():
    return SimpleNamespace(extra_info={}, pedantic=lambda function, rounds: None)


def test_pairs_are_measured_in_turn_and_one_that_was_disturbed_does_not_decide(clock):
    ratio = timing.ratio_of(lasting(clock, "slow", 4.0, 4.0, 1.0), lasting(clock, "fast", 1.0, 9.0, 0.5), pairs=3)
    assert clock.calls == ["slow", "fast"] * 3
    assert (ratio.value, ratio.slow, ratio.fast) == (2.0, 4.0, 1.0)  # the ratios are 4, 4/9 and 2


def test_a_gate_is_passed_in_the_third_series(clock, table):
    slow = lasting(clock, "slow", 1.0, 1.0, 3.0)
    ratio = timing.check_faster(table, slow, lasting(clock, "fast", 1.0), least=2.0, than="that", pairs=1)
    assert ratio.value == 3.0
    assert clock.calls == ["slow", "fast"] * 3
    assert table.extra_info == {"times faster than that": 3.0}


def test_a_gate_that_is_missed_three_times_fails(clock, table):
    slow, fast = lasting(clock, "slow", 1.0), lasting(clock, "fast", 1.0)
    with pytest.raises(AssertionError, match=r"1.00 times faster than that, expected at least 2.0, missed 3 times"):
        timing.check_faster(table, slow, fast, least=2.0, than="that", pairs=2)
    assert clock.calls == ["slow", "fast"] * 6


def test_without_a_gate_one_series_is_measured(clock, table):
    slow, fast = lasting(clock, "slow", 1.0), lasting(clock, "fast", 2.0)
    assert timing.check_faster(table, slow, fast, least=None, than="that", pairs=2).value == 0.5
    assert clock.calls == ["slow", "fast"] * 2
