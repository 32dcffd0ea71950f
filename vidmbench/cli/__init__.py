"""The command line: the app, and how errors are shown. Each command lives in a file of its own."""

import sys
from typing import Annotated

import typer

from vidmbench.cli import data, diagnose, listing, results, run, table, weights
from vidmbench.errors import VidmbenchError

app = typer.Typer(
    name="vidmbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show Python's traceback of an error.")] = False,  # noqa: ARG001 (main looks for it)
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    """Score video generators, and say exactly what each number means.

    The main job: `vidmbench run --model control:static --dataset clevrer-mini --frames 16`
    """
    if version:
        from importlib.metadata import version as installed

        print(f"vidmbench {installed('vidmbench')}")
        raise typer.Exit


app.command("run")(run.run)
app.command("score")(run.score)
app.command("table")(table.table)
app.command("list")(listing.list_things)
app.command("show")(listing.show)
app.command("doctor")(diagnose.doctor)
app.add_typer(results.app, name="results")
app.add_typer(weights.app, name="weights")
app.add_typer(data.app, name="data")


def main() -> None:
    """The entry point: a user's mistake is one message on stderr and exit code 2, without a traceback."""
    wants_traceback = "--traceback" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--traceback"]
    try:
        app(arguments, standalone_mode=True)
    except VidmbenchError as error:
        if wants_traceback:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        if wants_traceback:
            raise
        print("\ninterrupted: what was done is kept; the same command goes on from there", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        sys.stderr.close()
        sys.exit(1)
