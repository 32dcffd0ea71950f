"""What a check found, one per line, and what all of them say together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from vidmbench.check.stages import STAGES, Stage

State = Literal["ok", "moved", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        stage: The stage; None for whether a protocol has golden values at all.
        protocol: The protocol.
        name: What was compared.
        state: ``moved`` past the tolerance; ``failed`` where there was nothing to compare; ``skipped`` is
            not counted as passed.
        expected: The golden value.
        found: Today's.
        moved: By how much, relative to what the tolerance is of; None where that says nothing.
        tolerance: How much is allowed.
        said: Why it failed or was skipped, or which earlier stage it follows.
        seconds: Time it took.
    """

    stage: Stage | None
    protocol: str
    name: str
    state: State
    expected: str = ""
    found: str = ""
    moved: float | None = None
    tolerance: float = 0.0
    said: str = ""
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """The check on one line."""
        word = {"ok": "ok", "moved": "MOVED", "failed": "FAILED", "skipped": "skip"}[self.state]
        start = f"{word:6s} {self.stage or 'golden':10s}  {self.protocol:24s}  {self.name}"
        moved = "" if self.moved is None else f"{self.moved:.2g}"
        if self.state == "ok":
            return f"{start}: {self.found} (moved {moved})" if moved else f"{start}: {self.found}"
        if self.state == "moved":
            rest = f", relative difference {moved}, tolerance {self.tolerance:g}" if moved else ""
            after = f"; {self.said}" if self.said else ""
            return f"{start}: expected {self.expected}, found {self.found}{rest}{after}"
        return f"{start}: {self.said}"


@dataclass(frozen=True)
class Report:
    """All checks of one run.

    Attributes:
        checks: In the order they were made.
    """

    checks: Sequence[Check]

    def count(self, *states: State) -> int:
        """How many checks ended in one of these states."""
        return sum(check.state in states for check in self.checks)

    @property
    def is_good(self) -> bool:
        """Whether nothing moved past its tolerance or failed."""
        return not self.count("moved", "failed")

    @property
    def first_moved(self) -> Stage | None:
        """The first stage, in the order in which a number comes about, that moved or failed."""
        return self._first(lambda check: check.state in ("moved", "failed"))

    @property
    def first_digits(self) -> Stage | None:
        """The first stage of which any digit moved, within the tolerance or not."""
        return self._first(lambda check: bool(check.moved) or check.state in ("moved", "failed"))

    def _first(self, holds: Callable[[Check], bool]) -> Stage | None:
        stages = {check.stage for check in self.checks if check.stage is not None and holds(check)}
        return next((stage for stage in STAGES if stage in stages), None)

    @property
    def summary(self) -> str:
        """One line: counts, and the first stage that moved."""
        made = len(self.checks) - self.count("skipped")
        skipped = f"; {self.count('skipped')} skipped, which do not count as passed" if self.count("skipped") else ""
        if self.is_good:
            return f"{made} checks hold{skipped}; {self._digits()}"
        clauses = []
        if self.first_moved is not None:
            which = [
                check.protocol
                for check in self.checks
                if check.stage == self.first_moved and check.state in ("moved", "failed")
            ]
            names = list(dict.fromkeys(which))
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            clauses.append(f"first stage that moved: {self.first_moved} ({', '.join(names[:3])}{more})")
        missing = sum(check.stage is None and check.state == "failed" for check in self.checks)
        if missing:
            clauses.append(f"protocols without golden values of their own: {missing}")
        return f"{self.count('moved', 'failed')} of {made} checks do not hold{skipped}; {'; '.join(clauses)}"

    def _digits(self) -> str:
        if self.first_digits is None:
            return "not a digit moved"
        most = max((check.moved or 0.0 for check in self.checks if check.stage == self.first_digits), default=0.0)
        return f"digits moved within tolerance, first in {self.first_digits} (by {most:.2g})"


def report_json(report: Report) -> dict[str, Any]:
    """The report for programs."""
    return {
        "good": report.is_good,
        "first_moved": report.first_moved,
        "first_digits": report.first_digits,
        "summary": report.summary,
        "counts": {state: report.count(state) for state in get_args(State)},
        "checks": [
            {
                "stage": check.stage,
                "protocol": check.protocol,
                "name": check.name,
                "state": check.state,
                "expected": check.expected,
                "found": check.found,
                "moved": None if check.moved is None or check.moved == float("inf") else check.moved,
                "tolerance": check.tolerance,
                "said": check.said,
                "seconds": round(check.seconds, 3),
            }
            for check in report.checks
        ],
    }
