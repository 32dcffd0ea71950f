"""Progress bars and notes on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vidmbench.core.text import printable

#: Called with the steps done, the steps in all, and a label.
Progress = Callable[[int, int, str], None]


@contextmanager
def progress_bar(unit: str = "clip", *, is_shown: bool | None = None) -> Iterator[Progress]:
    """A bar on stderr; a call with another total restarts it.

    Args:
        unit: What is counted.
        is_shown: None shows it if stderr is a terminal.
    """
    from tqdm import tqdm

    is_silent = not (sys.stderr.isatty() if is_shown is None else is_shown)
    bar: Any = tqdm(total=None, unit=unit, disable=is_silent, file=sys.stderr, leave=False)

    def tick(done: int, total: int, label: str) -> None:
        if total != bar.total or done < bar.n:
            bar.reset(total=total)
            bar.initial = bar.n = done - 1  # work of an earlier call counts as done, not towards the rate
        bar.set_description(printable(label), refresh=False)
        bar.update(done - bar.n)

    try:
        yield tick
    finally:
        bar.close()


def note(text: str) -> None:
    """Tells the user something while the work goes on: one line on stderr, above a bar that is shown."""
    from tqdm import tqdm

    tqdm.write(f"note: {text}", file=sys.stderr)


@contextmanager
def frames_bar() -> Iterator[Callable[[int], None]]:
    """A bar on stderr for frames that are being sampled; silent if stderr is not a terminal."""
    from tqdm import tqdm

    bar: Any = tqdm(total=None, unit="frame", desc="sampling", disable=not sys.stderr.isatty(), leave=False, position=1)
    try:
        yield lambda count: bar.update(count)
    finally:
        bar.close()
