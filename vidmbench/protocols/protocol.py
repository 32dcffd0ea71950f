"""Protocols: the full recipe of one metric, read from a TOML file, checked whole, frozen."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    PositiveInt,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
)

from vidmbench.core import resources
from vidmbench.core.arguments import name_or_path
from vidmbench.core.declarations import Frozen, load_toml
from vidmbench.core.errors import ProtocolError, UsageError, unknown
from vidmbench.core.text import counted
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL, PROTOCOL_GROUPS, SamplesRule
from vidmbench.protocols.clips_stage import ClipsSpec
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.detector_rules import check_detector
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.protocols.metric_kind import AnyMetricKind
from vidmbench.protocols.sequence_stages import SequenceStage
from vidmbench.protocols.stages import ArrayStage, DatasetStage, StatisticsStage, WindowRule

_WHY = {"i3d-kinetics400": " (the network halves time three times and then needs two steps)"}


class ProtocolSpec(Frozen):
    """One protocol, whole.

    Attributes:
        name: The file's name without its suffix.
        version: Raised on any change that can move a number.
        metric: What is computed from the features.
        family: Whose way of feeding the network it follows, in a word or two: protocols are shown together by it. It
            moves no number, and neither signatures nor records have it.
        source: Repository, commit and file that this follows, or the paper.
        note: What a user should know, in a line.
        dataset: The data set stage.
        clips: The choice of clips.
        array: The array stage.
        statistics: The statistics stage.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: PositiveInt
    metric: str
    family: str = Field("", exclude=True)
    source: str
    note: str = ""
    dataset: DatasetStage
    clips: ClipsSpec
    array: SerializeAsAny[ArrayStage]
    statistics: SerializeAsAny[StatisticsStage]

    @field_validator("metric")
    @classmethod
    def _metric_is_known(cls, metric: str) -> str:
        if metric not in metric_kinds():
            raise ValueError(f"input should be one of {', '.join(map(repr, metric_kinds()))}")
        return metric

    @field_validator("array", mode="plain")
    @classmethod
    def _array_is_that_of_the_metric(cls, content: Any, info: ValidationInfo) -> ArrayStage:
        model = metric_kinds()[info.data["metric"]].array if "metric" in info.data else ArrayStage
        return model.model_validate(content)

    @field_validator("statistics", mode="plain")
    @classmethod
    def _statistics_are_those_of_the_metric(cls, content: Any, info: ValidationInfo) -> StatisticsStage:
        if "metric" not in info.data:  # itself a mistake
            return StatisticsStage()
        statistics: StatisticsStage = metric_kinds()[info.data["metric"]].statistics.model_validate(content)
        return statistics

    def __eq__(self, other: object) -> bool:
        """Whether two are one recipe, of which the family is not a part."""
        return isinstance(other, ProtocolSpec) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]  # stages hold dicts

    @property
    def kind(self) -> AnyMetricKind:
        """The declaration of its metric."""
        return metric_kinds()[self.metric]

    @property
    def context(self) -> int | None:
        """Frames at the start of a clip that the model was given; None of a protocol without a rule for them."""
        context: int | None = getattr(self.statistics, "context", self.clips.context)
        return context

    @property
    def needs_pairs(self) -> bool:
        """Whether it must be known which scored video belongs to which real one."""
        return self.kind.reads_pairs or self.clips.context is not None

    def with_options(
        self,
        *,
        frames: int | None = None,
        stride: int | None = None,
        num_real: int | None = None,
        num_fake: int | None = None,
        seed: int | None = None,
        context: int | None = None,
        predictions: SamplesRule | None = None,
        stage: DatasetStage | None = None,
        windows: WindowRule | None = None,
    ) -> "ProtocolSpec":
        """The protocol with the options of the command line put in.

        Where no ``stage`` says how the real side is cropped and resized, it is not. A requested stride is that of both
        sides, also where the protocol has a stride for each.

        Args:
            frames: Frames of a clip.
            stride: Stride of both sides.
            num_real: Real videos.
            num_fake: Scored videos.
            seed: Seed of every random choice.
            context: Frames at the start of a clip that the model was given.
            predictions: What counts of several predictions of one video.
            stage: What the data set stage really does, from :meth:`DatasetStage.with_options`.
            windows: How the clips of the named data set on the real side are cut, where not as ``clips.real`` says.

        Raises:
            UsageError: A number of frames the protocol refuses, a count below 2, or context for a metric without a rule
                for it.
        """
        frames = self.clips.frames if frames is None else frames
        self.check_frames(frames)
        few = self.kind.least_clips
        counts = [("--num-real", num_real, few), ("--num-fake", num_fake, few)]
        if num_real == num_fake:
            counts = [("--num-videos", num_real, few)]
        for option, value, least in (("--stride", stride, 1), *counts):
            if value is not None and value < least:
                raise UsageError(
                    f"{option} {value} is too small", expected=f"at least {least}", found=str(value), where=option
                )
        if seed is not None and seed < 0:
            raise UsageError("a seed cannot be negative", expected="0 or more", found=str(seed), where="--seed")
        if not self.kind.reads_real:
            num_real = None  # the real side may hold fewer
        real = self.clips.real if num_real is None else self.clips.real.with_videos(num_real)
        fake = self.clips.fake if num_fake is None else self.clips.fake.with_videos(num_fake)
        if windows is not None:
            real = real.model_copy(update={"start": windows.start, "stride": windows.stride or real.stride})
        if stride is not None:
            real, fake = (side.model_copy(update={"stride": None}) for side in (real, fake))
        clips = self.clips.model_copy(
            update={"frames": frames, "stride": stride or self.clips.stride, "real": real, "fake": fake}
        )
        statistics = self.statistics if seed is None else self.statistics.model_copy(update={"seed": seed})
        if context is not None:
            update = {"context": self._checked_context(context, frames)}
            if self.clips.context is None:
                statistics = statistics.model_copy(update=update)
            else:
                clips = clips.model_copy(update=update)
        if predictions is not None:
            self._check_pairs(f"--predictions {predictions}")
            statistics = statistics.model_copy(update={"samples": predictions})
        stage = stage or self.dataset.with_options(is_on_disk=False)
        return self.model_copy(update={"clips": clips, "statistics": statistics, "dataset": stage})

    def check_frames(self, frames: int, option: str = "--frames") -> None:
        """Refuses a number of frames that the protocol or its network cannot score.

        Args:
            frames: Frames of a clip.
            option: Where the user gave them.

        Raises:
            UsageError: Too few or too many.
        """
        lowest, highest = self.clips.frames_allowed
        detector = load_detector(self.array.detector)
        least = self.array.least_frames(detector.min_frames)
        lowest, highest = max(lowest, least), min(highest, detector.max_frames or highest)
        if not lowest <= frames <= highest:
            raise UsageError(
                f"{self.name} cannot score clips of {counted(frames, 'frame')}",
                expected=(
                    f"{counted(lowest, 'frame')}, as its code" if lowest == highest else f"{lowest} to {highest} frames"
                )
                + (_WHY.get(detector.name, "") if frames < least else ""),
                found=f"{option} {frames}",
                fix=f"choose {option} {min(max(frames, lowest), highest)}",
            )

    def _check_pairs(self, option: str) -> None:
        if not self.kind.reads_pairs:
            raise UsageError(
                f"{self.name} compares distributions, in which no prediction belongs to a video",
                expected="a full-reference protocol: psnr-..., ssim-..., lpips-...",
                found=option,
                fix=f"omit {option}: all predictions are scored",
            )

    def _checked_context(self, context: int, frames: int) -> int:
        if self.context is None:
            raise UsageError(
                f"{self.name} has no rule for frames that the model was given",
                expected="a full-reference protocol (psnr-..., ssim-..., lpips-...), or fvd-mcvd, "
                "fvd-mcvd-trajectory-mean, fvd-srvp",
                found=f"--context {context}",
                fix="omit --context, and cut these frames off the videos",
            )
        if not 0 <= context < frames:
            raise UsageError(
                "no frame is left to score" if context > 0 else "--context cannot be negative",
                expected=f"0 to {frames - 1} of the {frames} frames",
                found=str(context),
                where="--context",
            )
        return context


def protocol_names() -> list[str]:
    """Names of all protocols in protocols/metrics, sorted."""
    return resources.declared_names("metrics")


def expanded(names: Iterable[str]) -> list[str]:
    """Names and files of protocols, each once; a group is replaced by its members.

    Args:
        names: As users list them.
    """
    return list(dict.fromkeys(member for name in names for member in (members(name) or (name,))))


def members(group: str) -> tuple[str, ...]:
    """The protocols that a group stands for; none of a name that is not a group's."""
    if group not in PROTOCOL_GROUPS:
        return ()
    return tuple(name for name in protocol_names() if load_protocol(name).kind.in_group)


def load_protocol(name: str | Path) -> ProtocolSpec:
    """Loads a protocol by name, or from your own file.

    Args:
        name: A name in protocols/metrics, or a path that ends in ``.toml``.

    Returns:
        The frozen protocol.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.

    Example:
        >>> from vidmbench import load_protocol
        >>> protocol = load_protocol("fvd-stylegan-v")
        >>> protocol.array.detector, protocol.clips.frames, protocol.clips.real.videos, protocol.statistics.covariance
        ('i3d-kinetics400', 16, 2048, 'n')
        >>> protocol.with_options(frames=128, num_real=256, num_fake=256).clips.frames
        128
    """
    name = name_or_path("name", name)
    if name in PROTOCOL_GROUPS:
        raise ProtocolError(
            f"{name} stands for several protocols",
            expected="one protocol",
            found=name,
            fix=f"see them: vidmbench show {name}; run, score and compare take all of them at once",
        )
    own_file = name.endswith(".toml")
    path = Path(name) if own_file else resources.protocols_dir() / "metrics" / f"{name}.toml"
    if not own_file and name not in protocol_names():
        raise unknown(
            "protocol",
            name,
            [*PROTOCOL_GROUPS, *protocol_names()],
            fix="see them all: vidmbench list protocols",
            default=DEFAULT_PROTOCOL,
        )
    spec = load_toml(path, ProtocolSpec)
    if not own_file and spec.name != path.stem:
        raise ProtocolError(
            "a protocol must be named as its file", expected=path.stem, found=spec.name, where=str(path)
        )
    if own_file and spec.array.detector.endswith(".toml"):  # beside the protocol's file
        detector = (path.parent / spec.array.detector).resolve()
        spec = spec.model_copy(update={"array": spec.array.model_copy(update={"detector": str(detector)})})
    check_detector(spec, path)
    is_named = spec.kind.numbers is not None and not isinstance(spec.array, SequenceStage)
    if not is_named and spec.metric not in load_detector(spec.array.detector).measures:
        raise ProtocolError(
            f"{spec.array.detector} has no name for the metric {spec.metric!r}", where=f"{path}: metric"
        )
    if own_file and spec.name in PROTOCOL_GROUPS:
        raise ProtocolError(
            "your protocol has the name of a group of protocols",
            expected="a name of its own",
            found=spec.name,
            where=f"{path}: name",
            fix=f"call it, say, my-{spec.name}",
        )
    if own_file and spec.name in protocol_names() and spec != load_protocol(spec.name):
        raise ProtocolError(
            "your protocol has the name of a built-in one but differs from it",
            expected="a name of its own, so that its numbers cannot be taken for the other's",
            found=spec.name,
            where=f"{path}: name",
            fix=f"call it, say, my-{spec.name}",
        )
    return spec
