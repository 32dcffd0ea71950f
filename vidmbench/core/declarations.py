"""Declarations: TOML files checked whole against a frozen model, every mistake named."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vidmbench.core.errors import ProtocolError
from vidmbench.core.json_toml import read_toml
from vidmbench.core.text import counted

Model = TypeVar("Model", bound=BaseModel)
_LONGEST_VALUE = 200
_MOST_MISTAKES = 20


class Frozen(BaseModel):
    """A declaration: no unknown keys, no silent conversion of types, no NaN, no change after loading."""

    # A command uses few of the declarations that it imports: the others are never built.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


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


def validated(content: object, model: type[Model], *, where: str) -> Model:
    """Checks data against a model; one error lists every mistake with its path.

    Raises:
        ProtocolError: At least one mistake.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        mistakes = error.errors()
        problems = [f"{_path(mistake['loc'])}: {_described(mistake)}" for mistake in mistakes[:_MOST_MISTAKES]]
        count = len(mistakes)
        if count > _MOST_MISTAKES:
            problems.append(f"and {count - _MOST_MISTAKES} more")
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
    return f"{message[0].lower()}{message[1:]}" + ("" if isinstance(value, dict) else f", found {_short(value)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
