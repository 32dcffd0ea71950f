"""``vidmbench sample``: videos sampled from VIDM, as files."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import VidmOptions
from vidmbench.cli.options import DataRoot, DeviceName
from vidmbench.cli.output import print_notes, say
from vidmbench.cli.sharing import SharingOptions
from vidmbench.core.errors import UsageError
from vidmbench.core.progress import frames_bar
from vidmbench.core.vocabulary import SampleFormat


@spread
def sample(
    *,
    model: Annotated[str, typer.Option(metavar="M", help="vidm:RUN, vidm:FILE, or vidm for the shipped checkpoint.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    dataset: Annotated[
        str,
        typer.Option(
            autocompletion=completion.datasets, metavar="D", help="The data set of --model vidm, and of --content real."
        ),
    ] = "clevrer-mini",
    data_root: DataRoot = None,
    num_videos: Annotated[int, typer.Option(metavar="K", help="How many videos.", min=1)] = 64,
    frames: Annotated[
        int | None, typer.Option(metavar="N", help="Frames of each.", min=1, show_default="as trained")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Video i depends on the seed and i alone.", min=0)] = 0,
    vidm: VidmOptions,
    device: DeviceName = "auto",
    sharing: SharingOptions,
    form: Annotated[
        SampleFormat, typer.Option("--format", help="One file (png: one folder of frames) per video; npz: one of all.")
    ] = "mp4",
    fps: Annotated[float, typer.Option(help="Frames a second of mp4 and gif.", min=1, max=1000)] = 25.0,
) -> None:
    """Sample videos from VIDM and write them; existing files are kept, damaged ones are sampled again.

    \b
    Examples:
      vidmbench sample --model vidm --num-videos 4 --frames 16 --out samples
      vidmbench sample --model vidm:runs/tiny --num-videos 64 --frames 128 --out samples-64
      vidmbench sample --model vidm --content scene.png --num-videos 8 --frames 16 --out one-scene
    """
    from vidmbench.core.arguments import seed_number
    from vidmbench.core.files import checked_output
    from vidmbench.sources.names import parse_source
    from vidmbench.sources.opening import resolve_dataset
    from vidmbench.vidm.sampling.files import (
        check_samples,
        declare_in_turn,
        wait_for_others,
        write_samples,
        writing_alone,
    )
    from vidmbench.vidm.sampling.opening import load_model, videos_of

    seed_number(seed)
    name, data = parse_source(model, bare="label"), resolve_dataset(dataset)
    if name.kind != "vidm":
        raise UsageError("only VIDM can be sampled", expected="vidm or vidm:PATH", found=f"--model {model}")
    part = sharing.part(device)
    share = part.of_videos
    loaded = load_model(name, data, device)
    with frames_bar(is_shown=part.shows_progress(None)) as on_frame:
        sampling = vidm.sampling(on_frame)
        source = videos_of(
            loaded, data, sampling, num_videos=num_videos, num_frames=frames, seed=seed, data_root=data_root
        )
        check_samples(source, form, share)
        folder = checked_output(out)
        facts = {
            "model": model,
            "digest": source.digest(),
            "frames": source.length,
            "format": form,
            "fps": fps,
            **source.settings(),
        }
        with writing_alone(folder, share):
            declare_in_turn(folder, facts)
            if not part.is_silent:
                print_notes(source.notes)  # before the work: some of them are a reason to stop it
            num_existing, damaged = write_samples(folder, source, form, fps, share)
        if part.is_silent:
            return
        if share is not None and part.share is None:  # the others' last videos, and what one that died has left
            wait_for_others(folder, share)
            with writing_alone(folder, None):
                write_samples(folder, source, form, fps)
    if damaged:
        more = f" and {len(damaged) - 3} more" if len(damaged) > 3 else ""
        print_notes([f"damaged, so sampled again: {', '.join(damaged[:3])}{more}"])
    if part.share is not None:
        say(f"shard {part.share} of {num_videos} videos of {source.length} frames in {folder}")
        return
    videos = f"{num_videos} videos of {source.length} frames in {folder}"
    say(videos + (f" ({num_existing} were there already)" if num_existing else ""))
