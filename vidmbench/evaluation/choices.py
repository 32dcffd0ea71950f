"""What ``run`` and ``score`` may be told, and the protocols that follow from it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from vidmbench.core.errors import UsageError, unknown
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL, Device, OnBad, Precision
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.protocols.stages import DatasetStage
from vidmbench.sources.datasets.opening import DatasetSpec, DiskDatasetSpec, parse_dataset, spec_of
from vidmbench.vidm.sampling.opening import SamplingOptions


@dataclass(frozen=True)
class Choices:
    """Options that ``run`` and ``score`` share; None leaves a choice to the protocol.

    Attributes:
        protocols: Names or files.
        frames: Clip lengths.
        stride: Distance of a clip's frames.
        num_real: Real videos.
        num_fake: Scored videos.
        seed: Seed of every random choice.
        precision: ``fp32`` or ``bf16``.
        device: Where networks run.
        on_bad: Whether unusable videos stop the work or are left out.
        data_root: Where data sets lie that the user owns.
        drawing: How a VIDM is drawn from.

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
    precision: Precision = "fp32"
    device: Device = "auto"
    on_bad: OnBad = "stop"
    data_root: Path | None = None
    drawing: SamplingOptions = field(default_factory=SamplingOptions)

    def __post_init__(self) -> None:
        """Refuses words that mean nothing: nobody checks types at run time, and a signature repeats what was asked for.

        Raises:
            UsageError: A word that is not among those listed, or one thing where several belong.
        """
        for name, known in (("precision", Precision), ("device", Device), ("on_bad", OnBad)):
            if getattr(self, name) not in get_args(known):
                raise unknown(name, str(getattr(self, name)), get_args(known), error=UsageError)
        several = isinstance(self.protocols, tuple | list) and isinstance(self.frames, tuple | list)
        if not several or not all(isinstance(frames, int) for frames in self.frames):
            raise UsageError(
                "protocols are a tuple of names, and frames a tuple of whole numbers",
                expected='such as protocols=("fvd-tats",), frames=(16, 64)',
                found=f"protocols={self.protocols!r}, frames={self.frames!r}",
            )

    def bound_protocols(
        self, dataset: DatasetSpec | None = None, resolution: int | None = None, *, is_cropped: bool = True
    ) -> list[ProtocolSpec]:
        """Every protocol at every clip length.

        Args:
            dataset: A named data set lowers the number of videos to its own default; one that lies on the user's disk
                is cropped and resized as the protocol says.
            resolution: The resolution that its name asks for.
            is_cropped: False where the videos are taken as they are, whatever the protocol says: ``score``.

        Raises:
            ProtocolError: Unknown protocol, or a file with mistakes.
            UsageError: Options the protocol refuses.
        """
        specs = []
        for protocol in (load_protocol(name) for name in self.protocols):
            for frames in self.frames or (None,):
                is_on_disk = isinstance(dataset, DiskDatasetSpec) and is_cropped
                specs.append(
                    protocol.with_options(
                        frames=frames,
                        stride=self.stride,
                        num_real=_count(self.num_real, protocol.clips.real.videos, dataset),
                        num_fake=_count(self.num_fake, protocol.clips.fake.videos, dataset),
                        seed=self.seed,
                        stage=protocol.dataset.with_options(is_on_disk=is_on_disk, resolution=resolution),
                        windows=(protocol.dataset.windows or {}).get(dataset.name) if dataset and is_on_disk else None,
                    )
                )
        return specs

    def stage(self, dataset: str) -> DatasetStage | None:
        """How all protocols bring a data set to clips; None where it is not one on the user's disk.

        Args:
            dataset: As ``--dataset`` names it.

        Raises:
            UsageError: The protocols do it in different ways, so that one reading cannot serve them all.
        """
        spec = spec_of(dataset)
        if not isinstance(spec, DiskDatasetSpec):
            return None
        stages = {one.name: one.dataset for one in self.bound_protocols(spec, parse_dataset(dataset).resolution)}
        first, *others = stages.items()
        for name, stage in others:
            ways = [
                f"{who}: {what.pre_resize} at {what.resolution} of {what.splits.get(spec.name, spec.default_split)}"
                for who, what in (first, (name, stage))
            ]
            if ways[0].partition(": ")[2] != ways[1].partition(": ")[2]:
                raise UsageError(
                    "these protocols read the data set in different ways",
                    expected="protocols that crop and resize it alike and take the same split",
                    found="; ".join(ways),
                    fix="score them in two runs",
                )
        return first[1]


def _count(asked: int | None, videos: int | None, dataset: DatasetSpec | None) -> int | None:
    if asked is not None or dataset is None:
        return asked
    return min(videos or dataset.default_num_videos, dataset.default_num_videos)
