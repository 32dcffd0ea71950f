"""The clock and the notebook of ``make gpu``: a measurement that fails or runs out of time leaves the others whole."""

import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import torch

from vidmbench.core.errors import VidmbenchError
from vidmbench.core.torch_settings import without_tf32

#: Unit to number, such as {"clips/s": 387.3}: one line of the table.
Figures = dict[str, Any]
#: Figures that are named rather than counted in a unit.
NAMES = frozenset(("FVD", "features off by", "FVD off by"))


class OutOfTime(BaseException):
    """The time is over; no measurement may take it for a failure of its own."""


@dataclass
class Measuring:
    """What is measured, on what, until when.

    Attributes:
        device: A GPU, or the CPU in a rehearsal.
        is_small: Whether sizes are those of a rehearsal, whose numbers mean nothing.
        until: When all must be over, on the monotonic clock.
        parts: Part to line to figures, as the file holds them.
        left_out: What was not measured: part, line, why.
    """

    device: torch.device
    is_small: bool
    until: float
    parts: dict[str, dict[str, Figures]] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)
    failed: bool = False

    @property
    def is_gpu(self) -> bool:
        """Whether there is a GPU."""
        return self.device.type == "cuda"

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.until - time.monotonic()

    def measure(self, part: str, line: str, call: Callable[[], Figures], *, seconds: float) -> Figures | None:
        """One line of the table; an error becomes the line's figure.

        Args:
            part: Its part.
            line: What it is called.
            call: Measures it.
            seconds: What it takes on a large GPU: with less time left it is not begun.

        Returns:
            The figures; None where there are none.
        """
        if self.left < (0 if self.is_small else seconds):
            self.leave_out(part, line, f"{max(self.left, 0):.0f} s were left")
            return None
        try:
            figures = call()
        except OutOfTime:
            self.leave_out(part, line, "broken off: the time was over")
            return None
        except torch.OutOfMemoryError:
            self.leave_out(part, line, "it does not fit into the GPU's memory")
            return None
        except Exception as error:  # whatever it is, the other lines are wanted
            self.failed = True
            self._keep(part, line, {"failed": _in_short(error)})
            if not isinstance(error, VidmbenchError):
                traceback.print_exc()
            return None
        finally:
            if self.is_gpu:
                torch.cuda.empty_cache()
        self._keep(part, line, figures)
        return figures

    def run(self, part: str, measure: Callable[["Measuring"], None]) -> None:
        """A whole part; what goes wrong between its measurements ends it alone."""
        try:
            with _until(self.until):
                measure(self)
        except OutOfTime:
            self.leave_out(part, "the rest", "the time was over")
        except Exception as error:  # as in :meth:`measure`
            self.failed = True
            self._keep(part, "the rest", {"failed": _in_short(error)})
            if not isinstance(error, VidmbenchError):
                traceback.print_exc()

    def leave_out(self, part: str, line: str, why: str) -> None:
        """Says that something is not measured, and why."""
        self.left_out.append({"part": part, "line": line, "why": why})
        self._say(f"{part}, {line}: not measured, {why}")

    def check(self, figures: Figures, limits: dict[str, float]) -> Figures:
        """The figures with a word on whether all keep their limits; otherwise the run fails.

        Args:
            figures: What was found.
            limits: The most that each may be, by unit.
        """
        kept = all(figures[unit] <= limit for unit, limit in limits.items())
        self.failed |= not kept
        limited = " and ".join(f"{limit:g}" for limit in limits.values())
        return figures | {"": f"within {limited}" if kept else f"NOT within {limited}"}

    def seconds_of(self, call: Callable[[], object], *, repeats: int = 7, most: float = 2.0) -> float:
        """Median seconds of a call, the GPU's work included, after one call that prepares.

        Args:
            call: What is timed.
            repeats: How often.
            most: Seconds after which no further repeat is begun.
        """
        with torch.no_grad(), without_tf32():
            call()
            self.wait()
            began, found = time.monotonic(), []
            for _ in range(1 if self.is_small else repeats):
                start = time.perf_counter()
                call()
                self.wait()
                found.append(time.perf_counter() - start)
                if time.monotonic() - began > most:
                    break
        return median(found)

    def wait(self) -> None:
        """Until the GPU has done everything."""
        if self.is_gpu:
            torch.cuda.synchronize(self.device)

    def forget_peak(self) -> None:
        """Begins to watch memory anew."""
        if self.is_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)

    def peak(self) -> Figures:
        """The most memory that tensors took since :meth:`forget_peak`; nothing on a CPU."""
        return {"GiB at most": round(torch.cuda.max_memory_allocated(self.device) / 2**30, 2)} if self.is_gpu else {}

    def _keep(self, part: str, line: str, figures: Figures) -> None:
        self.parts.setdefault(part, {})[line] = figures
        self._say(f"{part}, {line}: {in_words(figures)}")

    def _say(self, text: str) -> None:
        print(f"[{max(self.left, 0):3.0f} s left] {text}", file=sys.stderr, flush=True)


def in_words(figures: Figures) -> str:
    """Figures as the table shows them: 387.3 clips/s, FVD 554.2."""
    return ", ".join(
        f"{number} {unit}" if isinstance(number, int | float) and unit not in NAMES else f"{unit} {number}".strip()
        for unit, number in figures.items()
    )


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


@contextmanager
def _until(moment: float) -> Iterator[None]:
    """Raises OutOfTime in this thread at a moment of the monotonic clock."""

    def ring(*_: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(moment - time.monotonic(), 0.01))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
