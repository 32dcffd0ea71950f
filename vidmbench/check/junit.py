"""Checks as JUnit XML, which every CI system shows."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from xml.etree import ElementTree


class Case(NamedTuple):
    """One check as CI systems know them.

    Attributes:
        group: What they sort by.
        name: What they show.
        state: How it ended; ``error`` where there was nothing to compare.
        message: One line for a case that did not pass.
        seconds: Time it took.
    """

    group: str
    name: str
    state: Literal["passed", "failure", "error", "skipped"]
    message: str
    seconds: float


def junit(suite: str, cases: Sequence[Case], *, properties: dict[str, str], said: str) -> str:
    """The XML of one test suite.

    Args:
        suite: Its name.
        cases: Its cases.
        properties: Facts about the run, such as versions.
        said: What the run said in the end.

    Returns:
        A whole document.
    """
    totals = {"tests": len(cases)} | {
        f"{state}s" if state != "skipped" else state: sum(case.state == state for case in cases)
        for state in ("failure", "error", "skipped")
    }
    counts = {key: str(number) for key, number in totals.items()} | {"time": _time(sum(case.seconds for case in cases))}
    root = ElementTree.Element("testsuites", {"name": suite, **counts})
    node = ElementTree.SubElement(root, "testsuite", {"name": suite, **counts})
    facts = ElementTree.SubElement(node, "properties")
    for key, value in properties.items():
        ElementTree.SubElement(facts, "property", name=_plain(key), value=_plain(value))
    for case in cases:
        one = ElementTree.SubElement(
            node, "testcase", classname=_plain(case.group), name=_plain(case.name), time=_time(case.seconds)
        )
        if case.state == "skipped":
            ElementTree.SubElement(one, "skipped", message=_plain(case.message))
        elif case.state != "passed":
            kind = "moved" if case.state == "failure" else "failed"
            ElementTree.SubElement(one, case.state, message=_plain(case.message), type=kind).text = _plain(case.message)
    ElementTree.SubElement(node, "system-out").text = _plain(said)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _plain(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
