"""In what one protocol's recipe differs from another's, in a few words, as records hold the two."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

from vidmbench.protocols.clips_stage import ClipsSpec, SideSpec
from vidmbench.protocols.fields import field_groups, with_defaults
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.protocols.stages import ArrayStage

_SIDES = {"real": "real", "fake": "scored"}


def recipe_differences(
    recipe: Mapping[str, Any], other: Mapping[str, Any], *, complete: Collection[str] = ()
) -> list[str]:
    """What sets a recipe apart: the network and what it is fed, the choice of clips, the statistics.

    Counts, frames and seeds are not named: they are printed beside every number.

    Args:
        recipe: A protocol as a record holds it, ``Measurement.protocol_spec``.
        other: The one it is compared with.
        complete: The sides, ``real`` or ``fake``, of which all videos were taken, whatever the recipe picks.

    Returns:
        A few words for each choice that differs, or for each there is where only one of the two compares pairs; none
        where a recipe is not known.
    """
    if not recipe or not other:
        return []
    kind = metric_kinds().get(recipe["metric"])
    if kind is not None and kind.has_own_array:
        is_alike = other["metric"] == recipe["metric"]
        stages = ((kind.array, "array"), (kind.statistics, "statistics"))
        return [
            word for model, name in stages for word in _differing(model, recipe[name], other[name] if is_alike else {})
        ]
    words = _differing(ArrayStage, recipe["array"], other["array"])
    clips = recipe["clips"], other["clips"]
    words += _differing(ClipsSpec, *clips)
    sides = _SIDES if kind is None else kind.sides
    of_sides = {side: _of_side(clips[0][side], clips[1][side], side in complete) for side in sides}
    if len({tuple(texts) for texts in of_sides.values()}) == 1:
        words += of_sides["fake"]
    else:
        words += [f"{_SIDES[side]}: {', '.join(texts)}" for side, texts in of_sides.items() if texts]
    before = recipe.get("dataset", {}).get("pre_resize", "none")
    if before not in ("none", other.get("dataset", {}).get("pre_resize", "none")):
        words.append(f"data set by {before}")
    return words if kind is None else words + _differing(kind.statistics, recipe["statistics"], other["statistics"])


def _of_side(side: Mapping[str, Any], other: Mapping[str, Any], is_complete: bool) -> list[str]:
    if is_complete and side["pick"] == "all":
        side = {**side, "pick": other["pick"]}
    words = _differing(SideSpec, side, other)
    if is_complete and side["pick"] != other["pick"]:
        words[0] += " (all taken here)"
    return words


def _differing(model: type[BaseModel], stage: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The words of the fields whose values differ."""
    words = []
    filled = with_defaults(model, stage)
    for group in field_groups(model):
        values = [filled.get(name) for name in group.names]
        differs = [stage.get(name) for name in group.names] != [other.get(name) for name in group.names]
        if group.rule.words is not None and values[0] is not None and differs:
            words.append(group.rule.words(*values))
    return [word for word in words if word]
