"""Options that several commands share, each group of them one frozen dataclass; see :mod:`vidmbench.cli.groups`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli import completion
from vidmbench.core.vocabulary import (
    DEFAULT_PROTOCOL,
    ComparisonFormat,
    Device,
    NoiseChoice,
    OnBad,
    Precision,
    SamplerName,
    SamplesRule,
)

if TYPE_CHECKING:
    from vidmbench.vidm.sampling.opening import SamplingOptions

PROTOCOL_PANEL, COMPUTE_PANEL, OUTPUT_PANEL, _VIDM = "Protocol", "Compute", "Output", "VIDM"


Real = Annotated[
    str,
    typer.Argument(
        autocompletion=completion.sources,
        metavar="REAL",
        help="A folder, tar, zip, npy, npz or video; a .txt list of paths; a glob in quotes; "
        "dataset:NAME@SPLIT/PIXELS; or pack:FILE.",
    ),
]
Fake = Annotated[
    str,
    typer.Argument(
        autocompletion=completion.sources,
        metavar="FAKE",
        help="The same; control:NAME made from REAL; vidm or vidm:RUN; static-of: before any of these.",
    ),
]
MoreFakes = Annotated[
    list[str] | None,
    typer.Argument(autocompletion=completion.sources, metavar="MORE", help="Videos of further models, in one table."),
]
ProtocolNames = Annotated[
    list[str] | None,
    typer.Option(
        "--protocol",
        autocompletion=completion.protocols,
        metavar="NAME|FILE[,...]",
        help="Protocols or TOML files of your own, such as fvd-tats,prdc-i3d; paired-all: every full-reference one; "
        "may be repeated.",
        show_default=DEFAULT_PROTOCOL,
        rich_help_panel=PROTOCOL_PANEL,
    ),
]
FrechetProtocol = Annotated[
    str | None,
    typer.Option(
        "--protocol",
        autocompletion=completion.protocols,
        metavar="NAME|FILE",
        help="A protocol of a Fréchet distance, or a TOML file.",
        show_default=DEFAULT_PROTOCOL,
        rich_help_panel=PROTOCOL_PANEL,
    ),
]
PrecisionRecallProtocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        autocompletion=completion.protocols,
        metavar="NAME|FILE",
        help="A protocol of precision and recall, or a TOML file.",
        rich_help_panel=PROTOCOL_PANEL,
    ),
]
Frames = Annotated[
    str | None,
    typer.Option(
        "--frames",
        metavar="N[,N...]",
        help="Frames of a clip, such as 16 or 16,64,128.",
        show_default="the protocol's",
        rich_help_panel=PROTOCOL_PANEL,
    ),
]
Stride = Annotated[
    int | None,
    typer.Option(
        "--stride",
        help="Take every K-th frame of the videos.",
        metavar="K",
        show_default="the protocol's",
        rich_help_panel=PROTOCOL_PANEL,
    ),
]
NumReal = Annotated[
    int | None, typer.Option(help="Videos on the real side.", metavar="K", rich_help_panel=PROTOCOL_PANEL)
]
NumFake = Annotated[
    int | None, typer.Option(help="Videos on the scored side.", metavar="K", rich_help_panel=PROTOCOL_PANEL)
]
TextOrTable = Annotated[
    ComparisonFormat,
    typer.Option(
        "--format",
        help="Text for the terminal, or the whole table for documents or programs.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", help="Seed of every random choice.", metavar="S", rich_help_panel=PROTOCOL_PANEL)
]
DeviceName = Annotated[Device, typer.Option("--device", help="Where the network runs.", rich_help_panel=COMPUTE_PANEL)]
TrainingPrecision = Annotated[
    Precision | None,
    typer.Option("--precision", help="Number format of the networks in training.", show_default="the recipe's"),
]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data-root", help="Folder or file with your copy of a data set that cannot be generated.", metavar="DIR"
    ),
]
OnBadVideos = Annotated[
    OnBad,
    typer.Option("--on-bad", help="Stop on videos that cannot be used, or skip them and list them."),
]
Sampler = Annotated[
    SamplerName | None,
    typer.Option("--sampler", help="How frames are denoised.", show_default="the checkpoint's", rich_help_panel=_VIDM),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        metavar="K",
        help="Denoising steps per frame, first frames included.",
        show_default="the checkpoint's",
        min=1,
        rich_help_panel=_VIDM,
    ),
]
RecordsFolder = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Folder with your own records.", show_default="./runs"),
]
OwnOnly = Annotated[bool, typer.Option("--own", help="Only your own records, not those of results/measured.")]
NoCaption = Annotated[
    bool,
    typer.Option("--no-caption", help="Omit the text below the figure, for papers; it is printed instead."),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout, nothing else.", rich_help_panel=OUTPUT_PANEL)
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Check everything and print the plan, nothing else.", rich_help_panel=OUTPUT_PANEL),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="All notes, and signatures in full.", rich_help_panel=OUTPUT_PANEL),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.", rich_help_panel=OUTPUT_PANEL)]
RecordOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Also write a record into this folder.", rich_help_panel=OUTPUT_PANEL),
]
BestOf = Annotated[
    Path | None,
    typer.Option(
        "--best-of",
        metavar="FILE",
        help="Also the best of 1, 2, ... predictions of each video: a table, and FILE, .csv or .json.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]


@dataclass(frozen=True)
class ClipOptions:
    """Which clips are scored; None leaves a choice to the protocol."""

    frames: Frames = None
    stride: Stride = None
    num_videos: Annotated[
        int | None,
        typer.Option(
            help="Videos on each side.",
            metavar="K",
            show_default="the protocol's 2048; 256 for clevrer-mini",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None
    num_real: NumReal = None
    num_fake: NumFake = None
    seed: Seed = None
    context: Annotated[
        int | None,
        typer.Option(
            help="Frames at the start of each clip that the model was given; not scored by psnr, ssim and "
            "lpips, in front on both sides in fvd-mcvd and fvd-srvp.",
            metavar="K",
            show_default="0",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None
    predictions: Annotated[
        SamplesRule | None,
        typer.Option(
            help="Of several predictions of one video: the best, their mean, or each by itself.",
            show_default="the protocol's",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None
    scenes: Annotated[
        str | None,
        typer.Option(
            help="REAL videos of one scene, for the intervals of psnr, ssim and lpips: those of one folder, rows "
            "video,scene of a file, or those in whose names a pattern finds the same text.",
            metavar="folder|FILE.csv|PATTERN",
            show_default="each video its own",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None


@dataclass(frozen=True)
class ComputeOptions:
    """How and where the network runs."""

    precision: Annotated[
        Precision, typer.Option(help="bf16 is faster and is part of the signature.", rich_help_panel=COMPUTE_PANEL)
    ] = "fp32"
    device: DeviceName = "auto"


@dataclass(frozen=True)
class ReadingOptions:
    """Where videos are read from, and what happens to those that cannot be used."""

    data_root: DataRoot = None
    on_bad: OnBadVideos = "stop"


@dataclass(frozen=True)
class VidmOptions:
    """How VIDM is sampled; None leaves a choice to the checkpoint."""

    content: Annotated[
        str | None,
        typer.Option(
            metavar="generated|real|FILE|RUN",
            help="First frames: generated by the model, taken from real videos of the data set, one image for all "
            "videos, or generated by the content generator in a weights file or a run's folder.",
            show_default="generated",
            rich_help_panel=_VIDM,
        ),
    ] = None
    sampler: Sampler = None
    steps: Steps = None
    noise: Annotated[
        NoiseChoice | None,
        typer.Option(
            help="New noise for every frame, as in the paper, or one noise per video, which steadies small models.",
            show_default="the checkpoint's",
            rich_help_panel=_VIDM,
        ),
    ] = None
    batch_size: Annotated[
        int, typer.Option(metavar="K", help="Videos sampled at a time.", min=1, rich_help_panel=_VIDM)
    ] = 16

    def sampling(self, on_frame: Callable[[int], None] | None = None) -> "SamplingOptions":
        """These options for :func:`vidmbench.vidm.sampling.opening.videos_of`.

        Args:
            on_frame: Called with the number of frames sampled since the last call.
        """
        from vidmbench.vidm.sampling.opening import SamplingOptions

        return SamplingOptions(
            content=self.content,
            sampler=self.sampler,
            steps=self.steps,
            noise=self.noise,
            batch_size=self.batch_size,
            on_frame=on_frame,
        )


@dataclass(frozen=True)
class OutputOptions:
    """What a command that scores prints."""

    as_json: Json = False
    dry_run: DryRun = False


@dataclass(frozen=True)
class NumbersOutput(OutputOptions):
    """What a command that prints numbers of several protocols prints."""

    is_verbose: Verbose = False
    is_quiet: Quiet = False

    @property
    def shows_progress(self) -> bool | None:
        """For :func:`vidmbench.core.progress.progress_bar`."""
        return False if self.is_quiet else None


@dataclass(frozen=True)
class ScoresOutput(NumbersOutput):
    """What a command that scores models prints."""

    best_of: BestOf = None


@dataclass(frozen=True)
class FigureOptions:
    """How a figure is made."""

    no_caption: NoCaption = False
    as_json: Json = False


DEFAULT_FIGURE = FigureOptions()


@dataclass(frozen=True)
class RecordOptions:
    """Which folders records are read from."""

    runs: RecordsFolder = None
    own_only: OwnOnly = False
