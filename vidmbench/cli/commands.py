"""The app with all commands, and how errors are shown."""

import errno
import io
import os
import sys
import warnings
from functools import partial
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from vidmbench.cli import (
    check,
    compare,
    compare_models,
    completion,
    data,
    doctor,
    identify,
    infinity,
    list_show,
    memorisation,
    motion,
    pack,
    plot,
    plot_videos,
    report,
    results,
    rollout,
    run,
    sample,
    table,
    train,
    weights,
)
from vidmbench.cli.defaults import defaults_of
from vidmbench.cli.output import remark, say
from vidmbench.cli.values import read_values_together
from vidmbench.core.errors import UsageError, VidmbenchError
from vidmbench.core.text import printable
from vidmbench.core.workers import this_worker

app = typer.Typer(
    name="vidmbench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version

        say(f"vidmbench {version('vidmbench')}")
        raise typer.Exit


@app.callback()
def _options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show Python's traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Score video generators, and say exactly what each number means.

    \b
    Examples:
      vidmbench run --model control:static --dataset clevrer-mini --frames 16
      vidmbench score REAL FAKE --frames 16 --num-videos 48
      vidmbench table --runs runs
      vidmbench doctor
    """


app.command("run")(run.run)
app.command("score")(run.score)
app.command("compare")(compare.compare)
app.command("explain")(compare.explain)
app.command("compare-models")(compare_models.compare_models)
app.command("identify", cls=identify.NumberFirst)(identify.identify)
app.command("infinity")(infinity.infinity)
app.command("rollout")(rollout.rollout)
app.command("motion")(motion.motion)
app.command("memorisation")(memorisation.memorisation)
app.command("train")(train.train)
app.command("sample")(sample.sample)
app.command("ablate")(train.ablate)
app.command("table")(table.table)
app.command("report")(report.report)
app.command("list")(list_show.list_things)
app.command("show")(list_show.show)
app.command("doctor")(doctor.doctor)
app.command("check")(check.check)
plot.app.command("fvd-vs-n")(infinity.fvd_vs_n)
plot.app.command("rollout")(rollout.plot_rollout)
plot.app.command("motion")(motion.plot_motion)
plot.app.command("samples")(plot_videos.samples)
plot.app.command("timeline")(plot_videos.timeline)
plot.app.command("score-map")(plot_videos.score_map)
app.add_typer(plot.app, name="plot")
app.add_typer(results.app, name="results")
app.add_typer(weights.app, name="weights")
app.add_typer(data.app, name="data")
app.add_typer(pack.app, name="pack")


#: Commands whose processes under torchrun share the work, or train together.
_SHARED = ("run", "score", "compare", "sample", "train", "ablate")


def run_command() -> None:
    """Runs the command that was given: a user's mistake is one message on stderr and exit code 2, no traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell, as by >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? for ±
    # Pillow warns of large images and odd tags; what cannot be read is a message of ours.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    show_traceback = "--traceback" in sys.argv
    words = [word for word in sys.argv[1:] if word != "--traceback"]
    try:
        if _is_done_by_process_0(words):
            sys.exit(0)
        command = typer.main.get_command(app)
        _hide_types_of_flags(command)
        read_values_together(command)
        # Help and completion never depend on a file that may be broken.
        asks = bool({"--help", "-h"}.intersection(words)) or completion.VARIABLE in os.environ
        run = partial(command, words, prog_name="vidmbench", default_map=None if asks else defaults_of(command))
        if os.environ.get(completion.VARIABLE) == "complete_bash":
            completion.complete_in_bash(run)
        run()
    except VidmbenchError as error:
        if show_traceback:
            raise
        _fail(str(error))
    except OSError as error:  # a full disk, a folder that went away
        if show_traceback:
            raise
        _fail(printable(_of_system(error)))
    finally:
        _flush()


def _hide_types_of_flags(command: Any, above: typer.Context | None = None) -> None:
    """Help of typer 0.20 and later shows ``<bool>`` after a flag, as if it took a value."""
    context = typer.Context(command, parent=above, info_name=command.name, **command.context_settings)
    for option in (*command.params, command.get_help_option(context)):
        if isinstance(option, typer.core.TyperOption) and option.is_flag:
            option.metavar = ""
    for inner in getattr(command, "commands", {}).values():
        _hide_types_of_flags(inner, context)


def _is_done_by_process_0(words: list[str]) -> bool:
    """Whether this is another process of a launcher, and the command does not share its work: one does all of it."""
    if words[:1] and words[0] in _SHARED:
        return False
    try:
        worker = this_worker()
    except UsageError:  # only commands that share work need to know
        return False
    if worker.rank > 0:
        return True
    if not worker.is_alone:
        remark(f"{words[0] if words else 'vidmbench'} does not share its work: process 0 of {worker.world} does all")
    return False


def _of_system(error: OSError) -> str:
    """What the system refused, which file, and what to do where that is known."""
    problem = ": ".join(str(part) for part in (error.strerror or error, error.filename) if part)
    fix = {errno.ENAMETOOLONG: "give a path with shorter names", errno.ENOSPC: "make room on the disk"}
    return f"{problem}\n  what to do: {fix[error.errno]}" if error.errno in fix else problem


def _fail(message: str) -> None:
    remark(*f"error: {message}".split("\n"))
    sys.exit(2)


def _flush() -> None:
    """Python flushes stdout once more at exit, and prints an error if the reader (head, less) has gone."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(f"what was printed could not be written: {error.strerror or error}")
