"""What ``vidmbench identify`` is asked, checked as a whole before anything is done."""

import re
from pathlib import Path

from vidmbench.core.errors import UsageError, unknown
from vidmbench.core.files import expanded
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.studies.identify import checked_claim
from vidmbench.sources.golden_sets import SETS
from vidmbench.sources.golden_writing import MARK, check_set


def check_request(
    value: str | None,
    real: str | None,
    fake: str | None,
    *,
    on: str | None,
    write: Path | None,
    run: str | None,
    claims: str | None,
    junit: Path | None,
) -> None:
    """Refuses options that do not go together; they are those of the command line.

    Raises:
        VidmbenchError: The first thing that is wrong.
    """
    asked = [name for name, given in (("VALUE", value), ("--run", run), ("--write", write)) if given is not None]
    if len(asked) != 1:
        raise UsageError(
            "identify does one thing at a time" if asked else "identify needs a number, or a code that prints one",
            expected="VALUE, --run COMMAND or --write DIR",
            found=" and ".join(asked) or "none of them",
            fix="vidmbench identify --write golden, run your code on it, then vidmbench identify VALUE",
        )
    if real is not None and (fake is None or on is not None):
        raise UsageError(
            "your own videos take the place of a golden set",
            expected="VALUE REAL FAKE, or VALUE --on square|wide",
            found="REAL without FAKE" if fake is None else "REAL, FAKE and --on",
            where="identify",
        )
    if write is not None and (on or claims or junit):
        raise UsageError("--write writes both sets and identifies nothing", found="--on, --claims or --junit beside it")
    if claims is not None:
        checked_claim(claims)


def set_named(on: str | None) -> str:
    """The golden set that a single number is of.

    Raises:
        VidmbenchError: There is no such set, or the folder named holds both or another.
    """
    if on is None or on in SETS:
        return on or SETS[0]
    folder = _folder(on)
    here = [name for name in SETS if (folder / name).is_dir()]
    if len(here) != 1:
        raise UsageError(
            "a number is of one set, and this folder holds several",
            expected=f"--on {' or --on '.join(SETS)}",
            found=f"{on} with {' and '.join(here)}",
            where="--on",
        )
    check_set(folder, here[0])
    return here[0]


def sets_to_run(on: str | None) -> tuple[tuple[str, ...], Path | None]:
    """The sets on which a command is run, and the folder that holds their files; None to write them first.

    Raises:
        VidmbenchError: There is no such set or folder, or its files hold something else.
    """
    if on is None:
        return SETS, None
    if on in SETS:
        return (on,), None
    folder = _folder(on)
    here = tuple(name for name in SETS if (folder / name).is_dir())
    for name in here:
        check_set(folder, name)
    return here, folder


def _folder(on: str) -> Path:
    folder = expanded(on).absolute()
    if (folder / MARK).is_file() and any((folder / name).is_dir() for name in SETS):
        return folder
    if re.search(r"[/\\.~]", on) or folder.exists():
        raise UsageError(
            "this is not a folder of golden sets",
            expected=f"{' or '.join(SETS)}, or a folder that vidmbench identify --write made",
            found=f"{on}, which {'has no ' + MARK if folder.is_dir() else 'is not a folder'}",
            where="--on",
        )
    raise unknown("golden set", on, SETS, error=UsageError, where="--on")


def own_choices(frames: int | None, device: str) -> Choices:
    """The options for videos of the user's own."""
    return Choices(frames=(frames,) if frames else (), device=device)  # type: ignore[arg-type]
