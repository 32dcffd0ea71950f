"""VMAF of predictions: video quality as a model of viewers' ratings gives it."""

from typing import TYPE_CHECKING, Annotated, Literal

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import Counts, Features
from vidmbench.protocols.pair_stages import VmafStage
from vidmbench.protocols.paired_kind import PairedKind, PairedStatistics, mean_of_frames, scored

if TYPE_CHECKING:
    import numpy as np


class VmafStatistics(PairedStatistics):
    """The [statistics] of a VMAF.

    Attributes:
        clip: ``0..100``: what the model gives for a frame beyond counts as its end; ``none``: it counts as it is.
        pool: How frames become a clip: their ``mean``, or their ``harmonic-mean``, which weighs bad frames more.
    """

    clip: Annotated[
        Literal["0..100", "none"],
        ProtocolField(
            "statistics", "clip", words=lambda rule: "not clipped" if rule == "none" else f"clipped to {rule}"
        ),
    ]
    pool: Annotated[
        Literal["mean", "harmonic-mean"],
        ProtocolField("statistics", "pool", words=lambda rule: f"{rule.replace('-', ' ')} over frames"),
    ]


class Vmaf(PairedKind[VmafStatistics]):
    """VMAF; see :mod:`vidmbench.detectors.vmaf`."""

    name = "vmaf"
    array = VmafStage
    statistics = VmafStatistics
    better = "higher"

    @property
    def in_group(self) -> bool:
        """It is asked for by name: it needs a package more, and is far slower than the others."""
        return False

    def of_frames(self, statistics: VmafStatistics, numbers: "np.ndarray") -> "np.ndarray":
        """What the model gives, clipped or not."""
        import numpy as np

        values = numbers[..., 0]
        return values if statistics.clip == "none" else np.asarray(np.clip(values, 0.0, 100.0))

    def of_clips(self, statistics: VmafStatistics, numbers: "np.ndarray") -> "np.ndarray":
        """The mean over frames, or libvmaf's harmonic mean of one more than their values, less one."""
        values = self.of_frames(statistics, numbers)
        if statistics.pool == "mean":
            return mean_of_frames(values)
        return 1 / mean_of_frames(1 / (values + 1)) - 1

    def notes(self, statistics: VmafStatistics, counts: Counts) -> list[str]:
        """See the base; and what the scale means."""
        scale = "the scale is fitted to ratings of 1920 x 1080 frames; for smaller ones it is a fidelity, not a rating"
        return [*super().notes(statistics, counts), scale]

    def notes_of_frames(self, statistics: VmafStatistics, features: Features) -> list[str]:
        """How many frames are beyond the scale."""
        numbers = scored(statistics, features)
        if statistics.clip == "none":
            return []
        beyond = {"above 100": int((numbers > 100).sum()), "below 0": int((numbers < 0).sum())}
        total = int((numbers == numbers).sum())  # all but NaN
        return [
            f"{count} of {total} scored frames are {where} and count {where.split()[1]}"
            for where, count in beyond.items()
            if count
        ]


KIND = Vmaf()
