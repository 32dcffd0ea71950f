"""Texts as people read them: counts, and names of any origin without characters that cannot be seen."""

import re
import unicodedata
from collections.abc import Sequence

_NOT_ASCII_PRINT = re.compile(r"[^ -~]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
#: What a cell begins with that a spreadsheet computes.
FORMULA = tuple("=+-@＝＋－＠")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
# Controls (escape sequences begin with one), formats (zero width, text direction), line ends, halves of a pair.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Letters and marks that take no space or look like one: fillers, the blank of Braille, joiners, variation selectors.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
_LONGEST = 200  # bytes; most file systems take 255, and temporary names are longer


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 video``, ``2 videos``.

    Args:
        count: How many.
        noun: Its singular, whose plural takes an s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def lines_of(text: str) -> list[str]:
    """The lines of a file, without their ends: LF, CR LF or CR.

    ``str.splitlines`` also divides at form feeds, separators and other characters that names of files may have.

    Args:
        text: All of it.
    """
    lines = re.split(r"\r\n|\n|\r", text)
    return lines if lines[-1] else lines[:-1]


def shortened(sentence: str, longest: int = 60) -> str:
    """A sentence, or what of it says most where it is long: up to a colon, a semicolon, a bracket or a comma.

    Args:
        sentence: A note or warning.
        longest: Letters that need no shortening, and that are kept where it has no such part.
    """
    text = " ".join(sentence.split())
    for end in (r"[:;] | \(", ", "):
        if len(text) <= longest:
            return text
        text = re.split(end, text, maxsplit=1)[0]
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"


def printable(text: str, *, lines: bool = False) -> str:
    r"""A text of any origin on one line, in which nothing acts on the terminal and nothing is hidden.

    Args:
        text: A label, a file's name, a field of a record.
        lines: Whether line breaks stay, which they do in a text that the program itself set.

    Returns:
        The text with ``\x1b`` for an escape character, ``\n`` for a line break, ``\u202e`` for a change of direction;
        bytes of a file's name that are not UTF-8 as ``\xff``. Everything else is as it was.
    """
    return _NOT_ASCII_PRINT.sub(lambda match: _shown(match[0], lines=lines), text)


def spreadsheet_text(text: str) -> str:
    """A text as a cell of a CSV file: :func:`printable`, with ``'`` before what a spreadsheet would compute."""
    text = printable(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def decoded(text: str) -> str:
    r"""A name or path as text that any file can hold: bytes that are not UTF-8 become ``\xff``."""
    return text if text.isascii() else _HALF_PAIR.sub(lambda match: _shown(match[0], lines=False), text)


def _shown(character: str, *, lines: bool) -> str:
    if character == "\n" and lines:
        return character
    if unicodedata.category(character) not in _UNSEEN and not _BLANK.match(character):
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python spells a byte of a name that is not UTF-8
        code -= 0xDC00
    return _SHORT.get(character) or (
        f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    )


def file_name_problem(name: str) -> str:
    """Why a name cannot be that of a file that everyone sees; empty where it can.

    Args:
        name: The name, without a suffix.
    """
    if not name:
        return "it is empty"
    if name.startswith("."):
        return "it begins with a dot, as hidden files do"
    if found := re.search(r"[/\\]", name):
        return f"it contains {found[0]}, which separates folders"
    if printable(name) != name:
        return "it contains characters that cannot be seen"
    if name != name.strip() or name.endswith("."):
        return "it begins or ends with a space, or ends with a dot"
    if name.partition(".")[0].lower() in _RESERVED:
        return "Windows keeps this name for a device"
    if len(name.encode(errors="replace")) > _LONGEST:
        return f"it is longer than {_LONGEST} bytes"
    return ""


#: Names that a message shows of a long list.
_SHOWN = 3


def first_of(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
