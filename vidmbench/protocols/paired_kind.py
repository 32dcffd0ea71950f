"""What full-reference metrics have in common: numbers of frames of pairs, averaged over frames, samples and videos."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Generic, Literal, TypeVar

from pydantic import Field, NonNegativeInt, PositiveInt

from vidmbench.core.errors import DataError
from vidmbench.core.vocabulary import SamplesRule
from vidmbench.protocols.fields import GoesWith, ProtocolField
from vidmbench.protocols.metric_kind import Counts, Features, MetricKind, Value
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.metrics import Interval
    from vidmbench.metrics.full_reference.curves import Curve


def _frames(count: int) -> str:
    """``frame``, or ``2 frames``."""
    return "frame" if count == 1 else f"{count} frames"


def words_of_first(count: int) -> str | None:
    """What tables say of frames at the start that are not scored."""
    return f"without the first {_frames(count)}" if count else None


class PairedStatistics(StatisticsStage):
    """The [statistics] of a full-reference metric.

    Attributes:
        context: Frames at the start that the model was given; they are not scored.
        drop_first: Frames at the start that the convention never scores.
        drop_last: Frames at the end that it never scores.
        samples: Of several predictions of one video: ``best``: the best clip counts, chosen for each metric by itself;
            ``mean``: their mean does; ``all``: each counts by itself, and how all of them vary is printed.
        num_samples: Predictions of each video, as they were found.
        sizes: ``prediction-resized``: predictions of another size are resized to that of the targets; None refuses
            them.
        resized_from: Height and width of predictions that were resized.
        lengths: ``shorter``: of a video and a prediction of different lengths the frames that both have are scored;
            None refuses those that are shorter than the clip.
        shortest: The fewest frames that were scored of any, where some had fewer than the clip.
    """

    context: Annotated[
        NonNegativeInt,
        ProtocolField("statistics", "context", lambda count: str(count) if count else None),
    ] = 0
    drop_first: Annotated[
        NonNegativeInt,
        ProtocolField(
            "statistics",
            "first",
            lambda count: str(count) if count else None,
            words=words_of_first,
        ),
    ] = 0
    drop_last: Annotated[
        NonNegativeInt,
        ProtocolField(
            "statistics",
            "last",
            lambda count: f"-{count}" if count else None,
            words=lambda count: f"without the last {_frames(count)}" if count else None,
        ),
    ] = 0
    samples: Annotated[
        SamplesRule,
        ProtocolField(
            "statistics",
            "of",
            lambda rule, count: rule if count in (None, 1) else f"{rule}.{count}",
            golden=lambda rule, _: rule,
            words=lambda rule, count: None if count in (None, 1) else f"{rule} of {count}",
        ),
    ] = "mean"
    num_samples: Annotated[PositiveInt | None, GoesWith("samples")] = None
    sizes: Annotated[
        Literal["prediction-resized"] | None,
        ProtocolField(
            "statistics",
            "sizes",
            lambda rule, size: size and f"{rule}.{size[0]}x{size[1]}",
            golden=lambda rule, _: rule,
            words=lambda _, size: size and f"prediction resized from {size[0]}x{size[1]}",
        ),
    ] = None
    resized_from: Annotated[tuple[PositiveInt, PositiveInt] | None, Field(strict=False), GoesWith("sizes")] = None
    lengths: Annotated[
        Literal["shorter"] | None,
        ProtocolField(
            "statistics",
            "lengths",
            lambda rule, shortest: shortest and f"{rule}.{shortest}",
            golden=lambda rule, _: rule,
            words=lambda _, shortest: shortest and f"the shorter length, from {shortest} frames on",
        ),
    ] = None
    shortest: Annotated[PositiveInt | None, GoesWith("lengths")] = None


PairedT = TypeVar("PairedT", bound=PairedStatistics)


class PairedKind(MetricKind[PairedT], Generic[PairedT]):
    """A full-reference metric; features are (video, sample, frame, number), NaN for frames that a pair lacks.

    Attributes:
        equal: The number that frames give which show no difference.
    """

    sides = ("pair",)
    least_clips = 1
    has_gaps = True
    equal: float = 0.0

    @abstractmethod
    def of_frames(self, statistics: PairedT, numbers: "np.ndarray") -> "np.ndarray":
        """The metric of each frame.

        Args:
            statistics: The [statistics] stage.
            numbers: float64 (..., frame, number), what the detector gives.

        Returns:
            float64 (..., frame).
        """

    def of_clips(self, statistics: PairedT, numbers: "np.ndarray") -> "np.ndarray":
        """The metric of each clip, float64 (...,): by default the mean over its frames."""
        return mean_of_frames(self.of_frames(statistics, numbers))

    def of_samples(self, statistics: PairedT, features: Features) -> "np.ndarray":
        """The metric of each prediction, float64 (video, sample)."""
        return self.of_clips(statistics, scored(statistics, features))

    def of_videos(self, statistics: PairedT, features: Features) -> "np.ndarray":
        """The metric of each target, float64 (video,): of its one prediction, or of the best or the mean of several."""
        from vidmbench.metrics.full_reference.samples import best_of, mean_of

        values = self.of_samples(statistics, features)
        if statistics.samples != "best":
            return mean_of(values)
        return best_of(values, values.shape[-1], is_higher_better=self.better == "higher")

    def shares(self, statistics: PairedT, features: Features) -> "np.ndarray":
        """What each target counts, float64 (video,): numbers whose mean is the metric's value."""
        return self.of_videos(statistics, features)

    def video_frames(self, statistics: PairedT, features: Features) -> "np.ndarray":
        """The metric of each target's frames, float64 (video, frame), NaN for those that its pair lacks.

        Of several predictions the best clip's frames, or the mean of all.
        """
        numbers = self.counting_samples(statistics, features)
        return mean_of_frames(self.of_frames(statistics, numbers).swapaxes(-1, -2))

    def counting_samples(self, statistics: PairedT, features: Features) -> "np.ndarray":
        """The scored frames of the predictions that count, float64 (video, sample, frame, number): all or the best."""
        import numpy as np

        numbers = scored(statistics, features)
        if statistics.samples != "best":
            return numbers
        clips = self.of_clips(statistics, numbers)
        best = clips.argmax(1) if self.better == "higher" else clips.argmin(1)
        return np.asarray(numbers[np.arange(len(numbers)), best][:, None])

    def curve(self, statistics: PairedT, features: Features) -> "Curve | None":
        """The mean over videos at each frame that is scored; None for numbers of whole videos."""
        from vidmbench.metrics.full_reference.curves import curve_over_videos

        frames = self.video_frames(statistics, features)
        return curve_over_videos(frames, first_scored(statistics) + 1, features.scenes)

    def best_of_each_number(self, statistics: PairedT, features: Features) -> "list[tuple[float, Interval | None]]":
        """The metric of the best of 1, 2, ... predictions, the mean over all choices of so many, and its interval."""
        from vidmbench.metrics.full_reference.intervals import interval_over_videos
        from vidmbench.metrics.full_reference.samples import best_of

        values = self.of_samples(statistics, features)
        of_videos = [
            best_of(values, count, is_higher_better=self.better == "higher") for count in range(1, values.shape[-1] + 1)
        ]
        return [(float(each.mean()), interval_over_videos(each, features.scenes)) for each in of_videos]

    def compute(self, statistics: PairedT, features: Features) -> tuple[Value, ...]:
        """The mean over videos.

        Raises:
            DataError: It is not finite, or no frame is left.
        """
        import numpy as np

        value = float(self.of_videos(statistics, features).mean())
        if not np.isfinite(value):
            raise self._not_finite(statistics, features)
        return (self._with_spread(statistics, features, value),)

    def _with_spread(self, statistics: PairedT, features: Features, value: float) -> Value:
        """The number, and how all predictions vary where each counts by itself."""
        if statistics.samples != "all":
            return Value(value)
        values = self.of_samples(statistics, features)
        return Value(value, float(values.std()), f"sd over {values.size} predictions")

    def interval(self, statistics: PairedT, features: Features) -> "Interval | None":
        """Student's t over videos, or scenes: frames of one video, and predictions of one target, are dependent."""
        from vidmbench.metrics.full_reference.intervals import interval_over_videos

        return interval_over_videos(self.shares(statistics, features), features.scenes)

    def notes(self, statistics: PairedT, counts: Counts) -> list[str]:
        """What a minimum over predictions is worth, and why there is no interval."""
        from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS

        notes = []
        if counts.real < MIN_VIDEOS:
            notes.append(f"no interval: an honest one needs at least {MIN_VIDEOS} videos")
        many = counts.fake // max(counts.real, 1)
        if many > 1 and statistics.samples == "best":
            notes.append(
                f"the best of {many} predictions is biased: it improves with their number, whatever the model; "
                f"compare only at N = {many}"
            )
        return notes

    def notes_of_frames(self, statistics: PairedT, features: Features) -> list[str]:
        """What the scored frames show: that some do not differ from their targets at all."""
        numbers = scored(statistics, features)
        count = int((numbers == self.equal).all(-1).sum())
        if not count:
            return []
        total = int((numbers == numbers).all(-1).sum())  # all but NaN
        return [f"{count} of {total} scored frames show no difference from their targets{self._counting(statistics)}"]

    def _counting(self, statistics: PairedT) -> str:
        """What such frames count, as the end of a note."""
        del statistics
        return ""

    def _not_finite(self, statistics: PairedT, features: Features) -> DataError:
        import numpy as np

        frames = self.of_frames(statistics, scored(statistics, features))
        count, total = int(np.isinf(frames).sum()), int((~np.isnan(frames)).sum())
        given = "name the frames that the model was given with --context, or choose a convention with a cap"
        return DataError(
            "the mean is infinite: predictions equal their targets, and this convention has no cap for that",
            found=f"{count} of {total} frames are equal",
            fix=given if count < total else "give the predictions: these are the targets themselves",
        )


def first_scored(statistics: PairedStatistics) -> int:
    """The place of the first frame that counts in its clip, from 0."""
    return max(statistics.context, statistics.drop_first)


def scored(statistics: PairedStatistics, features: Features) -> "np.ndarray":
    """The frames that count, float64 (video, sample, frame, number).

    Raises:
        DataError: None is left.
    """
    import numpy as np

    numbers = features["pair"].astype(np.float64)
    frames = numbers.shape[-2]
    first, last = first_scored(statistics), frames - statistics.drop_last
    if first >= last:
        raise DataError(
            "no frame is left to score",
            expected=f"clips of more than {first + statistics.drop_last} frames: the first {first} and the last "
            f"{statistics.drop_last} do not count",
            found=f"{frames} frames",
            fix="ask for more --frames, or for fewer frames of --context",
        )
    return numbers[..., first:last, :]


def mean_of_frames(values: "np.ndarray") -> "np.ndarray":
    """Means over the frames that there are.

    Args:
        values: float64 (..., frame); NaN for frames that a pair lacks.

    Returns:
        float64 (...,); NaN where there is none.
    """
    import numpy as np

    missing = np.isnan(values)
    if not missing.any():
        return np.asarray(values.mean(-1))
    count = (~missing).sum(-1)
    total = np.where(missing, 0.0, values).sum(-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
