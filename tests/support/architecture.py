"""The list of rooms and files in docs/architecture.md, made from the folders and the contract in pyproject.toml.

``python tests/support/architecture.py --write`` writes it into the page; without the option it is printed.
"""

import ast
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "vidmbench"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: written by `make rooms` -->", "<!-- end of rooms -->"
COMMAND = "make rooms"
_INDENT, _WIDTH = 20, 116


def floors() -> list[list[str]]:
    """The rooms of each floor, the highest floor first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (one for one in settings["tool"]["importlinter"]["contracts"] if one["name"] == "floors")
    return [layer.split(" | ") for layer in contract["layers"]]


def rooms() -> set[str]:
    """The folders of the package."""
    return {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}


def listing() -> str:
    """All rooms, floor by floor, each with its purpose and its files; ends with a line break."""
    above = floors()
    lines: list[str] = []
    for number, floor in zip(range(len(above), 0, -1), above, strict=True):
        for room in floor:
            lines += _folder(PACKAGE / room, f"{number}  ")
    return "\n".join(f"    {line}" for line in lines) + "\n"


def _folder(folder: Path, prefix: str) -> Iterator[str]:
    """A folder and the folders in it: a line with its purpose, and below it the names of its files."""
    purpose = (ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or "").split("\n")[0]
    yield f"{prefix}{folder.name}/".ljust(_INDENT) + purpose
    files = sorted(path.name.removesuffix(".py") for path in folder.iterdir() if _is_listed(path))
    yield from textwrap.wrap(" ".join(files), _WIDTH, initial_indent=" " * _INDENT, subsequent_indent=" " * _INDENT)
    for below in sorted(folder.iterdir()):
        if (below / "__init__.py").is_file():
            yield from _folder(below, " " * (len(prefix) + 2))


def _is_listed(path: Path) -> bool:
    return path.is_file() and path.name != "__init__.py" and path.suffix != ".pyc"


def written(page: str) -> str:
    """The page with the listing in it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{listing()}\n{END}{after}"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(listing(), end="")
