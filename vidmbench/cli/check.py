"""``vidmbench check``: do all numbers still come out as they did?"""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidmbench.cli.options import DeviceName, DevicePick, Json

if TYPE_CHECKING:
    from vidmbench.check.report import Check, Report


class WeightsPick(StrEnum):
    """Which networks run."""

    auto = "auto"
    with_ = "with"
    without = "without"


def check(
    protocol: Annotated[
        list[str] | None,
        typer.Option("--protocol", metavar="NAME", help="Only this; may be repeated.", show_default="all"),
    ] = None,
    weights: Annotated[
        WeightsPick,
        typer.Option(help="auto: networks whose weights are here; with: fetch them; without: none."),
    ] = WeightsPick.auto,
    device: DeviceName = DevicePick.auto,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write JUnit XML for CI systems.", rich_help_panel="Output"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Golden input to golden values: has any number moved, and in which stage?

    Every stage is checked from golden input of its own. Exit code 0: all hold; 1: a number moved, or a protocol has
    no golden values; 2: the request cannot be carried out. Skipped checks are counted, and are no pass.

    \b
    Examples:
      vidmbench check --weights without
      vidmbench check --protocol fvd-digan --weights without --junit check.xml
    """
    from vidmbench.check.report import Report
    from vidmbench.check.run import run_checks

    if junit is not None:
        _refuse_folder(junit)
    checks = []
    for one in run_checks(protocol or (), weights=weights.value, device=device.value):
        checks.append(one)
        if not as_json:
            print(one.line, flush=True)
    report = Report(checks)
    if as_json:
        print(json.dumps(_as_json(report), allow_nan=False))
    else:
        print(f"\n{report.summary}")
    if junit is not None:
        _write_junit(report, junit)
    if not report.is_good:
        raise typer.Exit(1)


def _refuse_folder(path: Path) -> None:
    """Before the work, not after it."""
    from vidmbench.core.errors import UsageError
    from vidmbench.core.files import checked_output

    if path.is_dir():
        raise UsageError("--junit names a file", found=f"the folder {path}", where="--junit")
    checked_output(path.parent, "--junit")


def _as_json(report: "Report") -> dict[str, Any]:
    return {
        "good": report.is_good,
        "first_moved": report.first_moved,
        "first_digits": report.first_digits,
        "summary": report.summary,
        "counts": {state: report.count(state) for state in ("ok", "moved", "failed", "skipped")},
        "checks": [
            {
                "stage": one.stage,
                "protocol": one.protocol,
                "name": one.name,
                "state": one.state,
                "expected": one.expected,
                "found": one.found,
                "moved": None if one.moved is None or one.moved == float("inf") else one.moved,
                "tolerance": one.tolerance,
                "said": one.said,
                "seconds": round(one.seconds, 3),
            }
            for one in report.checks
        ],
    }


def _write_junit(report: "Report", path: Path) -> None:
    from vidmbench.check.junit import junit
    from vidmbench.core.files import write_text
    from vidmbench.records.environment import environment

    facts = environment()
    packages = {name: number for name, number in facts["packages"].items() if number}
    said = {key: str(facts[key]) for key in ("python", "system", "processor", "cores")}
    text = junit(
        "vidmbench check",
        [_case(one) for one in report.checks],
        properties=packages | said | {"first_moved": report.first_moved or ""},
        said="\n".join([*(one.line for one in report.checks), report.summary]),
    )
    write_text(path, text)
    print(f"junit: {path}", file=sys.stderr)


def _case(one: "Check") -> Any:
    from vidmbench.check.junit import Case

    group = f"vidmbench.check.run.{one.stage or 'golden'}"
    message = one.said if one.state in ("failed", "skipped") else one.line if one.state == "moved" else ""
    state = {"ok": "passed", "moved": "failure", "failed": "error", "skipped": "skipped"}[one.state]
    return Case(group, f"{one.protocol}: {one.name}", state, message, one.seconds)  # type: ignore[arg-type]
