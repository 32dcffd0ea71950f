"""Which published convention gives a number on the user's own videos."""

import math

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.progress import progress_bar
from vidmbench.evaluation.carry_out import carry_out
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.studies.compare import Comparison, prepare_compare
from vidmbench.evaluation.studies.identify import Candidate, Identification, Number, answer
from vidmbench.evaluation.studies.identify_feeds import conventions
from vidmbench.metrics import Moments, frechet_distance
from vidmbench.protocols.fields import signature_texts
from vidmbench.protocols.protocol import ProtocolSpec

#: What the user's own videos are called where golden sets have their names.
OWN = "your videos"


def prepare_own(real: str, fake: str, choices: Choices) -> Comparison:
    """Resolves the request: every published convention that can score the two sources.

    Args:
        real: The real videos, as the command line names them.
        fake: The videos that were scored.
        choices: The options; its protocols are not looked at.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    return prepare_compare(real, fake, choices, protocols=conventions())


def identify_own(number: Number, comparison: Comparison, *, progress: bool | None = None) -> Identification:
    """Scores both sources by every convention and looks for the number.

    With each goes its root; with those that are one distance between all clips also the other divisor of the
    covariance, and softmax instead of logits.

    Args:
        number: What a code printed.
        comparison: From :func:`prepare_own`.
        progress: Whether progress is shown.

    Raises:
        DataError: No convention has a value.
    """
    with progress_bar(is_shown=progress) as tick:
        evaluation = carry_out(comparison.job, tick)
    skipped = {each.protocol: each.reason for each in comparison.refused}
    found: list[Candidate] = []
    for item, measurement, repeats in zip(
        comparison.job.plans, evaluation.measurements, evaluation.repeats, strict=True
    ):
        if measurement.value is None:
            skipped[measurement.protocol] = str(measurement.reason)
            continue
        sides = repeats[0].real.by_video(), repeats[0].fake.by_video()
        divisor = item.spec.statistics.model_dump()["covariance"]
        values = _values(*(side.reshape(-1, side.shape[-1]) for side in sides)) if is_one_distance(item.spec) else {}
        values[divisor, "logits"] = measurement.value
        for (covariance, layer), value in values.items():
            for is_root in (False, True):
                found.append(
                    _candidate(
                        measurement.protocol,
                        divisor,
                        covariance,
                        layer,
                        value,
                        is_root=is_root,
                        frames=measurement.frames,
                    )
                )
    if not found:
        raise DataError(
            "no published convention has a value on these videos",
            found="; ".join(f"{name}: {reason}" for name, reason in list(skipped.items())[:3]),
            where=f"{comparison.job.real.label} and {comparison.job.fake.label}",
        )
    return answer({OWN: number}, found, skipped=skipped)


def is_one_distance(spec: ProtocolSpec) -> bool:
    """Whether the number is a plain distance between all clips' 400 logits, so that other choices can be put in."""
    keys = {key for key, _ in signature_texts(spec.statistics, "statistics")}
    return keys == {"cov"} and spec.clips.prefixes_from is None and spec.array.wide_input is None


def _values(real: np.ndarray, fake: np.ndarray) -> dict[tuple[str, str], float]:
    """Distances of one pair of feature sets (clip, feature) by divisor and layer."""
    found = {}
    for layer in ("logits", "softmax"):
        moments = [Moments.of(side if layer == "logits" else _softmax(side)) for side in (real, fake)]
        for divisor in ("n", "n-1"):
            found[divisor, layer] = frechet_distance(*moments, normalisation=divisor)
    return found


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _candidate(
    protocol: str, own: str, covariance: str, layer: str, value: float, *, is_root: bool, frames: int
) -> Candidate:
    fields = {"frames": f"first {frames}", "layer": layer, "covariance": covariance, "root": "yes" if is_root else "no"}
    published = {**fields, "layer": "logits", "covariance": own, "root": "no"}
    changes = {field: (text, published[field]) for field, text in fields.items() if text != published[field]}
    names = () if changes else (protocol,)
    return Candidate(fields, {OWN: math.sqrt(max(value, 0.0)) if is_root else value}, names, protocol, changes)
