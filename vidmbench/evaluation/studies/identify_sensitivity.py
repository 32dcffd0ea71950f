"""How far each single choice moves the number of a golden set."""

from vidmbench.evaluation.studies.identify import combinations
from vidmbench.evaluation.studies.identify_conventions import fields_of
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.golden_sets import SETS


def sensitivities(base: str = "fvd-stylegan-v") -> dict[tuple[str, str], dict[str, float]]:
    """Every single change of a convention.

    Args:
        base: The convention, at 16 frames.

    Returns:
        Choice and its value to the number by golden set, as a multiple of the convention's, less 1.
    """
    moves: dict[tuple[str, str], dict[str, float]] = {}
    for name in SETS:
        point = fields_of(load_protocol(base), name)[0]
        values = combinations(name)
        start = values[frozenset(point.items())]
        for key, value in values.items():
            fields = dict(key)
            changed = [field for field in {**point, **fields} if point.get(field) != fields.get(field)]
            if len(changed) == 1:
                own = fields.get(changed[0], "none")
                moves.setdefault((changed[0], own), {})[name] = value / start - 1
    return dict(sorted(moves.items()))
