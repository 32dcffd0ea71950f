"""The clips of pairs: all predictions of the first targets, from frame 0 on; and what of a request pairs refuse."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.text import counted
from vidmbench.detectors.opencv_import import check_opencv
from vidmbench.detectors.pair_sizes import check_size
from vidmbench.detectors.vmaf_import import check_vmaf
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.pairing import Pairing, paired
from vidmbench.protocols.pair_stages import FlowStage, PairStage, VmafStage
from vidmbench.protocols.paired_kind import PairedStatistics, first_scored
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.videos.pairs import PairedVideos
from vidmbench.videos.source import Source

_SHOWN = 3


@dataclass(frozen=True)
class PlannedPairs:
    """Pairs and their clips.

    Attributes:
        spec: The protocol with what the pairs decide: how many predictions, sizes, lengths.
        real: The clips of the targets.
        fake: The clips of the predictions.
        clips: One clip a pair.
        pairing: Which videos belong together.
    """

    spec: ProtocolSpec
    real: ClipPlan
    fake: ClipPlan
    clips: ClipPlan
    pairing: Pairing


class Pairer:
    """Plans pairs of two sources; protocols that ask for the same pairs share them.

    Args:
        real: The targets.
        fake: The predictions.
        is_lenient: Whether videos without counterpart, or too short, are skipped.
    """

    def __init__(self, real: Source, fake: Source, *, is_lenient: bool) -> None:
        self._real, self._fake, self._is_lenient = real, fake, is_lenient
        self._pairings: dict[tuple[object, ...], Pairing] = {}

    def plan(self, spec: ProtocolSpec) -> PlannedPairs:
        """The clips of one bound protocol.

        Raises:
            DataError: The sides cannot be paired, or pairs are too short or too small.
            UsageError: Different numbers of targets and of predictions were asked for.
        """
        statistics, array = spec.statistics, spec.array
        assert isinstance(statistics, PairedStatistics)
        assert isinstance(array, PairStage)
        if isinstance(array, FlowStage):
            check_opencv()
        if isinstance(array, VmafStage):
            check_vmaf()
        check_size(array, self._real.size)
        pairing = self._pairing(spec, statistics)
        frames, stride = spec.clips.frames, spec.clips.stride
        lengths = [_frames_of(pairing.videos, index, stride) for index in range(len(pairing.videos))]
        least = min(min(lengths), frames)
        if least < _least(statistics, frames):
            raise _too_short(pairing.videos, spec, statistics)
        bound: dict[str, object] = {"num_samples": pairing.samples}
        if self._real.size != self._fake.size:
            bound["resized_from"] = self._fake.size
        if least < frames:
            bound["shortest"] = least
        clips = tuple(Clip(index, 0, frames, stride) for index in range(len(pairing.videos)))
        more = _notes(pairing.videos, lengths, frames, stride)
        return PlannedPairs(
            spec.model_copy(update={"statistics": statistics.model_copy(update=bound)}),
            self._side(pairing, clips, is_real=True),
            self._side(pairing, clips, is_real=False),
            ClipPlan(clips, ()),
            replace(pairing, notes=(*pairing.notes, *more)),
        )

    def _pairing(self, spec: ProtocolSpec, statistics: PairedStatistics) -> Pairing:
        wanted = self._wanted(spec)
        least = (_least(statistics, spec.clips.frames) - 1) * spec.clips.stride + 1 if self._is_lenient else 1
        key = (wanted, least, statistics.sizes)
        if key not in self._pairings:
            self._pairings[key] = paired(
                self._real,
                self._fake,
                wanted=wanted,
                least=least,
                is_lenient=self._is_lenient,
                resizes=statistics.sizes is not None,
            )
        pairing = self._pairings[key]
        asked = spec.clips.fake.videos
        if wanted is not None and asked not in (wanted, wanted * pairing.samples):
            raise _two_counts(wanted, asked)
        return pairing

    def _wanted(self, spec: ProtocolSpec) -> int | None:
        """How many targets; None for all."""
        wanted = spec.clips.real.videos
        if wanted is None and spec.clips.fake.videos is not None:
            raise _two_counts(wanted, spec.clips.fake.videos)
        if wanted is not None and wanted > len(self._real):
            raise DataError(
                "fewer targets than asked for",
                expected=str(wanted),
                found=str(len(self._real)),
                where=self._real.label,
                fix=f"--num-videos {len(self._real)} works; compare numbers only at equal counts"
                if len(self._real)
                else "give real videos",
            )
        return wanted

    def _side(self, pairing: Pairing, clips: Sequence[Clip], *, is_real: bool) -> ClipPlan:
        """The clips of one side, each once."""
        pairs = pairing.videos.pairs
        videos = [(pairs[clip.video].real if is_real else pairs[clip.video].fake, clip) for clip in clips]
        of_video = {video: replace(clip, video=video) for video, clip in videos}
        skipped = pairing.skipped_real if is_real else pairing.skipped_fake
        return ClipPlan(tuple(of_video[video] for video in sorted(of_video)), skipped)


def _frames_of(videos: PairedVideos, index: int, stride: int) -> int:
    """Frames that both of a pair have, at a stride."""
    return (videos.num_frames(index) - 1) // stride + 1


def frames_scored(videos: PairedVideos, clips: Sequence[Clip]) -> list[int]:
    """How many frames of each clip both of a pair have."""
    return [min(clip.frames, _frames_of(videos, clip.video, clip.stride)) for clip in clips]


def _least(statistics: PairedStatistics, frames: int) -> int:
    """The fewest frames that a pair must have."""
    if statistics.lengths is None:
        return frames
    return min(frames, first_scored(statistics) + statistics.drop_last + 1)


def _two_counts(real: int | None, fake: int | None) -> UsageError:
    return UsageError(
        "different numbers of targets and of predictions were asked for",
        expected="--num-videos K: the first K videos with all their predictions",
        found=f"{'all' if real is None else real} real, {'all' if fake is None else fake} scored",
        fix="give --num-videos instead of --num-real and --num-fake",
    )


def _too_short(videos: PairedVideos, spec: ProtocolSpec, statistics: PairedStatistics) -> DataError:
    clips = spec.clips
    least = _least(statistics, clips.frames)
    span = (least - 1) * clips.stride + 1
    short = [index for index in range(len(videos)) if videos.num_frames(index) < span]
    lengths = [
        (videos.real.num_frames(videos.pairs[index].real), videos.fake.num_frames(videos.pairs[index].fake))
        for index in short
    ]
    shown = [
        f"{videos.name(index)} (target {real}, prediction {fake})"
        for index, (real, fake) in list(zip(short, lengths, strict=True))[:_SHOWN]
    ]
    fitting = min(_frames_of(videos, index, clips.stride) for index in short)
    fix = "give longer videos"
    if fitting > first_scored(statistics) + statistics.drop_last and fitting >= clips.frames_allowed[0]:
        fix = f"ask for fewer frames: all have enough for --frames {fitting}"
    if len(short) < len(videos):
        fix += ", or skip them with --on-bad skip"
    if statistics.context and all(real - fake == statistics.context for real, fake in lengths):
        fix = (
            f"the predictions seem to lack the {counted(statistics.context, 'frame')} of context: put those of the "
            f"targets in front of them, or cut them off the targets, omit --context and ask for --frames {fitting}"
        )
    return DataError(
        f"{len(short)} of {counted(len(videos), 'pair')} are shorter than the clip",
        expected=f"at least {counted(span, 'frame')} of target and prediction for --frames {clips.frames} "
        f"--stride {clips.stride}",
        found=", ".join(shown) + (f" and {len(short) - _SHOWN} more" if len(short) > _SHOWN else ""),
        where=f"{videos.real.label} and {videos.fake.label}",
        fix=fix,
    )


def _notes(videos: PairedVideos, lengths: Sequence[int], frames: int, stride: int) -> list[str]:
    """What a reader should know of lengths that differ."""
    of_real = [videos.real.num_frames(pair.real) for pair in videos.pairs]
    of_fake = [videos.fake.num_frames(pair.fake) for pair in videos.pairs]
    if of_real == of_fake:
        return []
    notes = []
    fewer = sum(length < frames for length in lengths)
    if fewer:
        notes.append(
            f"{fewer} of {counted(len(lengths), 'pair')} have fewer than {frames} frames and are scored on what both "
            f"sides have, {min(lengths)} frames or more"
        )
    span = (frames - 1) * stride + 1
    if any(real != fake and min(real, fake) >= span for real, fake in zip(of_real, of_fake, strict=True)):
        notes.append(
            f"targets have {_range(of_real)} frames and predictions {_range(of_fake)}: frame 0 of the one was compared "
            "with frame 0 of the other"
        )
    return notes


def _range(counts: Sequence[int]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"
