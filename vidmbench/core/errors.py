"""Errors that a user can fix: each says what was expected, what was found, where, and what to do."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from vidmbench.core.text import printable

_MOST_LISTED = 24


class VidmbenchError(Exception):
    """A problem that the user can fix. The command line prints it and exits with code 2.

    Args:
        problem: One sentence that says what is wrong.
        expected: What would have been right.
        found: What was given instead.
        where: The file, key or option in question.
        fix: What to do, as a command where there is one.

    Example:
        >>> from vidmbench import VidmbenchError, load_protocol
        >>> try:
        ...     load_protocol("fvd-dign")
        ... except VidmbenchError as error:
        ...     print(error.problem, "-", error.fix)
        unknown protocol 'fvd-dign': did you mean fvd-digan? - see them all: vidmbench list protocols
    """

    #: The errors of several independent checks, of which this one is the list; see :func:`together`.
    several: tuple["VidmbenchError", ...] = ()

    def __init__(
        self,
        problem: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        where: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.problem = str(problem)
        self.expected, self.found, self.where, self.fix = (
            None if part is None else str(part) for part in (expected, found, where, fix)
        )
        parts = {"expected": self.expected, "found": self.found, "where": self.where, "what to do": self.fix}
        lines = [self.problem, *(f"  {key}: {value}" for key, value in parts.items() if value)]
        super().__init__("\n".join(map(_in_lines, lines)))

    def at(self, where: str) -> Self:
        """The same problem in another place.

        Args:
            where: The place that the user knows.
        """
        return type(self)(self.problem, expected=self.expected, found=self.found, where=where, fix=self.fix)


def _in_lines(text: str) -> str:
    """A part of a message: indented lines stay lines, so that no name in it can pass for a part of its own."""
    return "\n".join(printable(part) for part in re.split(r"\n(?=    )", text))


class ProtocolError(VidmbenchError):
    """A declaration (protocol, data set, table layout) is wrong or unknown."""


class DataError(VidmbenchError):
    """Videos or arrays are missing, unreadable, too short, too few or of the wrong form."""


class ChangedError(DataError):
    """A file that is read changed, was replaced or removed since it was first looked at; it is not skipped as bad."""


class WeightsError(VidmbenchError):
    """Network weights are missing, truncated or not the ones expected."""


class ResultError(VidmbenchError):
    """A record, a published table or an output folder cannot be read or written."""


class UsageError(VidmbenchError):
    """The options given on the command line do not go together."""


def unknown(
    kind: str,
    name: str,
    known: Iterable[str],
    *,
    error: type[VidmbenchError] = ProtocolError,
    where: str | None = None,
    fix: str | None = None,
    default: str | None = None,
) -> VidmbenchError:
    """The error for an unknown name, with the most similar known names.

    Args:
        kind: What the name should name, such as "protocol".
        name: What the user wrote.
        known: All names that would have worked.
        error: The class of the error returned.
        where: The file, key or option in question.
        fix: What to do; by default the near matches are proposed.
        default: The name that is taken where none is given; it alone is proposed where it begins with what was
            written.

    Returns:
        An error to raise.
    """
    names = sorted(known)
    folded = {known_name.lower(): known_name for known_name in names}
    # A typing error has one near match; the second-nearest is shown only if the nearest is less similar.
    sure = get_close_matches(name.lower(), folded, n=1, cutoff=0.9)
    near = [folded[match] for match in sure or get_close_matches(name.lower(), folded, n=2, cutoff=0.5)]
    family = [known_name for known_name in names if known_name.lower().startswith(f"{name.lower()}-")]
    if family:  # a word that several names begin with, such as fvd
        near = [f"{default} (the default)"] if default in family else family[:2]
    hint = f"did you mean {' or '.join(near)}?" if near else None
    return error(
        f"unknown {kind} {name!r}" + (f": {hint}" if hint else ""),
        expected=f"one of {', '.join(_listed(name, names))}" if names else None,
        found=name,
        where=where,
        fix=fix,
    )


def _listed(name: str, names: list[str]) -> list[str]:
    """The names to list: all if they are few, else those of the family written, such as ``psnr-``, or the families."""
    if len(names) <= _MOST_LISTED:
        return names
    families: dict[str, list[str]] = {}
    for each in names:
        families.setdefault(each.partition("-")[0], []).append(each)
    family = families.get(name.lower().partition("-")[0], [])
    if len(family) > 1:
        return family
    return [f"{word}-..." if len(of) > 1 else of[0] for word, of in families.items()]


def no_weights_file(name: str, given: Path, *, expected: str) -> VidmbenchError:
    """The error for a weights path that is not a file: a seed, a folder, or nothing.

    Args:
        name: The network.
        given: What was given.
        expected: The file that it takes.
    """
    from vidmbench.core.inputs import refuse_special

    refuse_special(given, WeightsError)
    if str(given).startswith("seed:"):
        return UsageError(
            f"the weights {name} are not made from a seed",
            expected=expected,
            found=str(given),
            fix="give the file; which networks take seed:N: vidmbench weights add --help",
        )
    if given.is_dir():
        from vidmbench.core.files import visible

        inside = [path.name for path in visible(given.iterdir()) if path.is_file()]
        return WeightsError(
            f"a folder was given for the weights {name}, which are one file",
            expected=expected,
            found=", ".join(inside[:3]) + (f" and {len(inside) - 3} more" if len(inside) > 3 else "")
            or "no file inside",
            where=str(given),
            fix="give the file inside it" if inside else "check the path",
        )
    return WeightsError("no such weights file", expected=expected, where=str(given), fix="check the path")


def together(*checks: Callable[[], object]) -> None:
    """Makes independent checks, and raises what all of them refuse in one error: a user corrects a request once.

    Args:
        checks: Each raises a :class:`VidmbenchError`, or returns.

    Raises:
        VidmbenchError: What one check raised, as it is; of several, one error that lists them, each with what was
            expected, found and what to do.
    """
    problems: dict[str, VidmbenchError] = {}
    for check in checks:
        try:
            check()
        except VidmbenchError as error:
            problems.update({str(each): each for each in error.several or (error,)})
    if len(problems) == 1:
        raise next(iter(problems.values()))
    if problems:
        listed = "".join(f"\n    {number}. {_indented(text)}" for number, text in enumerate(problems, start=1))
        all_of_them = UsageError(f"{len(problems)} problems with this request{listed}")
        all_of_them.several = tuple(problems.values())
        raise all_of_them


def _indented(text: str) -> str:
    return text.replace("\n", "\n     ")
