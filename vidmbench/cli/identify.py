"""``vidmbench identify``: which convention does a number follow?"""

import re
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from vidmbench.cli import completion
from vidmbench.cli.options import OUTPUT_PANEL, DeviceName, Json
from vidmbench.cli.output import print_json, remark, say, say_text
from vidmbench.cli.parsing import check_junit

if TYPE_CHECKING:
    from vidmbench.evaluation.studies.identify import Identification


class NumberFirst(typer.core.TyperCommand):
    """A command whose first argument may look like an option because it is a number below 0."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Says what is wrong with a negative number; everything else as usual."""
        for before, word in pairwise(["", *args]):
            if re.match(r"-[.\d]|-(nan|inf)", word, re.IGNORECASE) and not before.startswith("--"):
                from vidmbench.evaluation.studies.identify import number

                number(word)
        return super().parse_args(ctx, args)


def identify(
    value: Annotated[
        str | None, typer.Argument(metavar="VALUE", help="The number that a code printed.", show_default=False)
    ] = None,
    real: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.sources,
            metavar="REAL",
            help="Videos of your own that VALUE belongs to, in place of a golden set.",
            show_default=False,
        ),
    ] = None,
    fake: Annotated[
        str | None,
        typer.Argument(autocompletion=completion.sources, metavar="FAKE", help="The scored ones.", show_default=False),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="square|wide|DIR",
            help="The golden set that VALUE is of; with --run only this one, or the files in DIR.",
            show_default="square; with --run both",
        ),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write the golden sets there: arrays and PNG frames.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="COMMAND",
            help="Run a code on the golden sets and read the one number that it prints. In it {real} and {fake} are "
            "arrays (.npy), {real_frames} and {fake_frames} folders of PNG frames.",
        ),
    ] = None,
    claims: Annotated[
        str | None,
        typer.Option(
            "--claims",
            autocompletion=completion.protocols,
            metavar="NAME",
            help="The convention that it should be; exit code 1 if it is not.",
        ),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option("--frames", min=1, metavar="N", help="Try clips of N frames alone.", show_default="all lengths"),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.001, metavar="SECONDS", help="Time that --run allows for each set.")
    ] = 600.0,
    device: DeviceName = "auto",
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write JUnit XML for CI systems.", rich_help_panel=OUTPUT_PANEL),
    ] = None,
    as_json: Json = False,
) -> None:
    """Which FVD is it: the published convention, or the combination of choices, that gives a number.

    Two golden sets of videos come with vidmbench. Run a code on one of them, and its number tells what it does.
    Exit code 1: the number is not that of --claims; with --run also if nothing gives it.

    \b
    Examples:
      vidmbench identify --write golden
      vidmbench identify 866.35 --on square
      vidmbench identify 866.35 --claims fvd-stylegan-v
      vidmbench identify --run 'python my_fvd.py {real} {fake}' --junit fvd.xml
    """
    from vidmbench.evaluation.studies.identify_request import check_request

    check_request(value, real, fake, on=on, write=write, run=run, claims=claims, junit=junit)
    if write is not None:
        _write(write, as_json=as_json)
        return
    if junit is not None:
        check_junit(junit)
    if run is not None:
        answer, seconds = _run(run, on, timeout, frames)
    elif value is not None and real is not None and fake is not None:
        answer, seconds = _own(value, real, fake, frames, device, as_json=as_json), {}
    else:
        answer, seconds = _given(str(value), on, frames), {}
    _report(answer, seconds, claims, junit, as_json=as_json, must_be_found=run is not None)


def _write(folder: Path, *, as_json: bool) -> None:
    from vidmbench.sources.golden_sets import SETS
    from vidmbench.sources.golden_writing import write_sets

    folder = write_sets(folder)
    if as_json:
        print_json({"folder": str(folder), "sets": list(SETS)})
    else:
        say(f"wrote {' and '.join(SETS)} to {folder}: 24 + 24 videos of 20 frames each, as arrays and as PNG frames")
        remark("next:    run your code on them, then: vidmbench identify VALUE --on square")


def _given(value: str, on: str | None, frames: int | None) -> "Identification":
    from vidmbench.evaluation.studies.identify import identify as look_up
    from vidmbench.evaluation.studies.identify import number
    from vidmbench.evaluation.studies.identify_request import set_named

    return look_up({set_named(on): number(value)}, frames=frames)


def _own(value: str, real: str, fake: str, frames: int | None, device: str, *, as_json: bool) -> "Identification":
    from vidmbench.core.text import counted
    from vidmbench.evaluation.studies.identify import number
    from vidmbench.evaluation.studies.identify_own import identify_own, prepare_own
    from vidmbench.evaluation.studies.identify_request import own_choices

    given = number(value)
    comparison = prepare_own(real, fake, own_choices(frames, device))
    if not as_json:
        plans = counted(len(comparison.job.plans), "protocol")
        remark(f"plan: {plans}, about 0.3 s per clip and network on one core; features are kept for the next time")
    return identify_own(given, comparison)


def _run(command: str, on: str | None, timeout: float, frames: int | None) -> "tuple[Identification, dict[str, float]]":
    from vidmbench.evaluation.studies.identify import identify as look_up
    from vidmbench.evaluation.studies.identify_request import sets_to_run
    from vidmbench.evaluation.studies.identify_run import checked_command, run_code
    from vidmbench.sources.golden_writing import write_sets

    words = checked_command(command)
    names, folder = sets_to_run(on)
    with tempfile.TemporaryDirectory(prefix="vidmbench-identify-") as temporary:
        where = folder or write_sets(Path(temporary) / "golden", names)
        runs = [run_code(words, where, name, timeout) for name in names]
    return look_up({each.name: each.number for each in runs}, frames=frames), {each.name: each.seconds for each in runs}


def _report(
    answer: "Identification",
    seconds: dict[str, float],
    claims: str | None,
    junit_file: Path | None,
    *,
    as_json: bool,
    must_be_found: bool,
) -> None:
    from vidmbench.check.junit import Case, junit
    from vidmbench.core.files import write_text
    from vidmbench.reporting.studies.identification import combination_words, identification_json, identification_text
    from vidmbench.reporting.studies.identification import verdict as judged

    verdict = judged(answer, claims)
    if as_json:
        holds = None if claims is None else verdict.holds
        print_json({**identification_json(answer), "claims": claims, "holds": holds, "seconds": seconds})
    else:
        say_text(identification_text(answer))
        if claims is not None:
            say("", verdict.text)
    if junit_file is not None:
        name = f"follows {claims}" if claims else "follows a known convention"
        time = sum(seconds.values())
        case = Case("vidmbench.identify", name, "passed", "", time)
        if not verdict.holds:
            case = case._replace(state="failure", message=verdict.text)
        found = "\n".join(combination_words(each) for each in answer.found) or "none"
        numbers = {name: each.text for name, each in answer.numbers.items()}
        write_text(junit_file, junit("vidmbench identify", [case], properties=numbers, summary=found))
        remark(f"junit: {junit_file}")
    if not verdict.holds and (claims is not None or must_be_found):
        raise typer.Exit(1)
