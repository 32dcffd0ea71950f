"""What ``score --repeat-of`` adds: the mean over the runs of one model, with an interval over seeds and videos."""

from collections.abc import Sequence
from typing import Any

from vidmbench.evaluation.studies.seeds import RunsOfModel
from vidmbench.reporting.studies.distances import aligned, interval_text

HEADER = ("", "Protocol", "Mean over seeds", "95 %, videos in seeds", "sd of seeds", "sd of videos")


def runs_text(model: str, runs: Sequence[RunsOfModel]) -> str:
    """A table with one row per protocol.

    Args:
        model: The model's name.
        runs: Of each protocol.
    """
    rows = []
    for each in runs:
        first, mean = each.measurements[0], each.mean
        digits = max(item.decimals for item in each.measurements)
        ends = None if mean.interval is None else (mean.interval.low, mean.interval.high)
        numbers = (f"{value:.{digits}f}" for value in (mean.sd_seeds, mean.sd_videos))
        rows.append(
            (first.metric.upper(), first.protocol, f"{mean.value:.{digits}f}", interval_text(ends, digits), *numbers)
        )
    count = len(runs[0].measurements)
    return f"{model}: {count} seeds\n\n{aligned(HEADER, rows, num_text=2)}"


def runs_json(model: str, runs: Sequence[RunsOfModel]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "model": model,
        "numbers": [
            {
                "metric": each.measurements[0].metric,
                "protocol": each.measurements[0].protocol,
                "value": each.mean.value,
                "interval": None if each.mean.interval is None else [each.mean.interval.low, each.mean.interval.high],
                "interval_kind": None if each.mean.interval is None else each.mean.interval.kind,
                "by_seed": list(each.mean.by_seed),
                "sd_seeds": each.mean.sd_seeds,
                "sd_videos": each.mean.sd_videos,
                "signature_id": each.measurements[0].signature_id,
            }
            for each in runs
        ],
    }
