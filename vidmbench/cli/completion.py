"""What a shell offers after Tab: names of protocols, data sets and models; no file that declares one is opened."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable

from vidmbench.core import resources
from vidmbench.core.files import visible
from vidmbench.core.vocabulary import PROTOCOL_GROUPS

#: What a shell sets to ask for completions.
VARIABLE = "_VIDMBENCH_COMPLETE"
_WORDS, _POSITION = "COMP_WORDS", "COMP_CWORD"
_BREAKS = (":", "@", "=")


def protocols(incomplete: str) -> list[str]:
    """Protocols; of several, separated by commas, the last is completed."""
    before, comma, _ = incomplete.rpartition(",")
    return [before + comma + name for name in (*PROTOCOL_GROUPS, *resources.declared_names("metrics"))]


def datasets(incomplete: str) -> list[str]:
    """Data sets, as ``--dataset`` takes them."""
    del incomplete
    return [*resources.declared_names("datasets"), "folder:"]


def plain_datasets(incomplete: str) -> list[str]:
    """Names of data sets alone."""
    del incomplete
    return resources.declared_names("datasets")


def models(incomplete: str) -> list[str]:
    """Models, as ``--model`` takes them."""
    del incomplete
    names = ["vidm", "vidm:", *_controls(), *_systems()]
    return [*names, *(f"static-of:{name}" for name in ("vidm", *_systems()))]


def sources(incomplete: str) -> list[str]:
    """Sources that have a prefix; nothing for a word that begins as a file does, which the shell itself completes."""
    names = [
        *(f"dataset:{name}" for name in resources.declared_names("datasets")),
        *_controls(),
        "vidm",
        "static-of:vidm",
    ]
    return names if incomplete else []


def recipes(incomplete: str) -> list[str]:
    """Recipes for training."""
    del incomplete
    return resources.declared_names("recipes")


def tables(incomplete: str) -> list[str]:
    """Tables, as ``vidmbench table`` takes them."""
    del incomplete
    return ["1", "2", "3", *resources.declared_names("tables")]


def anything(incomplete: str) -> list[str]:
    """What ``vidmbench show`` shows."""
    del incomplete
    kinds: tuple[resources.Declared, ...] = ("metrics", "datasets", "recipes")
    declared = (name for kind in kinds for name in resources.declared_names(kind))
    return [*PROTOCOL_GROUPS, *declared, *_systems(), *_controls()]


def _controls() -> list[str]:
    from vidmbench.sources.control_kinds import KINDS

    return [f"control:{name}" for name in KINDS]


def _systems() -> list[str]:
    return [path.parent.name for path in visible(resources.baselines_dir().glob("*/baseline.toml"))]


def complete_in_bash(complete: Callable[[], None]) -> None:
    """Completes words with ``:``, ``@`` and ``=``, at which bash splits them: ``dataset:cle`` arrives as three words.

    Args:
        complete: Reads the words from the environment and prints completions of the last.
    """
    words = os.environ.get(_WORDS, "").split("\n")
    position = os.environ.get(_POSITION, "")
    before = words[: int(position) + 1] if position.isdecimal() else words
    joined = _joined(before)
    os.environ[_WORDS], os.environ[_POSITION] = "\n".join(joined), str(len(joined) - 1)
    before_break = joined[-1][: max(map(joined[-1].rfind, _BREAKS)) + 1]  # bash replaces what follows it
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            complete()
    finally:
        sys.stdout.writelines(f"{line.removeprefix(before_break)}\n" for line in printed.getvalue().splitlines())


def _joined(words: Iterable[str]) -> list[str]:
    joined: list[str] = []
    for word in words:
        if joined and (word in _BREAKS or joined[-1].endswith(_BREAKS)):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
