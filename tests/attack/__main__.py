"""The campaign: kills, several processes, full disks, damage, hostile files and fuzzing, for a time that is given.

``make attack`` runs it. Every attack gives the same command again and compares its result, to the last bit, with that
of an undisturbed one. The last line counts; the exit code is 1 where not everything survived.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, cycle, islice
from pathlib import Path
from typing import NamedTuple

from attack import kinds
from attack.hostile import NUM_CASES, hostile
from attack.program import RUNNING, Arena, Failure, Scenario, kill
from attack.scenarios import ALL
from support.paths import ROOT, TESTS

Attack = tuple[str, Callable[[Arena], "str | Several"]]
_FUZZ_SECONDS = 90
_LAST_SECONDS = 20  # an attack that begins later would hardly end in time


class _OutOfTime(BaseException):
    """The time is over in the middle of an attack, which does not count."""


def _stop(*_: object) -> None:
    raise _OutOfTime


def attacks(scenarios: Iterable[Scenario] = ALL) -> Iterator[Attack]:
    """All attacks in turn, without end: of each round, every kind on every scenario once."""
    scenarios = tuple(scenarios)
    number = count()
    for _ in cycle([0]):
        for scenario in scenarios:
            yield f"kill, {scenario.name}", lambda arena, one=scenario: kinds.killed(arena, one)
        for scenario in scenarios[:6]:  # the others take long, and write as these do
            yield f"several processes, {scenario.name}", lambda arena, one=scenario: kinds.concurrent(arena, one)
            yield f"full disk, {scenario.name}", lambda arena, one=scenario: kinds.full_disk(arena, one)
            yield f"kill, {scenario.name}", lambda arena, one=scenario: kinds.killed(arena, one)
        for scenario in scenarios:
            if scenario.damaged:
                yield f"damage, {scenario.name}", lambda arena, one=scenario: kinds.damaged(arena, one)
        for case in islice(number, NUM_CASES):
            yield "hostile input", lambda arena, one=case: hostile(arena, one)


class Several(NamedTuple):
    """Many attacks that were counted elsewhere."""

    tried: int
    survived: int
    said: str


def fuzzing(arena: Arena) -> Several:
    """Mutated files for every reader, for a share of the time (see tests/fuzz)."""
    if not (TESTS / "fuzz").is_dir():
        raise kinds.Skipped("there is no tests/fuzz")
    words = [
        sys.executable,
        "-m",
        "fuzz",
        "--seconds",
        str(_FUZZ_SECONDS),
        "--seed",
        str(arena.random.randrange(10**6)),
    ]
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_FUZZ_SECONDS + 240, cwd=ROOT, env=environment
        )
    except subprocess.TimeoutExpired:
        raise Failure("the fuzz tests did not end") from None
    counted = re.search(r"^tried (\d+), failed (\d+)$", done.stdout, re.MULTILINE)
    if counted is None:
        raise Failure(f"the fuzz tests themselves failed: {(done.stdout + done.stderr)[-1500:]}")
    tried, failed = map(int, counted.groups())
    return Several(tried, tried - failed, done.stdout.strip() if failed else "every reader")


def campaign(tries: Iterable[Attack], arena: Arena, *, seconds: float, most: int | None = None) -> bool:
    """Makes attacks until the time is over, prints a line for each, and last how many survived.

    Args:
        tries: The attacks, in order.
        arena: Where they are made.
        seconds: After which no attack begins.
        most: Attacks at most.

    Returns:
        Whether all survived, and there was one.
    """
    ends = time.monotonic() + seconds
    tried, survived, skipped = 0, 0, Counter[str]()
    for name, attack in islice(tries, most):
        if time.monotonic() > ends:
            break
        try:
            said = attack(arena)
        except _OutOfTime:
            break
        except kinds.Skipped as reason:
            if not skipped[str(reason)]:
                print(f"skipped  {name}: {reason}", flush=True)
            skipped[str(reason)] += 1
            continue
        except Failure as failure:
            tried += 1
            print(f"FAILED   {name}: {failure}", flush=True)
            continue
        one = said if isinstance(said, Several) else Several(1, 1, said)
        tried += one.tried
        survived += one.survived
        print(f"{'survived' if one.tried == one.survived else 'FAILED  '} {name}: {one.said}", flush=True)
    for reason, number in skipped.items():
        print(f"skipped {number}: {reason}")
    print(f"tried {tried}, survived {survived}", flush=True)
    return 0 < tried == survived


def main() -> None:
    parser = argparse.ArgumentParser(prog="attack", description=__doc__)
    parser.add_argument("--minutes", type=float, default=14.0, help="how long (default 14)")
    parser.add_argument("--seed", type=int, default=0, help="of every random choice")
    parser.add_argument("--most", type=int, default=None, help="attacks at most")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vidmbench-attack-"))
    arena = Arena(folder, random.Random(given.seed))
    tries = chain([("fuzzing", fuzzing)], attacks())
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, 60 * given.minutes)
    is_good = campaign(tries, arena, seconds=60 * given.minutes - _LAST_SECONDS, most=given.most)
    signal.setitimer(signal.ITIMER_REAL, 0)
    for process in tuple(RUNNING):
        kill(process)
    if is_good:
        shutil.rmtree(folder)
    else:
        print(f"what did not survive is kept in {folder}", file=sys.stderr)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
