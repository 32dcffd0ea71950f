"""The whole command: from arrays, from prepared files and from mp4 files to the number, with nothing in the cache."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
from gpu.detector import PRECISIONS, PROTOCOL, engine_of
from gpu.measuring import Figures, Measuring
from gpu.videos import made_clips

from vidmbench.cli import main
from vidmbench.core import resources
from vidmbench.core.errors import VidmbenchError
from vidmbench.core.vocabulary import Precision
from vidmbench.evaluation import networks
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.videos import ArraySource, write_mp4
from vidmbench.videos.packed.reader import PreparedFile
from vidmbench.videos.packed.writer import write_prepared

_FRAMES, _PIXELS = 16, 128
# Clips a side: the counts of most papers, fewer where they would take longer than this, or the disk is too small.
_MOST, _FEWEST, _SECONDS = 2048, 64, 20.0
_SIDES = ("real", "fake")


def measure(measuring: Measuring) -> None:
    """The command from every storage, at a count that this machine scores in about twenty seconds."""
    with tempfile.TemporaryDirectory(prefix="vidmbench-gpu-") as name:
        folder = Path(name)
        with _cache_with_weights(folder / "cache"), _engines(measuring):
            _measure_in(folder, measuring)


def _measure_in(folder: Path, measuring: Measuring) -> None:
    few = 2 if measuring.is_small else _FEWEST
    scored = _Scored(folder, measuring)
    _write_arrays(folder, few, 32 if measuring.is_small else _PIXELS)
    first = measuring.measure(
        "command",
        f"bf16, {few} + {few} clips from arrays, the first",
        lambda: scored("arrays", few, "bf16"),
        seconds=20,
    )
    if first is None:
        measuring.leave_out("command", "everything else", "the first command gave no number")
        return
    count = few
    if not measuring.is_small:
        count = _count(scored("arrays", few, "bf16")["clips/s"], folder)  # the first one paid for setting the GPU up
        _write_arrays(folder, count, _PIXELS)
    prepare: dict[str, Callable[[], object]] = {
        "prepared files": lambda: _write_prepared(folder),
        "mp4 files": lambda: _write_mp4(folder),
    }
    for kind in ("arrays", *prepare):
        if kind in prepare and (measuring.left > _SECONDS or measuring.is_small):
            prepare[kind]()
        for precision in PRECISIONS[:1] if measuring.is_small else PRECISIONS:
            measuring.measure(
                "command",
                f"{precision}, {count} + {count} clips from {kind}",
                lambda k=kind, p=precision: scored(k, count, p),
                seconds=_SECONDS,
            )


class _Scored:
    """Scores one side against the other in this process, with no feature in the cache."""

    def __init__(self, folder: Path, measuring: Measuring) -> None:
        self._folder, self._measuring = folder, measuring

    def __call__(self, kind: str, count: int, precision: Precision) -> Figures:
        score = self._by_python if kind == "prepared files" else self._by_command
        endings = {"arrays": ".npy", "prepared files": ".frames", "mp4 files": "-mp4"}
        sides = [self._folder / f"{side}{endings[kind]}" for side in _SIDES]
        shutil.rmtree(resources.cache_dir() / "features", ignore_errors=True)
        self._measuring.forget_peak()
        began = time.perf_counter()
        value = score(sides, count, precision)
        seconds = time.perf_counter() - began
        figures: Figures = {"s": round(seconds, 1), "clips/s": round(2 * count / seconds, 1), "FVD": round(value, 3)}
        return figures | self._measuring.peak()

    def _by_command(self, sides: Sequence[Path], count: int, precision: Precision) -> float:
        options = ["--frames", _FRAMES, "--num-videos", count, "--precision", precision]
        options += ["--device", self._measuring.device.type, "--protocol", PROTOCOL.name, "--json"]
        return _value_of(["score", *map(str, [*sides, *options])])

    def _by_python(self, sides: Sequence[Path], count: int, precision: Precision) -> float:
        """No command takes two prepared files: they are copies of a data set, which is one side."""
        real, fake = map(PreparedFile, sides)
        plans = plan(real, fake, [PROTOCOL.with_options(frames=_FRAMES, num_real=count, num_fake=count)])
        (found,) = evaluate(real, fake, plans, precision=precision, device=self._measuring.device.type).measurements
        assert found.value is not None
        return found.value


def _value_of(words: list[str]) -> float:
    """The number that a command prints."""
    said, before = StringIO(), sys.argv
    sys.argv = ["vidmbench", *words]
    code: int | str | None = 0
    try:
        with redirect_stdout(said):
            main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = before
    if code:
        raise VidmbenchError(f"the command ended with exit code {code}", found=" ".join(words))
    return float(json.loads(said.getvalue())["value"])


def _count(rate: float, folder: Path) -> int:
    """Clips a side that take about twenty seconds and half of the disk at most, a multiple of the fewest."""
    of_a_clip = 3 * _FRAMES * _PIXELS**2 * 3  # the array, the prepared file, the mp4 file
    most = min(_MOST, rate * _SECONDS / 2, shutil.disk_usage(folder).free / 2 / (2 * of_a_clip))
    return max(int(most) // _FEWEST, 1) * _FEWEST


def _write_arrays(folder: Path, count: int, pixels: int) -> None:
    for number, side in enumerate(_SIDES):
        clips = made_clips(count, _FRAMES, pixels, number)
        np.save(folder / f"{side}.npy", clips)


def _write_prepared(folder: Path) -> None:
    for side in _SIDES:
        clips = np.load(folder / f"{side}.npy", mmap_mode="r")
        write_prepared(ArraySource(clips, side), folder / f"{side}.frames", rule="none")


def _write_mp4(folder: Path) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for side in _SIDES:
            clips = np.load(folder / f"{side}.npy", mmap_mode="r")
            target = folder / f"{side}-mp4"
            target.mkdir()
            files = [target / f"{index:05d}.mp4" for index in range(len(clips))]
            list(pool.map(write_mp4, files, clips))


@contextmanager
def _cache_with_weights(folder: Path) -> Iterator[None]:
    """A cache that holds the user's weights and nothing else."""
    weights = resources.cache_dir() / "weights"
    folder.mkdir()
    if weights.is_dir():
        (folder / "weights").symlink_to(weights.resolve())
    before = os.environ.get("VIDMBENCH_CACHE")
    os.environ["VIDMBENCH_CACHE"] = str(folder)
    try:
        yield
    finally:
        del os.environ["VIDMBENCH_CACHE"]
        if before is not None:
            os.environ["VIDMBENCH_CACHE"] = before


@contextmanager
def _engines(measuring: Measuring) -> Iterator[None]:
    """In a rehearsal the command loads the thin network."""
    before = networks.load_engine
    if measuring.is_small:
        networks.load_engine = lambda stage, *, precision, device: engine_of(
            stage, precision=precision, device=device, is_small=True
        )
    try:
        yield
    finally:
        networks.load_engine = before
