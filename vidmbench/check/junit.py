"""Checks as JUnit XML, which every CI system shows."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from xml.etree import ElementTree

from vidmbench.check.report import Check, Report, State
from vidmbench.core.files import write_text
from vidmbench.records.environment import environment

CaseState = Literal["passed", "failure", "error", "skipped"]
_STATES: dict[State, CaseState] = {"ok": "passed", "moved": "failure", "failed": "error", "skipped": "skipped"}


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
    state: CaseState
    message: str
    seconds: float


def junit(suite: str, cases: Sequence[Case], *, properties: dict[str, str], summary: str) -> str:
    """The XML of one test suite.

    Args:
        suite: Its name.
        cases: Its cases.
        properties: Facts about the run, such as versions.
        summary: The closing summary of the run.

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
        element = ElementTree.SubElement(
            node, "testcase", classname=_plain(case.group), name=_plain(case.name), time=_time(case.seconds)
        )
        if case.state == "skipped":
            ElementTree.SubElement(element, "skipped", message=_plain(case.message))
        elif case.state != "passed":
            kind = "moved" if case.state == "failure" else "failed"
            ElementTree.SubElement(element, case.state, message=_plain(case.message), type=kind).text = _plain(
                case.message
            )
    ElementTree.SubElement(node, "system-out").text = _plain(summary)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def write_junit(report: Report, path: Path) -> None:
    """Writes a report of ``vidmbench check`` as JUnit XML.

    Args:
        report: The checks.
        path: The file.
    """
    facts = environment()
    packages = {name: version for name, version in facts["packages"].items() if version}
    machine = {key: str(facts[key]) for key in ("python", "system", "processor", "cores")}
    text = junit(
        "vidmbench check",
        [_case(check) for check in report.checks],
        properties=packages | machine | {"first_moved": report.first_moved or ""},
        summary="\n".join([*(check.line for check in report.checks), report.summary]),
    )
    write_text(path, text)


def _case(check: Check) -> Case:
    group = f"vidmbench.check.run.{check.stage or 'golden'}"
    message = check.said if check.state in ("failed", "skipped") else check.line if check.state == "moved" else ""
    return Case(group, f"{check.protocol}: {check.name}", _STATES[check.state], message, check.seconds)


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _plain(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
