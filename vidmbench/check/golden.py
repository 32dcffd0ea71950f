"""The golden values in protocols/golden; ``python -m vidmbench.check.make_golden`` makes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args
from zipfile import BadZipFile

import numpy as np
from pydantic import Field

from vidmbench.check.golden_inputs import CLIPS_FILE, HOW, GoldenClips
from vidmbench.core import resources
from vidmbench.core.declarations import Frozen, validated
from vidmbench.core.errors import DataError
from vidmbench.core.files import replacing, write_text
from vidmbench.core.json_toml import parse_json
from vidmbench.evaluation.statistics import Score
from vidmbench.protocols.metric_kind import SideName

_ARRAYS, _VALUES = "arrays.npz", "values.json"


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
        interval = score.interval
        return cls(
            value=score.value,
            interval=None if interval is None else (interval.low, interval.high, interval.standard_error),
            interval_kind=None if interval is None else interval.kind,
            spread=score.spread,
        )


class GoldenProtocol(Frozen):
    """What one protocol gave when its values were made. The keys name arrays in arrays.npz.

    Attributes:
        version: The protocol's version then.
        framing: Key of the pre-resized images.
        array: Key of the prepared clips.
        detector: Key of the network's features of fixed input; None where there were no weights.
        features: Key of the features of all golden clips; None where there were no weights.
        seeded: Numbers of the seeded features, by metric.
        golden: Numbers of the golden features.
        score: Numbers of the golden clips.
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
        clips: The input of the first stage.
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

    def features(self, key: str) -> dict[SideName, np.ndarray]:
        """Golden features of both sides, float32 (clip, feature), or of pairs, (video, sample, frame, number)."""
        arrays, sides = self.under(key), get_args(SideName)
        return {side: arrays[side] for side in sides if side in arrays}


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
    clips = GoldenClips.load(folder / CLIPS_FILE)
    try:
        with np.load(folder / _ARRAYS) as file:
            arrays = {name: file[name] for name in file.files}
        content = parse_json((folder / _VALUES).read_bytes())
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


def write_golden(golden: Golden) -> None:
    """Writes the three files.

    Raises:
        ResultError: The folder cannot be written to.
    """
    folder = golden_dir()
    arrays = {name: golden.arrays[name] for name in sorted(golden.arrays)}
    clips = {"real": golden.clips.real, "fake": golden.clips.fake, "pictures": golden.clips.images}
    for name, named_arrays in ((CLIPS_FILE, clips), (_ARRAYS, arrays)):
        with replacing(folder / name) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **named_arrays)
    values = _ValuesFile(made_with=dict(golden.made_with), protocols=dict(sorted(golden.protocols.items())))
    content = values.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    write_text(folder / _VALUES, json.dumps(content, indent=1) + "\n")
