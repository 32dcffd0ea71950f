"""Options that are not given take a user's or a project's defaults: see :mod:`vidmbench.core.defaults`."""

from collections.abc import Callable, Mapping
from os.path import isfile  # says no of names that are too long for a file, where Path.is_file raises
from pathlib import Path
from typing import Any

from vidmbench.core import resources
from vidmbench.core.defaults import Default, defaults
from vidmbench.core.errors import ProtocolError, unknown
from vidmbench.core.json_toml import read_toml
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL

#: Defaults that the running command took, by option.
_taken: dict[str, Default] = {}


class OptionDefaults(dict[str, Any]):
    """What click asks for the value of an option that was not given, for one command.

    Args:
        looks: Finds the default of a parameter; None where the built-in one holds.
    """

    def __init__(self, looks: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__()
        self._looks = looks

    def get(self, name: str, default: Any = None) -> Any:
        """The default of a parameter, looked up when a command needs it: a broken file breaks no other command."""
        look = self._looks.get(name)
        found = None if look is None else look()
        return default if found is None else found


def defaults_of(command: Any) -> dict[str, Any]:
    """The defaults of a click command and all below it, as click's ``default_map`` takes them.

    Args:
        command: From :func:`typer.main.get_command`.
    """
    _taken.clear()
    commands = getattr(command, "commands", None)
    if commands is not None:
        return {name: defaults_of(inner) for name, inner in commands.items()}
    looks: dict[str, Callable[[], Any]] = {}
    for parameter in command.params:
        if parameter.name == "device":
            looks["device"] = _device
        elif DEFAULT_PROTOCOL in (parameter.default, getattr(parameter, "show_default", None)):
            looks["protocol"] = _protocols if parameter.multiple else _one_protocol
    return OptionDefaults(looks)


def taken() -> dict[str, Default]:
    """Defaults that replaced built-in ones in the running command, by option: ``--protocol``, ``--device``."""
    return dict(_taken)


def taken_words() -> tuple[str, ...]:
    """The same as options, as if they had been given."""
    return tuple(word for option, default in _taken.items() for value in default.values for word in (option, value))


def _device() -> str | None:
    default = defaults().get("device")
    if default is None:
        return None
    _taken["--device"] = default
    return default.text


def _protocols() -> list[str] | None:
    default = defaults().get("protocol")
    if default is None:
        return None
    for name in default.values:
        _file_of(name, default.origin)
    _taken["--protocol"] = default
    return list(default.values)


def _one_protocol() -> str | None:
    """The first that is a Fréchet distance, which commands that take one protocol are about."""
    default = defaults().get("protocol")
    if default is None:
        return None
    for name in default.values:
        if read_toml(_file_of(name, default.origin)).get("metric") == "frechet":
            _taken["--protocol"] = Default((name,), default.origin)
            return name
    return None


def _file_of(name: str, origin: str) -> Path:
    """The file of a protocol that a default names.

    Raises:
        ProtocolError: There is none.
    """
    if name.endswith(".toml"):
        if not isfile(name):
            raise ProtocolError("no such protocol file", expected="a TOML file", found=name, where=origin)
        return Path(name)
    known = resources.declared_names("metrics")
    if name not in known:
        raise unknown("protocol", name, known, where=origin, fix="see them all: vidmbench list protocols")
    return resources.protocols_dir() / "metrics" / f"{name}.toml"
