"""What the header of a checkpoint says about how it was made, checked before any of it is read."""

import json
from pathlib import Path
from typing import Any

from vidmbench.core.errors import WeightsError

#: Who wrote a checkpoint, as the facts of a published one say.
PUBLISHED_CODE = "VIDM's published code"
# What the facts of a published checkpoint and of its copy hold, for a sentence on what is known of it.
_PUBLISHED_FACTS: dict[str, tuple[Any, str]] = {
    "iters": (int | None, "a whole number or null"),
    "num_timesteps": (int, "a whole number"),
    "video_timesteps": (int, "a whole number"),
    "resolution": (int, "a whole number"),
    "read": (list, "a list"),
    "assumed": (list, "a list"),
    "loss": (str, "text"),
}


def checked_facts(facts: object, path: Path) -> dict[str, Any]:
    """The facts of a header, of which those that are read later are of the right types.

    Raises:
        WeightsError: They are not a JSON object, or one of those read later is missing or of another type.
    """
    if not isinstance(facts, dict):
        raise _wrong_facts("facts as a JSON object", f"facts = {json.dumps(facts)[:80]}", path)
    is_copy = "published_sha256" in facts
    if is_copy or facts.get("written_by") == PUBLISHED_CODE:
        needed = _PUBLISHED_FACTS | ({"published_sha256": (str, "text")} if is_copy else {})
        for name, (kind, words) in needed.items():
            if name not in facts or not isinstance(facts[name], kind):
                found = f"facts.{name} = {json.dumps(facts[name])[:80]}" if name in facts else f"no facts.{name}"
                raise _wrong_facts(f"facts.{name} as {words}", found, path)
    return facts


def _wrong_facts(expected: str, found: str, path: Path) -> WeightsError:
    return WeightsError(
        "the header of the checkpoint does not say how it was made",
        expected=expected,
        found=found,
        where=str(path),
        fix="take the file as vidmbench wrote it",
    )
