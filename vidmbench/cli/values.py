"""Values of options that cannot be read are reported like every other mistake of a request, and together with them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import typer

from vidmbench.core.errors import UsageError, VidmbenchError, together

#: What options of the running command cannot mean; :func:`unread` hands it on.
_unread: list[VidmbenchError] = []


def read_values_together(command: Any) -> None:
    """Lets a command and all below it tell every value that cannot be read at once, in our words.

    A command that scores (its options are those of ``choices_from``) tells them with the request's other mistakes.

    Args:
        command: From :func:`typer.main.get_command`.
    """
    for inner in getattr(command, "commands", {}).values():
        read_values_together(inner)
    for parameter in command.params:
        parameter.process_value = partial(_value, parameter, parameter.process_value)
    command.parse_args = partial(_parsed, command, command.parse_args)


def unread() -> list[Callable[[], object]]:
    """A check for each value that could not be read; every command that scores makes them."""
    return [partial(_refuse, error) for error in _unread]


def _refuse(error: VidmbenchError) -> NoReturn:
    raise error


def _parsed(command: Any, parse: Callable[[Any, list[str]], list[str]], context: Any, words: list[str]) -> list[str]:
    """The words that are left once a command has taken its own."""
    names = {parameter.name for parameter in command.params}
    _unread.clear()
    try:
        rest = parse(context, words)
    except typer.BadParameter:
        raise
    except Exception as error:
        prints = "out" not in names and not hasattr(command, "commands")
        if prints and getattr(error, "option_name", None) in ("--out", "-o"):
            _refuse(_no_file(context.command_path))
        raise
    if not {"precision", "device", "on_bad"} <= names:  # not one of those that call choices_from
        together(*unread())
    return rest


def _no_file(command: str) -> VidmbenchError:
    return UsageError(
        f"{command} prints its result and has no --out",
        expected="output redirected with >",
        found="--out",
        fix=f"{command} ... > FILE",
    )


def _value(parameter: Any, read: Callable[[Any, Any], Any], context: Any, given: Any) -> Any:
    """The value of an option; its built-in one where it cannot be read, which :data:`_unread` then holds."""
    try:
        value = read(context, given)
        if "" in (given if isinstance(given, list | tuple) else [given]):
            _check_empty(parameter, value)
        return value
    except typer.BadParameter as error:
        if parameter.value_is_missing(given):
            raise
        _unread.append(_in_our_words(parameter, given, str(error.message).removeprefix("Value error, ")))
        return None if callable(parameter.default) else parameter.default


def _check_empty(parameter: Any, value: Any) -> None:
    """Refuses an empty path, which would be the working folder, or argument: a shell's variable that is not set."""
    is_path = any(isinstance(item, Path) for item in (value if isinstance(value, list | tuple) else [value]))
    if is_path or parameter.param_type_name == "argument":
        expected = "a path; the working folder is ." if is_path else "a name or a path"
        _refuse(UsageError(f"{_name(parameter)} is empty", expected=expected, found="nothing", where=_name(parameter)))


def _name(parameter: Any) -> str:
    return parameter.opts[0] if parameter.param_type_name == "option" else str(parameter.metavar or parameter.name)


def _in_our_words(parameter: Any, given: Any, message: str) -> VidmbenchError:
    name = _name(parameter)
    found = ", ".join(map(str, given)) if isinstance(given, list | tuple) else str(given)
    return UsageError(f"{name} cannot be {found!r}", expected=_expected(message), found=found, where=name)


def _expected(message: str) -> str:
    """What typer's message says about a value, in few words; the message itself where it is about something else."""
    _, is_choice, choices = message.partition(" is not one of ")
    if is_choice:
        *words, last = (choice.strip(" .'\"") for choice in choices.split(","))
        return f"{', '.join(words)} or {last}"
    lowered = message.lower()
    for sign, limit in (("greater than or equal to ", "or more"), ("less than or equal to ", "or less")):
        if sign in lowered:
            return f"{lowered.split(sign)[1].strip(' .')} {limit}"
    if "integer" in lowered:
        return "a whole number"
    return "a number" if "number" in lowered or "float" in lowered else message
