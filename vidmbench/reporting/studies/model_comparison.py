"""The answer of ``compare-models``: a table, a sentence, and JSON."""

from typing import Any

from vidmbench.core.text import printable
from vidmbench.evaluation.studies.model_comparison import ModelComparison
from vidmbench.metrics.paired import SIGNIFICANCE
from vidmbench.reporting.studies.distances import aligned, interval_text, provenance


def verdict(comparison: ModelComparison) -> str:
    """The answer in one sentence."""
    test, metric = comparison.difference, comparison.measurements[0].metric.upper()
    digits = _digits(comparison)
    limits = interval_text((test.interval.low, test.interval.high), digits)
    p = f"p = {test.p_value:.2g}" if test.p_value >= 1e-4 else "p < 0.0001"
    needed = f"about {test.needed:,} videos per side" if test.needed is not None else ""
    if test.p_value < SIGNIFICANCE:
        better, low, high = ("A", test.first, test.second) if test.difference < 0 else ("B", test.second, test.first)
        lower = f"its {metric} of {low:.{digits}f} is lower by {high - low:.{digits}f}"
        return f"{better} is better: {lower}, {p}; {needed} would be enough to see this."
    tie = f"a tie: the interval of the difference, {limits}, holds 0, {p}"
    return f"{tie}; if the difference is real, {needed} would tell them apart." if needed else f"{tie}."


def _digits(comparison: ModelComparison) -> int:
    """Digits after the point of all its numbers: those of the more precise of the two distances."""
    return max(item.decimals for item in comparison.measurements)


def comparison_text(comparison: ModelComparison) -> str:
    """Both distances and their difference as a table, the verdict, both signatures."""
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
    return "\n".join([table, "", verdict(comparison), "", *map(printable, signatures)])


def comparison_json(comparison: ModelComparison) -> dict[str, Any]:
    """The same for programs."""
    test, (a, b) = comparison.difference, comparison.measurements
    is_certain = test.p_value < SIGNIFICANCE
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
        "effect": test.effect,
        "needed": test.needed,
        "better": ("a" if test.difference < 0 else "b") if is_certain else None,
        "verdict": verdict(comparison),
        "same_seeds": comparison.same_seeds,
        "signature_a": a.signature,
        "signature_b": b.signature,
        "signature_id": a.signature_id,
        **provenance(comparison.measurements),
    }
