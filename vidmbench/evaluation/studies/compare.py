"""The same two sources by many protocols."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vidmbench.core.errors import DataError, UsageError, VidmbenchError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import num_windows
from vidmbench.evaluation.given import Given, given, open_pair
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.missing import check_weights
from vidmbench.evaluation.opening import control_maker
from vidmbench.evaluation.optional import Refused, refusal, refused_lines
from vidmbench.evaluation.packs import bound_to_pack
from vidmbench.evaluation.plan import Planned, checked_counts, plan
from vidmbench.protocols.clips_stage import MANY_A_VIDEO, ClipsSpec, SideSpec
from vidmbench.protocols.protocol import ProtocolSpec, expanded, load_protocol, protocol_names
from vidmbench.protocols.sequence_stages import is_followed
from vidmbench.sources.control_kinds import OF_PREDICTIONS
from vidmbench.sources.packs.contents import Pack
from vidmbench.videos.source import Source

# Of so few protocols that cannot score, each tells its own reason in full.
_FEW = 3
#: The family of protocols that measure motion.
_OF_MOTION = "motion"


@dataclass(frozen=True)
class Comparison:
    """What ``vidmbench compare`` will do.

    Attributes:
        job: Two sources and the plans to score them by.
        refused: Protocols that cannot score them.
    """

    job: Job
    refused: tuple[Refused, ...]

    @property
    def families(self) -> dict[str, str]:
        """The family of each protocol that scores the sources, by its name; empty where its file names none."""
        return {item.spec.name: item.spec.family for item in self.job.plans}


def prepare_compare(
    real: str, fake: str, choices: Choices, *, protocols: Sequence[ProtocolSpec] | None = None
) -> Comparison:
    """Resolves ``vidmbench compare``: every protocol that can score the two sources.

    A protocol that requires more videos than there are takes as many as there are, unless the choices name a number.

    Args:
        real: The real videos, as the command line names them.
        fake: The videos to score.
        choices: The options; without protocols among them all are taken.
        protocols: Those of the choices, where they are loaded already.

    Raises:
        VidmbenchError: Anything about the request that cannot work, or no protocol that can score the sources: of one
            protocol its own reason.
    """
    real_side = given(real, takes_pack=True)
    if real_side.pack is not None:
        return _compare_to_pack(real_side, real_side.pack, fake, choices, protocols)
    if protocols is None:
        protocols = [load_protocol(name) for name in expanded(choices.protocols or _of_distributions())]
    sources = open_both(real_side, fake, choices, protocols)
    plans, refused = [], []
    for protocol in protocols:
        for frames in choices.frames or (None,):
            try:
                check_weights(protocol)
                plans.append(planned(bound_to_sources(protocol, frames, choices, *sources), *sources, choices))
            except VidmbenchError as error:
                if len(protocols) == 1 and len(choices.frames) < 2:
                    raise
                refused.append(refusal(protocol, error))
    if not plans:
        refused.sort(key=lambda each: each.lacks_weights)  # problems of the sources first: no weights fix them
        raise DataError(
            "no protocol can score these sources",
            found="; ".join(f"{each.protocol}: {each.reason}" for each in refused[:3])
            if len(refused) <= _FEW
            else "\n    ".join(["", *refused_lines(refused)]),
            where=f"{sources[0].label} and {sources[1].label}",
            fix=_other_length(protocols, *sources)
            or "see what one of them needs: vidmbench score REAL FAKE --protocol NAME",
        )
    return Comparison(job_of(*sources, plans, choices), tuple(refused))


def _other_length(protocols: Sequence[ProtocolSpec], *sources: Source) -> str | None:
    """A clip length at which some of the protocols can score videos this short; None where there is none."""
    shortest = min(source.num_frames(index) for source in sources for index in range(len(source)))

    def fits(spec: ProtocolSpec) -> bool:
        try:
            clips = spec.with_options(frames=shortest).clips
        except VidmbenchError:
            return False
        return max(clips.span_of(clips.real), clips.span_of(clips.fake)) <= shortest

    if any(spec.clips.frames > shortest and fits(spec) for spec in protocols):
        return f"ask for clips as short as the videos: --frames {shortest}"
    return None


def _compare_to_pack(
    real: Given, pack: Pack, fake: str, choices: Choices, protocols: Sequence[ProtocolSpec] | None
) -> Comparison:
    """The same where the real side is a pack: by its own protocols, or by those of them that were named."""
    if protocols is None and choices.protocols:
        protocols = choices.load_protocols()
    specs = bound_to_pack(pack, choices, protocols)
    sources = open_pair(real, given(fake, real.named), choices, specs)
    checked_counts(*sources, specs)
    plans = []
    for spec in specs:
        check_weights(spec)
        side = spec.clips.fake
        if choices.num_fake is None and side.videos is not None:
            available = available_clips(sources[1], spec.clips, side, None, None)
            spec = spec.with_options(num_fake=max(2, min(side.videos, available)), stage=spec.dataset)
        plans.append(planned(spec, *sources, choices))
    return Comparison(job_of(*sources, plans, choices), ())


def control_jobs(job: Job) -> list[Job]:
    """The same measurements of each control that is made of the real videos themselves: the scale of the job's numbers.

    Args:
        job: What is compared, all of it by protocols that compare each video with its target.

    Raises:
        UsageError: A protocol compares distributions.
    """
    specs = list(dict.fromkeys(item.spec.name for item in job.plans if not item.spec.needs_pairs))
    if specs:
        raise UsageError(
            "--controls shows what controls made of the real videos themselves score",
            expected="--paired, or full-reference protocols: psnr-..., ssim-..., lpips-...",
            found=", ".join(specs[:3]) + (f" and {len(specs) - 3} more" if len(specs) > 3 else ""),
            where="--controls",
            fix="add --paired; other protocols score a control as FAKE: vidmbench compare REAL control:static",
        )
    choices = job.choices
    make = control_maker(
        [item.spec for item in job.plans], job.real, None, choices.reading, choices.seed or 0, context=choices.context
    )
    jobs = []
    for kind in OF_PREDICTIONS:
        control = make(kind)
        jobs.append(
            job_of(job.real, control, [planned(item.spec, job.real, control, choices) for item in job.plans], choices)
        )
    return jobs


def open_both(real: Given, fake: str, choices: Choices, protocols: Sequence[ProtocolSpec]) -> tuple[Source, Source]:
    """The real videos and those to score.

    Args:
        real: The real videos, parsed.
        fake: The videos to score, as the command line names them.
        choices: The options.
        protocols: As declared: a model gives as many videos and frames as any of them takes.
    """
    clips = [
        _with_choices(protocol.clips, frames, choices) for protocol in protocols for frames in choices.frames or (None,)
    ]
    source, other = open_pair(real, given(fake, real.named), choices, protocols, clips=clips)
    checked_counts(source, other, protocols)
    return source, other


def _with_choices(clips: ClipsSpec, frames: int | None, choices: Choices) -> ClipsSpec:
    """The clips that a protocol takes under these options, as long as there are enough videos."""
    stride = choices.stride
    counts = {"real": choices.num_real, "fake": choices.num_fake}
    sides = {
        name: side.model_copy(update={"videos": counts[name] or side.videos, "stride": None if stride else side.stride})
        for name, side in (("real", clips.real), ("fake", clips.fake))
    }
    return clips.model_copy(update={"frames": frames or clips.frames, "stride": stride or clips.stride, **sides})


def bound_to_sources(
    spec: ProtocolSpec, frames: int | None, choices: Choices, real: Source, fake: Source
) -> ProtocolSpec:
    """A protocol with the options, and with as many videos as there are where it requires more."""

    def count(requested: int | None, side: SideSpec, source: Source) -> int | None:
        if requested or side.videos is None:
            return requested
        return max(2, min(side.videos, available_clips(source, spec.clips, side, frames, choices.stride)))

    return spec.with_options(
        frames=frames,
        stride=choices.stride,
        num_real=count(choices.num_real, spec.clips.real, real),
        num_fake=count(choices.num_fake, spec.clips.fake, fake),
        seed=choices.seed,
        context=choices.context,
        predictions=choices.predictions,
    )


def available_clips(source: Source, clips: ClipsSpec, side: SideSpec, frames: int | None, stride: int | None) -> int:
    """How many clips per side could have at most."""
    if side.start not in MANY_A_VIDEO:
        return len(source)
    taken = clips.model_copy(update={"frames": frames or clips.frames, "stride": stride or clips.stride})
    every = side.model_copy(update={"videos": None, "pick": "all", "stride": None if stride else side.stride})
    return sum(num_windows(source.num_frames(index), taken, every) for index in range(len(source)))


def planned(spec: ProtocolSpec, real: Source, fake: Source, choices: Choices) -> Planned:
    """The clips of one bound protocol."""
    short: Literal["drop", "error"] = "drop" if choices.on_bad == "skip" else "error"
    return plan(real, fake, [spec], short_real=short, short_fake=short)[0]


def job_of(real: Source, fake: Source, plans: Sequence[Planned], choices: Choices) -> Job:
    """A job between two sources without names of their own."""
    return Job(
        model=fake.label, dataset=real.label, split=None, real=real, fake=fake, plans=tuple(plans), choices=choices
    )


def with_all_protocols(choices: Choices, are_named: bool, *, are_paired: bool = False) -> Choices:
    """The choices of ``compare``: where none was named every protocol, of distributions or of pairs.

    Raises:
        UsageError: Protocols were named, and all of pairs were asked for.
    """
    if are_named and are_paired:
        raise UsageError(
            "--paired asks for all full-reference protocols, and --protocol names some",
            expected="one of the two",
            found="both",
            fix="omit --paired",
        )
    if are_named:
        return choices
    return replace(choices, protocols=("paired-all",) if are_paired else _of_distributions())


def _of_distributions() -> tuple[str, ...]:
    """All but those of motion, which are asked for by name."""
    specs = [load_protocol(name) for name in protocol_names()]
    return tuple(
        spec.name
        for spec in specs
        if not (spec.kind.has_own_array or is_followed(spec.array) or spec.family == _OF_MOTION)
    )
