"""``vidmbench check``: do all numbers still come out as they did?"""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.options import OUTPUT_PANEL, DeviceName, Json
from vidmbench.cli.output import print_json, remark, say
from vidmbench.cli.parsing import check_junit, listed
from vidmbench.core.vocabulary import CheckedWeights


def check(
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            autocompletion=completion.protocols,
            metavar="NAME[,...]",
            help="Only these; may be repeated.",
            show_default="all",
        ),
    ] = None,
    weights: Annotated[
        CheckedWeights,
        typer.Option(help="auto: networks whose weights are here; with: fetch them; without: none."),
    ] = "auto",
    device: DeviceName = "auto",
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write JUnit XML for CI systems.", rich_help_panel=OUTPUT_PANEL),
    ] = None,
    as_json: Json = False,
) -> None:
    """Golden input to golden values: has any number moved, and in which stage?

    Every stage is checked from golden input of its own. Exit code 0: all hold; 1: a number moved, or a protocol has
    no golden values; 2: the request cannot be carried out. Skipped checks are counted, not taken as passed.

    \b
    Examples:
      vidmbench check --weights without
      vidmbench check --protocol fvd-digan --weights without --junit check.xml
    """
    from vidmbench.check.junit import write_junit
    from vidmbench.check.report import Report, report_json
    from vidmbench.check.run import run_checks

    if junit is not None:
        check_junit(junit)
    checks = []
    for item in run_checks(listed(protocol), weights=weights, device=device):
        checks.append(item)
        if not as_json:
            say(item.line, at_once=True)
    report = Report(checks)
    if as_json:
        print_json(report_json(report))
    else:
        say("", report.summary)
    if junit is not None:
        write_junit(report, junit)
        remark(f"junit: {junit}")
    if not report.is_good:
        raise typer.Exit(1)
