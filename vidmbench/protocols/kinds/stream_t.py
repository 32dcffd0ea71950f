"""STREAM-T: how alike both sides' embeddings change over time."""

from vidmbench.protocols.metric_kind import Features, Value
from vidmbench.protocols.stream_kind import StreamKind, StreamStatistics


class TemporalNaturalness(StreamKind[StreamStatistics]):
    """Agreement of the distributions of skewness, 0 to 1."""

    name = "stream-t"
    numbers = ("stream-t",)
    statistics = StreamStatistics
    why_none = "histograms over the range of the data are not a smooth function of the sample"

    def compute(self, statistics: StreamStatistics, features: Features) -> tuple[Value, ...]:
        """STREAM-T."""
        from vidmbench.metrics.temporal.spectra import histogram_agreement, skewness_and_mean  # numpy is slow to import

        del statistics
        real, fake = (skewness_and_mean(features[side])[0] for side in ("real", "fake"))
        return (Value(histogram_agreement(real, fake)),)


KIND = TemporalNaturalness()
