"""``vidmbench pack``: the real side as a small file, so that others score against videos that they do not have."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, ReadingOptions
from vidmbench.cli.options import PROTOCOL_PANEL, DryRun, Frames, Json, ProtocolNames, Quiet, Seed, Stride
from vidmbench.cli.output import print_json, say_text
from vidmbench.cli.parsing import choices_from, listed
from vidmbench.core.progress import progress_bar

app = typer.Typer(no_args_is_help=True)

Out = Annotated[Path, typer.Option(metavar="FILE", help="The pack to write; a pack of that name is replaced.")]


@app.callback()
def _pack() -> None:
    """The real side of a score as one small file: what a network saw in the videos, and no pixels.

    \b
    Examples:
      vidmbench pack make REAL --protocol fvd-stylegan-v --num-videos 48 --out real.pack
      vidmbench pack show real.pack
      vidmbench score pack:real.pack FAKE
    """


@app.command()
@spread
def make(
    real: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.sources,
            metavar="REAL",
            help="dataset:NAME@SPLIT/PIXELS, cropped and resized by the protocol as in run; or files as they are.",
        ),
    ],
    *,
    out: Out,
    protocol: ProtocolNames = None,
    frames: Frames = None,
    stride: Stride = None,
    num_videos: Annotated[
        int | None,
        typer.Option(
            help="Real videos, and as many of FAKE where a score names no other number.",
            metavar="K",
            show_default="the protocol's 2048; 256 for clevrer-mini",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None,
    seed: Seed = None,
    moments: Annotated[
        bool,
        typer.Option("--moments", help="Mean and covariance alone: for Fréchet distances, without an interval."),
    ] = False,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Take a data set on disk as its files are, as score dataset:NAME does.")
    ] = False,
    compute: ComputeOptions,
    reading: ReadingOptions,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compute the features of real videos and write them as a pack; several protocols and clip lengths fit in one.

    \b
    Examples:
      vidmbench pack make REAL --protocol fvd-stylegan-v --num-videos 48 --out real.pack
      vidmbench pack make REAL --protocol fvd-tats,kvd-tats --num-videos 48 --out real.pack
      vidmbench pack make dataset:clevrer-mini@test/32 --num-videos 8 --moments --out mini.pack
    """
    from vidmbench.evaluation.pack_making import make_pack, prepare_pack
    from vidmbench.reporting.studies.packs import pack_json, pack_text, plan_text
    from vidmbench.sources.packs.files import check_target, write_pack

    clips = ClipOptions(frames=frames, stride=stride, num_videos=num_videos, seed=seed)
    choices = choices_from(clips, compute, reading, protocols=listed(protocol))
    check_target(out)
    job = prepare_pack(real, choices, holds="moments" if moments else "features", as_is=as_is)
    if dry_run:
        say_text(plan_text(job))
        return
    with progress_bar(is_shown=False if quiet else None) as progress:
        written = write_pack(make_pack(job, progress), out)
    if as_json:
        print_json(pack_json(written))
    else:
        say_text(pack_text(written))


@app.command()
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A pack.")],
    as_json: Json = False,
) -> None:
    """Check a pack and say what it holds, what it serves, and what it cannot do.

    \b
    Examples:
      vidmbench pack show real.pack
      vidmbench pack show real.pack --json
    """
    from vidmbench.reporting.studies.packs import pack_json, pack_text
    from vidmbench.sources.names import is_pack
    from vidmbench.sources.packs.files import read_pack

    pack = read_pack(file.partition(":")[2] if is_pack(file) else file)
    if as_json:
        print_json(pack_json(pack))
    else:
        say_text(pack_text(pack))


@app.command("import")
def import_statistics(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Statistics of StyleGAN-V or cd-fvd (.pkl), or of clean-fid (.npz with mu and sigma)."
        ),
    ],
    out: Out,
    protocol: Annotated[
        str,
        typer.Option(
            autocompletion=completion.protocols,
            metavar="NAME|FILE",
            help="The protocol that these statistics were made for.",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ],
    frames: Frames = None,
    stride: Stride = None,
    num_real: Annotated[
        int | None,
        typer.Option(
            help="Clips (for FID: frames) behind the statistics, where the file does not say.",
            metavar="K",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None,
    resizing: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="clean-fid's mode, where the file's name does not say: clean or legacy_tensorflow.",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the videos are called.", show_default="the file's name")
    ] = None,
    resolution: Annotated[
        int | None,
        typer.Option(metavar="PIXELS", help="Height and width of the videos.", min=1, show_default="the protocol's"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Turn statistics that another program saved into a pack; no code in the file is run.

    \b
    Examples:
      vidmbench pack import stats.pkl --protocol fvd-stylegan-v --frames 16 --out ucf101.pack
      vidmbench pack import stats.pkl --protocol fvd-cd-fvd --frames 16 --out sky.pack
    """
    from vidmbench.cli.parsing import whole_numbers
    from vidmbench.evaluation.pack_import import imported_pack
    from vidmbench.evaluation.saved_statistics import ImportRequest
    from vidmbench.reporting.studies.packs import pack_json, pack_text
    from vidmbench.sources.packs.files import check_target, write_pack

    check_target(out)
    request = ImportRequest(
        file=Path(file),
        protocol=protocol,
        frames=whole_numbers(frames, "--frames", "16"),
        stride=stride,
        num_real=num_real,
        resizing=resizing,
        label=label,
        resolution=resolution,
    )
    written = write_pack(imported_pack(request), out)
    if as_json:
        print_json(pack_json(written))
    else:
        say_text(pack_text(written))
