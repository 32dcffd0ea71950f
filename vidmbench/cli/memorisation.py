"""``vidmbench memorisation``."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vidmbench.cli.options import (
    DataRoot,
    DeviceName,
    DevicePick,
    Frames,
    Json,
    OnBad,
    OnBadPick,
    PrecisionName,
    PrecisionPick,
    Seed,
    Stride,
    check_picture,
    choices_from,
)
from vidmbench.core.progress import progress_bar


class TrainClipsPick(StrEnum):
    """Which clips of a training video are searched."""

    random = "random"
    chunks = "chunks"
    windows = "windows"


_SHOWN = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def memorisation(
    train: Annotated[str, typer.Argument(metavar="TRAIN", help="What the model learnt from: a path or dataset:NAME.")],
    heldout: Annotated[str, typer.Argument(metavar="HELDOUT", help="Real videos that it did not learn from.")],
    fake: Annotated[str, typer.Argument(metavar="FAKE", help="What it made; or control:NAME made from TRAIN.")],
    frames: Frames = None,
    protocol: Annotated[
        str,
        typer.Option(metavar="NAME|FILE", help="From clips to features, as this protocol does it."),
    ] = "fvd-vidm-paper",
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
        int | None, typer.Option(metavar="K", help="At most K videos of TRAIN, where these are to be others.", min=2)
    ] = None,
    train_clips: Annotated[
        TrainClipsPick,
        typer.Option(help="Of each training video: one clip, all that follow one another, or all."),
    ] = TrainClipsPick.random,
    quantile: Annotated[
        float, typer.Option(metavar="Q", help="Generated clips nearer than this share of HELDOUT count.", min=0, max=1)
    ] = 0.05,
    seed: Seed = None,
    precision: PrecisionName = PrecisionPick.fp32,
    device: DeviceName = DevicePick.auto,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    top: Annotated[
        int, typer.Option(metavar="K", help="Nearest pairs to show.", min=1, max=50, rich_help_panel="Output")
    ] = 6,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The contact sheet, PNG, SVG or PDF.", rich_help_panel="Output")
    ] = Path("runs/memorisation.png"),
    as_json: Json = False,
) -> None:
    """Does a model copy what it learnt from? Its clips' nearest training clips, as a number and a picture.

    The number is the share of generated clips that are nearer to the training set than the nearest
    5 % of held-out real clips: about 5 % where nothing was memorised, 100 % where everything was.

    \b
    Examples:
      vidmbench memorisation dataset:clevrer-mini@train dataset:clevrer-mini@test DIR --num-videos 32
    """
    from vidmbench.core.errors import UsageError
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.studies.memorisation import carry_out_memorisation
    from vidmbench.evaluation.studies.memorisation_plan import prepare_memorisation
    from vidmbench.reporting.plots.contact_sheet import save_figure
    from vidmbench.reporting.plots.memorisation import memorisation_sheet

    check_picture(out)
    if not 0 < quantile < 1:
        raise UsageError(
            "a quantile lies between 0 and 1", expected="such as 0.05", found=f"{quantile:g}", where="--quantile"
        )
    choices = choices_from([protocol], frames, stride, None, None, None, seed, precision, device, on_bad, data_root)
    job = prepare_memorisation(
        train,
        heldout,
        fake,
        choices,
        num_videos=num_videos,
        num_train=num_train,
        quantile=quantile,
        train_clips=train_clips.value,
    )
    checked_output(out.parent)
    with progress_bar() as progress:
        finding = carry_out_memorisation(job, progress)
    save_figure(memorisation_sheet(finding, top), out)
    if as_json:
        print(json.dumps(_as_json(finding, top, out), allow_nan=False))
    else:
        _print(finding, top)
    for note in finding.warnings:
        print(f"note: {note}", file=sys.stderr)
    for label, name, reason in finding.skipped[:10]:
        print(f"left out of {label}: {name}: {reason}", file=sys.stderr)
    if len(finding.skipped) > 10:
        print(f"  and {len(finding.skipped) - 10} more; --json lists all", file=sys.stderr)
    print(f"picture: {out}", file=sys.stderr)


def _print(finding: Any, top: int) -> None:
    from tabulate import tabulate

    from vidmbench.metrics.memorisation import quantiles

    def show(rows: Sequence[tuple[str, ...]], header: tuple[str, ...], text: int = 1) -> None:
        alignment = ("left",) * text + ("right",) * (len(header) - text)
        print(tabulate(rows, header, tablefmt="github", disable_numparse=True, colalign=alignment))
        print()

    result = finding.result
    copies = [pair for pair in finding.pairs if pair.is_copy]
    null = f"{_percent(result.expected)}, {_percent(result.null_range[0])} to {_percent(result.null_range[1])}"
    near = [f"{_percent(result.interval[0])} to {_percent(result.interval[1])}", f"{null}; p = {result.p_value:.2g}"]
    area = f"{result.area_interval[0]:.3f} to {result.area_interval[1]:.3f}"
    show(
        [
            (f"generated clips nearer than {result.threshold:.4g}", _percent(result.share), *near),
            ("area: generated nearer than held-out", f"{result.area:.3f}", area, "0.5"),
            ("exact copies of training clips", f"{len(copies)} of {finding.counts[2]}", "", "0"),
        ],
        ("Memorisation", "Value", "95 % interval", "without memorisation"),
    )
    rows = [
        (f"{role}, {len(near.distances)} clips", *(f"{value:.4g}" for value in quantiles(near, _SHOWN)))
        for role, near in (("generated", result.fake), ("held-out", result.heldout))
    ]
    named = ("min", *(f"{100 * share:g} %" for share in _SHOWN[1:-1]), "max")
    show(rows, ("Distance to the nearest training clip", *named))
    pairs = [
        (finding.job.fake.name(pair.fake), finding.job.train.name(pair.train), _distance(pair))
        for pair in finding.pairs[:top]
    ]
    show(pairs, ("Generated", "Nearest training clip", "Distance"), text=2)
    if len(copies) > top:
        print(f"copies: {', '.join(finding.job.fake.name(pair.fake) for pair in copies)}\n")
    print(f"{_percent(result.share)}  {finding.signature.long}  #{finding.signature.id}")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _distance(pair: Any) -> str:
    return "copy" if pair.is_copy else f"{pair.distance:.4g}"


def _as_json(finding: Any, top: int, out: Path) -> dict[str, Any]:
    from vidmbench.metrics.memorisation import quantiles

    result, job = finding.result, finding.job
    pairs = [
        {
            "generated": job.fake.name(pair.fake),
            "training": job.train.name(pair.train),
            "distance": pair.distance,
            "is_copy": pair.is_copy,
        }
        for pair in finding.pairs
    ]
    shown = {f"{share:g}": place for place, share in enumerate(_SHOWN)}
    by_role = {"generated": quantiles(result.fake, _SHOWN), "heldout": quantiles(result.heldout, _SHOWN)}
    return {
        "metric": "memorisation",
        "value": result.share,
        "interval": result.interval,
        "interval_kind": "clopper-pearson-95",
        "expected": result.expected,
        "null_range": result.null_range,
        "p_value": result.p_value,
        "quantile": job.quantile,
        "threshold": result.threshold,
        "area": result.area,
        "area_interval": result.area_interval,
        "area_interval_kind": "newcombe-5-95",
        "distances": {role: {name: own[place] for name, place in shown.items()} for role, own in by_role.items()},
        "copies": [pair["generated"] for pair in pairs if pair["is_copy"]],
        "heldout_copies": finding.heldout_copies,
        "nearest": pairs[:top],
        "train": job.train.source.label,
        "heldout": job.heldout.source.label,
        "fake": job.fake.source.label,
        "num_train": finding.counts[0],
        "num_heldout": finding.counts[1],
        "num_fake": finding.counts[2],
        "frames": job.fake.spec.clips.frames,
        "stride": job.fake.spec.clips.stride,
        "precision": job.choices.precision,
        "engine": finding.engine,
        "signature": finding.signature.long,
        "signature_id": finding.signature.id,
        "protocol": job.fake.spec.name,
        "seconds": finding.seconds,
        "skipped": finding.skipped,
        "warnings": finding.warnings,
        "picture": str(out),
    }
