"""Each stage of a protocol from the golden input of that stage, each in the same way for making and for checking.

A stage begins at golden input, never at what the stage before it gives today: so a stage that moves moves alone. Only
``score`` runs all stages.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from vidmbench.check.stage_keys import array_key, detector_key, fed_range, framing_key
from vidmbench.core.torch_settings import use_one_torch_thread
from vidmbench.core.vocabulary import Device
from vidmbench.detectors import vmaf_import
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.preparation import preparation
from vidmbench.detectors.types import Engine, Prepared
from vidmbench.detectors.weights_local import is_seeded
from vidmbench.detectors.weights_registry import weights_path
from vidmbench.evaluation.clips import ClipPlan, plan_clips
from vidmbench.evaluation.feature_job import by_video
from vidmbench.evaluation.plan import plan
from vidmbench.evaluation.statistics import Score, scores
from vidmbench.protocols.clips_stage import SideSpec
from vidmbench.protocols.detector import DetectorSpec, load_detector
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.protocols.metric_kind import SideName
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.sequence_stages import is_followed
from vidmbench.protocols.stages import ArrayStage
from vidmbench.videos.pairs import Pair, PairedVideos
from vidmbench.videos.pre_resize import PreResizedSource, pre_resized
from vidmbench.videos.source import Source

Stage = Literal["clips", "framing", "array", "detector", "statistics", "score", "interval"]

#: In the order of computation.
STAGES: tuple[Stage, ...] = ("clips", "framing", "array", "detector", "statistics", "score", "interval")

#: Frames of the golden clips, and how many of the golden videos a score takes, so that it also has to choose.
FRAMES, SCORED = 16, 4
#: Videos whose clips are chosen in the stage ``clips``, and how many it asks for.
_VIDEOS, _CHOSEN = 24, 6
#: Values compared of a pre-resized image and of a prepared clip.
_PIXELS, _VALUES = 2048, 512
#: Images are resized to this resolution too: whatever the protocol's is, they shrink.
_SMALL = 40
#: Clips whose features the stage ``detector`` compares.
_FED = (("real", 0), ("real", 1), ("fake", 0))

_SIDES: tuple[SideName, SideName] = ("real", "fake")

FeaturesOfRepeats = Sequence[Mapping[SideName, np.ndarray]]
Result = TypeVar("Result")


class StageRunner:
    """Computes stages; what several protocols share is computed once.

    Args:
        clips: The golden clips.
        device: Where networks run.
    """

    def __init__(self, clips: GoldenClips, device: Device = "auto") -> None:
        self.golden = clips
        self.device = device
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="vidmbench-read", initializer=use_one_torch_thread)
        self._pre_resized: dict[str, dict[str, np.ndarray]] = {}
        self._prepared: dict[str, dict[str, np.ndarray]] = {}
        self._fixed_features: dict[str, np.ndarray] = {}
        self._engines: dict[str, Engine] = {}
        self._features: dict[bytes, np.ndarray] = {}

    def clips(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """Which frames of which videos are taken, on both sides and for every named data set with its own windows.

        Returns:
            ``any/real``, ``any/fake``, ``ucf101/real``, ...: int32 (repeat, clip, 4): video, start, frames, stride.
        """
        rows = {}
        for label, windows in {"any": None, **(spec.dataset.windows or {})}.items():
            bound = spec.with_options(num_fake=_count(spec.clips.fake, _CHOSEN), windows=windows)
            if bound.clips.real.pick != "all":
                real = bound.clips.real.with_videos(_CHOSEN)
                bound = bound.model_copy(update={"clips": bound.clips.model_copy(update={"real": real})})
            for side in _SIDES if label == "any" else _SIDES[:1]:
                rows[f"{label}/{side}"] = _chosen_rows(bound, side)
        return rows

    def framing(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """What the data set rule makes of the golden images: some intensity levels, uint8, at two resolutions."""
        key = framing_key(spec)
        if key not in self._pre_resized:
            rule, pixels = spec.dataset.pre_resize, spec.dataset.resolution
            sizes = {"own": pixels} if rule == "none" else {"own": pixels, "small": _SMALL}
            self._pre_resized[key] = {
                name: sampled(self._read(partial(pre_resized, self.golden.images, rule, size)), _PIXELS)
                for name, size in sizes.items()
            }
        return self._pre_resized[key]

    def array(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """What the array stage makes of clips that are wide, square and large: some values, float32."""
        key = array_key(spec)
        if isinstance(spec.array, PairStage) and key not in self._prepared:
            pairs = self._pairs(spec)
            prepared = (self._read(partial(_read_and_prepared, pairs, 0, range(FRAMES), spec.array)),)
            self._prepared[key] = {"pair": sampled(*prepared, _VALUES).astype(np.float32)}
        if key not in self._prepared:
            inputs = {"wide": self.golden.real[0], "square": self.golden.fake[0], "large": self.golden.images}
            self._prepared[key] = {
                name: np.nan_to_num(  # the first frame has no change
                    sampled(self._read(partial(_prepared, frames, spec.array)), _VALUES).astype(np.float32)
                )
                for name, frames in inputs.items()
            }
        return self._prepared[key]

    def detector(self, spec: ProtocolSpec) -> np.ndarray:
        """Features of golden clips enlarged by repeating pixels, so without any resizing: (clip, feature)."""
        key = detector_key(spec)
        if isinstance(spec.array, PairStage) and key not in self._fixed_features:
            self._fixed_features[key] = self._of_pairs(spec)[:, 0, :, 0]
        if is_followed(spec.array) and key not in self._fixed_features:
            features = self.features(spec)["fake"]  # (clip, feature), or (clip, frame, number)
            self._fixed_features[key] = features if features.ndim == 2 else features[:, -1]
        if key not in self._fixed_features:
            size = spec.array.size_fed(load_detector(spec.array.detector).input_size)
            clips = [_enlarged(getattr(self.golden, side)[index], size, spec.array.range) for side, index in _FED]
            self._fixed_features[key] = np.stack(list(self._engine(spec.array).features(clips)))
        return self._fixed_features[key]

    def engine_of(self, spec: ProtocolSpec) -> str:
        """What runs a protocol's network."""
        return self._engine(spec.array).name

    def features(self, spec: ProtocolSpec) -> dict[str, np.ndarray]:
        """Features of all golden clips through all stages: ``real`` and ``fake``, float32 (clip, feature), or pairs."""
        if isinstance(spec.array, PairStage):
            return {"pair": self._of_pairs(spec)}
        real, fake = self._sources(spec)
        return {
            side: self._scored(spec, ((source, index, range(frames)) for index in range(len(source))))
            for side, source in (("real", real), ("fake", fake))
            for frames in (_frames(spec),)
        }

    def score(self, spec: ProtocolSpec) -> list[Score]:
        """From golden clips to the numbers, through all stages."""
        if isinstance(spec.array, PairStage):
            return statistics(spec.with_options(frames=FRAMES), [{"pair": self._of_pairs(spec)}])
        real, fake = self._sources(spec)
        # Golden videos are as long as a clip: a stride, or frames spread over a video, is checked in ``clips``.
        bound = spec.with_options(
            frames=_frames(spec),
            stride=1,
            num_real=_count(spec.clips.real, SCORED),
            num_fake=_count(spec.clips.fake, SCORED),
            stage=spec.dataset.with_options(is_on_disk=True),
        )
        if isinstance(bound.statistics, FrechetStatistics) and bound.statistics.mean_over == "trajectories":
            # Golden videos have one prediction each, of another size.
            bound = bound.model_copy(update={"statistics": bound.statistics.model_copy(update={"mean_over": None})})
        (planned,) = plan(real, fake, [bound], short_real="drop", short_fake="drop")
        return statistics(
            bound,
            [
                {"real": self._of_plan(spec, real, of_real), "fake": self._of_plan(spec, fake, of_fake)}
                for of_real, of_fake in planned.draws
            ],
        )

    def _of_plan(self, spec: ProtocolSpec, source: Source, clips: ClipPlan) -> np.ndarray:
        features = self._scored(spec, ((source, clip.video, clip.indices) for clip in clips.clips))
        return by_video(features, clips)

    def _sources(self, spec: ProtocolSpec) -> tuple[Source, Source]:
        stage = spec.dataset.with_options(is_on_disk=True)
        clips = spec.clips.model_copy(update={"frames": _frames(spec), "stride": 1})
        real = GoldenVideos(self.golden.real, "golden-real", clips.span_of(clips.real))
        fake = GoldenVideos(self.golden.fake, "golden-fake", clips.span_of(clips.fake))
        return PreResizedSource(real, stage.pre_resize, stage.resolution), fake

    def _scored(self, spec: ProtocolSpec, requests: Iterable[tuple[Source, int, Sequence[int]]]) -> np.ndarray:
        """Features of clips; a prepared clip that the network has seen before is not shown to it again."""
        network, keys, new = detector_key(spec), [], deque[bytes]()

        def unseen() -> Iterator[Prepared]:
            for source, video, frames in requests:
                clip = self._read(partial(_read_and_prepared, source, video, frames, spec.array))
                key = hashlib.sha256(network.encode() + clip.tobytes()).digest()
                keys.append(key)
                if key not in self._features and key not in new:
                    new.append(key)
                    yield clip

        for feature in self._engine(spec.array).features(unseen()):
            self._features[new.popleft()] = feature
        features = np.stack([self._features[key] for key in keys])
        detector = load_detector(spec.array.detector)
        return features.reshape(len(features), -1, detector.num_features) if detector.reads == "frames" else features

    def _pairs(self, spec: ProtocolSpec) -> PairedVideos:
        """Golden clips beside what blurs, brightens and delays them, each pixel four times: large enough to be cut."""
        clips = self.golden.real.repeat(2, axis=2).repeat(2, axis=3)
        others = (clips.astype(np.uint16) + clips[..., ::-1, :] + 40).clip(0, 510) // 2
        changed = np.concatenate([others[:, :1], others[:, :-1]], axis=1).astype(np.uint8)
        real, fake = (GoldenVideos(side, "golden", _frames(spec)) for side in (clips, changed))
        return PairedVideos(real, fake, [Pair(index, index) for index in range(len(real))])

    def _of_pairs(self, spec: ProtocolSpec) -> np.ndarray:
        """Numbers of the golden pairs, float32 (video, 1, frame, number)."""
        pairs = self._pairs(spec)
        frames, detector = range(_frames(spec)), load_detector(spec.array.detector)
        clips = (self._read(partial(_read_and_prepared, pairs, i, frames, spec.array)) for i in range(len(pairs)))
        numbers = np.stack(list(self._engine(spec.array).features(clips)))
        return numbers.reshape(len(pairs), 1, len(frames), detector.num_features)

    def _read(self, work: Callable[[], Result]) -> Result:
        """As scoring reads: in a thread where PyTorch uses one thread, for with several it takes other kernels."""
        return self._reader.submit(work).result()

    def _engine(self, stage: ArrayStage) -> Engine:
        key = stage.network if not isinstance(stage, PairStage) else stage.model_dump_json()
        if key not in self._engines:
            self._engines[key] = load_engine(stage, device=self.device)
        return self._engines[key]


def _chosen_rows(bound: ProtocolSpec, side: SideName) -> np.ndarray:
    """The clips of one side, of made-up videos some of which are too short: int32 (repeat, clip, 4)."""
    assert side != "pair"
    chosen: SideSpec = getattr(bound.clips, side)
    longest = max(8, bound.clips.frames * bound.clips.stride_of(chosen))
    lengths = [longest - 2 + 37 * index % (2 * longest) for index in range(_VIDEOS)]
    names = [f"video_{index:05d}" for index in range(_VIDEOS)]
    seed = bound.statistics.seed
    plans = [
        plan_clips(names, lengths, bound.clips, side, seed=seed, short="drop", label="golden", repeat=repeat)
        for repeat in range(bound.statistics.repeats)
    ]
    rows = [[(clip.video, clip.start, clip.frames, clip.stride) for clip in clips_of.clips] for clips_of in plans]
    return np.array(rows, dtype=np.int32)


def seeded_features_of(spec: ProtocolSpec) -> FeaturesOfRepeats:
    """Features, probabilities or logits as a protocol's network would give them, without one: of a single repeat."""
    detector = load_detector(spec.array.detector)
    width = min(detector.num_features, SEEDED_WIDTH)
    if spec.kind.reads_pairs:
        numbers = seeded_features("real", SEEDED_CLIPS, FRAMES * width)
        return [{"pair": np.abs(numbers).reshape(SEEDED_CLIPS, 1, FRAMES, width)}]
    are_told_apart = isinstance(spec.statistics, FrechetStatistics) and spec.statistics.mean_over is not None
    frames = SEEDED_FRAMES if detector.reads == "frames" or are_told_apart else None
    clips = SEEDED_CLIPS // (frames or 1)
    clips += -clips % spec.kind.clips_divisor(spec.statistics)
    if detector.gives == "probabilities":
        assert frames is None
        return [{side: seeded_probabilities(side, clips, width) for side in _SIDES}]
    return [{side: seeded_features(side, clips, width, frames) for side in _SIDES}]


def statistics(spec: ProtocolSpec, repeats: FeaturesOfRepeats) -> list[Score]:
    """Numbers and intervals from features of a few clips, to which the statistics are fitted.

    Where clips are not told apart, prefix by prefix or prediction by prediction, one distance stands for the mean.
    """
    fitted = spec.kind.fit_to(spec.statistics, len(next(iter(repeats[0].values()))))
    if isinstance(fitted, FrechetStatistics) and all(features.ndim == 2 for features in repeats[0].values()):
        fitted = fitted.model_copy(update={"mean_over": None})
    return scores(spec.model_copy(update={"statistics": fitted}), repeats)


def has_weights(detector: DetectorSpec) -> bool:
    """Whether the published weights are on this machine, or none are needed; nothing is fetched."""
    if detector.network == "vmaf":  # its package has them
        return vmaf_import.is_there()
    if not detector.weights_file:
        return True
    return weights_path(detector).is_file() and not is_seeded(detector)


def _count(side: SideSpec, count: int) -> int | None:
    return None if side.pick == "all" else count


def _frames(spec: ProtocolSpec) -> int:
    """As many as the golden clips have, where the protocol allows it."""
    detector = load_detector(spec.array.detector)
    lowest, highest = spec.clips.frames_allowed
    least = spec.array.least_frames(detector.min_frames)
    return min(max(FRAMES, lowest, least), highest, detector.max_frames or highest)


def _read_and_prepared(source: Source, video: int, frames: Sequence[int], stage: ArrayStage) -> np.ndarray:
    return _prepared(source.read(video, frames), stage)


def _prepared(frames: np.ndarray, stage: ArrayStage) -> np.ndarray:
    return np.asarray(preparation(stage)(frames))


def _enlarged(clip: np.ndarray, size: tuple[int, int], interval: str) -> Prepared:
    """The middle square of a clip, each pixel repeated: float32 (time, height, width, 3)."""
    height, width = clip.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    rows, columns = (np.arange(each) * side // each for each in size)
    enlarged = clip[:, top + rows][:, :, left + columns].astype(np.float32)
    return enlarged / np.float32(127.5) - np.float32(1) if fed_range(interval) == "-1..1" else enlarged
