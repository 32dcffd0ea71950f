"""``vidmbench data``: writing the built-in data set as files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli.options import progress_bar
from vidmbench.errors import DataError

app = typer.Typer(no_args_is_help=True, help="Data sets on disk.")


class Form(StrEnum):
    """What ``data make`` writes."""

    MP4 = "mp4"
    NPZ = "npz"


@app.callback()
def _data() -> None:
    """Data sets on disk."""


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="A data set that vidmbench makes itself, such as clevrer-mini.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write to; NAME-SPLIT where left out.")] = None,
    split: Annotated[str | None, typer.Option(help="The split.")] = None,
    num_videos: Annotated[int, typer.Option(help="The first K videos.", metavar="K", min=1)] = 256,
    frames: Annotated[int | None, typer.Option(help="The first K frames of each.", metavar="K", min=1)] = None,
    resolution: Annotated[int | None, typer.Option(help="32, 64 or 128 pixels.")] = None,
    form: Annotated[Form, typer.Option("--format", help="One lossless mp4 a video, or one npz of all.")] = Form.MP4,
) -> None:
    """Write the built-in data set as mp4 files or as one array.

    \b
    Examples:
      vidmbench data make clevrer-mini --num-videos 16 --out clips
      vidmbench data make clevrer-mini --split train --num-videos 64 --frames 16 --format npz --out arrays
    """  # noqa: D301
    import numpy as np

    from vidmbench.datasets import load_dataset, open_dataset
    from vidmbench.runs import checked_output
    from vidmbench.videos import write_mp4, write_npz

    spec = load_dataset(name)
    source = open_dataset(name, split, resolution=resolution)
    count = min(num_videos, len(source))
    length = spec.frames if frames is None else frames
    if length > spec.frames:
        raise DataError(f"{name} has {spec.frames} frames a video", found=f"--frames {frames}", where="--frames")
    folder = checked_output(out or Path(f"{name}-{split or spec.default_split}"))
    with progress_bar() as progress:
        clips = []
        for index in range(count):
            target = folder / f"{source.name(index)}.mp4"
            if form is Form.NPZ:
                clips.append(source.read(index, range(length)))
            elif not target.exists():  # written whole or not at all, so a second run goes on
                write_mp4(target, source.read(index, range(length)), fps=spec.fps, lossless=True)
            progress(index + 1, count, source.label)
    if form is Form.NPZ:
        write_npz(folder / f"{name}-{split or spec.default_split}.npz", np.stack(clips))
    print(f"{count} videos of {length} frames in {folder}")
