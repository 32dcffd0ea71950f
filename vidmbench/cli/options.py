"""Options that several commands share, with their words of help."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.core.errors import UsageError

if TYPE_CHECKING:
    from vidmbench.evaluation.choices import Choices
    from vidmbench.vidm.sampling.opening import SamplingOptions


class PrecisionPick(StrEnum):
    """Number format of the network."""

    fp32 = "fp32"
    bf16 = "bf16"


class DevicePick(StrEnum):
    """Where the network runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class SamplerPick(StrEnum):
    """How a VIDM is sampled."""

    ancestral = "ancestral"
    ddim = "ddim"
    dpm_solver = "dpm-solver"


class NoisePick(StrEnum):
    """What a VIDM draws noise for."""

    frame = "frame"
    video = "video"


class OnBadPick(StrEnum):
    """What becomes of videos that cannot be used."""

    stop = "stop"
    skip = "skip"


_PROTOCOL, _COMPUTE, _OUTPUT, _VIDM = "Protocol", "Compute", "Output", "VIDM"

Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Records of your own runs; ./runs where left out."),
]
Frames = Annotated[
    str | None,
    typer.Option(
        metavar="N[,N...]",
        help="Frames of a clip, such as 16 or 16,64,128.",
        show_default="the protocol's",
        rich_help_panel=_PROTOCOL,
    ),
]
ProtocolNames = Annotated[
    list[str] | None,
    typer.Option(
        "--protocol",
        metavar="NAME|FILE",
        help="A protocol or a TOML file of your own; may be repeated.",
        show_default="fvd-vidm-paper",
        rich_help_panel=_PROTOCOL,
    ),
]
Stride = Annotated[
    int | None,
    typer.Option(
        help="Take every K-th frame of the videos.",
        metavar="K",
        show_default="the protocol's",
        rich_help_panel=_PROTOCOL,
    ),
]
NumVideos = Annotated[
    int | None,
    typer.Option(
        help="Videos on each side; where left out the protocol's 2048, 256 for clevrer-mini.",
        metavar="K",
        rich_help_panel=_PROTOCOL,
    ),
]
NumReal = Annotated[int | None, typer.Option(help="Videos on the real side.", metavar="K", rich_help_panel=_PROTOCOL)]
NumFake = Annotated[int | None, typer.Option(help="Videos on the scored side.", metavar="K", rich_help_panel=_PROTOCOL)]
Seed = Annotated[int | None, typer.Option(help="Seed of every random choice.", metavar="S", rich_help_panel=_PROTOCOL)]
PrecisionName = Annotated[
    PrecisionPick,
    typer.Option("--precision", help="bf16 is faster and stands in the signature.", rich_help_panel=_COMPUTE),
]
DeviceName = Annotated[DevicePick, typer.Option("--device", help="Where the network runs.", rich_help_panel=_COMPUTE)]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Where data sets lie that vidmbench does not make itself.", metavar="DIR"),
]
OnBad = Annotated[
    OnBadPick,
    typer.Option("--on-bad", help="Stop on videos that cannot be used, or skip them and list them."),
]
ContentFrom = Annotated[
    str | None,
    typer.Option(
        "--content",
        metavar="generated|real|FILE|RUN",
        help="First frames: drawn by the model, of real videos of the data set, one picture for all videos, "
        "or drawn by the content generator in a weights file or a run's folder.",
        show_default="generated",
        rich_help_panel=_VIDM,
    ),
]
TrainingPrecision = Annotated[
    PrecisionPick | None,
    typer.Option("--precision", help="Number format of the networks in training.", show_default="the recipe's"),
]
SamplerName = Annotated[
    SamplerPick | None,
    typer.Option("--sampler", help="How frames are denoised.", show_default="the checkpoint's", rich_help_panel=_VIDM),
]
Steps = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        help="Denoising steps a frame, first frames included.",
        show_default="the checkpoint's",
        min=1,
        rich_help_panel=_VIDM,
    ),
]
Noise = Annotated[
    NoisePick | None,
    typer.Option(
        help="Noise drawn anew for every frame, as in the paper, or once a video, which steadies small models.",
        show_default="the checkpoint's",
        rich_help_panel=_VIDM,
    ),
]
BatchSize = Annotated[int, typer.Option(metavar="K", help="Videos drawn at a time.", min=1, rich_help_panel=_VIDM)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.", rich_help_panel=_OUTPUT)]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check everything and print the plan, nothing else.", rich_help_panel=_OUTPUT)
]


def check_picture(out: Path, *more: str) -> None:
    """Refuses a picture whose suffix names no format, or whose name is a folder's.

    Args:
        out: The file to write.
        more: Suffixes of videos that may be written as well.

    Raises:
        UsageError: The suffix names no picture format, or a folder is in the way.
    """
    known = (".png", ".svg", ".pdf", *more)
    if out.suffix.lower() not in known:
        expected = f"{', '.join(known[:-1])} or {known[-1]}"
        raise UsageError("no such picture format", expected=expected, found=str(out), where="--out")
    if out.is_dir():
        raise UsageError("the picture's name is a folder's", expected="a file", found=f"{out}/", where="--out")


def choices_from(
    protocols: list[str] | None,
    frames: str | None,
    stride: int | None,
    num_videos: int | None,
    num_real: int | None,
    num_fake: int | None,
    seed: int | None,
    precision: PrecisionPick,
    device: DevicePick,
    on_bad: OnBadPick,
    data_root: Path | None,
    drawing: "SamplingOptions | None" = None,
) -> "Choices":
    """The options as :class:`vidmbench.evaluation.choices.Choices`.

    Raises:
        UsageError: Options that contradict each other or are no numbers.
    """
    from vidmbench.core.vocabulary import DEFAULT_PROTOCOL
    from vidmbench.evaluation.choices import Choices
    from vidmbench.vidm.sampling.opening import SamplingOptions

    if num_videos is not None and (num_real is not None or num_fake is not None):
        raise UsageError(
            "--num-videos sets both sides",
            expected="--num-videos K, or --num-real K and --num-fake K",
            found="both ways at once",
        )
    if num_videos is not None and num_videos < 2:
        raise UsageError(
            f"--num-videos {num_videos} is too small",
            expected="at least 2: a covariance needs them",
            found=str(num_videos),
            where="--num-videos",
        )
    if data_root is not None and not data_root.exists():
        raise UsageError(
            "--data-root is not there", expected="a folder or file", found=str(data_root), where="--data-root"
        )
    try:
        lengths = tuple(dict.fromkeys(int(word) for word in frames.split(","))) if frames is not None else ()
    except ValueError as error:
        raise UsageError(
            "--frames takes whole numbers", expected="16, or 16,64,128", found=str(frames), where="--frames"
        ) from error
    return Choices(
        protocols=tuple(dict.fromkeys(protocols or [DEFAULT_PROTOCOL])),
        frames=lengths,
        stride=stride,
        num_real=num_videos if num_real is None else num_real,
        num_fake=num_videos if num_fake is None else num_fake,
        seed=seed,
        precision=precision.value,
        device=device.value,
        on_bad=on_bad.value,
        data_root=data_root,
        drawing=drawing or SamplingOptions(),
    )


def records_folder(runs: Path | None) -> Path:
    """The folder of the user's own records; one that was named must be there, ./runs need not.

    Raises:
        ResultError: The folder named is none.
    """
    if runs is None:
        return Path("runs")
    from vidmbench.records.frame import checked_records_folder

    return checked_records_folder(runs)
