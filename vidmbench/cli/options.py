"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.core.vocabulary import (
    DEFAULT_PROTOCOL,
    ComparisonFormat,
    Device,
    OnBad,
    Precision,
    SamplerName,
)

PROTOCOL_PANEL, COMPUTE_PANEL, OUTPUT_PANEL, VIDM_PANEL = "Protocol", "Compute", "Output", "VIDM"


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
    typer.Option(
        "--sampler", help="How frames are denoised.", show_default="the checkpoint's", rich_help_panel=VIDM_PANEL
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        metavar="K",
        help="Denoising steps per frame, first frames included.",
        show_default="the checkpoint's",
        min=1,
        rich_help_panel=VIDM_PANEL,
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
