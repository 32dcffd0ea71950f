"""Option groups: a command takes a frozen dataclass as one parameter, and typer sees its fields as flat options.

@spread
def score(real: Real, fake: Fake, *, clips: ClipOptions, compute: ComputeOptions) -> None: ...
"""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Replaces each parameter whose type is a dataclass by the fields of that dataclass.

    Args:
        command: A command; its parameters that are option groups need no default.

    Returns:
        The command with flat keyword parameters; it builds the groups and passes them on.
    """
    parameters = inspect.signature(command).parameters.values()
    groups: dict[str, Any] = {p.name: p.annotation for p in parameters if is_dataclass(p.annotation)}
    flat: list[inspect.Parameter] = []
    for parameter in parameters:
        group = groups.get(parameter.name)
        if group is None:
            flat.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        types = get_type_hints(group, include_extras=True)
        flat += [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
            )
            for field in fields(group)
        ]

    @wraps(command)
    def with_groups(**values: Any) -> None:
        for name, group in groups.items():
            given = {field.name: values.pop(field.name) for field in fields(group) if field.name in values}
            values[name] = group(**given)
        command(**values)

    with_groups.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return with_groups
