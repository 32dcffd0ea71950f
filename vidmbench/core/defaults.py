"""Defaults of a user or a project: variables ``VIDMBENCH_*`` and files ``vidmbench.toml``.

The command line comes first, then the environment, then the nearest ``vidmbench.toml`` from the working folder upwards,
then ``vidmbench.toml`` in the user's configuration folder; each key on its own.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from vidmbench.core.errors import UsageError, unknown
from vidmbench.core.files import expanded
from vidmbench.core.json_toml import read_toml
from vidmbench.core.vocabulary import Device

FILE_NAME = "vidmbench.toml"
#: What can have a default, with what a value must be.
KEYS = {
    "protocol": "a protocol's name or file, or a list of these",
    "data_root": "a folder with one subfolder per data set",
    "cache": "a folder for weights and features",
    "device": "auto, cpu or cuda",
}
_PREFIX = "VIDMBENCH_"
Key = Literal["protocol", "data_root", "cache", "device"]


@dataclass(frozen=True)
class Default:
    """A default that replaces the built-in one.

    Attributes:
        values: The value; several only for ``protocol``. Paths of a file are relative to the file's folder.
        origin: The variable or the file that gives it.
    """

    values: tuple[str, ...]
    origin: str

    @property
    def text(self) -> str:
        """The value as on the command line."""
        return ",".join(self.values)


def default_of(key: Key) -> Default | None:
    """The default of one key; None where the built-in one holds. A variable is found without reading any file.

    Raises:
        VidmbenchError: A file that cannot be read, an unknown key, or a value of the wrong type.
    """
    return _of_environment(key) or _of_files(*default_files()).get(key)


def defaults() -> dict[str, Default]:
    """All defaults that replace built-in ones.

    Raises:
        VidmbenchError: As :func:`default_of`; also for a variable whose name is nearly one of those known.
    """
    _check_environment()
    found = {key: default_of(key) for key in get_args(Key)}
    return {key: default for key, default in found.items() if default is not None}


def default_files() -> tuple[Path, ...]:
    """The files that are read, the nearest first; those that do not exist are omitted."""
    folders: list[Path] = []
    with suppress(FileNotFoundError):  # the working folder was removed
        folders += [Path.cwd(), *Path.cwd().parents]
    nearest = next((folder / FILE_NAME for folder in folders if os.path.lexists(folder / FILE_NAME)), None)
    own = user_file()
    return tuple(dict.fromkeys(path for path in (nearest, own) if path is not None and os.path.lexists(path)))


def user_file() -> Path:
    """The user's own file, which need not exist."""
    import platformdirs

    return platformdirs.user_config_path("vidmbench") / FILE_NAME


def _of_environment(key: Key) -> Default | None:
    name = f"{_PREFIX}{key.upper()}"
    text = os.environ.get(name)
    if not text:
        return None
    return Default(_checked(key, text, name), name)


def _check_environment() -> None:
    """Refuses a variable that is spelt almost as one of those known: it would change nothing, silently."""
    keys = [*(key.upper() for key in KEYS), "WEIGHTS"]  # the last has no option and no key of a file
    for name in sorted(os.environ):
        key = name.removeprefix(_PREFIX)
        if name != key and key not in keys and get_close_matches(key, keys, cutoff=0.75):
            known = [_PREFIX + each for each in keys]
            raise unknown("environment variable", name, known, error=UsageError, fix="correct its name, or unset it")


@lru_cache(maxsize=16)
def _of_file(path: Path, _changed: tuple[int, int]) -> dict[str, Default]:
    content = read_toml(path)
    for key in content:
        if key not in KEYS:
            raise unknown("default", key, KEYS, error=UsageError, where=str(path), fix="correct or remove the key")
    return {key: Default(_absolute(key, _checked(key, value, str(path)), path), str(path))
            for key, value in content.items()}  # fmt: skip


def _of_files(*paths: Path) -> dict[str, Default]:
    found: dict[str, Default] = {}
    for path in paths:
        stamp = path.lstat()
        for key, default in _of_file(path, (stamp.st_mtime_ns, stamp.st_size)).items():
            found.setdefault(key, default)
    return found


def _checked(key: str, value: Any, where: str) -> tuple[str, ...]:
    given = value if isinstance(value, list) and key == "protocol" else [value]
    values = tuple(part.strip() for each in given if isinstance(each, str) for part in _parts(key, each))
    is_text = all(isinstance(each, str) for each in given) and values and all(map(_is_name, values))
    if not is_text or (key == "device" and values[0] not in get_args(Device)):
        raise UsageError(
            f"wrong default of {key}", expected=KEYS[key], found=repr(value), where=where, fix="correct or remove it"
        )
    return values


def _parts(key: str, text: str) -> list[str]:
    return text.split(",") if key == "protocol" else [text]


def _is_name(text: str) -> bool:
    return bool(text) and text.isprintable()


def _absolute(key: str, values: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """Paths in a file are relative to its folder, whatever folder a command is given in."""

    def is_path(value: str) -> bool:
        return key in ("data_root", "cache") or (key == "protocol" and value.endswith(".toml"))

    folder = path.absolute().parent
    return tuple(os.path.normpath(folder / expanded(value)) if is_path(value) else value for value in values)
