"""The options of a scoring request, and the protocols bound with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from vidmbench.core.arguments import (
    device_name,
    name_or_path,
    optional_number,
    seed_number,
    whole_number,
    wrong_argument,
)
from vidmbench.core.errors import UsageError, unknown
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL, Device, OnBad, Precision, SamplesRule
from vidmbench.evaluation.scenes import check_rule
from vidmbench.protocols.protocol import ProtocolSpec, expanded, load_protocol, members
from vidmbench.protocols.stages import DatasetStage
from vidmbench.sources.datasets.opening import Reading, split_of
from vidmbench.sources.datasets.spec import DatasetSpec, DiskDatasetSpec
from vidmbench.vidm.sampling.opening import SamplingOptions


@dataclass(frozen=True)
class Compute:
    """How networks run.

    Attributes:
        device: Where.
        precision: In which number format.
    """

    device: Device = "auto"
    precision: Precision = "fp32"


@dataclass(frozen=True)
class Choices:
    """Options that all commands that score share; None leaves a choice to the protocol.

    Attributes:
        protocols: Names or files, and groups such as ``paired-all``.
        frames: Clip lengths.
        stride: Distance of a clip's frames.
        num_real: Real videos.
        num_fake: Scored videos.
        seed: Seed of every random choice.
        context: Frames at the start of a clip that the model was given, for full-reference protocols.
        predictions: What counts of several predictions of one video: ``best``, ``mean`` or ``all``.
        scenes: Which real videos show one scene, for intervals of full-reference metrics: ``folder``, a CSV file or a
            regular expression, see :func:`vidmbench.evaluation.scenes.scenes_of`.
        precision: ``fp32`` or ``bf16``.
        device: Where networks run; a ``torch.device`` becomes the word for it.
        on_bad: Whether videos that cannot be used stop the work or are skipped.
        data_root: Where data sets on disk are stored.
        drawing: How a VIDM is sampled.

    Example:
        >>> from vidmbench import Choices
        >>> choices = Choices(protocols=("fvd-stylegan-v", "fvd-digan"), frames=(16, 64), num_real=256, num_fake=256)
        >>> [(spec.name, spec.clips.frames) for spec in choices.bound_protocols()]
        [('fvd-stylegan-v', 16), ('fvd-stylegan-v', 64), ('fvd-digan', 16), ('fvd-digan', 64)]
    """

    protocols: tuple[str, ...] = (DEFAULT_PROTOCOL,)
    frames: tuple[int, ...] = ()
    stride: int | None = None
    num_real: int | None = None
    num_fake: int | None = None
    seed: int | None = None
    context: int | None = None
    predictions: SamplesRule | None = None
    scenes: str | None = None
    precision: Precision = "fp32"
    device: Device = "auto"
    on_bad: OnBad = "stop"
    data_root: Path | None = None
    drawing: SamplingOptions = field(default_factory=SamplingOptions)

    def __post_init__(self) -> None:
        """Refuses unknown words and wrong types: a signature repeats what it is given. Numpy's numbers become Python's.

        Raises:
            UsageError: A word that is not among those listed, a single value where a tuple belongs, or another type.
        """
        object.__setattr__(self, "device", device_name(self.device))
        for name, known in (("precision", Precision), ("device", Device), ("on_bad", OnBad)):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in get_args(known):
                raise unknown(name, str(value), get_args(known), error=UsageError)
        if self.predictions is not None and self.predictions not in get_args(SamplesRule):
            raise unknown("predictions", str(self.predictions), get_args(SamplesRule), error=UsageError)
        for name, example in (("protocols", '("fvd-tats",)'), ("frames", "(16, 64)")):
            if not isinstance(getattr(self, name), tuple | list):
                raise wrong_argument(name, f"a tuple, such as {example}", getattr(self, name))
        if not isinstance(self.drawing, SamplingOptions):
            raise wrong_argument("drawing", "SamplingOptions", self.drawing)
        plain = {
            "protocols": tuple(name_or_path("protocols", protocol) for protocol in self.protocols),
            "frames": tuple(whole_number("frames", frames) for frames in self.frames),
            "data_root": None if self.data_root is None else Path(name_or_path("data_root", self.data_root)),
            "seed": seed_number(self.seed),
            "scenes": None if self.scenes is None else name_or_path("scenes", self.scenes),
        } | {name: optional_number(name, getattr(self, name)) for name in ("stride", "num_real", "num_fake", "context")}
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.scenes is not None:
            check_rule(self.scenes)

    @property
    def reading(self) -> Reading:
        """How files are read."""
        return Reading(self.on_bad, self.data_root)

    @property
    def compute(self) -> Compute:
        """How networks run."""
        return Compute(self.device, self.precision)

    def load_protocols(self) -> list[ProtocolSpec]:
        """The protocols as their files declare them; of a group all.

        Raises:
            ProtocolError: Unknown protocol, or a file with mistakes.
        """
        if not self.protocols:  # none at all stands for whatever can be computed, where a study says so
            raise wrong_argument("protocols", "one name or more", self.protocols)
        return [load_protocol(name) for name in expanded(self.protocols)]

    @property
    def optional(self) -> frozenset[str]:
        """Protocols that nobody named, but a group that they are members of: those that cannot score are skipped."""
        return frozenset(name for group in self.protocols for name in members(group)) - set(self.protocols)

    def bound_protocols(
        self,
        dataset: DatasetSpec | None = None,
        resolution: int | None = None,
        *,
        is_cropped: bool = True,
        protocols: Sequence[ProtocolSpec] | None = None,
    ) -> list[ProtocolSpec]:
        """Every protocol at every clip length.

        Args:
            dataset: A named data set lowers the number of videos to its own default; one on the user's disk is cropped
                and resized as the protocol says.
            resolution: The resolution that its name gives, pixels.
            is_cropped: False where the videos are taken as they are, whatever the protocol says: ``score``.
            protocols: The protocols, where they are loaded already.

        Raises:
            ProtocolError: Unknown protocol, or a file with mistakes.
            UsageError: Options that a protocol refuses.
        """
        is_on_disk = isinstance(dataset, DiskDatasetSpec) and is_cropped
        return [
            protocol.with_options(
                frames=frames,
                stride=self.stride,
                num_real=_count(self.num_real, protocol.clips.real.videos, dataset),
                num_fake=_count(self.num_fake, protocol.clips.fake.videos, dataset),
                seed=self.seed,
                context=self.context,
                predictions=self.predictions,
                stage=protocol.dataset.with_options(is_on_disk=is_on_disk, resolution=resolution),
                windows=(protocol.dataset.windows or {}).get(dataset.name) if dataset and is_on_disk else None,
            )
            for protocol in (self.load_protocols() if protocols is None else protocols)
            for frames in self.frames or (None,)
        ]


def common_stage(protocols: Sequence[ProtocolSpec], dataset: DatasetSpec | None) -> DatasetStage | None:
    """How all protocols bring a data set to clips; None where it is not one on the user's disk.

    Args:
        protocols: Bound.
        dataset: The data set; None for files.

    Raises:
        UsageError: The protocols do it in different ways, so that one reading cannot serve them all.
    """
    if not isinstance(dataset, DiskDatasetSpec):
        return None
    stages = {protocol.name: protocol.dataset for protocol in protocols}
    ways = {
        name: f"{stage.pre_resize} at {stage.resolution} of {split_of(dataset, stage)}"
        for name, stage in stages.items()
    }
    first, *others = ways.items()
    for other in others:
        if other[1] != first[1]:
            raise UsageError(
                "these protocols read the data set in different ways",
                expected="protocols that crop and resize it alike and take the same split",
                found="; ".join(f"{name}: {way}" for name, way in (first, other)),
                fix="score them in two runs",
            )
    return protocols[0].dataset


def _count(requested: int | None, videos: int | None, dataset: DatasetSpec | None) -> int | None:
    if requested is not None or dataset is None:
        return requested
    return min(videos or dataset.default_num_videos, dataset.default_num_videos)
