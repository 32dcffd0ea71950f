"""What the commands around one Fréchet distance share: its one protocol, the features behind it, how it is printed."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidmbench.progress import progress_bar

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.choices import Choices
    from vidmbench.records import Measurement
    from vidmbench.runs import Job

OneProtocol = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE", help="A protocol of a Fréchet distance, or a TOML file.", rich_help_panel="Protocol"
    ),
]


def one_job(real: str, fake: str, choices: "Choices") -> "Job":
    """The sources and the one plan, resolved as ``vidmbench compare`` does it."""
    from vidmbench.compare import prepare_compare
    from vidmbench.errors import UsageError
    from vidmbench.protocols import load_protocol

    spec = load_protocol(choices.protocols[0])
    if spec.metric != "frechet":
        raise UsageError(
            f"{spec.name} measures no Fréchet distance",
            expected="a protocol with metric frechet",
            found=spec.metric,
            where="--protocol",
            fix="see all metrics: vidmbench list protocols",
        )
    if len(choices.frames) > 1:
        raise UsageError(
            "one clip length at a time",
            expected="such as --frames 16",
            found=f"--frames {','.join(map(str, choices.frames))}",
        )
    return prepare_compare(real, fake, choices).job


def scored(jobs: "list[Job]") -> "tuple[list[Measurement], list[np.ndarray]]":
    """The plain measurement of every job, and the features behind them: real first, then each job's scored side."""
    from vidmbench.features import FeatureJob, by_video, features_of
    from vidmbench.runs import carry_out

    choices, real = jobs[0].choices, jobs[0].plans[0].real
    with progress_bar() as progress:
        measurements = [one for job in jobs for one in carry_out(job, progress)]
        sides = [(jobs[0].real, real), *((job.fake, job.plans[0].fake) for job in jobs)]
        stage = jobs[0].plans[0].spec.array
        wanted = [FeatureJob(source, clips, stage, choices.precision) for source, clips in sides]
        found = features_of(wanted, device=choices.device, on_bad=choices.on_bad, progress=progress)
    return measurements, [by_video(one.features, clips) for one, (_, clips) in zip(found, sides, strict=True)]


def ends(interval: tuple[float, float] | None) -> str:
    """An interval as it stands in a cell."""
    return "" if interval is None else f"[{interval[0]:.2f}, {interval[1]:.2f}]"


def print_rows(header: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> None:
    """A table of text, numbers to the right."""
    from tabulate import tabulate

    print(tabulate(rows, header, tablefmt="github", disable_numparse=True, colalign=("left", "right", "right")))


def print_notes(measurements: "list[Measurement]", repeats: int) -> None:
    """What a careful reader should know, on stderr."""
    own = [f"the protocol averages {repeats} draws; these numbers are of the first"] if repeats > 1 else []
    for note in dict.fromkeys([*own, *(note for one in measurements for note in one.warnings)]):
        print(f"note: {note}", file=sys.stderr)
    for side in dict.fromkeys(side for one in measurements for side in (one.real, one.fake)):
        if side.skipped:
            print(f"left out of {side.label}: {len(side.skipped)} videos; --json lists them", file=sys.stderr)


def facts(measurements: "list[Measurement]") -> dict[str, Any]:
    """What both commands say of how the numbers were made."""
    one = measurements[0]
    facts = one.model_dump(mode="json", include={"protocol", "frames", "stride", "precision", "engine", "seed"})
    notes = dict.fromkeys(note for each in measurements for note in each.warnings)
    return {**facts, "num_real": one.num_real, "num_fake": one.num_fake, "notes": list(notes)}
