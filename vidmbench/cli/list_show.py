"""``vidmbench list`` and ``vidmbench show``: what can be named, and one declaration whole."""

import shutil
import sys
import textwrap
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.output import print_json, say, say_text
from vidmbench.core.text import printable
from vidmbench.core.vocabulary import PROTOCOL_GROUPS, CatalogueKind


def list_things(
    kind: Annotated[CatalogueKind, typer.Argument(metavar="WHAT", help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """List what can be named on the command line.

    \b
    Examples:
      vidmbench list protocols
      vidmbench list models
      vidmbench list recipes
      vidmbench list results --json
    """
    from vidmbench.reporting.catalogue import catalogue, found_results

    if as_json and kind == "results":
        from vidmbench.reporting.terminal.records import results_json

        print_json(results_json(found_results()))
        return
    entries = catalogue(kind)
    if as_json:
        print_json(entries)
        return
    if kind == "protocols":  # programs that go through the JSON find one protocol under each name
        entries = {**PROTOCOL_GROUPS, **entries}
    if not entries:
        say(f"no {kind} yet")
    width = max((len(name) for name in entries), default=0)
    for name, text in entries.items():
        say_text(_wrapped(printable(f"{name:{width}s}  {text}"), indent=width + 2))


def show(
    name: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.anything,
            metavar="NAME",
            help="A protocol, data set, model, detector, recipe or control.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show one protocol, data set, model, detector, training recipe or control whole.

    \b
    Examples:
      vidmbench show fvd-stylegan-v
      vidmbench show clevrer-mini --json
      vidmbench show stylegan-v
      vidmbench show tiny
      vidmbench show control:static
    """
    from vidmbench.reporting.catalogue import declaration, declaration_lines

    kind, content = declaration(name)
    if as_json:
        print_json({"kind": kind, **content})
        return
    if kind == "model":
        from vidmbench.sources.baselines.describe import page
        from vidmbench.sources.baselines.layouts import load_baseline

        lines = page(load_baseline(name)).splitlines()
    else:
        lines = [f"# {kind}", *declaration_lines(content)]
    for line in lines:
        say_text(_wrapped(printable(line), indent=len(line) - len(line.lstrip()) + 2))


def _wrapped(line: str, *, indent: int) -> str:
    """Wrapped to the terminal's width; unchanged for programs that read it through a pipe."""
    if not sys.stdout.isatty():
        return line
    width = max(shutil.get_terminal_size().columns, indent + 20)
    return "\n".join(
        textwrap.wrap(line, width, subsequent_indent=" " * indent, break_long_words=False, drop_whitespace=True)
    )
