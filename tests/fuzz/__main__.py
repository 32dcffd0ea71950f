"""Changes valid files in every way that a seed gives, and reads them: a number or a VidmbenchError, soon.

PYTHONPATH=tests python -m fuzz --seconds 60                           all readers in turn
PYTHONPATH=tests python -m fuzz --seed 3 --reader npz --case 17        one case again, with its traceback
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from itertools import count
from pathlib import Path

from support.peak_memory import peak_memory

CASE_SECONDS = 10  # of the processor: other processes do not count
_WALL_SECONDS = 120
_MEMORY = 3 << 30
_ALARMING = ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "socket.connect", "os.spawn")


class Hang(BaseException):
    """A reader took longer than CASE_SECONDS; no ``except Exception`` takes it."""


def main() -> int:
    """Runs the cases; prints a line for each failure, and last how many were tried and failed."""
    options = _options()
    os.environ["VIDMBENCH_CACHE"] = tempfile.mkdtemp()
    warnings.simplefilter("ignore")
    from fuzz.readers import READERS

    alarms: list[str] = []
    sys.addaudithook(lambda event, _: alarms.append(event) if event in _ALARMING else None)
    signal.signal(signal.SIGALRM, _hang)
    signal.signal(signal.SIGPROF, _hang)
    readers = [reader for reader in READERS if options.reader in (None, reader.name)]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        valid = {}
        for reader in readers:
            folder = root / reader.name
            folder.mkdir()
            paths = reader.make(folder)
            if reader.is_whole:
                for path in paths:
                    reader.read(path)
            valid[reader.name] = [path.read_bytes() for path in paths]
        alarms.clear()  # what reads valid files may look at the machine
        tried = failed = 0
        end = time.monotonic() + options.seconds
        numbers = count() if options.case is None else [options.case]
        for number in numbers:
            for reader in readers:
                if options.case is None and time.monotonic() > end:
                    sys.stdout.write(f"tried {tried}, failed {failed}\n")
                    return int(failed > 0)
                problem = _case(reader, valid[reader.name], options, number, root)
                tried += 1
                if alarms:
                    problem = f"code ran: {', '.join(alarms)}"
                    alarms.clear()
                if problem:
                    failed += 1
                    again = f"--seed {options.seed} --reader '{reader.name}' --case {number}"
                    sys.stdout.write(f"{reader.name}: {problem}\n    again: PYTHONPATH=tests python -m fuzz {again}\n")
                    sys.stdout.flush()
    sys.stdout.write(f"tried {tried}, failed {failed}\n")
    return int(failed > 0)


def _case(reader, valid, options, number: int, root: Path) -> str | None:
    """Reads one changed file; what went wrong in words, or None."""
    from fuzz.mutations import mutated

    from vidmbench import VidmbenchError

    rng = random.Random(f"{options.seed}/{reader.name}/{number}")
    data, change = mutated(rng, rng.choice(valid))
    folder = root / f"case-{number % 50}-{reader.name}"
    folder.mkdir(exist_ok=True)
    path = folder / f"file{number}{reader.ending}"
    path.write_bytes(data)
    if options.progress:
        Path(options.progress).write_text(f"{reader.name}, {change}: --seed {options.seed} --case {number}\n")
    signal.setitimer(signal.ITIMER_PROF, CASE_SECONDS)
    signal.alarm(_WALL_SECONDS)
    try:
        with open(os.devnull, "w") as nothing, contextlib.redirect_stderr(nothing):
            reader.read(path)
    except VidmbenchError:
        pass
    except (Exception, Hang) as error:
        if options.case is not None:
            traceback.print_exc(file=sys.stdout)
        where = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in where if "vidmbench" in frame.filename and "tests" not in frame.filename] or where
        first = (str(error).splitlines() or [""])[0][:120]
        return f"{change}: {type(error).__name__}: {first} ({Path(ours[-1].filename).name}:{ours[-1].lineno})"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    path.unlink(missing_ok=True)
    used = peak_memory()
    return f"{change}: {used >> 20} MiB of memory" if used > _MEMORY else None


def _hang(*_: object) -> None:
    raise Hang(f"longer than {CASE_SECONDS} s of the processor, or {_WALL_SECONDS} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader")
    parser.add_argument("--case", type=int)
    parser.add_argument("--progress", help="a file that says which case is read; what a crash leaves")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
