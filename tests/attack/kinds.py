"""The kinds of attack. Each makes one attempt, and raises Failure where something did not survive it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attack.program import Arena, Failure, Scenario, finish, kill, run, start


class Skipped(Exception):
    """An attack that this system does not let us make, with the reason."""


def killed(arena: Arena, scenario: Scenario) -> str:
    """SIGKILL at a random moment, twice at times; then the same command."""
    seconds = arena.reference(scenario).seconds
    folder = arena.fresh(scenario)
    moments = [arena.random.uniform(0.25, 1.05) * seconds for _ in range(arena.random.choice((1, 1, 2)))]
    for moment in moments:
        process = start(scenario, folder)
        time.sleep(moment)
        kill(process)
    arena.check(scenario, folder)
    shutil.rmtree(folder)
    return f"after {' and '.join(f'{moment:.2f} s' for moment in moments)}"


def concurrent(arena: Arena, scenario: Scenario) -> str:
    """Several processes at once in one folder: each succeeds or says why not, and one result is left."""
    result = arena.reference(scenario).result
    folder = arena.fresh(scenario)
    count = arena.random.choice((2, 3))
    begun = time.monotonic()
    processes = []
    for _ in range(count):
        processes.append(start(scenario, folder))
        time.sleep(arena.random.uniform(0, 0.5))
    ends = [finish(process, begun) for process in processes]
    for ended in ends:
        ended.check()
        if ended.code == 0 and scenario.result(folder, ended.out) != result:
            raise Failure("another result than alone")
    if all(ended.code != 0 for ended in ends):
        raise Failure(f"none of {count} succeeded: {ends[0].err[-300:]}")
    arena.check(scenario, folder)
    shutil.rmtree(folder)
    return f"{count} at once"


@contextmanager
def _small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Skipped("a small disk needs Linux and the right to mount one")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        raise Skipped("this system mounts no tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def full_disk(arena: Arena, scenario: Scenario) -> str:
    """A disk that fills up: one message; with room again, the same command."""
    kilobytes = 8 + int(arena.random.uniform(0.05, 1.3) * arena.reference(scenario).kilobytes)
    folder = arena.fresh(scenario)
    with _small_disk(folder / "out", kilobytes):
        ended = run(scenario, folder)
        ended.check()
        more_room = ["mount", "-o", "remount,size=1g", str(folder / "out")]
        subprocess.run(more_room, check=True, capture_output=True)
        arena.check(scenario, folder)
    shutil.rmtree(folder)
    return f"{kilobytes} kB, exit code {ended.code}"


def damaged(arena: Arena, scenario: Scenario) -> str:
    """One wrong bit in a file of our own, or its end cut off: the same result, or a message; never another number."""
    result, _, seconds, _ = arena.reference(scenario)
    folder = arena.fresh(scenario)
    process = start(scenario, folder)
    if arena.random.random() < 0.5:
        time.sleep(arena.random.uniform(0.6, 1.0) * seconds)
        kill(process)
    else:
        finish(process, time.monotonic())
    paths = [path for pattern in scenario.damaged for path in (folder / "out").glob(pattern)]
    paths = sorted(path for path in paths if path.is_file() and path.stat().st_size)
    if not paths:
        return "nothing was written yet"
    path = arena.random.choice(paths)
    data = bytearray(path.read_bytes())
    if arena.random.random() < 0.7:
        position = arena.random.randrange(len(data))
        data[position] ^= 1 << arena.random.randrange(8)
        what = f"bit {position} x 8 of {path.name}"
    else:
        del data[arena.random.randrange(len(data)) :]
        what = f"{path.name} cut to {len(data)} bytes"
    path.write_bytes(data)
    ended = run(scenario, folder)
    ended.check()
    if ended.code == 0 and scenario.result(folder, ended.out) != result:
        raise Failure(f"another result, without a word, after {what}")
    shutil.rmtree(folder)
    return f"{what}, exit code {ended.code}"
