"""Makes what ``vidmbench identify`` searches: ``python -m vidmbench.evaluation.studies.identify_build FOLDER``.

Features go to FOLDER, one file a side and feed, so that an interrupted build resumes; what is shipped
is made of those that are there. One core takes about ten seconds for one feed of one set.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vidmbench.core.files import replacing, sha256_of_parts
from vidmbench.detectors.i3d import folded
from vidmbench.detectors.i3d_pooled import PooledI3d
from vidmbench.detectors.preparation import lengthened, preparation
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.evaluation.studies.identify_feeds import COLOURS, FRAME_RULES, SHORT, Feed, feeds
from vidmbench.evaluation.studies.identify_grams import Gram, gram_of, layers_of, write_grams
from vidmbench.protocols.detector import load_detector
from vidmbench.sources.golden_sets import NUM_FAKES, SETS, GoldenSet, golden_set

_DETECTOR = "i3d-kinetics400"


def compute(folder: Path, names: tuple[str, ...], seconds: float) -> None:
    """Features of as many feeds as the time allows, the sets in turn.

    Args:
        folder: Where they are kept.
        names: The sets.
        seconds: When to stop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks: dict[float, PooledI3d] = {}
    end = time.monotonic() + seconds
    for golden, feed, side in _in_turn(names):
        path = _path(folder, golden, feed, side)
        if path.exists():
            continue
        if time.monotonic() > end:
            return
        eps = feed.array.batch_norm_eps or 1e-3
        if eps not in networks:
            networks[eps] = PooledI3d(folded(load_weights(load_detector(_DETECTOR)), eps=eps))
        prepare = preparation(feed.array)
        clips = _clips(golden, feed, side)
        features = np.stack([networks[eps](lengthened(prepare(clip), feed.array)) for clip in clips])
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, features)


def _in_turn(names: tuple[str, ...]) -> Iterator[tuple[GoldenSet, Feed, str]]:
    lists = {name: feeds(name) for name in names}
    for number in range(max(map(len, lists.values()))):
        for name, each in lists.items():
            if number < len(each):
                yield from ((golden_set(name), each[number], side) for side in each[number].sides)


def _clips(golden: GoldenSet, feed: Feed, side: str) -> np.ndarray:
    """The clips of one side, uint8 (clip, frame, height, width, 3): of the scored side those that differ."""
    is_fake = side == "fake"
    videos = golden.fake[:NUM_FAKES] if is_fake else golden.real
    clips = videos[:, list(FRAME_RULES[feed.frames])]
    if side == "mirrored":
        clips = clips[:, :, :, ::-1]
    return np.ascontiguousarray(clips[..., ::-1] if COLOURS[feed.colours][is_fake] else clips)


def _path(folder: Path, golden: GoldenSet, feed: Feed, side: str) -> Path:
    number = {"real": 0, "fake": 1, "mirrored": 2}[side]
    return folder / f"{sha256_of_parts(golden.digest, str(number), feed.side_key(side))[:20]}.npy"


def assemble(folder: Path) -> None:
    """Writes what is shipped from all features that are there."""
    logits = folded(load_weights(load_detector(_DETECTOR)), eps=1e-3)["Logits/Conv3d_0c_1x1"]
    for name in SETS:
        golden, rows = golden_set(name), dict[tuple[str, str], Gram]()
        for feed in feeds(name):
            paths = [_path(folder, golden, feed, side) for side in ("real", "mirrored", "fake") if side in feed.sides]
            if all(path.exists() for path in paths):
                pooled = np.concatenate([np.load(path) for path in paths])
                for layer, features in layers_of(pooled, logits, feed.array.wide_input).items():
                    # Unlikely combinations would only make chance matches likelier.
                    if layer.startswith("logits") or not (feed.mirrored or feed.frames in SHORT):
                        rows[feed.key, layer] = gram_of(features)
        write_grams(name, golden.digest, rows)
        print(f"{name}: {len(rows)} tables")  # noqa: T201


if __name__ == "__main__":
    store = Path(sys.argv[1])
    compute(store, SETS, float(sys.argv[2]))
    assemble(store)
