"""Peak signal-to-noise ratio of predictions."""

from typing import TYPE_CHECKING, Annotated, Literal

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import Features, Value
from vidmbench.protocols.pair_stages import PixelStage
from vidmbench.protocols.paired_kind import PairedKind, PairedStatistics, mean_of_frames, scored

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.metrics import Interval


class PsnrStatistics(PairedStatistics):
    """The [statistics] of a PSNR; see :mod:`vidmbench.metrics.full_reference.psnr`.

    Attributes:
        error_over: What one mean squared error is taken over: ``frame``, ``frame-and-channel``, ``clip``, or ``set``
            for everything that is scored.
        identical: What equal frames give.
    """

    error_over: Annotated[
        Literal["frame", "frame-and-channel", "clip", "set"],
        ProtocolField("statistics", "mse", words=lambda over: f"mse per {over.replace('-and-', ' and ')}"),
    ]
    identical: Annotated[
        Literal["infinite", "100-below-1e-10", "mse-at-least-1e-10", "mse-plus-1e-8", "rmse-plus-epsilon", "opencv"],
        ProtocolField("statistics", "equal", words=lambda rule: f"equal frames {_EQUAL[rule]}"),
    ]


_EQUAL = {
    "infinite": "infinite",
    "100-below-1e-10": "100",
    "mse-at-least-1e-10": "100",
    "mse-plus-1e-8": "80",
    "rmse-plus-epsilon": "186.6",
    "opencv": "361.2",
}


class Psnr(PairedKind[PsnrStatistics]):
    """PSNR in dB; see :mod:`vidmbench.metrics.full_reference.psnr`."""

    name = "psnr"
    array = PixelStage
    statistics = PsnrStatistics
    better = "higher"

    def of_frames(self, statistics: PsnrStatistics, numbers: "np.ndarray") -> "np.ndarray":
        """The ratio of each frame; where a clip has one, what each frame would have by itself."""
        from vidmbench.metrics.full_reference.psnr import psnr

        by_channel = statistics.error_over == "frame-and-channel"
        return psnr(numbers, error_over="frame-and-channel" if by_channel else "frame", identical=statistics.identical)

    def of_clips(self, statistics: PsnrStatistics, numbers: "np.ndarray") -> "np.ndarray":
        """The mean over frames, or the ratio of the clip's one error."""
        from vidmbench.metrics.full_reference.psnr import psnr

        if statistics.error_over in ("clip", "set"):
            errors = mean_of_frames(numbers.swapaxes(-1, -2))[..., None, :]
            return psnr(errors, error_over="clip", identical=statistics.identical)
        return super().of_clips(statistics, numbers)

    def compute(self, statistics: PsnrStatistics, features: Features) -> tuple[Value, ...]:
        """The mean over videos, or the ratio of the one error of all."""
        from vidmbench.metrics.full_reference.psnr import psnr

        if statistics.error_over != "set":
            return super().compute(statistics, features)
        errors = self._errors(statistics, features)
        value = float(psnr(errors.mean().reshape(1, 1, 1), error_over="clip", identical=statistics.identical)[0])
        if value == float("inf"):
            raise self._not_finite(statistics, features)
        return (self._with_spread(statistics, features, value),)

    def video_frames(self, statistics: PsnrStatistics, features: Features) -> "np.ndarray":
        """The ratio of each video's frames; where all has one error, shares of the ratio of each frame's error.

        Shares are linear in a video's error: their mean over videos is the ratio of the mean error, and the deviation
        of that mean is what the delta method gives.
        """
        import numpy as np

        from vidmbench.metrics.full_reference.psnr import psnr

        if statistics.error_over != "set":
            return super().video_frames(statistics, features)
        errors = mean_of_frames(self.counting_samples(statistics, features).mean(-1).swapaxes(-1, -2))
        mean = mean_of_frames(errors.T)  # of all videos, frame by frame
        ratios = psnr(mean[:, None], error_over="frame", identical=statistics.identical)
        relative = np.divide(errors, mean, out=np.ones_like(errors), where=mean > 0)
        return np.asarray(ratios - 10 / np.log(10) * (relative - 1))

    def shares(self, statistics: PsnrStatistics, features: Features) -> "np.ndarray":
        """The ratio of each video; where all has one error, what the ratio is to first order in each video's error."""
        from vidmbench.metrics.full_reference.intervals import shares_of_ratio

        if statistics.error_over != "set":
            return super().shares(statistics, features)
        errors = self._errors(statistics, features)
        return shares_of_ratio(errors) if errors.mean() > 0 else self.of_videos(statistics, features)

    def interval(self, statistics: PsnrStatistics, features: Features) -> "Interval | None":
        """Of the mean; of the ratio of one error for all, by the delta method, unless that error is 0."""
        if statistics.error_over == "set" and not self._errors(statistics, features).any():
            return None
        return super().interval(statistics, features)

    def best_of_each_number(
        self, statistics: PsnrStatistics, features: Features
    ) -> "list[tuple[float, Interval | None]]":
        """See the base; where all has one error, the ratio of the mean of the least errors."""
        from vidmbench.metrics.full_reference.intervals import interval_over_videos, shares_of_ratio
        from vidmbench.metrics.full_reference.psnr import psnr
        from vidmbench.metrics.full_reference.samples import best_of

        if statistics.error_over != "set":
            return super().best_of_each_number(statistics, features)
        errors = mean_of_frames(scored(statistics, features).mean(-1))
        found = []
        for count in range(1, errors.shape[-1] + 1):
            least = best_of(errors, count, is_higher_better=False)
            ratio = psnr(least.mean().reshape(1, 1, 1), error_over="clip", identical=statistics.identical)
            interval = interval_over_videos(shares_of_ratio(least), features.scenes) if least.any() else None
            found.append((float(ratio[0]), interval))
        return found

    def _errors(self, statistics: PsnrStatistics, features: Features) -> "np.ndarray":
        """The mean squared error of each target, float64 (video,): of all its predictions, or of the best."""
        errors = mean_of_frames(scored(statistics, features).mean(-1))
        return errors.min(-1) if statistics.samples == "best" else errors.mean(-1)  # type: ignore[no-any-return]

    def _counting(self, statistics: PsnrStatistics) -> str:
        if statistics.error_over in ("clip", "set"):
            return ""
        cap = "infinity" if statistics.identical == "infinite" else f"{_EQUAL[statistics.identical]} dB"
        return f", and count {cap} each"


KIND = Psnr()
