"""Each stage of a protocol from the golden input of that stage, each in the same way for making and for checking.

A stage begins at golden input, never at what the stage before it gives today: so a stage that moves moves alone. Only
``score`` goes the whole way.
"""

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, TypeVar

import numpy as np

from vidmbench.check.golden_inputs import (
    SEEDED_CLIPS,
    SEEDED_FRAMES,
    SEEDED_WIDTH,
    GoldenClips,
    GoldenVideos,
    sampled,
    seeded_features,
    seeded_probabilities,
)
from vidmbench.core.torch_settings import use_one_torch_thread
from vidmbench.core.vocabulary import Device
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.plugins import imported
from vidmbench.detectors.types import Engine, Prepared
from vidmbench.detectors.weights_local import is_seeded
from vidmbench.detectors.weights_registry import weights_path
from vidmbench.evaluation.clips import ClipPlan, plan_clips
from vidmbench.evaluation.plan import plan
from vidmbench.evaluation.statistics import Score, scores
from vidmbench.protocols.detector import DetectorSpec, load_detector
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.stages import ArrayStage, SideSpec
from vidmbench.videos.pre_resize import PreResizedSource, pre_resized
from vidmbench.videos.source import Source

Stage = Literal["clips", "framing", "array", "detector", "statistics", "score", "interval"]

#: In the order in which a number comes about.
STAGES: tuple[Stage, ...] = ("clips", "framing", "array", "detector", "statistics", "score", "interval")

#: Frames of the golden clips, and how many of the golden videos a score takes, so that it also has to choose.
FRAMES, SCORED = 16, 4
#: Videos whose clips are chosen in the stage ``clips``, and how many it asks for.
_VIDEOS, _CHOSEN = 24, 6
#: Values kept of a framed picture and of a prepared clip.
_PIXELS, _VALUES = 2048, 512
#: Pictures are framed to this resolution too: whatever the protocol's is, they shrink.
_SMALL = 40
#: Clips whose features the stage ``detector`` looks at.
_FED = (("real", 0), ("real", 1), ("fake", 0))

Draws = Sequence[tuple[np.ndarray, np.ndarray]]
Result = TypeVar("Result")


class StageRunner:
    """Computes stages, each thing that several protocols share once.

    Args:
        clips: The golden clips.
        device: Where networks run.
    """

    def __init__(self, clips: GoldenClips, device: Device = "auto") -> None:
        self.golden = clips
        self.device = device
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="vidmbench-read", initializer=use_one_torch_thread)
        self._framed: dict[str, dict[str, np.ndarray]] = {}
        self._prepared: dict[str, dict[str, np.ndarray]] = {}
        self._fed: dict[str, np.ndarray] = {}
        self._engines: dict[str, Engine] = {}
        self._features: dict[bytes, np.ndarray] = {}

    def clips(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """Which frames of which videos are taken, on both sides and for every named data set with its own windows.

        Returns:
            ``any/real``, ``any/fake``, ``ucf101/real``, ...: int32 (repeat, clip, 4): video, start, frames, stride.
        """
        found = {}
        for label, windows in {"any": None, **(spec.dataset.windows or {})}.items():
            bound = spec.with_options(
                num_real=_count(spec.clips.real, _CHOSEN), num_fake=_count(spec.clips.fake, _CHOSEN), windows=windows
            )
            sides: tuple[Literal["real", "fake"], ...] = ("real", "fake") if label == "any" else ("real",)
            for side in sides:
                chosen: SideSpec = getattr(bound.clips, side)
                longest = max(8, bound.clips.frames * bound.clips.stride_of(chosen))
                lengths = [longest - 2 + 37 * index % (2 * longest) for index in range(_VIDEOS)]
                names = [f"video_{index:05d}" for index in range(_VIDEOS)]
                taken = [
                    plan_clips(
                        names,
                        lengths,
                        bound.clips,
                        side,
                        seed=bound.statistics.seed,
                        short="drop",
                        label="golden",
                        repeat=repeat,
                    )
                    for repeat in range(bound.statistics.repeats)
                ]
                found[f"{label}/{side}"] = np.array([_rows(one) for one in taken], dtype=np.int32)
        return found

    def framing(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """What the data set rule makes of the golden pictures: some grey levels, uint8, at two resolutions."""
        key = framing_key(spec)
        if key not in self._framed:
            rule, pixels = spec.dataset.pre_resize, spec.dataset.resolution
            sizes = {"own": pixels} if rule == "none" else {"own": pixels, "small": _SMALL}
            self._framed[key] = {
                name: sampled(self._read(partial(pre_resized, self.golden.images, rule, size)), _PIXELS)
                for name, size in sizes.items()
            }
        return self._framed[key]

    def array(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """What the array stage makes of clips that are wide, square and large: some values, float32."""
        key = array_key(spec)
        if key not in self._prepared:
            given = {"wide": self.golden.real[0], "square": self.golden.fake[0], "large": self.golden.images}
            self._prepared[key] = {
                name: sampled(self._read(partial(_prepared, frames, spec.array)), _VALUES).astype(np.float32)
                for name, frames in given.items()
            }
        return self._prepared[key]

    def detector(self, spec: ProtocolSpec) -> np.ndarray:
        """Features of golden clips that were blown up by repeating pixels, so without any resizing: (clip, feature)."""
        key = detector_key(spec)
        if key not in self._fed:
            size = load_detector(spec.array.detector).input_size
            clips = [_blown_up(getattr(self.golden, side)[index], size, spec.array.range) for side, index in _FED]
            self._fed[key] = np.stack(list(self._engine(spec.array).features(clips)))
        return self._fed[key]

    def engine_of(self, spec: ProtocolSpec) -> str:
        """What runs a protocol's network."""
        return self._engine(spec.array).name

    def features(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """Features of all golden clips by the whole way: ``real`` and ``fake``, float32 (clip, feature)."""
        real, fake = self._sources(spec)
        return {
            side: self._scored(spec, ((source, index, range(frames)) for index in range(len(source))))
            for side, source in (("real", real), ("fake", fake))
            for frames in (_frames(spec),)
        }

    def score(self, spec: ProtocolSpec) -> list[Score]:
        """The whole way, from golden clips to the numbers."""
        real, fake = self._sources(spec)
        # Golden videos are as long as a clip: a stride, or frames spread over a video, is the stage clips' business.
        bound = spec.with_options(
            frames=_frames(spec),
            stride=1,
            num_real=_count(spec.clips.real, SCORED),
            num_fake=_count(spec.clips.fake, SCORED),
            stage=spec.dataset.with_options(is_on_disk=True),
        )
        (planned,) = plan(real, fake, [bound], short_real="drop", short_fake="drop")
        draws = [
            (self._of_plan(spec, real, first), self._of_plan(spec, fake, second)) for first, second in planned.draws
        ]
        return scores(fitting(bound, len(draws[0][1])), draws)

    def _of_plan(self, spec: ProtocolSpec, source: Source, clips: ClipPlan) -> np.ndarray:
        return self._scored(spec, ((source, clip.video, clip.indices) for clip in clips.clips))

    def _sources(self, spec: ProtocolSpec) -> tuple[Source, Source]:
        stage = spec.dataset.with_options(is_on_disk=True)
        real = GoldenVideos(self.golden.real, "golden-real", _frames(spec))
        fake = GoldenVideos(self.golden.fake, "golden-fake", _frames(spec))
        return PreResizedSource(real, stage.pre_resize, stage.resolution), fake

    def _scored(self, spec: ProtocolSpec, wanted: Iterable[tuple[Source, int, Sequence[int]]]) -> np.ndarray:
        """Features of clips; a prepared clip that the network has seen before is not shown to it again."""
        network, keys, new = detector_key(spec), [], deque[bytes]()

        def unseen() -> Iterator[Prepared]:
            for source, video, frames in wanted:
                clip = self._read(partial(_read_and_prepared, source, video, frames, spec.array))
                key = hashlib.sha256(network.encode() + clip.tobytes()).digest()
                keys.append(key)
                if key not in self._features and key not in new:
                    new.append(key)
                    yield clip

        for feature in self._engine(spec.array).features(unseen()):
            self._features[new.popleft()] = feature
        found = np.stack([self._features[key] for key in keys])
        detector = load_detector(spec.array.detector)
        return found.reshape(len(found), -1, detector.num_features) if detector.reads == "frames" else found

    def _read(self, work: Callable[[], Result]) -> Result:
        """As scoring reads: in a thread of its own that PyTorch does not part, for parted it takes other kernels."""
        return self._reader.submit(work).result()

    def _engine(self, stage: ArrayStage) -> Engine:
        key = f"{stage.detector} {stage.batch_norm_eps}"
        if key not in self._engines:
            self._engines[key] = load_engine(stage, device=self.device)
        return self._engines[key]


def seeded_features_of(spec: ProtocolSpec) -> Draws:
    """Features, probabilities or logits as a protocol's network would give them, without one: a single pair."""
    detector = load_detector(spec.array.detector)
    width = min(detector.num_features, SEEDED_WIDTH)
    frames = SEEDED_FRAMES if detector.reads == "frames" else None
    clips = SEEDED_CLIPS // (frames or 1)
    clips += -clips % (spec.statistics.splits or 1)
    if detector.gives == "probabilities":
        assert frames is None
        return [(seeded_probabilities("real", clips, width), seeded_probabilities("fake", clips, width))]
    return [(seeded_features("real", clips, width, frames), seeded_features("fake", clips, width, frames))]


def fitting(spec: ProtocolSpec, clips: int) -> ProtocolSpec:
    """The protocol with its statistics made to fit a few clips: smaller subsets, fewer neighbours and splits."""
    stage = spec.statistics
    update: dict[str, int] = {}
    if stage.subset_size is not None and stage.subset_size > clips // 2:
        update["subset_size"] = max(2, clips // 2)
    if stage.neighbours is not None and stage.neighbours >= clips:
        update["neighbours"] = max(1, clips // 2)
    if stage.splits is not None and clips % stage.splits:
        update["splits"] = math.gcd(clips, stage.splits)
    return spec.model_copy(update={"statistics": stage.model_copy(update=update)})


def statistics(spec: ProtocolSpec, draws: Draws) -> list[Score]:
    """Numbers and intervals from features."""
    return scores(fitting(spec, len(draws[0][1])), draws)


def framing_key(spec: ProtocolSpec) -> str:
    """What decides the framing of pictures."""
    return f"{spec.dataset.pre_resize}.{spec.dataset.resolution or '-'}"


def array_key(spec: ProtocolSpec) -> str:
    """What decides a prepared clip."""
    stage = spec.array
    if stage.resize == "detector":
        return f"{load_detector(stage.detector).prepare}"
    first = f"{stage.first_resize.resize}.{stage.first_resize.size}+" if stage.first_resize else ""
    size = load_detector(stage.detector).input_size
    return f"{first}{stage.crop}+{stage.resize}.{size}+{stage.range}" + ("+uint8" if stage.truncate_uint8 else "")


def detector_key(spec: ProtocolSpec) -> str:
    """What decides a feature of a prepared clip."""
    eps = "" if spec.array.batch_norm_eps is None else f"+eps{spec.array.batch_norm_eps:g}"
    return f"{spec.array.detector}{eps}+{_fed_range(spec.array.range)}"


def features_key(spec: ProtocolSpec) -> str:
    """What decides a feature of a golden clip."""
    eps = "" if spec.array.batch_norm_eps is None else f"+eps{spec.array.batch_norm_eps:g}"
    return f"{spec.array.detector}{eps}+{framing_key(spec)}+{array_key(spec)}"


def has_weights(detector: DetectorSpec) -> bool:
    """Whether the published weights lie on this machine; nothing is fetched."""
    return weights_path(detector).is_file() and not is_seeded(detector)


def _count(side: SideSpec, count: int) -> int | None:
    return None if side.pick == "all" else count


def _frames(spec: ProtocolSpec) -> int:
    """As many as the golden clips have, where the protocol allows it."""
    detector = load_detector(spec.array.detector)
    lowest, highest = spec.clips.frames_allowed
    return min(max(FRAMES, lowest, detector.min_frames), highest, detector.max_frames or highest)


def _rows(plan_of_side: ClipPlan) -> list[tuple[int, int, int, int]]:
    return [(clip.video, clip.start, clip.frames, clip.stride) for clip in plan_of_side.clips]


def _read_and_prepared(source: Source, video: int, frames: Sequence[int], stage: ArrayStage) -> np.ndarray:
    return _prepared(source.read(video, frames), stage)


def _prepared(frames: np.ndarray, stage: ArrayStage) -> np.ndarray:
    detector = load_detector(stage.detector)
    if stage.resize == "detector" and detector.prepare is not None:
        return np.asarray(imported(detector.prepare, detector.folder)(frames))
    from vidmbench.detectors.resize import prepared  # torch is slow to import

    array: np.ndarray = prepared(frames, stage, size=detector.input_size)
    return array


def _fed_range(interval: str) -> str:
    """Any fixed input would do; a network that expects grey levels sees more in those."""
    return "-1..1" if interval in ("-1..1", "0..1", "inception") else "0..255"


def _blown_up(clip: np.ndarray, size: int, interval: str) -> Prepared:
    """The middle square of a clip, each pixel repeated: float32 (time, size, size, 3)."""
    height, width = clip.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    places = np.arange(size) * side // size
    grown = clip[:, top + places][:, :, left + places].astype(np.float32)
    return grown / np.float32(127.5) - np.float32(1) if _fed_range(interval) == "-1..1" else grown
