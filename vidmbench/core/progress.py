"""Progress bars and notes on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vidmbench.core.text import counted, printable

#: Called with the steps done, the steps in all, and a label.
Progress = Callable[[int, int, str], None]


#: Seconds between two lines where nobody watches a bar.
EVERY = 30.0


@contextmanager
def progress_bar(unit: str = "clip", *, is_shown: bool | None = None) -> Iterator[Progress]:
    """Progress on stderr: a bar on a terminal, elsewhere a line every 30 seconds; another total restarts it.

    Args:
        unit: What is counted.
        is_shown: True shows the bar and False nothing, wherever stderr goes.
    """
    if is_shown is None and not sys.stderr.isatty():
        yield _Lines(unit).tick
        return
    from tqdm import tqdm

    form = "{desc}  {n_fmt}/{total_fmt}  |{bar:20}|  {elapsed}, {remaining} left"
    is_silent = is_shown is False
    bar: Any = tqdm(
        total=0, unit=unit, disable=is_silent, file=sys.stderr, leave=False, bar_format=form, desc="starting"
    )
    shown = ""

    def tick(done: int, total: int, label: str) -> None:
        nonlocal shown
        if total != bar.total or done < bar.n:
            bar.reset(total=total)
            bar.initial = bar.n = done  # work of an earlier call counts as done, not towards the rate
        bar.update(done - bar.n)
        if label != shown:  # at once, for what comes may take long
            shown = label
            bar.set_description_str(printable(label), refresh=True)

    try:
        yield tick
    finally:
        bar.close()


class _Lines:
    """Progress where stderr is a file or a pipe.

    Args:
        unit: What is counted.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._total = self._first = -1
        self._started = self._said = time.monotonic()

    def tick(self, done: int, total: int, label: str) -> None:
        """Prints a line if the last one is long ago."""
        now = time.monotonic()
        if total != self._total or done < self._first:
            self._total, self._first, self._started = total, done, now
        if now - self._said < EVERY:
            return
        self._said = now
        made, seconds = done - self._first, now - self._started
        left = f", about {_clock(seconds / made * (total - done))} left" if made else ""
        sys.stderr.write(f"{printable(label)}: {done} of {counted(total, self._unit)}{left}\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    """``0:35``, ``2:05:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def note(text: str) -> None:
    """Tells the user something while the work goes on: one line on stderr, above a bar that is shown."""
    from tqdm import tqdm

    tqdm.write(f"note: {text}", file=sys.stderr)


@contextmanager
def frames_bar(*, is_shown: bool | None = None) -> Iterator[Callable[[int], None]]:
    """Frames that are being sampled: a bar on a terminal, elsewhere a line every 30 seconds.

    Args:
        is_shown: See :func:`progress_bar`.
    """
    if is_shown is None and not sys.stderr.isatty():
        yield _FrameLines().add
        return
    from tqdm import tqdm

    bar: Any = tqdm(total=None, unit="frame", desc="sampling", disable=is_shown is False, leave=False, position=1)
    try:
        yield lambda count: bar.update(count)
    finally:
        bar.close()


class _FrameLines:
    """How many frames were sampled, where stderr is a file or a pipe."""

    def __init__(self) -> None:
        self._frames, self._said = 0, time.monotonic()

    def add(self, count: int) -> None:
        """Prints a line if the last one is long ago."""
        self._frames += count
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            sys.stderr.write(f"sampling: {counted(self._frames, 'frame')}\n")
            sys.stderr.flush()
