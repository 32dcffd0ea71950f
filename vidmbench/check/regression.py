"""A metric of the user's on golden clips against the value stored beside the test, without pytest itself.

A test file ``test_metrics.py`` has its values in ``test_metrics.vidmbench.json``, one entry for each test.
"""

import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from jaxtyping import UInt8

from vidmbench.check.golden_inputs import CLIPS_FILE, GoldenClips
from vidmbench.core import resources
from vidmbench.core.arguments import real_number, wrong_argument
from vidmbench.core.errors import ResultError, VidmbenchError
from vidmbench.core.files import sha256_of_parts, write_text
from vidmbench.core.json_toml import read_json

#: How the only number of a metric is called in a file of values.
_ONLY = "value"
Numbers = dict[str, float]
Side = UInt8[np.ndarray, "clip frame size size 3"]


@lru_cache(maxsize=1)
def golden_sides() -> tuple[Side, Side]:
    """Real and generated clips, the same on every machine.

    Returns:
        Two arrays uint8 (5, 16, 32, 32, 3), RGB in 0..255, of different scenes.

    Raises:
        DataError: The file of golden clips is missing or damaged.
    """
    clips = GoldenClips.load(resources.protocols_dir() / "golden" / CLIPS_FILE)
    size = clips.fake.shape[2]
    left = (clips.real.shape[3] - size) // 2
    return clips.real[:, :, :, left : left + size], clips.fake


def clips_id() -> str:
    """12 hex digits that change with the golden clips."""
    return sha256_of_parts(*(side.tobytes() for side in golden_sides()))[:12]


def numbers_of(result: object) -> Numbers:
    """What a metric returned as finite numbers by name.

    Args:
        result: A number, an array or tensor of one number, or a mapping of names to these.

    Raises:
        ResultError: Something else, or NaN or an infinity.
    """
    named = result if isinstance(result, Mapping) else {_ONLY: result}
    numbers = {str(name): _number(value) for name, value in named.items()}
    bad = {name: value for name, value in named.items() if numbers[str(name)] is None}
    if bad or not numbers:
        name, value = next(iter(bad.items()), ("nothing", None))
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        raise ResultError(
            "the metric did not return numbers",
            expected="a finite number, or a dict of names and finite numbers",
            found=f"{name}: {str(value)[:60]!r} of type {type(value).__name__}{shape}" if bad else "an empty dict",
            fix="return float(...) of one number, or one entry of a dict for each",
        )
    return {name: number for name, number in numbers.items() if number is not None}


def _number(value: Any) -> float | None:
    """A finite float; None for anything else."""
    try:
        value = value.item() if hasattr(value, "item") else value
        if isinstance(value, bool | str | bytes):
            return None
        number = float(value)
    except Exception:  # whatever an object of another library says
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Tolerances:
    """By how much a number may move: the larger of the two.

    Attributes:
        relative: A share of the stored number.
        absolute: A difference.
    """

    relative: float
    absolute: float

    def of(self, number: float) -> float:
        """The largest difference from a stored number that is none."""
        return max(self.relative * abs(number), self.absolute)

    def __str__(self) -> str:
        absolute = f" or {self.absolute:g}" if self.absolute else ""
        return f"to a relative difference of {self.relative:g}{absolute}"


def tolerances(rtol: object, atol: object) -> Tolerances:
    """What a test gave as tolerances.

    Raises:
        ArgumentError: One is not a number, negative or NaN.
    """
    given = {"rtol": real_number("rtol", rtol), "atol": real_number("atol", atol)}
    for name, value in given.items():
        if not 0 <= value < math.inf:
            raise wrong_argument(name, "a number from 0 on", value)
    return Tolerances(given["rtol"], given["atol"])


class StoredValues:
    """The values of the tests of one file.

    Args:
        test_file: The file of tests; its values are stored beside it.
    """

    def __init__(self, test_file: Path) -> None:
        self.path = test_file.with_name(f"{test_file.stem}.vidmbench.json")

    def check(self, key: str, found: Numbers, allowed: Tolerances) -> None:
        """Compares the numbers of a test with the stored ones.

        Args:
            key: The test's name.
            found: What its metric gave.
            allowed: By how much a number may move.

        Raises:
            ResultError: Nothing is stored, it was made from other clips, or a number has moved.
        """
        entry = self._read().get(key)
        if entry is None:
            raise ResultError(
                f"no value is stored for {key}",
                expected="the value of an earlier run",
                found=_shown(found),
                where=str(self.path),
                fix="store it with `pytest --vidmbench-update`, look at it, and commit the file",
            )
        clips, stored = entry
        if clips != clips_id():
            raise ResultError(
                f"the value of {key} was made from other golden clips than this version of vidmbench has",
                expected=f"clips {clips}, of which {_shown(stored)}",
                found=f"clips {clips_id()}, of which {_shown(found)}",
                where=str(self.path),
                fix="store it again with `pytest --vidmbench-update`, or install the version of vidmbench it is from",
            )
        if lines := moved(stored, found, allowed):
            raise ResultError(
                f"{key} has moved: {'; '.join(lines)}",
                expected=f"{_shown(stored)}, {allowed}",
                found=_shown(found),
                where=str(self.path),
                fix="if that was meant: pytest --vidmbench-update, and commit the file",
            )

    def update(self, key: str, found: Numbers, allowed: Tolerances) -> str | None:
        """Stores the numbers of a test, unless the stored ones hold.

        Args:
            key: The test's name.
            found: What its metric gave.
            allowed: See :meth:`check`.

        Returns:
            What was stored, in words; None where nothing changed.

        Raises:
            ResultError: The file is damaged, or cannot be written.
        """
        user = os.getuid() if hasattr(os, "getuid") else 0
        lock = sha256_of_parts(str(self.path.absolute()), str(user))[:16]
        with FileLock(Path(tempfile.gettempdir()) / f"vidmbench-values-{lock}.lock"):  # pytest-xdist has many processes
            entries = self._read()
            before = entries.get(key)
            if before is not None and before[0] == clips_id() and not moved(before[1], found, allowed):
                return None
            entries[key] = (clips_id(), found)
            self._write(entries)
        return f"{self.path.name}: {key}: {_shown(found)}" + (f" (was {_shown(before[1])})" if before else "")

    def _write(self, entries: Mapping[str, tuple[str, Numbers]]) -> None:
        content = {
            key: {"clips": clips, "value": numbers[_ONLY] if list(numbers) == [_ONLY] else numbers}
            for key, (clips, numbers) in sorted(entries.items())
        }
        try:
            write_text(self.path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        except ResultError as error:
            raise ResultError(
                "the values cannot be stored",
                expected="a folder of tests that this user may write to",
                found=error.found,
                where=str(self.path),
                fix="run `pytest --vidmbench-update` in a copy of the tests that can be written to",
            ) from error

    def _read(self) -> dict[str, tuple[str, Numbers]]:
        """Clips and numbers by test; empty where there is no file.

        Raises:
            ResultError: The file holds something else.
        """
        if not self.path.exists():
            return {}
        problem = "the file of stored values is damaged"
        expected = "what `pytest --vidmbench-update` wrote"
        fix = "take the committed file (git checkout), or delete it and run `pytest --vidmbench-update`"
        content = read_json(self.path, problem=problem, expected=expected, fix=fix)
        try:
            return {key: (str(entry["clips"]), numbers_of(entry["value"])) for key, entry in content.items()}
        except (AttributeError, KeyError, TypeError, VidmbenchError) as error:
            found = str(error).splitlines()[0]
            raise ResultError(problem, expected=expected, found=found, where=str(self.path), fix=fix) from error


def moved(stored: Numbers, found: Numbers, allowed: Tolerances) -> list[str]:
    """Numbers that differ by more than the tolerance, and those that only one side has, in words."""
    lines = []
    for name in dict.fromkeys([*stored, *found]):
        if name not in found or name not in stored:
            lines.append(f"{name} is {'gone' if name in stored else 'new'}")
            continue
        difference = abs(found[name] - stored[name])
        if difference > allowed.of(stored[name]):
            relative = f"a relative difference of {difference / abs(stored[name]):.2g}" if stored[name] else "from 0"
            lines.append(f"{_named(name)}{stored[name]!r} to {found[name]!r}, {relative}")
    return lines


def _shown(numbers: Numbers) -> str:
    return ", ".join(f"{_named(name)}{number!r}" for name, number in numbers.items())


def _named(name: str) -> str:
    return "" if name == _ONLY else f"{name} "
