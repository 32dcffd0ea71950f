"""The golden values in protocols/golden, and the script that makes them.

``python -m vidmbench.check.golden`` says which protocols have none. ``--write`` adds those, and leaves what is there as
it is; ``--write --overwrite`` makes everything anew (with ``--protocol``, what no other protocol shares), which is
right only where a number was *meant* to move: then the protocol's version rises too. Protocols whose network has
weights on this machine get values of all stages, the others those that need none.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from pydantic import Field

from vidmbench.check.golden_inputs import GoldenClips
from vidmbench.check.stages import (
    Bench,
    array_key,
    detector_key,
    features_key,
    framing_key,
    has_weights,
    seeded_draws,
    statistics,
)
from vidmbench.core import resources
from vidmbench.core.declarations import Frozen, validated
from vidmbench.core.errors import DataError, UsageError, VidmbenchError
from vidmbench.core.files import replacing, write_text
from vidmbench.evaluation.statistics import Score
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names
from vidmbench.records.environment import environment

_CLIPS, _ARRAYS, _VALUES = "clips.npz", "arrays.npz", "values.json"
#: Videos a side, and the height and width of what is cut out of square ones.
_VIDEOS, _WIDE, _LARGE = 5, (32, 48), (240, 320)
_SQUARE = 32


class GoldenScore(Frozen):
    """One number, with what is printed behind it.

    Attributes:
        value: The number.
        interval: Low end, high end and standard error.
        interval_kind: How the interval was made.
        spread: What the number's own code prints behind ±.
    """

    value: float
    interval: tuple[float, float, float] | None = Field(default=None, strict=False)
    interval_kind: str | None = None
    spread: float | None = None

    @classmethod
    def of(cls, score: Score) -> "GoldenScore":
        """A score that has a value.

        Raises:
            DataError: It has none.
        """
        if score.value is None:
            raise DataError(f"no golden {score.metric}: {score.reason}")
        found = score.interval
        return cls(
            value=score.value,
            interval=None if found is None else (found.low, found.high, found.standard_error),
            interval_kind=None if found is None else found.kind,
            spread=score.spread,
        )


class GoldenProtocol(Frozen):
    """What one protocol gave when its values were made. The keys name arrays in arrays.npz.

    Attributes:
        version: The protocol's version then.
        framing: Key of the framed pictures.
        array: Key of the prepared clips.
        detector: Key of the network's features of fixed input; None where there were no weights.
        features: Key of the features of all golden clips; None where there were no weights.
        seeded: Numbers of the seeded features, by metric.
        golden: Numbers of the golden features.
        score: Numbers of the whole way.
        engine: What ran the network.
    """

    version: int
    framing: str
    array: str
    detector: str | None = None
    features: str | None = None
    seeded: dict[str, GoldenScore]
    golden: dict[str, GoldenScore] = Field(default_factory=dict)
    score: dict[str, GoldenScore] = Field(default_factory=dict)
    engine: str | None = None


class _ValuesFile(Frozen):
    made_with: dict[str, str | None]
    protocols: dict[str, GoldenProtocol]


@dataclass
class Golden:
    """All golden values.

    Attributes:
        clips: What the way begins at.
        protocols: By name.
        arrays: What the protocols' keys name, and ``clips/PROTOCOL/...``: choices of clips.
        made_with: Versions of the packages that the first values were made with.
    """

    clips: GoldenClips
    protocols: dict[str, GoldenProtocol] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    made_with: Mapping[str, str | None] = field(default_factory=dict)

    def under(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin with ``prefix/``, by the rest of their names."""
        start = f"{prefix}/"
        return {name.removeprefix(start): array for name, array in self.arrays.items() if name.startswith(start)}


def golden_dir() -> Path:
    """The folder of golden values."""
    return resources.protocols_dir() / "golden"


def load_golden() -> Golden:
    """Reads the golden values.

    Raises:
        DataError: A file is missing or damaged.
        ProtocolError: values.json holds something else.
    """
    folder = golden_dir()
    clips = GoldenClips.load(folder / _CLIPS)
    try:
        with np.load(folder / _ARRAYS) as file:
            arrays = {name: file[name] for name in file.files}
        content = json.loads((folder / _VALUES).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError("no golden values", found=str(error), where=str(folder), fix=HOW) from error
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise damaged(folder, error) from error
    values = validated(content, _ValuesFile, where=str(folder / _VALUES))
    return Golden(clips, values.protocols, arrays, values.made_with)


def damaged(where: Path, error: Exception) -> DataError:
    """The error for golden files that cannot be read."""
    return DataError(
        "the golden values are damaged",
        expected="the files as they are committed",
        found=f"{type(error).__name__}: {str(error).partition('.')[0]}",
        where=str(where),
        fix="git checkout protocols/golden in a checkout, or install vidmbench again",
    )


#: What to do where values are missing.
HOW = "in a checkout: python -m vidmbench.check.golden --write"


def made_clips() -> GoldenClips:
    """Draws the golden clips; the same bits as the file holds, as long as clevrer-mini keeps its version."""
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
    bench = Bench(golden.clips)
    for name in names:
        golden.protocols[name] = _made(bench, golden, load_protocol(name))


def _made(bench: Bench, golden: Golden, spec: ProtocolSpec) -> GoldenProtocol:
    def kept(key: str, arrays: Mapping[str, np.ndarray]) -> str:
        for name, array in arrays.items():
            golden.arrays.setdefault(f"{key}/{name}", array)
        return key

    def numbers(found: Sequence[Score]) -> dict[str, GoldenScore]:
        return {score.metric: GoldenScore.of(score) for score in found}

    kept(f"clips/{spec.name}", bench.clips(spec))
    parts: dict[str, Any] = {
        "version": spec.version,
        "framing": kept(f"framing/{framing_key(spec)}", bench.framing(spec)),
        "array": kept(f"array/{array_key(spec)}", bench.array(spec)),
        "seeded": numbers(statistics(spec, seeded_draws(spec))),
    }
    if has_weights(load_detector(spec.array.detector)):
        parts["detector"] = kept(f"detector/{detector_key(spec)}", {"fed": bench.detector(spec)})
        parts["features"] = kept(f"features/{features_key(spec)}", bench.features(spec))
        found = golden.under(parts["features"])
        parts["golden"] = numbers(statistics(spec, [(found["real"], found["fake"])]))
        parts["score"] = numbers(bench.score(spec))
        parts["engine"] = bench.engine_of(spec)
    return GoldenProtocol(**parts)


def write(golden: Golden) -> None:
    """Writes the three files.

    Raises:
        ResultError: The folder cannot be written to.
    """
    folder = golden_dir()
    arrays = {name: golden.arrays[name] for name in sorted(golden.arrays)}
    clips = {"real": golden.clips.real, "fake": golden.clips.fake, "pictures": golden.clips.pictures}
    for name, content in ((_CLIPS, clips), (_ARRAYS, arrays)):
        with replacing(folder / name) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **content)
    values = _ValuesFile(made_with=dict(golden.made_with), protocols=dict(sorted(golden.protocols.items())))
    said = values.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    write_text(folder / _VALUES, json.dumps(said, indent=1) + "\n")


def main(words: Sequence[str] | None = None) -> int:
    """The script.

    Args:
        words: Its options; None takes the command line's.

    Returns:
        0; 1 where protocols have no values and none were to be written; 2 for a problem.
    """
    parser = argparse.ArgumentParser(
        prog="python -m vidmbench.check.golden", description="Golden values of all protocols."
    )
    parser.add_argument("--write", action="store_true", help="add the values of protocols that have none")
    parser.add_argument("--overwrite", action="store_true", help="with --write: make all, or those named, anew")
    parser.add_argument("--protocol", action="append", default=[], metavar="NAME", help="only this; may be repeated")
    given = parser.parse_args(words)
    try:
        return _carried_out(given.write, given.overwrite, given.protocol)
    except VidmbenchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _carried_out(is_written: bool, is_overwritten: bool, names: Sequence[str]) -> int:
    if is_overwritten and not is_written:
        raise UsageError("--overwrite goes with --write")
    if resources.checkout_results_dir() is None:
        raise UsageError("golden values are made in a checkout", where=str(golden_dir()))
    chosen = [load_protocol(name).name for name in names] or protocol_names()
    whole = is_overwritten and not names
    golden = Golden(made_clips()) if whole or not golden_dir().is_dir() else load_golden()
    golden.made_with = golden.made_with or environment()["packages"]
    missing = [name for name in chosen if name not in golden.protocols or is_overwritten]
    gone = sorted(golden.protocols.keys() - protocol_names())
    kept = [name for name in chosen if name not in missing]
    sys.stdout.write(f"{len(kept)} protocols keep their golden values\n")
    if not is_written:
        for word, those in (("no golden values", missing), ("no such protocol any more", gone)):
            sys.stdout.writelines(f"{word}: {name}\n" for name in those)
        return 1 if missing or gone else 0
    _forget(golden, [*gone, *(missing if is_overwritten else ())])
    make(golden, missing)
    write(golden)
    for name in missing:
        stages = "all stages" if golden.protocols[name].features else "without weights: no detector, no score"
        sys.stdout.write(f"made: {name} ({stages})\n")
    sys.stdout.writelines(f"removed: {name}\n" for name in gone)
    return 0


def _forget(golden: Golden, names: Sequence[str]) -> None:
    """Drops protocols, and the arrays that no other one names."""
    for name in names:
        golden.protocols.pop(name, None)
    used = {f"clips/{name}/" for name in golden.protocols}
    for one in golden.protocols.values():
        used |= {f"{key}/" for key in (one.framing, one.array, one.detector, one.features) if key}
    golden.arrays = {name: array for name, array in golden.arrays.items() if name.startswith(tuple(used))}


if __name__ == "__main__":
    sys.exit(main())
