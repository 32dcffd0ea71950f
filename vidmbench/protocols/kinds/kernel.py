"""Kernel distance, the squared maximum mean discrepancy: KVD, KID, JEDi, CMMD."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from vidmbench.protocols.fields import GoesWith, ProtocolField
from vidmbench.protocols.metric_kind import Counts, Features, MetricKind, Value, jackknife_notes, spread_note
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.metrics import Interval


def _number(value: float) -> str:
    """All digits, and none after the point of a whole number."""
    return repr(float(value)).removesuffix(".0")


def _signed(kernel: str, degree: int | None, coef0: float, sigma: float, diagonal: str) -> str:
    """Kernel and estimate as signatures have them: ``poly3.unbiased``, ``poly2.c0.biased``, ``gauss10.biased``."""
    added = "" if coef0 == 1.0 else f".c{_number(coef0)}"
    name = f"poly{degree}{added}" if kernel == "polynomial" else f"gauss{_number(sigma)}"
    return f"{name}.{'biased' if diagonal == 'kept' else 'unbiased'}"


def _words(kernel: str, degree: int | None, coef0: float, sigma: float, diagonal: str) -> str:
    added = "" if coef0 == 1.0 else f" + {_number(coef0)}"
    name = f"poly {degree}{added}" if kernel == "polynomial" else f"Gaussian kernel of sigma {_number(sigma)}"
    return f"{name}, biased" if diagonal == "kept" else name


class KernelStatistics(StatisticsStage):
    """The [statistics] of a kernel distance.

    Attributes:
        kernel: ``polynomial`` is (x.y / features + coef0)^degree, ``gaussian`` exp(-|x - y|² / (2 sigma²)).
        degree: Degree of the polynomial kernel.
        coef0: What the polynomial kernel adds.
        sigma: Width of the Gaussian kernel.
        diagonal: Whether each sample's product with itself is kept; without it the estimate is unbiased.
        rows: Whether each feature vector is first divided by its length.
        scale: Factor of what is printed.
        subsets: Number of random subsets that are averaged; None takes all samples once.
        subset_size: Samples of a subset.
    """

    added_later: ClassVar[tuple[str, ...]] = ("kernel", "coef0", "sigma", "diagonal", "rows", "scale")

    kernel: Annotated[
        Literal["polynomial", "gaussian"], ProtocolField("statistics", "kernel", _signed, words=_words)
    ] = "polynomial"
    degree: Annotated[
        PositiveInt | None,
        Field(le=1000),  # HIGHEST_DEGREE of metrics.kernel_functions, which is slow to import
        GoesWith("kernel"),
    ] = None
    coef0: Annotated[float, Field(ge=0, allow_inf_nan=False), GoesWith("kernel")] = 1.0
    sigma: Annotated[float | None, Field(gt=0, allow_inf_nan=False), GoesWith("kernel")] = None
    diagonal: Annotated[Literal["left-out", "kept"], GoesWith("kernel")] = "left-out"
    rows: Annotated[
        Literal["as-they-are", "unit-length"],
        ProtocolField(
            "statistics",
            "rows",
            lambda rows: "unit" if rows == "unit-length" else None,
            words=lambda rows: "features of length 1" if rows == "unit-length" else None,
        ),
    ] = "as-they-are"
    scale: Annotated[
        float,
        Field(gt=0, allow_inf_nan=False),
        ProtocolField(
            "statistics",
            "scale",
            lambda scale: _number(scale) if scale != 1 else None,
            words=lambda scale: f"times {_number(scale)}" if scale != 1 else None,
        ),
    ] = 1.0
    subsets: Annotated[
        PositiveInt | None,
        ProtocolField(
            "statistics", "subsets", lambda count, size: f"{count}x{size}", words=lambda _, size: f"subsets of {size}"
        ),
    ] = None
    subset_size: Annotated[PositiveInt | None, GoesWith("subsets")] = None

    @model_validator(mode="after")
    def _subsets_have_a_size(self) -> Self:
        if (self.subsets is None) != (self.subset_size is None):
            raise ValueError("statistics.subsets and statistics.subset_size go together")
        return self

    @model_validator(mode="after")
    def _kernel_has_its_parameter(self) -> Self:
        needed, other = ("degree", "sigma") if self.kernel == "polynomial" else ("sigma", "degree")
        if getattr(self, needed) is None or getattr(self, other) is not None:
            raise ValueError(f"the {self.kernel} kernel needs statistics.{needed}, and takes no {other}")
        return self

    @property
    def parts(self) -> str | None:
        """What the number is a mean of distances over; None for one distance."""
        return None if self.subsets is None else f"{self.subsets} subsets"

    @property
    def options(self) -> dict[str, Any]:
        """Kernel and estimate as the functions of :mod:`vidmbench.metrics.kernel` take them."""
        biased = {"is_biased": self.diagonal == "kept"}
        if self.kernel == "gaussian":
            return {"sigma": self.sigma, **biased}
        return {"degree": self.degree, "coef0": self.coef0, **biased}

    def scaled(self, features: "np.ndarray") -> "np.ndarray":
        """Features (…, feature) as the kernel takes them.

        Raises:
            DataError: A feature vector is to be divided by its length, which is 0.
        """
        if self.rows == "as-they-are":
            return features
        import numpy as np

        from vidmbench.core.errors import DataError

        lengths = np.linalg.norm(features.astype(np.float64), axis=-1, keepdims=True)
        if not lengths.all():
            raise DataError(
                "a feature vector is zero and cannot be divided by its length",
                expected='features other than zero, or rows = "as-they-are"',
                found=f"{int((lengths == 0).sum())} such vectors",
            )
        unit: np.ndarray = features / lengths
        return unit


class Kernel(MetricKind[KernelStatistics]):
    """Kernel distance; see :mod:`vidmbench.metrics.kernel`."""

    name = "kernel"
    better = "lower"
    statistics = KernelStatistics
    truncation_tolerance = 5e-2  # of four golden clips one intensity level moves it by 1e-2

    def compute(self, statistics: KernelStatistics, features: Features) -> tuple[Value, ...]:
        """The distance, or its mean over subsets with their standard deviation."""
        from vidmbench.metrics import kernel_distance, kernel_distance_subsets  # numpy and scipy are slow to import

        real, fake = (statistics.scaled(features.rows(side)) for side in ("real", "fake"))
        if statistics.subsets is None or statistics.subset_size is None:
            return (Value(kernel_distance(real, fake, **statistics.options) * statistics.scale),)
        mean, spread = kernel_distance_subsets(
            real,
            fake,
            subsets=statistics.subsets,
            subset_size=statistics.subset_size,
            seed=statistics.seed,
            **statistics.options,
        )
        return (Value(mean * statistics.scale, spread * statistics.scale, f"sd over {statistics.subsets} subsets"),)

    def interval(self, statistics: KernelStatistics, features: Features) -> "Interval | None":
        """A jackknife of the distance between all samples; frames or clips of one video stay together."""
        from vidmbench.metrics import kernel_interval

        if statistics.subsets is not None:
            return None
        real, fake = (statistics.scaled(features[side]) for side in ("real", "fake"))
        interval = kernel_interval(real, fake, **statistics.options)
        return interval if interval is None or statistics.scale == 1 else interval.times(statistics.scale)

    def notes(self, statistics: KernelStatistics, counts: Counts) -> list[str]:
        """The bias of an estimate that keeps the diagonal; limits of the interval, or why there is none."""
        fewest = statistics.subset_size or min(counts.real, counts.fake)
        biased = [f"biased at N = {fewest}: it falls as N grows; compare only at equal N"]
        notes = biased if statistics.diagonal == "kept" else []
        if statistics.subsets is not None:
            return [*notes, spread_note("subsets")]
        return [*notes, *jackknife_notes(counts)]

    def fit_to(self, statistics: KernelStatistics, num_clips: int) -> KernelStatistics:
        """Subsets of half of the clips, if they were larger."""
        if statistics.subset_size is None or statistics.subset_size <= num_clips // 2:
            return statistics
        return statistics.model_copy(update={"subset_size": max(2, num_clips // 2)})


KIND = Kernel()
