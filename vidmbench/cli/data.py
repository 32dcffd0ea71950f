"""``vidmbench data``: check your copy of a data set, prepare it, write the generated one as files."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.options import DataRoot, DryRun, OnBadVideos
from vidmbench.cli.output import print_json, remark, say, say_text
from vidmbench.core.progress import progress_bar
from vidmbench.core.text import counted
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL, DatasetFormat

app = typer.Typer(no_args_is_help=True)


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
    name: Annotated[
        str,
        typer.Argument(autocompletion=completion.plain_datasets, metavar="NAME", help="A data set, such as ucf101."),
    ],
    data_root: DataRoot = None,
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="One of its splits.", show_default="the protocol's")
    ] = None,
    protocol: Annotated[
        str, typer.Option(autocompletion=completion.protocols, metavar="NAME|FILE", help="Whose split.")
    ] = DEFAULT_PROTOCOL,
    quick: Annotated[bool, typer.Option("--quick", help="Check names only; decode nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Compare every video of a data set with what its declaration expects; exit code 2 if it cannot be scored.

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
    if as_json:
        print_json(report_json(report))
    else:
        say_text(report_text(report))
    if not report.can_be_scored:
        raise typer.Exit(2)


@app.command()
def prepare(
    name: Annotated[
        str,
        typer.Argument(autocompletion=completion.plain_datasets, metavar="NAME", help="A data set, such as ucf101."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
    data_root: DataRoot = None,
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="One of its splits.", show_default="the protocol's")
    ] = None,
    resolution: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Square.", min=1, show_default="the protocol's")
    ] = None,
    protocol: Annotated[
        str, typer.Option(autocompletion=completion.protocols, metavar="NAME|FILE", help="Whose cropping and resizing.")
    ] = DEFAULT_PROTOCOL,
    rule: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="A rule for cropping and resizing, by name.", show_default="the protocol's"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Threads.", min=1, show_default="one per core")
    ] = None,
    on_bad: OnBadVideos = "stop",
    dry_run: DryRun = False,
) -> None:
    """Decode, crop and resize a split once into one file, lossless and compressed, that scoring and training read fast.

    If it is interrupted, the same command resumes. The finished file replaces the data set:
    --data-root FILE. Training crops and resizes by the rule centre-bilinear-rounded.

    \b
    Examples:
      vidmbench data prepare ucf101 --data-root DIR --resolution 128 --out ucf101-128.frames
      vidmbench data prepare clevrer --data-root DIR --rule squash-bicubic-pil --out clevrer.frames
    """
    from vidmbench.sources.datasets.prepare import in_bytes, prepare_dataset

    request = prepare_dataset(
        name, data_root, split, protocol=protocol, rule=rule, resolution=resolution, on_bad=on_bad
    )
    remark(request.in_words())
    if dry_run:
        say("dry run: nothing was written")
        return
    begun = False

    with progress_bar("video") as tick:

        def progress(done: int, total: int, label: str) -> None:
            nonlocal begun
            if done and not begun:
                remark(f"resumes {out}: {done} of {total} videos were written before")
            begun = True
            tick(done, total, label)

        written = request.write(out, workers=workers, progress=progress)
    if not begun:
        remark(f"{out} was finished before: nothing to do")
    share = out.stat().st_size / max(1, request.estimate.raw)
    say(f"{out}: {len(written)} videos, {in_bytes(out.stat().st_size)}, {100 * share:.0f} % of raw")
    say(f"use it: vidmbench run --dataset {request.dataset} --data-root {out} ...")


@app.command()
def make(
    name: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.plain_datasets,
            metavar="NAME",
            help="A data set that vidmbench generates: clevrer-mini.",
        ),
    ],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to write.", show_default="NAME-SPLIT")] = None,
    split: Annotated[str | None, typer.Option(metavar="SPLIT", help="train or test.", show_default="test")] = None,
    num_videos: Annotated[int, typer.Option(help="The first K videos.", metavar="K", min=1)] = 256,
    frames: Annotated[
        int | None, typer.Option(help="The first K frames of each.", metavar="K", min=1, show_default="all")
    ] = None,
    resolution: Annotated[int | None, typer.Option(metavar="PIXELS", help="32, 64 or 128.", show_default="64")] = None,
    form: Annotated[
        DatasetFormat, typer.Option("--format", help="One lossless mp4 per video, or one npz of all.")
    ] = "mp4",
) -> None:
    """Write the built-in data set as mp4 files or as one array; existing files are kept.

    \b
    Examples:
      vidmbench data make clevrer-mini --num-videos 16 --out clips
      vidmbench data make clevrer-mini --split train --frames 16 --format npz --out arrays
    """
    from vidmbench.sources.datasets.generate import prepare_generation

    request = prepare_generation(name, split=split, num_videos=num_videos, num_frames=frames, resolution=resolution)
    folder = out or Path(f"{name}-{request.split}")
    with progress_bar() as progress:
        num_existing = request.write(folder, form, progress)
    videos = f"{counted(num_videos, 'video')} of {counted(request.num_frames, 'frame')}"
    say(f"{videos} in {folder}" + (f" ({num_existing} were there already)" if num_existing else ""))
