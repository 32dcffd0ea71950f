"""``vidmbench data``: writing the built-in data set as files, looking at one's own copy of the others."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.options import DataRoot, DryRun, OnBad, OnBadPick
from vidmbench.core.errors import DataError
from vidmbench.core.progress import progress_bar

if TYPE_CHECKING:
    from vidmbench.videos.source import Source

app = typer.Typer(no_args_is_help=True)

# Stands beside the videos and says what they are, so that a second run cannot mix two kinds.


class Form(StrEnum):
    """What ``data make`` writes."""

    MP4 = "mp4"
    NPZ = "npz"


@app.callback()
def _data() -> None:
    """Data sets on disk.

    \b
    Examples:
      vidmbench data make clevrer-mini --num-videos 16 --out clips
      vidmbench data check ucf101 --data-root DIR
      vidmbench data prepare ucf101 --data-root DIR --resolution 128 --out ucf101-128.frames
    """


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set, such as ucf101.")],
    data_root: DataRoot = None,
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="One of its splits.", show_default="the protocol's")
    ] = None,
    protocol: Annotated[str, typer.Option(metavar="NAME|FILE", help="Whose split.")] = "fvd-vidm-paper",
    quick: Annotated[bool, typer.Option("--quick", help="Look at names only; decode nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Look at every video of a data set, against what its declaration expects; exit code 2 where it cannot be scored.

    \b
    Examples:
      vidmbench data check ucf101 --data-root DIR
      vidmbench data check sky-timelapse --data-root DIR --quick
      vidmbench data check clevrer --data-root DIR --json
    """
    from vidmbench.protocols.protocol import load_protocol
    from vidmbench.sources.datasets.check import check_dataset, report_json, report_text
    from vidmbench.sources.datasets.opening import split_of
    from vidmbench.sources.datasets.spec import load_dataset

    split = split or split_of(load_dataset(name), load_protocol(protocol).dataset)
    with progress_bar("video") as progress:
        report = check_dataset(name, data_root, split, is_quick=quick, progress=progress)
    print(json.dumps(report_json(report)) if as_json else report_text(report))
    if not report.can_be_scored:
        raise typer.Exit(2)


@app.command()
def prepare(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set, such as ucf101.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
    data_root: DataRoot = None,
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="One of its splits.", show_default="the protocol's")
    ] = None,
    resolution: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Square.", min=1, show_default="the protocol's")
    ] = None,
    protocol: Annotated[str, typer.Option(metavar="NAME|FILE", help="Whose cropping and resizing.")] = "fvd-vidm-paper",
    rule: Annotated[
        str | None,
        typer.Option(
            metavar="RULE", help="A rule for cropping and resizing by its own name.", show_default="the protocol's"
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Threads.", min=1, show_default="one a core")] = None,
    on_bad: OnBad = OnBadPick.stop,
    dry_run: DryRun = False,
) -> None:
    """Decode, crop and resize a split once into one file, lossless and compressed, that scoring and training read fast.

    Stopped at any moment, the same command goes on from there. The finished file takes the place of the data set:
    --data-root FILE. Training crops and resizes by the rule centre-bilinear-rounded.

    \b
    Examples:
      vidmbench data prepare ucf101 --data-root DIR --resolution 128 --out ucf101-128.frames
      vidmbench data prepare clevrer --data-root DIR --rule squash-bicubic-pil --out clevrer.frames
    """
    from vidmbench.sources.datasets.prepare import in_bytes, prepare_dataset

    request = prepare_dataset(
        name, data_root, split, protocol=protocol, rule=rule, resolution=resolution, on_bad=on_bad.value
    )
    print(request.in_words(), file=sys.stderr)
    if dry_run:
        print("dry run: nothing was written")
        return
    begun = False

    with progress_bar("video") as tick:

        def progress(done: int, total: int, label: str) -> None:
            nonlocal begun
            if done and not begun:
                print(f"goes on with {out}: {done} of {total} videos were written before", file=sys.stderr)
            begun = True
            tick(done, total, label)

        written = request.write(out, workers=workers, progress=progress)
    if not begun:
        print(f"{out} was finished before: nothing was left to do", file=sys.stderr)
    share = out.stat().st_size / max(1, request.estimate.raw)
    print(f"{out}: {len(written)} videos, {in_bytes(out.stat().st_size)}, {100 * share:.0f} % of raw")
    print(f"use it: vidmbench run --dataset {request.dataset} --data-root {out} ...")


@app.command()
def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set that vidmbench makes: clevrer-mini.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to write.", show_default="NAME-SPLIT")] = None,
    split: Annotated[str | None, typer.Option(metavar="SPLIT", help="train or test.", show_default="test")] = None,
    num_videos: Annotated[int, typer.Option(help="The first K videos.", metavar="K", min=1)] = 256,
    frames: Annotated[
        int | None, typer.Option(help="The first K frames of each.", metavar="K", min=1, show_default="all")
    ] = None,
    resolution: Annotated[int | None, typer.Option(metavar="PIXELS", help="32, 64 or 128.", show_default="64")] = None,
    form: Annotated[Form, typer.Option("--format", help="One lossless mp4 a video, or one npz of all.")] = Form.MP4,
) -> None:
    """Write the built-in data set as mp4 files or as one array; what is there already is kept.

    \b
    Examples:
      vidmbench data make clevrer-mini --num-videos 16 --out clips
      vidmbench data make clevrer-mini --split train --frames 16 --format npz --out arrays
    """
    from vidmbench.core.files import checked_output
    from vidmbench.sources.datasets.opening import open_dataset
    from vidmbench.sources.datasets.spec import ProceduralDatasetSpec, load_dataset
    from vidmbench.videos.writing.manifest import declare

    spec = load_dataset(name)
    if not isinstance(spec, ProceduralDatasetSpec):
        raise DataError(
            f"{name} cannot be made: it is real footage",
            expected="clevrer-mini, which vidmbench draws itself",
            found=name,
            fix=f"get it: {spec.get}; then vidmbench data check {name} --data-root DIR",
        )
    split = split or spec.default_split
    source = open_dataset(spec, split, resolution=resolution)
    length = spec.frames if frames is None else frames
    for option, asked, most in (("--num-videos", num_videos, len(source)), ("--frames", length, spec.frames)):
        if asked > most:
            raise DataError(
                f"{name} has fewer {option[2:].removeprefix('num-')} than asked for",
                expected=f"at most {most}",
                found=f"{option} {asked}",
                where=option,
                fix=f"{option} {most} works",
            )
    folder = checked_output(out or Path(f"{name}-{split}"))
    declare(folder, {"dataset": name, "split": split, "frames": length, "digest": source.digest(), "format": form})
    write = _write_mp4s if form is Form.MP4 else _write_npz
    kept = write(folder, source, num_videos, length, float(spec.fps))
    videos = f"{num_videos} video{'' if num_videos == 1 else 's'} of {length} frame{'' if length == 1 else 's'}"
    print(f"{videos} in {folder}" + (f" ({kept} were there already)" if kept else ""))


def _write_mp4s(folder: Path, source: "Source", count: int, length: int, fps: float) -> int:
    """Each file is written whole or not at all, so a second run goes on; gives the number that were there."""
    from vidmbench.videos import write_mp4

    kept = 0
    with progress_bar() as progress:
        for index in range(count):
            target = folder / f"{source.name(index)}.mp4"
            if target.exists():
                kept += 1
            else:
                write_mp4(target, source.read(index, range(length)), fps=fps, lossless=True)
            progress(index + 1, count, source.label)
    return kept


def _write_npz(folder: Path, source: "Source", count: int, length: int, fps: float) -> int:  # noqa: ARG001 (arrays have no rate)
    """One array; made anew unless it holds as many videos already."""
    import numpy as np

    from vidmbench.videos import open_source, write_npz

    target = folder / f"{source.label.replace('@', '-').replace('/', '-')}.npz"
    if target.exists() and len(open_source(target)) == count:
        return count
    clips = np.empty((count, length, *source.size, 3), np.uint8)
    with progress_bar() as progress:
        for index in range(count):
            clips[index] = source.read(index, range(length))
            progress(index + 1, count, source.label)
    write_npz(target, clips)
    return 0
