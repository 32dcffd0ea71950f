"""How much of the time of one process two take, each on a core of its own, at features of the real I3D.

    python tests/benchmarks/two_processes.py [VIDEOS]

Both start before the clock does: what is compared is the work, from a cache that holds the weights and nothing else.
Loading the network counts, so give some 100 clips. Linux, on two cores that nothing else uses.
"""

import os
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from vidmbench.core import resources
from vidmbench.core.workers import Share
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.features import compute_share
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos


def work(core: int, videos: int, ready: Any, times: Any) -> None:
    """One process: waits for the others, computes what nobody has, says when it ended."""
    os.sched_setaffinity(0, {core})
    plan = ClipPlan(tuple(Clip(video, 0, 16, 1) for video in range(videos)), ())
    job = FeatureJob(ToyVideos("test"), plan, load_protocol("fvd-stylegan-v").array, "fp32")
    ready.wait()
    started = time.time()
    compute_share([job], Share(), is_in_group=True)
    times.put((started, time.time()))


def seconds(cores: int, videos: int) -> float:
    """From the first start to the last end, in a cache of its own."""
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as cache:
        Path(cache, "weights").symlink_to(resources.cache_dir() / "weights")
        before = os.environ.get("VIDMBENCH_CACHE")
        os.environ["VIDMBENCH_CACHE"] = cache
        ready, times = context.Barrier(cores), context.Queue()
        processes = [context.Process(target=work, args=(core, videos, ready, times)) for core in range(cores)]
        for process in processes:
            process.start()
        found = [times.get() for _ in processes]
        for process in processes:
            process.join()
        if before is None:
            del os.environ["VIDMBENCH_CACHE"]
        else:
            os.environ["VIDMBENCH_CACHE"] = before
    return max(end for _, end in found) - min(start for start, _ in found)


def main() -> None:
    """Prints both times and their ratio."""
    videos = int(sys.argv[1]) if len(sys.argv) > 1 else 96
    one, two = seconds(1, videos), seconds(2, videos)
    print(f"{videos} clips: one process {one:.1f} s, two {two:.1f} s: {two / one:.2f} of it")


if __name__ == "__main__":
    main()
