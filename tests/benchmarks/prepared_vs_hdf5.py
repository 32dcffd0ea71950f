"""Prepared files against HDF5: reading, size, and what remains after a full disk, a kill and a wrong byte.

    python tests/benchmarks/prepared_vs_hdf5.py FOLDER_OF_VIDEOS --resolution 128

Prints the table that docs/architecture.md quotes. With hdf5plugin installed its zstd is measured too, on frames and on
the differences that prepared files store, which no foreign reader would understand. POSIX only.
"""

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import h5py
import numpy as np
import torch

from vidmbench.core.errors import DataError
from vidmbench.videos import ArraySource, open_source
from vidmbench.videos.packed.format import FRAMES_PER_GROUP
from vidmbench.videos.packed.reader import PreparedFile
from vidmbench.videos.packed.writer import write_prepared
from vidmbench.videos.pre_resize import pre_resized

CLIP, ROUNDS, FRAMES = 16, 40, 128
ZSTD = 32015  # registered HDF5 filter, which hdf5plugin provides
FILTERS = {"lzf": {"compression": "lzf"}, "gzip 1": {"compression": "gzip", "compression_opts": 1}}


def differences(video):
    """What a prepared file compresses, uint8 of the same shape."""
    result = video.copy()
    result[..., ::2] -= video[..., 1:2]
    grouped = [result[start : start + FRAMES_PER_GROUP] for start in range(0, len(result), FRAMES_PER_GROUP)]
    for group in grouped:
        group[1:] -= group[:-1].copy()
    return result


def read_hdf5(file, index, start, is_difference):
    first = start // FRAMES_PER_GROUP * FRAMES_PER_GROUP if is_difference else start
    frames = file[str(index)][first : start + CLIP]
    if is_difference:
        for t in range(1, len(frames)):
            if t % FRAMES_PER_GROUP:
                np.add(frames[t], frames[t - 1], out=frames[t])
        frames[..., 0] += frames[..., 1]
        frames[..., 2] += frames[..., 1]
    return frames[start - first :]


def write_hdf5(path, videos, version="earliest", report=None, **filters):
    """One chunk per group of eight frames, as prepared files have it; flushed after every video."""
    with h5py.File(path, "w", libver=version) as file:
        for index, video in enumerate(videos):
            file.create_dataset(str(index), data=video, chunks=(FRAMES_PER_GROUP, *video.shape[1:]), **filters)
            file.flush()
            if report is not None:
                report(index)


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare_reading(videos, folder):
    path = folder / "prepared"
    prepared_seconds = seconds(lambda: write_prepared(ArraySource(videos), path, rule="none", workers=1))
    prepared = PreparedFile(path)
    readers: dict[str, Callable] = {"prepared": lambda index, start: prepared.read(index, range(start, start + CLIP))}
    rows = {"prepared": (path.stat().st_size, prepared_seconds)}
    filters = [(name, keywords, False) for name, keywords in FILTERS.items()]
    if h5py.h5z.filter_avail(ZSTD):
        zstd = {"compression": ZSTD, "compression_opts": (1,)}
        filters += [("zstd 1", zstd, False), ("zstd 1 of differences", zstd, True)]
    files = []
    for name, keywords, is_difference in filters:
        path = folder / f"{name}.h5"
        content = [differences(video) for video in videos] if is_difference else videos
        rows[name] = (0, seconds(lambda: write_hdf5(path, content, **keywords)))  # noqa: B023
        rows[name] = (path.stat().st_size, rows[name][1])
        # Without the cache of decompressed chunks: a scored clip is read once.
        file = h5py.File(path, rdcc_nbytes=0)
        files.append(file)
        readers[name] = lambda index, start, file=file, is_difference=is_difference: read_hdf5(
            file, index, start, is_difference
        )
    generator = np.random.default_rng(0)

    def window():
        return int(generator.integers(len(videos))), int(generator.integers(0, videos.shape[1] - CLIP + 1))

    single, double = {name: [] for name in readers}, {name: [] for name in readers}
    with ThreadPoolExecutor(2) as pool:
        for _ in range(ROUNDS):
            windows = [window() for _ in range(4)]
            for name, read in readers.items():
                index, start = windows[0]
                assert np.array_equal(read(index, start), videos[index, start : start + CLIP])
                single[name].append(seconds(lambda: read(index, start)))  # noqa: B023
                double[name].append(seconds(lambda: list(pool.map(lambda w: read(*w), windows))) / 4)  # noqa: B023
    print(f"{len(videos)} videos, {videos.shape[1]} frames of {videos.shape[2]}x{videos.shape[3]}; ratios to prepared")
    for name, (size, write_seconds) in rows.items():
        ratios = [median(a / b for a, b in zip(t[name], t["prepared"], strict=True)) for t in (single, double)]
        print(
            f"  {name:22} {1000 * median(single[name]):6.2f} ms a clip, x{ratios[0]:.2f}; two threads x{ratios[1]:.2f};"
            f" {100 * size / videos.nbytes:5.1f} % of raw; written at {videos.nbytes / write_seconds / 1e6:4.0f} MB/s"
        )
    for file in files:
        file.close()


def in_child(function, *arguments):
    """Exit code of the function in a forked process, or the negative number of the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            code = function(*arguments) or 0
        except (OSError, KeyError, DataError):
            code = 1
        except BaseException:
            code = 3
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def outcome(function, *arguments):
    """What came of reading in a process of its own: a damaged file may crash the HDF5 library."""
    code = in_child(function, *arguments)
    return {0: "right", 1: "error", 2: "wrong pixels without an error", 3: "other error"}.get(code, f"signal {-code}")


def check_first_videos(path, videos, count, version):
    """Opens as a resumed preparation would, and compares the videos that had been flushed."""
    with h5py.File(path, "r+", libver=version) as file:
        return 0 if all(np.array_equal(file[str(i)][...], videos[i]) for i in range(count)) else 2


def check_all_videos(path, videos):
    if path.suffix == ".prepared":
        file = PreparedFile(path)
        return 0 if all(np.array_equal(file.read(i, range(len(v))), v) for i, v in enumerate(videos)) else 2
    with h5py.File(path) as file:
        return 0 if all(np.array_equal(file[str(i)][...], video) for i, video in enumerate(videos)) else 2


def write_until_full(path, videos, version, limit, report):
    """A limit of the file size simulates the full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    write_hdf5(path, videos, version, report, fletcher32=True, **FILTERS["lzf"])


def write_until_killed(path, videos, version, last):
    def report(index):
        if index == last:
            os.kill(os.getpid(), signal.SIGKILL)

    write_hdf5(path, videos, version, report, fletcher32=True, **FILTERS["lzf"])


def compare_resuming(folder, times):
    """HDF5 with checksums of chunks; in the version ``latest`` it has checksums of its structure too."""
    videos = np.random.default_rng(0).integers(0, 40, (200, 24, 32, 32, 3), dtype=np.uint8)
    path, choice = folder / "resumed.h5", random.Random(0)
    for version in ("earliest", "latest"):
        write_hdf5(path, videos, version, fletcher32=True, **FILTERS["lzf"])
        size, outcomes = path.stat().st_size, Counter()
        for _ in range(times):
            reader, writer = os.pipe()
            limit = choice.randrange(size // 4, size)
            in_child(write_until_full, path, videos, version, limit, lambda _, writer=writer: os.write(writer, b"."))
            os.close(writer)
            with os.fdopen(reader, "rb") as stream:
                count = len(stream.read())
            outcomes["full disk: " + outcome(check_first_videos, path, videos, count, version)] += 1
            last = choice.randrange(1, len(videos))
            in_child(write_until_killed, path, videos, version, last)
            outcomes["kill: " + outcome(check_first_videos, path, videos, last + 1, version)] += 1
        print(f"  HDF5 {version}, opened again:", dict(outcomes))


def compare_damage(folder, times):
    videos = np.random.default_rng(0).integers(0, 40, (24, 24, 16, 16, 3), dtype=np.uint8)
    paths = [folder / "damaged.prepared"]
    write_prepared(ArraySource(videos), paths[0], rule="none")
    for version, is_checked in (("earliest", False), ("earliest", True), ("latest", True)):
        paths.append(folder / f"damaged-{version}{'-fletcher32' if is_checked else ''}.h5")
        write_hdf5(paths[-1], videos, version, fletcher32=is_checked, **FILTERS["lzf"])
    choice = random.Random(0)
    for path in paths:
        outcomes = Counter()
        for _ in range(times):
            data = bytearray(path.read_bytes())
            data[choice.randrange(len(data))] ^= 1 << choice.randrange(8)
            changed = folder / f"changed{path.suffix}"
            changed.write_bytes(data)
            outcomes[outcome(check_all_videos, changed, videos)] += 1
        print(f"  one wrong bit, {path.name}:", dict(outcomes))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("videos", type=Path)
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--times", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        import hdf5plugin  # noqa: F401
    except ImportError:
        print("hdf5plugin is not installed: lzf and gzip only", file=sys.stderr)
    source = open_source(options.videos, on_bad="skip")
    indices = [index for index in range(len(source)) if source.num_frames(index) >= FRAMES]
    videos = [
        pre_resized(source.read(index, range(FRAMES)), "centre-bilinear", options.resolution) for index in indices
    ]
    with tempfile.TemporaryDirectory() as folder:
        compare_reading(np.stack(videos), Path(folder))
        compare_resuming(Path(folder), options.times)
        compare_damage(Path(folder), 10 * options.times)


if __name__ == "__main__":
    main()
