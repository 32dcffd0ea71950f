"""Running another code on a golden set: one command, one number on stdout."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vidmbench.core.errors import DataError, UsageError, VidmbenchError
from vidmbench.evaluation.studies.identify import Number, number
from vidmbench.sources.golden_writing import check_set

#: What stands for the files in a command: arrays (.npy), or folders of PNG frames.
PLACES = ("{real}", "{fake}", "{real_frames}", "{fake_frames}")
_MOST_PRINTED = 20_000_000
_PRINT_ONE = "print the distance alone on stdout, and everything else on stderr"
# A number that is not a part of a word, such as the 16 of fvd_16f or the 2 of v1.2.
_NUMBER = re.compile(
    r"(?<![\w.+-])[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|nan|inf(?:inity)?)(?![\w.]*\w)", re.I
)


@dataclass(frozen=True)
class CodeRun:
    """One command on one golden set.

    Attributes:
        name: The set.
        number: What it printed.
        seconds: Time it took.
    """

    name: str
    number: Number
    seconds: float


def checked_command(command: str) -> list[str]:
    """The words of a command.

    Raises:
        UsageError: It cannot be split, or takes no videos.
    """
    try:
        words = shlex.split(command, posix=True)
    except ValueError as error:
        raise UsageError(
            "the command cannot be split into words", expected="quotes in pairs", found=str(error), where="--run"
        ) from error
    text = " ".join(words)
    sides = [any(place in text for place in PLACES if side in place) for side in ("real", "fake")]
    if not words or not all(sides):
        raise UsageError(
            "the command takes no videos of one side or both",
            expected="{real} and {fake} for arrays, or {real_frames} and {fake_frames} for folders of PNG frames",
            found=command or "nothing",
            where="--run",
            fix="for example: --run 'python my_fvd.py {real} {fake}'",
        )
    return words


def run_code(words: list[str], folder: Path, name: str, timeout: float) -> CodeRun:
    """Runs a command on one golden set.

    Args:
        words: From :func:`checked_command`.
        folder: What :func:`vidmbench.sources.golden_writing.write_sets` wrote.
        name: The set.
        timeout: Seconds after which it is ended.

    Raises:
        VidmbenchError: It cannot be started, takes too long, fails, changes the videos, or prints anything but one
            number; each with its own message.
    """
    side = {kind: folder / name / kind for kind in ("real", "fake")}
    paths = {f"{{{kind}_frames}}": str(path) for kind, path in side.items()}
    paths |= {f"{{{kind}}}": str(path.with_suffix(".npy")) for kind, path in side.items()}
    for place, path in paths.items():
        words = [word.replace(place, path) for word in words]
    begun = time.monotonic()
    out, err, code = _output(words, timeout, name)
    seconds = time.monotonic() - begun
    if code != 0:
        raise _failed("the command failed", f"exit code {code}{_last_line(err)}", name, "run it by itself to see why")
    check_set(folder, name)
    return CodeRun(name, _one_number(out, name), seconds)


def _output(words: list[str], timeout: float, name: str) -> tuple[str, str, int]:
    """Standard output and error, and the exit code; whatever the command started ends with it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=sys.platform != "win32"
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise _failed(
                "the command cannot be started", f"{words[0]}: {reason}", name, "check its first word"
            ) from error
        try:
            _wait(process, timeout, out, name)
        except subprocess.TimeoutExpired:
            raise _failed(
                "the command takes too long",
                f"still running after {timeout:g} s",
                name,
                "allow more with --timeout SECONDS",
            ) from None
        finally:
            _end(process)
        out.seek(0)
        err.seek(0)
        texts = [stream.read(1_000_000).decode("utf-8", "replace") for stream in (out, err)]
    return texts[0], texts[1], process.returncode


def _wait(process: "subprocess.Popen[bytes]", timeout: float, out: IO[bytes], name: str) -> None:
    """Waits for a command, but not for one that fills the disk.

    Raises:
        subprocess.TimeoutExpired: It takes too long.
        DataError: It prints more than anybody reads.
    """
    end = time.monotonic() + timeout
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, min(0.1, end - time.monotonic())))
        if os.fstat(out.fileno()).st_size > _MOST_PRINTED:
            raise _failed("the command prints without end", f"more than {_MOST_PRINTED:,} bytes", name, _PRINT_ONE)
        if process.poll() is None and time.monotonic() >= end:
            raise subprocess.TimeoutExpired(process.args, timeout)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a command, with the processes that it started and left running."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _one_number(out: str, name: str) -> Number:
    found = _NUMBER.findall(out)
    if len(found) != 1:
        shown = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        raise _failed(
            "the command prints no number" if not found else "the command prints several numbers",
            shown or (f"{out.strip()[:80]!r}" if out.strip() else "nothing on stdout"),
            name,
            _PRINT_ONE,
        )
    return number(found[0], f"stdout of the command on the set {name}")


def _failed(problem: str, found: str, name: str, fix: str) -> VidmbenchError:
    return DataError(
        problem,
        expected="exit code 0 and exactly one number on stdout",
        found=found,
        where=f"--run, on the set {name}",
        fix=fix,
    )


def _last_line(err: str) -> str:
    lines = [line for line in err.splitlines() if line.strip()]
    return f"; its last line on stderr: {lines[-1].strip()[:200]}" if lines else ""
