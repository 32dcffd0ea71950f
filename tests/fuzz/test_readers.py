"""Changed files of every kind, for a time that is given: no traceback, no hang, no crash, no code run.

FUZZ_SECONDS and FUZZ_SEED change how long and with which seed; ``make fuzz`` takes ten minutes and a seed of its own.
"""

import os
import random
import subprocess
import sys

from support.paths import ROOT

SECONDS = float(os.environ.get("FUZZ_SECONDS", "15"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))


def test_changed_files_give_a_number_or_one_error(tmp_path):
    progress = tmp_path / "progress"
    command = [sys.executable, "-m", "fuzz", f"--seconds={SECONDS}", f"--seed={SEED}", f"--progress={progress}"]
    # On its own: a crash is noticed, and the checks of shapes that tests have are off, as they are for users.
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))},
        timeout=SECONDS + 300,
    )
    last = progress.read_text() if progress.is_file() else "nothing was read"
    assert done.returncode == 0, (
        f"exit {done.returncode}, while reading {last}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
    )
    assert done.stdout.splitlines()[-1].endswith("failed 0")


def test_the_same_seed_makes_the_same_changes():
    from fuzz.mutations import mutated

    data = bytes(range(256)) * 4
    first, second = (mutated(random.Random("0/npy/7"), data) for _ in range(2))
    assert first == second
