"""Progress for people: a bar where they watch, a line now and then where they do not, nothing where they asked so."""

import sys

import pytest

from vidmbench.core import progress


@pytest.fixture
def clock(monkeypatch):
    """The time, in seconds, to be set."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_line_every_thirty_seconds_where_stderr_is_no_terminal(capsys, clock):
    with progress.progress_bar() as tick:
        for done in range(1, 101):
            clock.now += 1.0
            tick(done, 100, "real, protocol 1 of 2" if done < 50 else "gen_a, protocols 1-2 of 2")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "real, protocol 1 of 2: 30 of 100 clips, about 1:10 left",
        "gen_a, protocols 1-2 of 2: 60 of 100 clips, about 0:40 left",
        "gen_a, protocols 1-2 of 2: 90 of 100 clips, about 0:10 left",
    ]


def test_work_of_an_earlier_run_says_nothing_of_the_time_left(capsys, clock):
    with progress.progress_bar() as tick:
        tick(900, 1000, "real")
        clock.now = 3600.0
        tick(950, 1000, "real")
    assert capsys.readouterr().err == "real: 950 of 1000 clips, about 1:00:00 left\n"


def test_quiet_and_short_work_say_nothing(capsys, clock):
    for is_shown, seconds in ((False, 100.0), (None, 0.1)):
        with progress.progress_bar(is_shown=is_shown) as tick, progress.frames_bar(is_shown=is_shown) as add:
            for done in range(1, 5):
                clock.now += seconds
                tick(done, 4, "real")
                add(16)
    assert capsys.readouterr().err == ""


def test_frames_of_a_model(capsys, clock):
    with progress.frames_bar() as add:
        for _ in range(4):
            clock.now += 10.0
            add(16)
    assert capsys.readouterr().err == "sampling: 48 frames\n"


def test_a_bar_says_at_once_what_goes_on(capsys):
    """A label is shown before the first clip, so that nobody waits for a network in silence."""
    with progress.progress_bar(is_shown=True) as tick:
        tick(0, 8, "loading the network i3d-kinetics400")
        sys.stderr.flush()
        assert "loading the network i3d-kinetics400  0/8" in capsys.readouterr().err
        for done in range(1, 9):
            tick(done, 8, "gen_a")
    assert "gen_a  " in capsys.readouterr().err
