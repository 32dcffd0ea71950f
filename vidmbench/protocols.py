"""Protocols: the full recipe of one metric, read from a TOML file, checked whole, frozen."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from vidmbench import resources
from vidmbench.errors import ProtocolError, UsageError, unknown

Model = TypeVar("Model", bound=BaseModel)


class Frozen(BaseModel):
    """A declaration: no unknown keys, no silent conversion of types, no change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SideSpec(Frozen):
    """How one side's clips are chosen.

    Attributes:
        videos: Number of videos; None with ``pick = "all"``.
        pick: ``sorted-first``: the first in natural order; ``random``: a seeded permutation; ``all``.
        start: Where in its video a clip starts: at frame 0, or uniformly over all valid starts.
    """

    videos: PositiveInt | None = None
    pick: Literal["sorted-first", "random", "all"]
    start: Literal["zero", "random"]

    @model_validator(mode="after")
    def _count_goes_with_pick(self) -> Self:
        if (self.videos is None) != (self.pick == "all"):
            raise ValueError("videos must be given unless pick = 'all', and must be left out then")
        return self

    def with_videos(self, videos: int) -> "SideSpec":
        """The same side with another number of videos; ``all`` becomes the first ``videos`` in order."""
        return SideSpec(videos=videos, pick="sorted-first" if self.pick == "all" else self.pick, start=self.start)


class ClipsSpec(Frozen):
    """Which frames of which videos are scored.

    Attributes:
        frames: Frames of a clip.
        frames_allowed: Smallest and largest number of frames that may be asked for.
        stride: Distance between neighbouring frames of a clip, in frames of the video.
        real: The real side.
        fake: The scored side.
    """

    frames: PositiveInt
    frames_allowed: tuple[PositiveInt, PositiveInt] = Field(strict=False)
    stride: PositiveInt = 1
    real: SideSpec
    fake: SideSpec

    @model_validator(mode="after")
    def _frames_are_allowed(self) -> Self:
        lowest, highest = self.frames_allowed
        if not lowest <= self.frames <= highest:
            raise ValueError(f"frames_allowed must run from few to many and hold frames = {self.frames}")
        return self


FramingRule = Literal[
    "none",
    "centre-bilinear",
    "centre-bilinear-rounded",
    "centre-lanczos",
    "short-side-bilinear-centre",
    "short-side-lanczos-centre",
    "short-side-lanczos-centre-jpeg75",
    "squash-bicubic-pil",
    "squash-lanczos",
    "squash-lanczos-jpeg75",
]


class DatasetStage(Frozen):
    """How a *named* data set is brought to uint8 clips; never applied to bare files and arrays.

    Attributes:
        pre_resize: Cropping and resizing before anything else, see :func:`vidmbench.framing.framed`.
        resolution: Height and width that it gives, unless the data set's name is followed by another; with ``none``
            there is none.
        splits: The real side's split, by data set; others take their own default.
        short_videos: Whether videos shorter than a clip are left out or are an error.
    """

    pre_resize: FramingRule = "none"
    resolution: PositiveInt | None = None
    splits: dict[str, str] = Field(default_factory=dict)
    short_videos: Literal["drop", "error"]

    @model_validator(mode="after")
    def _resolution_goes_with_resizing(self) -> Self:
        if (self.pre_resize == "none") != (self.resolution is None):
            raise ValueError("resolution goes with every pre_resize but none")
        return self

    def bound(self, *, is_owned: bool, resolution: int | None = None) -> "DatasetStage":
        """What is really done to a real side.

        Args:
            is_owned: Whether it is a named data set that lies on the user's disk: nothing else is resized.
            resolution: The one asked for; None takes the protocol's.
        """
        if not is_owned or self.pre_resize == "none":
            return self.model_copy(update={"pre_resize": "none", "resolution": None})
        return self.model_copy(update={"resolution": resolution or self.resolution})


class ArrayStage(Frozen):
    """From uint8 clips to features.

    Attributes:
        detector: A name in protocols/detectors.toml.
        batch_norm_eps: Epsilon of the detector's batch norms (1e-3 in the TensorFlow graph).
        truncate_uint8: Whether clips pass through a float and are cut to uint8 again.
        crop: ``short-side-centre`` resizes the short side and cuts the middle; ``none`` squashes.
        resize: The interpolation kernel, named after the code it matches (see resizing.py).
        range: The interval that 0..255 is mapped to.
    """

    detector: str
    batch_norm_eps: float = Field(gt=0, lt=0.1)
    truncate_uint8: Literal[False] = False
    crop: Literal["none", "short-side-centre"] = "none"
    resize: Literal["bilinear-half-pixel", "bilinear-tf1"]
    range: Literal["-1..1", "0..1"] = "-1..1"


class StatisticsStage(Frozen):
    """From features to the number.

    Attributes:
        covariance: Divide by n or by n - 1.
        repeats: Number of times the clips are drawn and scored.
        seed: Seed of every random choice, unless ``--seed`` rebinds it.
    """

    covariance: Literal["n", "n-1"]
    repeats: Literal[1] = 1
    seed: int = Field(default=0, ge=0)


class ProtocolSpec(Frozen):
    """One protocol, whole.

    Attributes:
        name: The file's name without its suffix.
        version: Raised on any change that can move a number.
        metric: What is computed from the features.
        source: Repository, commit and file that this follows, or the paper.
        note: What a user should know, in a line.
        dataset: The data set stage.
        clips: The choice of clips.
        array: The array stage.
        statistics: The statistics stage.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: PositiveInt
    metric: Literal["frechet"]
    source: str
    note: str = ""
    dataset: DatasetStage
    clips: ClipsSpec
    array: ArrayStage
    statistics: StatisticsStage

    def bound(
        self,
        *,
        frames: int | None = None,
        stride: int | None = None,
        num_real: int | None = None,
        num_fake: int | None = None,
        seed: int | None = None,
        stage: DatasetStage | None = None,
    ) -> "ProtocolSpec":
        """The protocol with the options of the command line put in.

        Where no ``stage`` says how the real side is cropped and resized, it is not.

        Raises:
            UsageError: A number of frames the protocol refuses, or a count below 2.
        """
        frames = self.clips.frames if frames is None else frames
        lowest, highest = self.clips.frames_allowed
        lowest = max(lowest, load_detectors()[self.array.detector].min_frames)
        if not lowest <= frames <= highest:
            raise UsageError(
                f"{self.name} cannot score clips of {frames} frames",
                expected=f"{lowest} to {highest} frames (the network halves time three times and then needs two steps)",
                found=f"--frames {frames}",
                fix=f"choose --frames {min(max(frames, lowest), highest)}",
            )
        for option, value, least in (("--stride", stride, 1), ("--num-real", num_real, 2), ("--num-fake", num_fake, 2)):
            if value is not None and value < least:
                raise UsageError(
                    f"{option} {value} is too small", expected=f"at least {least}", found=str(value), where=option
                )
        if seed is not None and seed < 0:
            raise UsageError("a seed cannot be negative", expected="0 or more", found=str(seed), where="--seed")
        clips = self.clips.model_copy(
            update={
                "frames": frames,
                "stride": self.clips.stride if stride is None else stride,
                "real": self.clips.real if num_real is None else self.clips.real.with_videos(num_real),
                "fake": self.clips.fake if num_fake is None else self.clips.fake.with_videos(num_fake),
            }
        )
        statistics = self.statistics if seed is None else self.statistics.model_copy(update={"seed": seed})
        stage = stage or self.dataset.bound(is_owned=False)
        return self.model_copy(update={"clips": clips, "statistics": statistics, "dataset": stage})


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


def load_toml(path: Path, model: type[Model]) -> Model:
    """Reads a declaration and reports all its mistakes at once.

    Args:
        path: The TOML file.
        model: The pydantic model it must fit.

    Returns:
        The checked declaration.

    Raises:
        ProtocolError: The file is missing, is not TOML, or has mistakes: each is named with its path.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProtocolError("no such file", where=str(path), fix="check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ProtocolError("not a TOML file", found=str(error), where=str(path)) from error
    return validated(content, model, where=str(path))


def validated(content: object, model: type[Model], *, where: str) -> Model:
    """Checks data against a model; one error lists every mistake with its path.

    Raises:
        ProtocolError: At least one mistake.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [f"{_path(problem['loc'])}: {_said(problem)}" for problem in error.errors()]
        count = len(problems)
        raise ProtocolError(
            f"{count} mistake{'s' if count > 1 else ''} in {Path(where).name}\n    " + "\n    ".join(problems),
            where=where,
            fix="mend the keys above" + ("; docs/ shows whole files" if where.endswith(".toml") else ""),
        ) from error


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(file)"


def _said(problem: Any) -> str:
    """One mistake in words: what was expected, what stood there."""
    kind, found = problem["type"], problem.get("input")
    if kind == "extra_forbidden":
        return "unknown key"
    if kind == "missing":
        return "missing"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}" + ("" if isinstance(found, dict) else f", found {found!r}")


def protocol_names() -> list[str]:
    """Names of all protocols in protocols/metrics, sorted."""
    return sorted(path.stem for path in (resources.protocols_dir() / "metrics").glob("*.toml"))


def load_protocol(name: str) -> ProtocolSpec:
    """Loads a protocol by name, or from a file of one's own.

    Args:
        name: A name in protocols/metrics, or a path that ends in ``.toml``.

    Returns:
        The frozen protocol.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.
    """
    own_file = name.endswith(".toml")
    path = Path(name) if own_file else resources.protocols_dir() / "metrics" / f"{name}.toml"
    if not own_file and name not in protocol_names():
        raise unknown("protocol", name, protocol_names(), fix="see them all: vidmbench list protocols")
    spec = load_toml(path, ProtocolSpec)
    if not own_file and spec.name != path.stem:
        raise ProtocolError(
            "a protocol must be named as its file", expected=path.stem, found=spec.name, where=str(path)
        )
    if spec.array.detector not in load_detectors():
        raise unknown("detector", spec.array.detector, load_detectors())
    if spec.metric not in load_detectors()[spec.array.detector].measures:
        raise ProtocolError(
            f"{spec.array.detector} has no name for the metric {spec.metric!r}", where=f"{path}: metric"
        )
    if own_file and spec.name in protocol_names() and spec != load_protocol(spec.name):
        raise ProtocolError(
            "a protocol of one's own that bears the name of a built-in one but says something else",
            expected="a name of its own, so that its numbers cannot be taken for the other's",
            found=spec.name,
            where=f"{path}: name",
            fix=f"call it, say, my-{spec.name}",
        )
    return spec


@cache
def load_detectors() -> dict[str, DetectorSpec]:
    """All detectors declared in protocols/detectors.toml, by name."""
    declared = load_toml(resources.protocols_dir() / "detectors.toml", _DetectorFile)
    return {detector.name: detector for detector in declared.detectors}
