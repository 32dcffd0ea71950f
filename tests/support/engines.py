"""A network that costs nothing, and the only place that knows how one takes the place of the real network."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

WIDTH = 400
Feature = Callable[[np.ndarray], np.ndarray]


def whole_numbers(clip: np.ndarray) -> np.ndarray:
    """Every 56th pixel of the first frame as an integer, so that plain loops over them are exact."""
    return np.resize(np.rint(clip[0, ::56, ::56] * 8), WIDTH)


def projection(clip: np.ndarray) -> np.ndarray:
    """A fixed random projection of coarse pixels, which mixes all frames."""
    coarse = clip[::4, ::32, ::32].reshape(-1)
    return _mixture(coarse.size) @ coarse


@lru_cache(maxsize=4)
def _mixture(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(WIDTH, size)) / np.sqrt(size)


class FakeEngine:
    """Features of clips by a plain function; keeps one clip in hand, as the real engines do.

    Attributes:
        scored: How many clips it has seen.
    """

    name = "fake"

    def __init__(self, feature: Feature = projection) -> None:
        self._feature = feature
        self.scored = 0

    def features(self, clips: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        held = None
        for clip in clips:
            if held is not None:
                yield self.feature(held)
            held = clip
        if held is not None:
            yield self.feature(held)

    def feature(self, clip: np.ndarray) -> np.ndarray:
        self.scored += 1
        return self._feature(clip).astype(np.float32)


def fake_engine(stage: Any, **options: Any) -> Any:
    """What loads in the place of the real network: numbers that need no network are the real ones."""
    from vidmbench.detectors import engine
    from vidmbench.protocols.detector import load_detector
    from vidmbench.protocols.pair_stages import LpipsStage, PairStage
    from vidmbench.protocols.sequence_stages import is_followed

    if isinstance(stage, LpipsStage):
        return FakeEngine(_distances)
    if isinstance(stage, PairStage) or is_followed(stage):
        return engine.load_engine(stage, **options)
    detector = load_detector(stage.detector)
    if detector.reads == "frames":
        width = detector.num_features
        return FakeEngine(lambda clip: np.concatenate([np.resize(projection(frame[None]), width) for frame in clip]))
    columns = stage.num_features(1)
    return FakeEngine() if columns == 1 else FakeEngine(lambda clip: np.tile(projection(clip), columns))


def _distances(pairs: np.ndarray) -> np.ndarray:
    """Of frames side by side, how far apart the two sides are, frame by frame."""
    real, fake = np.split(pairs.astype(np.float64), 2, axis=2)
    return np.abs(real - fake).mean(axis=(1, 2, 3)) / 255


class LoadedEngines(list[Any]):
    """Every engine that was loaded, in order."""

    @property
    def scored(self) -> int:
        """How many clips all of them have seen."""
        return sum(getattr(engine, "scored", 0) for engine in self)


def use_engine(make: Callable[..., Any], *, patch: Callable[[object, str, Any], Any] = setattr) -> LoadedEngines:
    """Lets `make` load the network from now on.

    Args:
        make: Called as `load_engine` is, with the array stage, precision and device.
        patch: `monkeypatch.setattr`, which ends with the test; `setattr` in a process of its own.

    Returns:
        The engines that were loaded, which grows with every load.
    """
    # Not on top: conftest.py is imported before pytest switches shape checks on, and so is what it imports.
    from vidmbench.evaluation import networks

    loaded = LoadedEngines()

    def load(*stage: Any, **options: Any) -> Any:
        engine = make(*stage, **options)
        loaded.append(engine)
        return engine

    patch(networks, "load_engine", load)
    return loaded
