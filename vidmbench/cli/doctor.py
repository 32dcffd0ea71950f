"""``vidmbench doctor``: does this installation work?"""

from typing import Annotated

import typer

from vidmbench.cli.output import print_json, say


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Check the installation, and recompute a number whose value is known.

    \b
    Examples:
      vidmbench doctor
    """
    from vidmbench.check.doctor import examine

    checks = []
    for check in examine():
        checks.append(check)
        if not as_json:
            say(f"{check.state:4s}  {check.name}: {check.said}", at_once=True)
    failed = sum(check.state == "FAIL" for check in checks)
    verdict = f"{failed} of {len(checks)} checks failed" if failed else "all is well: numbers made here can be trusted"
    if as_json:
        content = [{"name": check.name, "state": check.state, "said": check.said} for check in checks]
        print_json({"healthy": not failed, "verdict": verdict, "checks": content})
    else:
        say("", verdict)
    if failed:
        raise typer.Exit(2)
