"""Declarations: TOML files checked whole against a frozen model, every mistake named."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vidmbench.core.errors import ProtocolError
from vidmbench.core.text import counted

Model = TypeVar("Model", bound=BaseModel)


class Frozen(BaseModel):
    """A declaration: no unknown keys, no silent conversion of types, no change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def load_toml(path: Path, model: type[Model]) -> Model:
    """Reads a declaration and reports all its mistakes at once.

    Args:
        path: The TOML file.
        model: The pydantic model it must fit.

    Returns:
        The checked declaration.

    Raises:
        ProtocolError: The file is missing, is not TOML, or has mistakes: each is named with its path.
    """
    return validated(read_toml(path), model, where=str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """The unchecked content of a TOML file.

    Raises:
        ProtocolError: The file is missing, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProtocolError(
            "no such file", expected="a TOML file", found="nothing", where=str(path), fix="check the path"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ProtocolError("not a TOML file", found=str(error), where=str(path)) from error


def validated(content: object, model: type[Model], *, where: str) -> Model:
    """Checks data against a model; one error lists every mistake with its path.

    Raises:
        ProtocolError: At least one mistake.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [f"{_path(problem['loc'])}: {_described(problem)}" for problem in error.errors()]
        count = len(problems)
        raise ProtocolError(
            f"{counted(count, 'mistake')} in {Path(where).name}\n    " + "\n    ".join(problems),
            where=where,
            fix="fix the keys above" + ("; docs/ shows whole files" if where.endswith(".toml") else ""),
        ) from error


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(file)"


def _described(problem: Any) -> str:
    """One mistake in words: what was expected and what was given."""
    kind, value = problem["type"], problem.get("input")
    if kind == "extra_forbidden":
        return "unknown key"
    if kind == "missing":
        return "missing"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}" + ("" if isinstance(value, dict) else f", found {value!r}")
