"""The answer of ``compare-models``: a table, a sentence, and JSON."""

from typing import Any, Literal

from vidmbench.core.text import printable
from vidmbench.evaluation.studies.model_comparison import ModelComparison
from vidmbench.metrics.full_reference.two_models import MIN_FLIPPED, DifferenceByVideo
from vidmbench.metrics.paired import SIGNIFICANCE, PairedDifference
from vidmbench.reporting.studies.distances import aligned, interval_text, provenance


def verdict(comparison: ModelComparison) -> str:
    """The answer in one sentence."""
    test, metric = comparison.difference, comparison.measurements[0].metric.upper()
    digits = _digits(comparison)
    limits = interval_text((test.interval.low, test.interval.high), digits)
    needed = _needed(test)
    better = _better(comparison)
    if better is not None:
        value, other = (test.first, test.second) if better == "a" else (test.second, test.first)
        apart = f"{comparison.better} by {abs(value - other):.{digits}f}"
        found = f"its {metric} of {value:.{digits}f} is {apart}, {_p(test.p_value)}"
        return f"{better.upper()} is better: {found}; {needed} would be enough to see this."
    if test.p_value < SIGNIFICANCE and isinstance(test, DifferenceByVideo) and test.p_value_flips is not None:
        flips = f"{_p(test.p_value_flips)} by exchanging A and B in single {test.unit}s"
        few = f"; {MIN_FLIPPED} at least can tell models apart" if test.count < MIN_FLIPPED else ""
        return f"undecided: {_p(test.p_value)} by the t test, but {flips}: too few {test.unit}s{few}."
    tie = f"a tie: the interval of the difference, {limits}, holds 0, {_p(test.p_value)}"
    return f"{tie}; if the difference is real, {needed} would tell them apart." if needed else f"{tie}."


def _p(value: float) -> str:
    return f"p = {value:.2g}" if value >= 1e-4 else "p < 0.0001"


def _needed(test: PairedDifference) -> str:
    if test.needed is None:
        return ""
    return f"about {test.needed:,} videos{'' if isinstance(test, DifferenceByVideo) else ' per side'}"


def _better(comparison: ModelComparison) -> Literal["a", "b"] | None:
    """The model that is better beyond doubt."""
    test = comparison.difference
    is_certain = test.is_significant if isinstance(test, DifferenceByVideo) else test.p_value < SIGNIFICANCE
    if not is_certain or test.difference == 0.0:
        return None
    return "a" if (test.difference < 0) == (comparison.better == "lower") else "b"


def _digits(comparison: ModelComparison) -> int:
    """Digits after the point of all its numbers: those of the more precise of the two."""
    return max(item.decimals for item in comparison.measurements)


def comparison_text(comparison: ModelComparison) -> str:
    """Both numbers and their difference as a table, the verdict, both signatures."""
    test, measurements, digits = comparison.difference, comparison.measurements, _digits(comparison)
    intervals = [item.interval if comparison.repeats == 1 else None for item in measurements]
    rows = [
        (f"{name}: {item.fake.label}", f"{value:.{digits}f}", interval_text(interval, digits))
        for name, item, value, interval in zip("AB", measurements, (test.first, test.second), intervals, strict=True)
    ]
    limits = interval_text((test.interval.low, test.interval.high), digits)
    rows.append(("A - B", f"{test.difference:+.{digits}f}", limits))
    table = aligned(("Model", measurements[0].metric.upper(), "95 % interval"), rows)
    signatures = [
        f"{name}: {item.signature}  #{item.signature_id}" for name, item in zip("AB", measurements, strict=True)
    ]
    wins, count = comparison.wins, measurements[0].real.num_scored
    counted = [] if wins is None else [f"By video: A is better in {wins[0]} of {count}, B in {wins[1]}."]
    return "\n".join([table, "", verdict(comparison), *counted, "", *map(printable, signatures)])


def comparison_json(comparison: ModelComparison) -> dict[str, Any]:
    """The same for programs."""
    test, (a, b) = comparison.difference, comparison.measurements
    by_video = test if isinstance(test, DifferenceByVideo) else None
    return {
        "metric": a.metric,
        "real": a.real.model_dump(mode="json"),
        "a": {**a.fake.model_dump(mode="json"), "value": test.first, "interval": a.interval},
        "b": {**b.fake.model_dump(mode="json"), "value": test.second, "interval": b.interval},
        "difference": test.difference,
        "interval": [test.interval.low, test.interval.high],
        "interval_kind": test.interval.kind,
        "standard_error": test.standard_error,
        "p_value": test.p_value,
        "p_value_flips": by_video.p_value_flips if by_video else None,
        "effect": test.effect,
        "needed": test.needed,
        "better": _better(comparison),
        "better_is": comparison.better,
        "better_in": comparison.wins and dict(zip("ab", comparison.wins, strict=True)),
        "unit": by_video.unit if by_video else None,
        "num_units": by_video.count if by_video else None,
        "verdict": verdict(comparison),
        "same_seeds": comparison.same_seeds,
        "signature_a": a.signature,
        "signature_b": b.signature,
        "signature_id": a.signature_id,
        **provenance(comparison.measurements),
    }
