"""What ``run`` and ``score`` may be told, and the protocols that follow from it."""

from dataclasses import dataclass, field

from vidmbench.datasets import DatasetSpec, OnBad
from vidmbench.detectors.base import Device, Precision
from vidmbench.models import Drawing
from vidmbench.protocols import ProtocolSpec, load_protocol

DEFAULT_PROTOCOL = "fvd-vidm-paper"


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
        drawing: How a VIDM is drawn from.
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
    drawing: Drawing = field(default_factory=Drawing)

    def bound(self, dataset: DatasetSpec | None = None) -> list[ProtocolSpec]:
        """Every protocol at every clip length.

        Args:
            dataset: A named data set lowers the number of videos to its own default.

        Raises:
            ProtocolError: Unknown protocol, or a file with mistakes.
            UsageError: Options the protocol refuses.
        """
        specs = []
        for protocol in (load_protocol(name) for name in self.protocols):
            for frames in self.frames or (None,):
                specs.append(
                    protocol.bound(
                        frames=frames,
                        stride=self.stride,
                        num_real=_count(self.num_real, protocol.clips.real.videos, dataset),
                        num_fake=_count(self.num_fake, protocol.clips.fake.videos, dataset),
                        seed=self.seed,
                    )
                )
        return specs


def _count(asked: int | None, videos: int | None, dataset: DatasetSpec | None) -> int | None:
    if asked is not None or dataset is None:
        return asked
    return min(videos or dataset.default_num_videos, dataset.default_num_videos)
