"""The profile of ``vidmbench motion``: every metric of motion of the scored videos and of controls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vidmbench.core.errors import DataError, UsageError, VidmbenchError, WeightsError
from vidmbench.core.progress import Progress
from vidmbench.evaluation.carry_out import carry_out_all, record_of
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.evaluate import Evaluation
from vidmbench.evaluation.job import Job, prepare_score, prepare_scores
from vidmbench.evaluation.missing import check_weights
from vidmbench.evaluation.optional import Refused, refusal, with_weights
from vidmbench.protocols.protocol import load_protocol
from vidmbench.records.record import RunRecord
from vidmbench.sources.names import control_label, parse_source
from vidmbench.sources.opening import refuse_pack

#: What is scored of any two sides, and what of predictions beside their targets.
PROFILE = (
    *("flad", "flow-prdc", "fvmd-klt", "stream-t", "stream-s"),
    *("flicker-vbench", "siti-itu-mean", "colour-similarity"),
)
_TRACKED = "fvmd-klt"
OF_PAIRS = ("tof-tecogan", "tlp-tecogan", "physics-iq")
#: The controls beside the scored videos; ``real``, other real videos, is what the rest is read against.
CONTROLS = ("real", "static", "reversed", "shuffled", "blurred", "noise")


@dataclass(frozen=True)
class Profile:
    """What ``vidmbench motion`` will do.

    Attributes:
        jobs: Of the scored videos, then of each control: metrics of any two sides.
        pairs: The same of predictions beside their targets; none where they were not asked for. Of ``real`` it is the
            targets beside themselves.
        refused: Protocols that cannot score these clips.
        missing: Why there are no other real videos to compare with; None where there are. Metrics of single videos
            then have the real videos themselves in their place.
    """

    jobs: tuple[Job, ...]
    pairs: tuple[Job, ...]
    refused: tuple[Refused, ...]
    missing: str | None


def prepare_motion(real: str, fake: str, choices: Choices, *, is_paired: bool) -> Profile:
    """Resolves the profile of two sides.

    Args:
        real: The real videos, as the command line names them.
        fake: The videos to score.
        choices: The options, without protocols.
        is_paired: Whether each scored video is a prediction of the real one of the same name.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    _check_sides(real, fake)
    names, refused = _fitting((*PROFILE, *(OF_PAIRS if is_paired else ())), choices)
    of_sides = replace(choices, protocols=tuple(name for name in names if name in PROFILE))
    jobs = prepare_scores(real, [fake], of_sides)
    missing, controls = None, []
    for kind in CONTROLS:
        try:
            controls += prepare_scores(real, [f"control:{kind}"], of_sides)
        except DataError as error:
            if kind != "real":
                raise
            missing = error.problem
            of_single = tuple(name for name in of_sides.protocols if not load_protocol(name).kind.reads_real)
            controls += _beside_themselves(real, replace(choices, protocols=of_single)) if of_single else []
    pairs, others = _pairs(real, fake, [name for name in names if name in OF_PAIRS], choices)
    return Profile((*jobs, *controls), pairs, (*refused, *others), missing)


def _check_sides(real: str, fake: str) -> None:
    """Refuses what the profile could not be read of, before anything is scored.

    Raises:
        UsageError: The real side is a pack, without the pixels that controls are made of, or the other a control.
    """
    refuse_pack(parse_source(real))
    if parse_source(fake).kind == "control":
        raise UsageError(
            "a control is part of every profile of motion, and has none of its own",
            expected="a model's videos, or static-of:MODEL",
            found=fake,
            where="FAKE",
            fix=f"vidmbench motion {real} {real} shows all controls",
        )


def _beside_themselves(real: str, choices: Choices) -> list[Job]:
    """The real videos in the place of other real ones."""
    return [replace(prepare_score(real, real, choices), model=control_label("real"))]


def _pairs(real: str, fake: str, names: Sequence[str], choices: Choices) -> tuple[tuple[Job, ...], tuple[Refused, ...]]:
    """The jobs of predictions beside their targets, and why some protocols cannot score them.

    Raises:
        VidmbenchError: None can; that of the last, which asks for least.
    """
    kept: list[str] = []
    refused: list[Refused] = []
    last: VidmbenchError | None = None
    for name in names:
        spec = load_protocol(name)
        try:
            check_weights(spec)
            prepare_score(real, fake, replace(choices, protocols=(name,)))
            kept.append(name)
        except (DataError, WeightsError) as error:
            last = error
            refused.append(refusal(spec, error))
    if not kept:
        if last is not None:
            raise last
        return (), ()
    paired = replace(choices, protocols=tuple(kept))
    others = (f"control:{kind}" for kind in CONTROLS if kind != "real")
    return (*prepare_scores(real, [fake, *others], paired), *_beside_themselves(real, paired)), tuple(refused)


def _fitting(names: Sequence[str], choices: Choices) -> tuple[list[str], tuple[Refused, ...]]:
    """The protocols that take clips of all lengths asked for, and why others do not.

    Raises:
        UsageError: None does.
    """
    kept, refused, first = [], [], None
    for name in names:
        spec = load_protocol(name)
        try:
            for frames in choices.frames or (None,):
                spec.with_options(frames=frames, stride=choices.stride)
            kept.append(name)
        except UsageError as error:
            first = first or error
            refused.append(refusal(spec, error))
    if not any(name in PROFILE for name in kept):
        assert first is not None
        raise UsageError(
            first.problem.replace(PROFILE[0], "no metric of motion").replace("cannot", "can"),
            expected="2 frames or more; most need 6, and fvmd-klt 16",
            found=first.found,
            fix="choose --frames 16",
        )
    return kept, tuple(refused)


def carry_out_profile(
    profile: Profile, command: Sequence[str], progress: Progress | None
) -> tuple[list[RunRecord], tuple[Refused, ...]]:
    """Scores all of it.

    Args:
        profile: What to do.
        command: The command line, for records.
        progress: See :func:`vidmbench.evaluation.carry_out.carry_out_all`.

    Returns:
        The record of the scored videos, then one for each control, with the same protocols where a control has them;
        and what was skipped: tracks may be lost in one clip of a control alone, and weights not be available.
    """
    refused = profile.refused
    try:
        evaluations = carry_out_all(profile.jobs, progress)
    except DataError as error:
        tracked = [item.spec for item in profile.jobs[0].plans if item.spec.name == _TRACKED]
        if not tracked:
            raise
        jobs = [replace(job, plans=tuple(i for i in job.plans if i.spec.name != _TRACKED)) for job in profile.jobs]
        evaluations = carry_out_all(jobs, progress)  # what else may be wrong is wrong again
        refused = (*refused, refusal(tracked[0], error))
    of_pairs: dict[str, Evaluation] = {}
    if profile.pairs:
        kept, without = with_weights(profile.pairs[0].plans, OF_PAIRS)
        names = {item.spec.name for item in kept}
        pairs = [replace(job, plans=tuple(i for i in job.plans if i.spec.name in names)) for job in profile.pairs]
        of_pairs = {job.model: found for job, found in zip(pairs, carry_out_all(pairs, progress), strict=True)}
        refused = (*refused, *without)
    records = []
    for job, evaluation in zip(profile.jobs, evaluations, strict=True):
        more = of_pairs[job.model].measurements if job.model in of_pairs else ()
        records.append(record_of(job, [*evaluation.measurements, *more], command=command))
    return records, refused
