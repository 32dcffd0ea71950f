"""JSON and TOML of any origin: one error for whatever is wrong with a file, however it is wrong."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from vidmbench.core.errors import ProtocolError, ResultError, VidmbenchError
from vidmbench.core.inputs import refuse_special

DEEPEST = 100
_LONGEST_TOML = 1 << 18  # characters; the declarations shipped here are smaller than 8 KiB
_WIDEST = 64  # bits of an integer
# Nothing of this stands within a dotted key without quotes.
_BETWEEN_KEYS = re.compile(r"[\n,={}\[\]#]")
# Only text that has such a run of digits can hold a number that 64 bits or a float do not hold.
_LONG_NUMBER = re.compile(r"[0-9]{19}|[eE]\+?[0-9]{3}")


def parse_json(data: str | bytes) -> Any:
    """What a JSON text says.

    Args:
        data: The text, or its bytes: UTF-8, or UTF-16 or UTF-32, with or without a byte order mark.

    Raises:
        ValueError: It is not JSON, is nested deeper than :data:`DEEPEST`, or holds a number that JSON lacks (NaN,
            Infinity) or that does not fit 64 bits.
    """
    text = (data.decode(json.detect_encoding(data)) if isinstance(data, bytes) else data).removeprefix("\ufeff")
    has_long = _LONG_NUMBER.search(text) is not None
    try:
        content = json.loads(
            text,
            parse_constant=_no_number,
            parse_int=_whole if has_long else None,
            parse_float=_finite if has_long else None,
        )
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(content)
    return content


def read_json(
    path: Path,
    *,
    error: type[VidmbenchError] = ResultError,
    problem: str = "not a JSON file",
    expected: str = "a JSON file",
    fix: str = "copy or write the file again",
) -> Any:
    """What a JSON file says.

    Args:
        path: The file.
        error: What is raised if it cannot be read.
        problem: What that means, for the message.
        expected: What the file should be, for the message.
        fix: What to do, for the message.

    Raises:
        VidmbenchError: Of the type asked for: the file cannot be read, or :func:`parse_json` refuses it.
    """
    refuse_special(path, error)
    try:
        return parse_json(_bytes_of(path))
    except (OSError, ValueError) as reason:
        raise error(problem, expected=expected, found=_in_words(reason), where=str(path), fix=fix) from reason


def parse_toml(text: str) -> dict[str, Any]:
    """What a TOML text says.

    Raises:
        ValueError: It is not TOML, is longer than a declaration can be, is nested deeper than :data:`DEEPEST`, or holds
            an integer of more than 64 bits.
    """
    if len(text) > _LONGEST_TOML:
        raise ValueError(f"{len(text)} characters, which is more than a declaration can have ({_LONGEST_TOML})")
    # tomllib's time grows with more than the square of the parts of a dotted key: 64 KiB of them take 40 s.
    if max(part.count(".") for part in _BETWEEN_KEYS.split(text)) > DEEPEST:
        raise _too_deep()
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    _check_depth(content)
    return content


def read_toml(path: Path) -> dict[str, Any]:
    """The unchecked content of a TOML file.

    Raises:
        ProtocolError: The file is missing, is not text in UTF-8, or :func:`parse_toml` refuses it.
    """
    refuse_special(path, ProtocolError)
    try:
        return parse_toml(_bytes_of(path).decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise ProtocolError(
            "no such file", expected="a TOML file", found="nothing", where=str(path), fix="check the path"
        ) from error
    except (OSError, ValueError) as error:
        raise ProtocolError(
            "not a TOML file", expected="TOML in UTF-8", found=_in_words(error), where=str(path), fix="correct the file"
        ) from error


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        raise OSError("a folder")
    return path.read_bytes()


def _in_words(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"text in another encoding than {error.encoding}, or no text (byte {error.start})"
    if "integer string conversion" in str(error):
        return "an integer of thousands of digits"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.splitlines()[0] if text else type(error).__name__


def _too_deep() -> ValueError:
    return ValueError(f"it is nested deeper than {DEEPEST} levels")


def _check_depth(content: Any) -> None:
    """Refuses what later steps would follow by recursion, or could not print: deep nesting and huge integers."""
    level = [content]
    for depth in range(DEEPEST + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict | list):
                if depth == DEEPEST:
                    raise _too_deep()
                below.extend(value.values() if isinstance(value, dict) else value)
            elif isinstance(value, int) and value.bit_length() > _WIDEST:
                raise _too_wide(value.bit_length())
        level = below


def _too_wide(bits: int) -> ValueError:
    return ValueError(f"an integer of {bits} bits, of which {_WIDEST} are the most")


def _no_number(name: str) -> Any:
    raise ValueError(f"{name}, which JSON does not have")


def _whole(digits: str) -> int:
    if len(digits) > _WIDEST:
        raise ValueError(f"an integer of {len(digits)} digits, of which 20 are the most")
    number = int(digits)
    if number.bit_length() > _WIDEST:
        raise _too_wide(number.bit_length())
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]}, which is beyond the largest float64")
    return number
