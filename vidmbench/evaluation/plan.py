"""From two sources and bound protocols to the clips of every measurement, which checks the request."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vidmbench.core.errors import DataError
from vidmbench.core.text import counted
from vidmbench.evaluation.clips import Clip, ClipPlan, plan_clips, too_few_words
from vidmbench.evaluation.idle_frames import check_idle_frames
from vidmbench.evaluation.packs import check_clips
from vidmbench.evaluation.pair_plan import Pairer
from vidmbench.evaluation.pairing import Pairing, paired
from vidmbench.evaluation.unscaled_videos import check_levels
from vidmbench.protocols.clips_stage import MANY_A_VIDEO
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.sources.packs.contents import PackSource
from vidmbench.videos.grids.suspicion import suspected
from vidmbench.videos.pairs import ContextInFront
from vidmbench.videos.source import Source

Short = Literal["drop", "error"]


@dataclass(frozen=True)
class Planned:
    """One measurement, planned but not yet made; the request is checked.

    Attributes:
        spec: The protocol with frames, stride, counts and seed bound.
        real: Clips of the real side.
        fake: Clips of the scored side.
        again: Both sides of every further repeat, where the protocol repeats its choice of clips.
        pairs: Clips of the pairs of ``pairing``, for a metric that compares each video with its target.
        pairing: Which videos belong together.
        scored: What is scored in place of the scored side: the same with the real videos' first frames in front.
    """

    spec: ProtocolSpec
    real: ClipPlan
    fake: ClipPlan
    again: tuple[tuple[ClipPlan, ClipPlan], ...] = ()
    pairs: ClipPlan | None = None
    pairing: Pairing | None = None
    scored: Source | None = None

    @property
    def draws(self) -> tuple[tuple[ClipPlan, ClipPlan], ...]:
        """Both sides of every repeat."""
        return (self.real, self.fake), *self.again


def plan(
    real: Source,
    fake: Source,
    specs: Sequence[ProtocolSpec],
    *,
    short_real: Short | None = "error",
    short_fake: Short | None = "error",
    is_asked: tuple[bool, bool] = (True, True),
) -> list[Planned]:
    """Chooses the clips of both sides for each protocol.

    Args:
        real: The real videos.
        fake: The videos to score.
        specs: Bound protocols.
        short_real: What happens to real videos shorter than a clip; None leaves it to the protocol.
        short_fake: The same for the scored side.
        is_asked: Whether the user gave the number of videos of the real and of the scored side; for messages.

    Returns:
        One plan per protocol.

    Raises:
        DataError: Too few videos, or videos shorter than a clip.
    """
    sides = {"real": real, "fake": fake}
    specs = [_with_available_real(spec, real) for spec in specs]
    if isinstance(real, PackSource):
        short_real = "drop"  # those that are too short were skipped when the pack was made
    names = {side: [source.name(index) for index in range(len(source))] for side, source in sides.items()}
    lengths = {side: [source.num_frames(index) for index in range(len(source))] for side, source in sides.items()}

    def clips(spec: ProtocolSpec, side: Literal["real", "fake"], short: Short | None, repeat: int) -> ClipPlan:
        return plan_clips(
            names[side],
            lengths[side],
            spec.clips,
            side,
            seed=spec.statistics.seed,
            short=short or spec.dataset.short_videos,
            label=sides[side].label,
            repeat=repeat,
            is_asked=is_asked[side == "fake"],
        )

    planned: list[Planned] = []
    looked_at: set[tuple[Clip, ...]] = set()
    pairer = Pairer(real, fake, is_lenient="drop" in (short_real, short_fake))
    for spec in specs:
        if spec.kind.reads_pairs:
            pairs = pairer.plan(spec)
            planned.append(Planned(pairs.spec, pairs.real, pairs.fake, pairs=pairs.clips, pairing=pairs.pairing))
            continue
        draws = [
            (clips(spec, "real", short_real, repeat), clips(spec, "fake", short_fake, repeat))
            for repeat in range(spec.statistics.repeats)
        ]
        if isinstance(real, PackSource):
            for repeat, (of_real, _) in enumerate(draws):
                check_clips(real, spec, repeat, of_real)
        if not planned:  # what pixels are does not depend on the protocol
            check_levels(real, draws[0][0].clips)
            check_levels(fake, draws[0][1].clips)
        scored = tuple(clip for _, of_fake in draws for clip in of_fake.clips)
        if scored not in looked_at:  # protocols often choose the same clips
            check_idle_frames(fake, scored, spec.clips)
            looked_at.add(scored)
        planned.append(_of_predictions(Planned(spec, *draws[0], again=tuple(draws[1:])), real, fake))
    return planned


def _of_predictions(item: Planned, real: Source, fake: Source) -> Planned:
    """The plan with what it takes to know which scored video is a prediction of which real one, where it does."""
    clips, tells_apart = item.spec.clips, getattr(item.spec.statistics, "mean_over", None) == "trajectories"
    if not (clips.context or tells_apart):
        return item
    pairing = paired(real, fake)
    if clips.context:
        in_front = ContextInFront(real, fake, pairing.videos.pairs, clips.context * clips.stride)
        in_front.notes = (*fake.notes, pairing.note)
        item = replace(item, scored=in_front)
    target = {pair.fake: pair.real for pair in pairing.videos.pairs}
    scored = tuple(sorted(item.fake.clips, key=lambda clip: (target[clip.video], clip.video)))
    if clips.predictions == "first":
        first = {target[clip.video]: clip for clip in reversed(scored)}
        return replace(item, fake=replace(item.fake, clips=tuple(first[number] for number in sorted(first))))
    counts = set(Counter(target[clip.video] for clip in scored).values())
    if counts == {pairing.samples} and (tells_apart or pairing.samples > 1):
        return replace(item, fake=replace(item.fake, clips=scored, together=pairing.samples))
    if not tells_apart:
        return item
    raise DataError(
        f"{item.spec.name} needs as many predictions of every video",
        expected=f"{pairing.samples} of each",
        found=", ".join(str(count) for count in sorted(counts)),
        where=fake.label,
        fix=f"give a --num-fake that {pairing.samples} divides, or omit it",
    )


def _with_available_real(spec: ProtocolSpec, real: Source) -> ProtocolSpec:
    """A metric that does not read the real side requests no more real videos than there are."""
    if spec.kind.reads_real or spec.clips.real.start in MANY_A_VIDEO:
        return spec
    side = spec.clips.real.model_copy(update={"videos": min(spec.clips.real.videos or len(real), len(real))})
    return spec.model_copy(update={"clips": spec.clips.model_copy(update={"real": side})})


def checked_counts(real: Source, fake: Source, specs: Sequence[ProtocolSpec] = ()) -> None:
    """Refuses sources that cannot give a covariance at all.

    Args:
        real: The real videos.
        fake: The videos to score.
        specs: What will be measured; of pairs, and of what looks at single videos, one is enough.

    Raises:
        DataError: A source has fewer than 2 videos.
    """
    if specs and all(spec.kind.least_clips == 1 for spec in specs):
        return
    for source in (real, fake):
        if len(source) < 2:
            raise DataError(
                f"{source.label} has {counted(len(source), 'video')}",
                expected="at least 2 videos per side: a covariance needs them",
                found=suspected(source.notes) or str(len(source)),
                where=source.label,
                fix="give a folder of videos, a glob in quotes, or a file that shows many of them with --layout grid",
            )


def check_both_counts(real: Source, fake: Source, specs: Sequence[ProtocolSpec], *, is_asked: bool = True) -> None:
    """Refuses requests for more videos than either side has; one side alone is refused by :func:`plan`.

    Args:
        real: The real videos.
        fake: The videos to score.
        specs: Bound protocols.
        is_asked: Whether the user gave the number of videos.

    Raises:
        DataError: Both sides have too few; the message names the count that works for both.
    """
    for clips in (spec.clips for spec in specs if not spec.kind.reads_pairs):
        requested = [side.videos or 0 for side in (clips.real, clips.fake)]
        available = [len(real), len(fake)]
        spans = [(real, clips.span_of(clips.real)), (fake, clips.span_of(clips.fake))]
        has_short = any(source.num_frames(index) < span for source, span in spans for index in range(len(source)))
        many = {clips.real.start, clips.fake.start} & set(MANY_A_VIDEO)
        if not many and available[0] < requested[0] and available[1] < requested[1] and not has_short:
            than, default = too_few_words(is_asked)
            raise DataError(
                f"fewer videos {than} on both sides",
                expected=f"{requested[0]} real and {requested[1]} scored videos{default}",
                found=f"{available[0]} and {available[1]}",
                where=f"{real.label} and {fake.label}",
                fix=f"--num-videos {min(available)} works (or --num-real {available[0]} --num-fake {available[1]}); "
                "compare numbers only at equal counts",
            )
