"""``vidmbench sample``: videos drawn from VIDM, as files."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.options import (
    BatchSize,
    ContentFrom,
    DataRoot,
    DeviceName,
    DevicePick,
    Noise,
    SamplerName,
    Steps,
)
from vidmbench.core.errors import UsageError
from vidmbench.core.progress import frames_bar

if TYPE_CHECKING:
    from vidmbench.vidm.sampling.source import VidmVideos


class Form(StrEnum):
    """What ``sample`` writes."""

    mp4 = "mp4"
    gif = "gif"
    png = "png"
    npz = "npz"


def sample(
    model: Annotated[str, typer.Option(metavar="M", help="vidm:RUN, vidm:FILE, or vidm for the shipped checkpoint.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    dataset: Annotated[
        str, typer.Option(metavar="D", help="The data set of --model vidm, and of --content real.")
    ] = "clevrer-mini",
    data_root: DataRoot = None,
    num_videos: Annotated[int, typer.Option(metavar="K", help="How many videos.", min=1)] = 64,
    frames: Annotated[
        int | None, typer.Option(metavar="N", help="Frames of each.", min=1, show_default="as trained")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Video i depends on the seed and i alone.", min=0)] = 0,
    content: ContentFrom = None,
    sampler: SamplerName = None,
    steps: Steps = None,
    noise: Noise = None,
    batch_size: BatchSize = 16,
    device: DeviceName = DevicePick.auto,
    form: Annotated[
        Form, typer.Option("--format", help="One file (png: one folder of frames) a video; npz: one.")
    ] = Form.mp4,
    fps: Annotated[float, typer.Option(help="Frames a second of mp4 and gif.", min=1)] = 25.0,
) -> None:
    """Draw videos from VIDM and write them; what is there already is kept, what is broken is drawn again.

    \b
    Examples:
      vidmbench sample --model vidm --num-videos 4 --frames 16 --out drawn
      vidmbench sample --model vidm:runs/tiny --num-videos 64 --frames 128 --out drawn-64
      vidmbench sample --model vidm --content scene.png --num-videos 8 --frames 16 --out one-scene
    """
    from vidmbench.core.files import checked_output
    from vidmbench.sources.names import parse_source
    from vidmbench.sources.opening import resolve_dataset
    from vidmbench.videos.writing.manifest import declare
    from vidmbench.vidm.sampling.opening import SamplingOptions, load_model, videos_of

    name, data = parse_source(model, bare="label"), resolve_dataset(dataset)
    if name.kind != "vidm":
        raise UsageError("only VIDM can be drawn from", expected="vidm or vidm:PATH", found=f"--model {model}")
    vidm = load_model(name, data, device.value)
    with frames_bar() as on_frame:
        drawing = SamplingOptions(
            content, sampler.value if sampler else None, steps, noise.value if noise else None, batch_size, on_frame
        )
        source = videos_of(
            vidm, data, drawing, num_videos=num_videos, num_frames=frames, seed=seed, data_root=data_root
        )
        folder = checked_output(out)
        facts = {
            "model": model,
            "digest": source.digest(),
            "frames": source.length,
            "format": form.value,
            "fps": fps,
            **source.settings(),
        }
        declare(folder, facts, labels=("model", "checkpoint"))
        for note in source.notes:  # before the work: some of them are a reason to stop it
            print(f"note: {note}", file=sys.stderr)
        kept, broken = _write(folder, source, form, fps)
    if broken:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        print(f"note: broken, so drawn again: {', '.join(broken[:3])}{more}", file=sys.stderr)
    print(
        f"{num_videos} videos of {source.length} frames in {folder}" + (f" ({kept} were there already)" if kept else "")
    )


def _write(folder: Path, source: "VidmVideos", form: Form, fps: float) -> tuple[int, list[str]]:
    """Writes what is missing or broken, video by video; gives the number that were there, and what was broken."""
    import numpy as np

    from vidmbench.videos import write_frames, write_gif, write_mp4, write_npz
    from vidmbench.videos.writing.verification import array_is_whole, is_whole, remove_frames

    every = range(source.length)
    if form is Form.npz:
        target = folder / f"{source.label}.npz"
        if array_is_whole(target, (len(source), source.length, *source.size, 3)):
            return len(source), []
        write_npz(target, np.stack([source.read(index, every) for index in range(len(source))]))
        return 0, []
    kept, broken = 0, []
    for index in range(len(source)):
        target = folder / (source.name(index) + ("" if form is Form.png else f".{form.value}"))
        if target.exists():
            if is_whole(target, source.length, source.size):
                kept += 1
                continue
            broken.append(target.name)
        if form is Form.png:
            remove_frames(target)
            write_frames(target, source.read(index, every))
        elif form is Form.gif:
            write_gif(target, source.read(index, every), fps=fps)
        else:
            write_mp4(target, source.read(index, every), fps=fps, lossless=True)
    return kept, broken
