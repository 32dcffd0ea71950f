"""Detectors: the networks that give features, as protocols/detectors.toml declares them."""

from functools import cache

from pydantic import Field, PositiveInt

from vidmbench import resources
from vidmbench.declarations import Frozen, load_toml


class DetectorSpec(Frozen):
    """A network that gives features, as protocols/detectors.toml declares it.

    Attributes:
        name: Its name in protocols.
        short: Its name in signatures.
        title: A line for people.
        num_features: Numbers a clip.
        min_frames: Fewest frames the network accepts.
        input_size: Height and width it is fed, pixels.
        measures: Metric kind to the name people use, such as ``frechet = "fvd"``.
        weights_sha256: Hash of the original weights file.
        tensors_sha256: Hash over names, shapes and values of its tensors, whatever file they stand in.
        weights_file: That file's name.
        package: Package on the registry that carries it, with its version and hash; None if there is none.
        package_bytes: Size of the package's source archive, for the progress bar.
        package_sha256: Hash of that archive.
        member: The weights file's name inside the archive.
        licence: Licences of network and package.
        published: Where the file can be had by hand.
    """

    name: str
    short: str
    title: str
    num_features: PositiveInt
    min_frames: PositiveInt
    input_size: PositiveInt
    measures: dict[str, str]
    weights_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    tensors_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    weights_file: str
    package: str | None = None
    package_bytes: PositiveInt | None = None
    package_sha256: str | None = None
    member: str | None = None
    licence: str
    published: str


class _DetectorFile(Frozen):
    detectors: tuple[DetectorSpec, ...] = Field(strict=False)


@cache
def load_detectors() -> dict[str, DetectorSpec]:
    """All detectors declared in protocols/detectors.toml, by name."""
    declared = load_toml(resources.protocols_dir() / "detectors.toml", _DetectorFile)
    return {detector.name: detector for detector in declared.detectors}
