"""The campaign of ``make attack`` itself: it finds what does not survive, says so, and counts."""

import random
import re
import sys

import pytest
from attack import kinds
from attack.__main__ import Several, attacks, campaign
from attack.hostile import NUM_CASES, hostile
from attack.program import Arena, Failure, Scenario, files

# Two programs that write the same file: one under a temporary name, one in its place, bit by bit.
CAREFUL = """
import os, pathlib, time
target = pathlib.Path("out/result")
if not target.exists():
    temporary = target.with_name(".part")
    temporary.write_bytes(b"")
    for number in range(20):
        time.sleep(0.01)
        with temporary.open("ab") as stream:
            stream.write(bytes([number]))
    os.replace(temporary, target)
"""
CARELESS = """
import pathlib, time
target = pathlib.Path("out/result")
if not target.exists():
    with target.open("wb", buffering=0) as stream:
        for number in range(60):
            time.sleep(0.01)
            stream.write(bytes([number]))
"""
LITTER = CAREFUL.replace('".part"', 'f".part-{os.getpid()}"').replace("range(20)", "range(60)")
TRACEBACK = "raise SystemError"
ESCAPES = "print(chr(27) + '[2J')"
READS_BACK = """
import pathlib
stored, target = pathlib.Path("out/stored"), pathlib.Path("out/result")
if not stored.exists():
    stored.write_bytes(bytes(100))
target.write_bytes(stored.read_bytes())
"""


@pytest.fixture
def arena(tmp_path):
    return Arena(tmp_path, random.Random(0))


def scenario(code, damaged=()):
    return Scenario(
        "a program", (), lambda folder: None, files("result"), damaged, program=(sys.executable, "-c", code)
    )


def count_of(text):
    (line,) = re.findall(r"^tried (\d+), survived (\d+)$", text, re.MULTILINE)
    return tuple(map(int, line))


def kills(code):
    return [("kill", lambda arena: kinds.killed(arena, scenario(code)))] * 6


def test_what_survives(arena, capsys):
    assert campaign(kills(CAREFUL), arena, seconds=60)
    out = capsys.readouterr().out
    assert count_of(out) == (6, 6)
    assert out.endswith("tried 6, survived 6\n")


@pytest.mark.parametrize("code", [CARELESS, LITTER], ids=["half a file", "leftovers"])
def test_kills_find_what_does_not_survive(code, arena, capsys):
    assert not campaign(kills(code), arena, seconds=60)
    out = capsys.readouterr().out
    tried, survived = count_of(out)
    assert tried == 6
    assert survived < 6
    assert "FAILED   kill: " in out
    assert "another result" in out or "left behind: out/.part-" in out


@pytest.mark.parametrize(("code", "said"), [(TRACEBACK, "exit code 1"), (ESCAPES, "reached the terminal")])
def test_what_ends_badly_is_found(code, said, arena):
    from attack.program import run

    one = scenario(code)
    with pytest.raises(Failure, match=said):
        run(one, arena.fresh(one)).check()


def test_what_hangs_is_found(arena):
    from attack.program import run

    one = scenario("import time; time.sleep(60)")
    with pytest.raises(Failure, match="did not end"):
        run(one, arena.fresh(one), timeout=1)


def test_damage_that_is_not_noticed_is_found(arena, capsys):
    tries = [("damage", lambda arena: kinds.damaged(arena, scenario(READS_BACK, damaged=("stored",))))] * 6
    assert not campaign(tries, arena, seconds=60)
    assert "another result, without a word" in capsys.readouterr().out


def test_several_processes_that_disturb_each_other_are_found(arena):
    code = "import pathlib, sys; pathlib.Path('out/result').write_text('x')\ntry: pathlib.Path('out/lock').mkdir()"
    code += "\nexcept FileExistsError: sys.exit(1)\nimport time; time.sleep(2); pathlib.Path('out/lock').rmdir()"
    with pytest.raises(Failure, match="exit code 1"):
        kinds.concurrent(arena, scenario(code))


def test_nothing_tried_is_no_success(arena, capsys):
    def skipping(_):
        raise kinds.Skipped("not here")

    assert not campaign([("disk", skipping)] * 3, arena, seconds=60)
    assert "skipped 3: not here" in capsys.readouterr().out


def test_the_time_is_bounded(arena):
    assert not campaign(kills(CAREFUL), arena, seconds=-1)


def test_an_attack_in_the_middle_of_which_the_time_is_over_does_not_count(arena, capsys):
    from attack.__main__ import _stop

    assert campaign([("good", lambda _: ""), ("late", _stop), ("never", _stop)], arena, seconds=60)
    assert count_of(capsys.readouterr().out) == (1, 1)


def test_what_is_counted_elsewhere_is_added(arena, capsys):
    assert not campaign([("one", lambda _: ""), ("many", lambda _: Several(100, 99, "x.npz"))], arena, seconds=60)
    assert count_of(capsys.readouterr().out) == (101, 100)


def test_every_kind_comes_in_every_round():
    from itertools import islice

    names = [name for name, _ in islice(attacks(), 60)]
    for kind in (
        "kill, score",
        "kill, train",
        "several processes, run",
        "full disk, score",
        "damage, train",
        "hostile",
    ):
        assert any(name.startswith(kind) for name in names), kind


@pytest.mark.parametrize("number", range(NUM_CASES))
def test_hostile_inputs(number, arena):
    hostile(arena, number)
