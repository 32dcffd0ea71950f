"""What features of mp4 files take beside the network alone, on this machine's CPU.

    python tests/benchmarks/whole_command.py [VIDEOS]

Clips of 16 frames of 128 pixels, I3D's weights at hand. Of each precision it prints, for the compiled network:

    network   the clips prepared and in memory
    files     the same clips from mp4 files into an empty cache: decoding, resizing, the network, the cache's files
    share     how much longer files take
    compile   what setting the network up takes, once a command; not in the other figures
    again     compile, when it was done before on this machine
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vidmbench.core import resources
from vidmbench.detectors import engine as engines
from vidmbench.detectors.resize import prepared
from vidmbench.detectors.types import Engine
from vidmbench.evaluation import networks
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.features import features_of
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import open_source, write_mp4

PROTOCOL = load_protocol("fvd-stylegan-v")
FRAMES = 16


def write_videos(folder: Path, count: int) -> None:
    """Files of clevrer-mini, twice as large as it is drawn."""
    videos = ToyVideos("test")
    for index in range(count):
        write_mp4(folder / f"{index:04}.mp4", videos.read(index, range(FRAMES)).repeat(2, 1).repeat(2, 2), fps=16)


def from_files(folder: Path, precision: str, network: Engine) -> float:
    """Seconds for the features of all files, with a network that is set up."""
    source = open_source(folder)
    plan = ClipPlan(tuple(Clip(video, 0, FRAMES, 1) for video in range(len(source))), ())
    with tempfile.TemporaryDirectory() as cache:
        Path(cache, "weights").symlink_to(resources.cache_dir() / "weights")
        before = os.environ.get("VIDMBENCH_CACHE")
        os.environ["VIDMBENCH_CACHE"] = cache
        load, networks.load_engine = networks.load_engine, lambda *_, **__: network
        try:
            started = time.perf_counter()
            features_of([FeatureJob(source, plan, PROTOCOL.array, precision)])
            return time.perf_counter() - started
        finally:
            networks.load_engine = load
            del os.environ["VIDMBENCH_CACHE"]
            if before is not None:
                os.environ["VIDMBENCH_CACHE"] = before


def alone(network: Engine, clips: list[np.ndarray]) -> float:
    """Seconds for prepared clips."""
    started = time.perf_counter()
    for _ in network.features(clips):
        pass
    return time.perf_counter() - started


def set_up(precision: str, clip: np.ndarray) -> tuple[Engine, float]:
    """A network, and the seconds until it has seen its first clip, less those of one more clip."""
    started = time.perf_counter()
    network = engines.load_engine(PROTOCOL.array, precision=precision)
    alone(network, [clip])
    first = time.perf_counter() - started
    return network, first - alone(network, [clip])


def main() -> None:
    """Prints a line of figures for each precision: the least of three rounds."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        write_videos(folder, count)
        source = open_source(folder)
        clips = [prepared(source.read(index, range(FRAMES)), PROTOCOL.array, size=224) for index in range(count)]
        print(f"{count} clips of {FRAMES} frames, seconds")
        for precision in ("fp32", "bf16"):
            network, compiling = set_up(precision, clips[0])
            _, again = set_up(precision, clips[0])
            rounds = [(alone(network, clips), from_files(folder, precision, network)) for _ in range(3)]
            network_alone, files = (min(times) for times in zip(*rounds, strict=True))
            print(
                f"{precision}: network {network_alone:.2f}, files {files:.2f}, share "
                f"{files / network_alone - 1:.1%}, compile {compiling:.2f}, again {again:.2f}"
            )


if __name__ == "__main__":
    main()
