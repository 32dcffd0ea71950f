"""The script that makes the golden values.

``python -m vidmbench.check.make_golden`` lists the protocols that have none. ``--write`` adds those and changes no
other; ``--write --overwrite`` makes everything anew (with ``--protocol``, what no other protocol shares), which is
right only where a number was *meant* to move: then the protocol's version rises too. Protocols whose network has
weights on this machine get values of all stages, the others those that need no weights.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vidmbench.check.golden import Golden, GoldenProtocol, GoldenScore, golden_dir, load_golden, write_golden
from vidmbench.check.golden_inputs import GoldenClips
from vidmbench.check.stage_keys import array_key, detector_key, features_key, framing_key
from vidmbench.check.stages import StageRunner, has_weights, seeded_features_of, statistics
from vidmbench.core import resources
from vidmbench.core.errors import UsageError, VidmbenchError
from vidmbench.evaluation.statistics import Score
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names
from vidmbench.records.environment import environment

#: Videos a side, and the height and width of what is cut out of square ones.
_VIDEOS, _WIDE, _LARGE = 5, (32, 48), (240, 320)
_SQUARE = 32


def made_clips() -> GoldenClips:
    """Renders the golden clips; the same bits as the file holds, as long as clevrer-mini keeps its version."""
    from vidmbench.core.seeding import generator
    from vidmbench.sources.clevrer_mini import ToyVideos, random_scene, render, simulate

    real, fake = (ToyVideos("test", resolution=64), ToyVideos("train", resolution=_SQUARE))
    wide = np.stack([real.read(index, range(16)) for index in range(_VIDEOS)])
    # Every other frame again: a flaw that a video metric sees.
    square = np.stack([fake.read(index, [frame // 2 * 2 for frame in range(16)]) for index in range(_VIDEOS)])
    scene = random_scene(generator(0, "golden pictures"))
    path = simulate(scene, 40)
    large = render(scene, path.position[[0, 39]], path.angle[[0, 39]], _LARGE[1])
    return GoldenClips(_middle(wide, _WIDE), square, _middle(large, _LARGE))


def _middle(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    top, left = ((old - new) // 2 for old, new in zip(frames.shape[-3:-1], size, strict=True))
    return np.ascontiguousarray(frames[..., top : top + size[0], left : left + size[1], :])


def make(golden: Golden, names: Sequence[str]) -> None:
    """Adds the values of protocols, and removes none.

    Args:
        golden: Where they are added. Arrays that are there already stay, so that protocols that share them agree.
        names: The protocols.
    """
    runner = StageRunner(golden.clips)
    for name in names:
        golden.protocols[name] = _made(runner, golden, load_protocol(name))


def _made(runner: StageRunner, golden: Golden, spec: ProtocolSpec) -> GoldenProtocol:
    def stored(key: str, arrays: Mapping[str, np.ndarray]) -> str:
        for name, array in arrays.items():
            golden.arrays.setdefault(f"{key}/{name}", array)
        return key

    def numbers(scores: Sequence[Score]) -> dict[str, GoldenScore]:
        return {score.metric: GoldenScore.of(score) for score in scores}

    stored(f"clips/{spec.name}", runner.clips(spec))
    parts: dict[str, Any] = {
        "version": spec.version,
        "framing": stored(f"framing/{framing_key(spec)}", runner.framing(spec)),
        "array": stored(f"array/{array_key(spec)}", runner.array(spec)),
        "seeded": numbers(statistics(spec, seeded_features_of(spec))),
    }
    if has_weights(load_detector(spec.array.detector)):
        parts["detector"] = stored(f"detector/{detector_key(spec)}", {"fed": runner.detector(spec)})
        parts["features"] = stored(f"features/{features_key(spec)}", runner.features(spec))
        parts["golden"] = numbers(statistics(spec, [golden.features(parts["features"])]))
        parts["score"] = numbers(runner.score(spec))
        parts["engine"] = runner.engine_of(spec)
    return GoldenProtocol(**parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """The script.

    Args:
        arguments: Its options; None takes the command line's.

    Returns:
        0; 1 where protocols have no values and none were to be written; 2 for a problem.
    """
    parser = argparse.ArgumentParser(
        prog="python -m vidmbench.check.make_golden", description="Golden values of all protocols."
    )
    parser.add_argument("--write", action="store_true", help="add the values of protocols that have none")
    parser.add_argument("--overwrite", action="store_true", help="with --write: make all, or those named, anew")
    parser.add_argument("--protocol", action="append", default=[], metavar="NAME", help="only this; may be repeated")
    options = parser.parse_args(arguments)
    try:
        return _run(options.write, options.overwrite, options.protocol)
    except VidmbenchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _run(writes: bool, overwrites: bool, names: Sequence[str]) -> int:
    if overwrites and not writes:
        raise UsageError("--overwrite goes with --write")
    if resources.checkout_results_dir() is None:
        raise UsageError("golden values are made in a checkout", where=str(golden_dir()))
    chosen = [load_protocol(name).name for name in names] or protocol_names()
    from_scratch = overwrites and not names
    golden = Golden(made_clips()) if from_scratch or not golden_dir().is_dir() else load_golden()
    golden.made_with = golden.made_with or environment()["packages"]
    missing = [name for name in chosen if name not in golden.protocols or overwrites]
    gone = sorted(golden.protocols.keys() - protocol_names())
    sys.stdout.write(f"{len(chosen) - len(missing)} protocols keep their golden values\n")
    if not writes:
        for problem, affected in (("no golden values", missing), ("no such protocol any more", gone)):
            sys.stdout.writelines(f"{problem}: {name}\n" for name in affected)
        return 1 if missing or gone else 0
    _forget(golden, [*gone, *(missing if overwrites else ())])
    make(golden, missing)
    write_golden(golden)
    for name in missing:
        stages = "all stages" if golden.protocols[name].features else "without weights: no detector, no score"
        sys.stdout.write(f"made: {name} ({stages})\n")
    sys.stdout.writelines(f"removed: {name}\n" for name in gone)
    return 0


def _forget(golden: Golden, names: Sequence[str]) -> None:
    """Drops protocols, and the arrays that no other protocol names."""
    for name in names:
        golden.protocols.pop(name, None)
    used = {f"clips/{name}/" for name in golden.protocols}
    for values in golden.protocols.values():
        used |= {f"{key}/" for key in (values.framing, values.array, values.detector, values.features) if key}
    golden.arrays = {name: array for name, array in golden.arrays.items() if name.startswith(tuple(used))}


if __name__ == "__main__":
    sys.exit(main())
