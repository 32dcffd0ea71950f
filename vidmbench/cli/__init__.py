"""The command line. Each command is in its own file, and none is imported before Ctrl-C has been provided for."""

import atexit
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

_INTERRUPTED = 130
_LINE = "\ninterrupted: finished work is kept; the same command resumes\n"

if TYPE_CHECKING:
    from vidmbench.cli.commands import app
else:

    def __getattr__(name: str) -> object:
        if name != "app":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from vidmbench.cli.commands import app

        return app


__all__ = ["app", "main"]


class _Interrupt(KeyboardInterrupt):
    """Ctrl-C. Python ends a process by the signal once KeyboardInterrupt itself has passed through an ``exec``."""


def main() -> None:
    """The entry point; Ctrl-C ends it with one line and exit code 130, from the first import on.

    When the process ends, Ctrl-C is ignored: all work is done, but Python would print a traceback while it shuts
    down, or be killed by the signal.
    """
    before = signal.getsignal(signal.SIGINT)
    # A shell lets commands in the background ignore Ctrl-C, and a program that calls this may handle it itself.
    is_ours = before is signal.default_int_handler
    try:
        if is_ours:
            signal.signal(signal.SIGINT, _stop_at_once)
        from vidmbench.cli.commands import run_command

        if is_ours:
            signal.signal(signal.SIGINT, _interrupt)
        run_command()
    except KeyboardInterrupt:
        _end()
    except Exception as error:
        if _is_caused_by_interrupt(error):
            _end()
        raise
    except SystemExit as end:  # typer turns Ctrl-C into exit code 130 and prints nothing
        if end.code == _INTERRUPTED:
            _end()
        raise
    finally:
        if is_ours:
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGINT, before)


def _is_caused_by_interrupt(error: BaseException) -> bool:
    """Whether Python or a library made another exception of Ctrl-C: Python 3.11 does where a class is being made."""
    cause = error.__cause__
    return cause is not None and (isinstance(cause, KeyboardInterrupt) or _is_caused_by_interrupt(cause))


def _end() -> None:
    with suppress(OSError):  # stderr may have gone with the terminal
        sys.stderr.write(_LINE)
    sys.exit(_INTERRUPTED)


def _stop_at_once(_number: int, _frame: FrameType | None) -> None:
    """While the commands are loaded no work has been done, and an exception may be lost inside a module."""
    os.write(2, _LINE.encode())
    os._exit(_INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise _Interrupt
