"""``vidmbench memorisation``."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, ReadingOptions
from vidmbench.cli.options import OUTPUT_PANEL, Frames, Json, Quiet, Seed, Stride
from vidmbench.cli.output import print_json, print_notes, remark, say_text
from vidmbench.cli.parsing import check_figure, choices_from
from vidmbench.core.progress import progress_bar
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL, TrainClips


@spread
def memorisation(
    train: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.sources,
            metavar="TRAIN",
            help="What the model was trained on: a path or dataset:NAME.",
        ),
    ],
    heldout: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.sources, metavar="HELDOUT", help="Real videos that it was not trained on."
        ),
    ],
    fake: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.sources,
            metavar="FAKE",
            help="What it generated; or control:NAME made from TRAIN.",
        ),
    ],
    *,
    frames: Frames = None,
    protocol: Annotated[
        str,
        typer.Option(
            autocompletion=completion.protocols,
            metavar="NAME|FILE",
            help="The protocol that says how clips become features.",
        ),
    ] = DEFAULT_PROTOCOL,
    stride: Stride = None,
    num_videos: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="At most K videos of each source.",
            show_default="all of TRAIN, 2048 of the others",
            min=2,
        ),
    ] = None,
    num_train: Annotated[
        int | None,
        typer.Option(metavar="K", help="At most K videos of TRAIN.", show_default="--num-videos", min=2),
    ] = None,
    train_clips: Annotated[
        TrainClips,
        typer.Option(help="Of each training video: one clip, all that follow one another, or all."),
    ] = "random",
    quantile: Annotated[
        float,
        typer.Option(metavar="Q", help="Generated clips nearer than this share of HELDOUT are counted.", min=0, max=1),
    ] = 0.05,
    seed: Seed = None,
    compute: ComputeOptions,
    reading: ReadingOptions,
    top: Annotated[
        int, typer.Option(metavar="K", help="Nearest pairs to show.", min=1, max=50, rich_help_panel=OUTPUT_PANEL)
    ] = 6,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The contact sheet, PNG, SVG or PDF.", rich_help_panel=OUTPUT_PANEL)
    ] = Path("runs/memorisation.png"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Does a model copy its training data? The nearest training clips of its clips, as a number and a figure.

    The number is the share of generated clips that are nearer to the training set than the nearest
    5 % of held-out real clips: about 5 % where nothing was memorised, 100 % where everything was.

    \b
    Examples:
      vidmbench memorisation dataset:clevrer-mini@train dataset:clevrer-mini@test DIR --num-videos 32
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.studies.memorisation import carry_out_memorisation
    from vidmbench.evaluation.studies.memorisation_plan import prepare_memorisation
    from vidmbench.reporting.plots.memorisation import memorisation_sheet
    from vidmbench.reporting.plots.style import save_figure
    from vidmbench.reporting.studies.memorisation import memorisation_json, memorisation_text

    check_figure(out)
    clips = ClipOptions(frames=frames, stride=stride, seed=seed)
    job = prepare_memorisation(
        train,
        heldout,
        fake,
        choices_from(clips, compute, reading, protocols=[protocol]),
        num_videos=num_videos,
        num_train=num_train,
        quantile=quantile,
        train_clips=train_clips,
    )
    checked_output(out.parent)
    with progress_bar(is_shown=False if quiet else None) as progress:
        finding = carry_out_memorisation(job, progress)
    if as_json:
        print_json(memorisation_json(finding, top, out))
    else:
        say_text(memorisation_text(finding, top))
    print_notes([*save_figure(memorisation_sheet(finding, top), out), *finding.warnings])
    for label, name, reason in finding.skipped[:10]:
        remark(f"skipped in {label}: {name}: {reason}")
    if len(finding.skipped) > 10:
        remark(f"  and {len(finding.skipped) - 10} more; --json lists all")
    remark(f"figure: {out}")
