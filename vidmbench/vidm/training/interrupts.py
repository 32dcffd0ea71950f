"""Ctrl-C and SIGTERM wait for the end of a training step, so that the state can be written before the process ends."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts_wait(*, enabled: bool = True) -> Iterator[Callable[[], bool]]:
    """Notes the first signal instead of being stopped by it; a second one acts at once.

    Args:
        enabled: False leaves signals alone: processes that train together wait for each other in every step, so none
            of them may go on alone.

    Yields:
        Says whether a signal has come.
    """
    if not enabled or threading.current_thread() is not threading.main_thread():  # Python allows handlers there alone
        yield lambda: False
        return
    came = False
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        _restore()

    def _restore() -> None:
        for number, handler in before.items():
            if signal.getsignal(number) is note:
                signal.signal(number, handler)

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield lambda: came
    finally:
        _restore()
