"""``vidmbench compare-models``: is one model better than another?"""

from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, ReadingOptions
from vidmbench.cli.options import PROTOCOL_PANEL, Json, Quiet, Real
from vidmbench.cli.output import print_json, print_notes, print_study_notes, say_text
from vidmbench.cli.parsing import choices_from
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL


@spread
def compare_models(
    real: Real,
    first: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.sources, metavar="A", help="Videos of one model; or control:NAME made from REAL."
        ),
    ],
    second: Annotated[
        str, typer.Argument(autocompletion=completion.sources, metavar="B", help="As many videos of the other.")
    ],
    *,
    protocol: Annotated[
        str | None,
        typer.Option(
            "--protocol",
            autocompletion=completion.protocols,
            metavar="NAME|FILE",
            help="A protocol of a Fréchet or kernel distance, or psnr-..., ssim-... or lpips-...; or a TOML file.",
            show_default=DEFAULT_PROTOCOL,
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None,
    clips: ClipOptions,
    same_seeds: Annotated[
        bool,
        typer.Option("--same-seeds", help="Video i of A and video i of B were sampled with the same seed."),
    ] = False,
    compute: ComputeOptions,
    reading: ReadingOptions,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Is model A better than model B? A paired test on the same real videos.

    Prints both numbers, their difference with its interval and p value, and how many videos are needed to tell such a
    difference from none. Full-reference protocols (psnr-..., ssim-..., lpips-...) compare A and B video by video.

    \b
    Examples:
      vidmbench compare-models REAL FAKE control:blurred --frames 16 --num-videos 48
      vidmbench compare-models REAL A B --protocol lpips-vgg --frames 16
    """
    from vidmbench.evaluation.studies import model_comparison
    from vidmbench.reporting.studies.model_comparison import comparison_json, comparison_text

    choices = choices_from(clips, compute, reading, protocols=None if protocol is None else [protocol], real=real)
    comparison = model_comparison.compare_models(
        real, first, second, choices, same_seeds=same_seeds, progress=False if quiet else None
    )
    if comparison.has_equal_videos:
        print_notes(["A and B hold the same videos"])
    if as_json:
        print_json(comparison_json(comparison))
    else:
        say_text(comparison_text(comparison))
    print_study_notes(comparison.measurements, comparison.repeats)
