"""User-facing text keeps to glossary.toml: messages, notes, help, docstrings, docs and declarations."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.paths import ROOT

GLOSSARY = tomllib.loads((Path(__file__).parent / "glossary.toml").read_text(encoding="utf-8"))
TERMS = GLOSSARY["term"]
EXCEPTIONS = GLOSSARY.get("exception", [])
ROOMS = sorted(path.name for path in (ROOT / "vidmbench").iterdir() if (path / "__init__.py").is_file())
#: Rooms whose text still has terms of the glossary, with how many; only ever shorter.
UNFINISHED: dict[str, int] = {}


def python_texts(source: str) -> Iterator[str]:
    """Every string literal of a module that reads as prose, an f-string as one text with {} for its values."""
    tree = ast.parse(source)
    inside = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(value.value if isinstance(value, ast.Constant) else "{}" for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def toml_texts(content: object) -> Iterator[str]:
    """Every string of a declaration."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            yield from toml_texts(value)


def texts(path: Path) -> list[str]:
    """What a file shows to people: literals of a module, strings of a declaration, paragraphs of a page."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [text for text in python_texts(content) if " " in text]
    if path.suffix == ".toml":
        return [text for text in toml_texts(tomllib.loads(content)) if " " in text]
    return re.split(r"\n\s*\n", content)


def violations(path: Path) -> list[str]:
    """Terms of the glossary in a file, with what to say instead."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    meant = [exception["text"] for exception in EXCEPTIONS if exception["file"] == name]
    hits = []
    for text in texts(path):
        plain = re.sub(r"\s+", " ", text)
        for exception in meant:
            plain = plain.replace(exception, "")
        for term in TERMS:
            for match in re.finditer(term["pattern"], plain):
                around = plain[max(0, match.start() - 40) : match.end() + 40]
                hits.append(f"{name}: ...{around}...: instead of {match.group()!r} say {term['say']!r}")
    return hits


@pytest.mark.parametrize("room", ROOMS)
def test_text_of_a_room(room):
    hits = [hit for path in sorted((ROOT / "vidmbench" / room).rglob("*.py")) for hit in violations(path)]
    assert len(hits) <= UNFINISHED.get(room, 0), "\n".join(hits)


def test_text_of_docs():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    assert not [hit for page in pages for hit in violations(page)]


def test_text_of_declarations():
    files = [*(ROOT / "baselines").glob("*/baseline.toml"), *(ROOT / "protocols").rglob("*.toml")]
    assert len(files) > 40
    assert not [hit for path in sorted(files) for hit in violations(path)]


@pytest.mark.parametrize("term", TERMS, ids=[term["say"] for term in TERMS])
def test_each_term_is_noticed(term, tmp_path):
    """In a message, an f-string, a docstring that breaks the line, a declaration and a page."""
    words, example = term["example"].replace(" ", "\n    "), term["example"]
    modules = [
        f"raise UsageError({example!r})",
        f"Finding('', f{('{count} of ' + example)!r}, '')",
        f'def command():\n    """{words}."""',
    ]
    for number, module in enumerate(modules):
        (tmp_path / f"{number}.py").write_text(module, encoding="utf-8")
    (tmp_path / "page.md").write_text(f"# Title\n\n{example.replace(' ', chr(10))}\n", encoding="utf-8")
    (tmp_path / "file.toml").write_text(f'note = ["""{example} ok"""]', encoding="utf-8")
    for path in tmp_path.iterdir():
        assert any(term["say"] in hit for hit in violations(path)), path


def test_exceptions_are_needed():
    for exception in EXCEPTIONS:
        plain = " ".join(re.sub(r"\s+", " ", text) for text in texts(ROOT / exception["file"]))
        assert exception["text"] in plain, exception
        assert any(re.search(term["pattern"], exception["text"]) for term in TERMS), exception
        assert exception["reason"]
