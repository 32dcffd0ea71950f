"""Arguments of the Python functions: wrong types and values give one error; numpy's numbers are as good as Python's."""

import operator
import sys
from pathlib import Path
from typing import Any

from vidmbench.core.errors import UsageError

# Of a path and of each name in it, in characters: what systems allow in bytes, beyond which they give errors.
_LONGEST_PATH, _LONGEST_NAME = 4095, 255


class ArgumentError(UsageError, ValueError):
    """An argument of a Python function has the wrong type, or a value it cannot have."""


def whole_number(name: str, value: Any, *, least: int | None = None) -> int:
    """A whole number as Python's ``int``; a number of numpy or a tensor of one integer is taken, a float or bool not.

    Args:
        name: Of the argument, for the message.
        value: What was given.
        least: The smallest that is allowed.

    Raises:
        ArgumentError: It is not a whole number, or too small.
    """
    try:
        number = None if isinstance(value, bool) or type(value).__name__ == "bool" else operator.index(value)
    except Exception:  # whatever an object of another library says
        number = None
    if number is None:
        raise wrong_argument(name, "a whole number", value)
    if least is not None and number < least:
        raise ArgumentError(f"{name} is too small", expected=f"{least} or more", found=str(number))
    return number


def optional_number(name: str, value: Any, *, least: int | None = None) -> int | None:
    """As :func:`whole_number`; None stays."""
    return None if value is None else whole_number(name, value, least=least)


def seed_number(seed: Any, *, bits: int = 63) -> int | None:
    """A seed; None stays.

    Args:
        seed: What was given.
        bits: How many it may have: 32 for numpy's ``RandomState``.

    Raises:
        ArgumentError: It is not a whole number, negative, or has more bits.
    """
    number = optional_number("seed", seed)
    if number is not None and number < 0:
        raise ArgumentError("a seed cannot be negative", expected="0 or more", found=str(number))
    if number is not None and number.bit_length() > bits:
        raise wrong_argument("seed", f"a whole number from 0 to 2^{bits} - 1", seed)
    return number


def real_number(name: str, value: Any) -> float:
    """A number as Python's ``float``; NaN and infinity are numbers here, a bool or text is not.

    Raises:
        ArgumentError: It is none.
    """
    try:
        if not isinstance(value, bool | str | bytes) and type(value).__name__ != "bool":
            return float(value)
    except Exception:  # whatever an object of another library says
        pass
    raise wrong_argument(name, "a number", value)


def exact_number(name: str, value: Any) -> int | float:
    """As :func:`real_number`, but a whole number that no ``float`` equals stays an ``int``.

    Raises:
        ArgumentError: It is none.
    """
    number = real_number(name, value)
    try:
        whole = operator.index(value)
    except Exception:  # a float, or whatever an object of another library says
        return number
    return number if number == whole else whole


def flag(name: str, value: Any) -> bool:
    """True or False; numpy's are taken.

    Raises:
        ArgumentError: It is neither.
    """
    if isinstance(value, bool) or (type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")):
        return bool(value)
    raise wrong_argument(name, "True or False", value)


def name_or_path(name: str, value: Any) -> str:
    """A name or a path as text.

    Raises:
        ArgumentError: It is neither, holds a character that no file's name can have, or is longer than one can be.
    """
    text = str(value) if isinstance(value, str | Path) else "\0"
    if "\0" in text or len(text) > _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in Path(text).parts):
        raise wrong_argument(name, "a name or a path", value)
    return text


def device_name(value: Any) -> Any:
    """The word for a ``torch.device``, such as ``cuda``; anything else as it is.

    Raises:
        ArgumentError: It is another GPU than the current one, on which everything runs.
    """
    if type(value).__name__ != "device" or not type(value).__module__.startswith("torch"):
        return value
    if value.type == "cuda" and value.index is not None:
        torch = sys.modules["torch"]  # which this module must not load; there is a device of it, so it is there
        current = torch.cuda.current_device() if torch.cuda.is_available() else 0
        if value.index != current:
            raise ArgumentError(
                f"device {value} is not the current GPU",
                expected=f"auto, cpu or cuda, which is cuda:{current} here",
                found=str(value),
                fix=f"call torch.cuda.set_device({value.index}) before, or set CUDA_VISIBLE_DEVICES={value.index} for "
                "the whole program, and give cuda",
            )
    return value.type


def wrong_argument(name: str, expected: str, value: Any) -> ArgumentError:
    """The error for an argument.

    Args:
        name: Of the argument.
        expected: What it can be.
        value: What was given.
    """
    return ArgumentError(
        f"the argument {name} has a wrong type or value",
        expected=expected,
        found=f"{_shown(value)} of type {type(value).__name__}",
        fix=f"give {name} as {expected}",
    )


def _shown(value: Any) -> str:
    try:
        if hasattr(value, "shape"):
            return f"an array of shape {value.shape}"
        text = repr(value)
    except Exception:  # an object of another library
        return "an object"
    return text if len(text) <= 80 else f"{text[:77]}..."
