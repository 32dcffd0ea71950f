"""What ``plot score-map`` found, as JSON."""

from math import isfinite
from pathlib import Path
from typing import Any

from vidmbench.evaluation.studies.score_map import ScoreMap


def score_map_json(score_map: ScoreMap, figure: Path) -> dict[str, Any]:
    """The precision, and the realism of each sample, the least real first.

    Args:
        score_map: The scores.
        figure: Where the figure was written.
    """
    videos = [
        {
            "name": clip.name,
            "start": clip.clip.start,
            "realism": clip.realism if isfinite(clip.realism) else None,
        }
        for clip in score_map.ranked
    ]
    return {**score_map.precision.model_dump(mode="json"), "videos": videos, "picture": str(figure)}
