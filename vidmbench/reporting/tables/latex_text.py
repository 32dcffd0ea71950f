"""Labels and notes as LaTeX: every special character escaped, long words with places to break, widths estimated."""

import re
import unicodedata

from vidmbench.core.text import printable
from vidmbench.reporting.tables.values import Span, spans

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "#": r"\#",
    "$": r"\$",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "[": "{[}",  # after a line end, LaTeX would take a bare one for an optional argument
    "*": "{*}",
    '"': "''",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "→": r"$\to$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "’": "'",
}
# Where a word may break: behind these, and a word without any that is as long as no word of a language, anywhere.
_BREAKS = "/_.:@|,="
_LONGEST_WORD = 24
_CHUNK = 12


def escaped(text: str) -> str:
    """A text with backticks and carets as LaTeX, every special character escaped."""
    return _tied("".join(_around(span, _escaped(span.text, is_code=span.kind == "code")) for span in spans(text)))


def _tied(text: str) -> str:
    return re.sub(r" (?=\$\\(down|up)arrow\$)", "~", text)  # an arrow stays with its metric


def _around(span: Span, text: str) -> str:
    return {"plain": "{}", "code": r"\texttt{{{}}}", "raised": r"\textsuperscript{{{}}}"}[span.kind].format(text)


def _escaped(text: str, *, is_code: bool = False) -> str:
    unescaped = "|<>" if is_code else ""  # typewriter has these where ASCII has them
    # Separated by an empty group, the two hyphens of an option do not become a dash.
    return "-{}-".join(
        "".join(s if s in unescaped else _escaped_character(s) for s in part) for part in text.split("--")
    )


def _escaped_character(character: str) -> str:
    """One character; those that plain LaTeX fonts lack are printed as their code point, so that the text compiles."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isspace():
        return " "
    is_accented = ord(character) <= 0xFF and unicodedata.normalize("NFD", character)[0].isascii()
    return (
        character
        if (printable(character) == character and is_accented) or character in "ßæøåÆØÅ"
        else f"U+{ord(character):04X}"
    )


def breakable(text: str) -> str:
    """A text as LaTeX in which long names may break, so that they fit a column; counts are set as mathematics."""
    text = "".join(
        _around(
            span, r"\allowbreak{}".join(_escaped(piece, is_code=span.kind == "code") for piece in _pieces(span.text))
        )
        for span in spans(text)
        if span.text
    )
    return _tied(re.sub(r"N = (\d+) \+ (\d+)", r"$N=\1+\2$", text))


def _pieces(text: str) -> list[str]:
    """The text, cut where it may break besides the places that TeX knows."""
    pieces = [""]
    for word in re.split(r"( )", text):
        is_long = len(word) > _CHUNK
        for position, character in enumerate(word, start=1):
            pieces[-1] += character
            has_room = len(word) <= _LONGEST_WORD or "-" in word or len(pieces[-1]) < _CHUNK
            if is_long and position < len(word) and (character in _BREAKS or not has_room):
                pieces.append("")
    return [piece for piece in pieces if piece]


def extent(text: str) -> float:
    """About how wide a text is, in digits."""
    return sum(
        1.45 if character.isupper() or character in "mwMW±†‡" else 0.6 if character in "il.,:'|[]() " else 1.0
        for character in text
    )
