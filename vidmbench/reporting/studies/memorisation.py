"""What ``memorisation`` found: tables and JSON."""

from pathlib import Path
from typing import Any

from vidmbench.core.text import printable
from vidmbench.evaluation.studies.memorisation import Finding, Pair
from vidmbench.metrics.memorisation import quantiles
from vidmbench.reporting.studies.distances import aligned

#: Quantiles of the distances that are shown.
_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def memorisation_text(finding: Finding, num_pairs: int) -> str:
    """The numbers, the distances, the nearest pairs and the signature.

    Args:
        finding: The result.
        num_pairs: How many of the nearest pairs are listed.
    """
    copies = [finding.job.fake.name(pair.fake) for pair in finding.pairs if pair.is_copy]
    nearest = [
        (finding.job.fake.name(pair.fake), finding.job.train.name(pair.train), _distance(pair))
        for pair in finding.pairs[:num_pairs]
    ]
    parts = [
        _numbers(finding, len(copies)),
        _distances(finding),
        aligned(("Generated", "Nearest training clip", "Distance"), nearest, num_text=2),
    ]
    if len(copies) > num_pairs:
        parts.append(printable(f"copies: {', '.join(copies)}"))
    parts.append(printable(f"{_percent(finding.result.share)}  {finding.signature.long}  #{finding.signature.id}"))
    return "\n\n".join(parts)


def _numbers(finding: Finding, num_copies: int) -> str:
    result = finding.result
    null = f"{_percent(result.expected)}, {_percent(result.null_range[0])} to {_percent(result.null_range[1])}"
    interval = f"{_percent(result.interval[0])} to {_percent(result.interval[1])}"
    area_interval = f"{result.area_interval[0]:.3f} to {result.area_interval[1]:.3f}"
    rows = [
        (
            f"generated clips nearer than {result.threshold:.4g}",
            _percent(result.share),
            interval,
            f"{null}; p = {result.p_value:.2g}",
        ),
        ("area: generated nearer than held-out", f"{result.area:.3f}", area_interval, "0.5"),
        ("exact copies of training clips", f"{num_copies} of {finding.counts[2]}", "", "0"),
    ]
    return aligned(("Memorisation", "Value", "95 % interval", "without memorisation"), rows)


def _distances(finding: Finding) -> str:
    rows = [
        (f"{role}, {len(nearest.distances)} clips", *(f"{value:.4g}" for value in quantiles(nearest, _SHARES)))
        for role, nearest in (("generated", finding.result.fake), ("held-out", finding.result.heldout))
    ]
    names = ("min", *(f"{100 * share:g} %" for share in _SHARES[1:-1]), "max")
    return aligned(("Distance to the nearest training clip", *names), rows)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _distance(pair: Pair) -> str:
    return "copy" if pair.is_copy else f"{pair.distance:.4g}"


def memorisation_json(finding: Finding, num_pairs: int, figure: Path) -> dict[str, Any]:
    """The same for programs.

    Args:
        finding: The result.
        num_pairs: How many of the nearest pairs are listed.
        figure: Where the figure was written.
    """
    job, num_train, num_heldout, num_fake = finding.job, *finding.counts
    return {
        "metric": "memorisation",
        **_numbers_json(finding),
        **_pairs_json(finding, num_pairs),
        "train": job.train.source.label,
        "heldout": job.heldout.source.label,
        "fake": job.fake.source.label,
        "num_train": num_train,
        "num_heldout": num_heldout,
        "num_fake": num_fake,
        "frames": job.fake.spec.clips.frames,
        "stride": job.fake.spec.clips.stride,
        "precision": job.choices.precision,
        "engine": finding.engine,
        "signature": finding.signature.long,
        "signature_id": finding.signature.id,
        "protocol": job.fake.spec.name,
        "seconds": finding.seconds,
        "skipped": finding.skipped,
        "warnings": finding.warnings,
        "picture": str(figure),
    }


def _numbers_json(finding: Finding) -> dict[str, Any]:
    result = finding.result
    by_role = {"generated": result.fake, "heldout": result.heldout}
    names = [f"{share:g}" for share in _SHARES]
    return {
        "value": result.share,
        "interval": result.interval,
        "interval_kind": "clopper-pearson-95",
        "expected": result.expected,
        "null_range": result.null_range,
        "p_value": result.p_value,
        "quantile": finding.job.quantile,
        "threshold": result.threshold,
        "area": result.area,
        "area_interval": result.area_interval,
        "area_interval_kind": "newcombe-5-95",
        "distances": {
            role: dict(zip(names, quantiles(nearest, _SHARES), strict=True)) for role, nearest in by_role.items()
        },
    }


def _pairs_json(finding: Finding, num_pairs: int) -> dict[str, Any]:
    job = finding.job
    pairs = [
        {
            "generated": job.fake.name(pair.fake),
            "training": job.train.name(pair.train),
            "distance": pair.distance,
            "is_copy": pair.is_copy,
        }
        for pair in finding.pairs
    ]
    return {
        "copies": [pair["generated"] for pair in pairs if pair["is_copy"]],
        "heldout_copies": finding.heldout_copies,
        "nearest": pairs[:num_pairs],
    }
