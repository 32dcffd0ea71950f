"""Writing prepared files: decoded, framed and compressed once, by several threads, and taken up where it was stopped.

Videos are appended in order to a file beside the target, with a name of its own. Whatever stops that, the videos that
stand there whole are kept; only a finished file gets the target's name. Its bytes do not depend on interruptions or on
the number of threads.
"""

import hashlib
import json
import os
import zlib
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.core.files import locked
from vidmbench.core.progress import Progress
from vidmbench.core.torch_settings import one_torch_thread
from vidmbench.videos.packed.format import (
    FORMAT_VERSION,
    FRAMES_A_GROUP,
    HEAD,
    MAGIC,
    RECORD,
    TAIL,
    WHOLE,
    Record,
    check_whole,
    content_digest,
    opened,
    packed,
)
from vidmbench.videos.packed.reader import PreparedFile, is_prepared
from vidmbench.videos.packed.resume import unfinished
from vidmbench.videos.pre_resize import PRE_RESIZE_VERSION, PreResizedSource, pre_resized
from vidmbench.videos.source import Source

_MAX_WORKERS = 16
#: Of decoded frames, in each thread: longer videos are decoded piece by piece.
_PIECE_BYTES = 128 * 2**20
#: Compressed share of what real videos of 128 pixels take raw: 0.22 to 0.66.
_USUAL_SHARE = 0.45
_SAMPLED_VIDEOS = 8


class Estimate(NamedTuple):
    """How large a prepared file will be.

    Attributes:
        raw: Bytes of all frames, uncompressed: exact.
        expected: Bytes of the file: a guess.
    """

    raw: int
    expected: int


def estimated_bytes(source: Source, pixels: int | None, *, rule: str | None = None) -> Estimate:
    """Says how large a prepared file will be, before it begins.

    Args:
        source: The videos.
        pixels: The resolution; None keeps the source's.
        rule: With it, a few frames of eight videos are read and compressed, which takes seconds; without, the usual
            share of real videos is taken.
    """
    height, width = source.size if pixels is None else (pixels, pixels)
    raw = height * width * 3 * sum(source.num_frames(index) for index in range(len(source)))
    if rule is None or not len(source):
        return Estimate(raw, int(raw * _USUAL_SHARE))
    sizes = []
    for index in np.unique(np.linspace(0, len(source) - 1, _SAMPLED_VIDEOS).astype(int)).tolist():
        group = pre_resized(source.read(index, range(min(FRAMES_A_GROUP, source.num_frames(index)))), rule, pixels)
        sizes.append(len(packed(group)) / max(group.nbytes, 1))
    return Estimate(raw, int(raw * sum(sizes) / len(sizes)))


def write_prepared(
    source: Source,
    path: Path | str,
    *,
    rule: str,
    pixels: int | None = None,
    labels: Sequence[int | None] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> PreparedFile:
    """Writes a prepared file, or goes on with one that was begun; a finished one is left as it is.

    Args:
        source: The videos. What it left out and what it notes goes into the file.
        path: The file to write.
        rule: How to frame the videos, see :func:`vidmbench.videos.pre_resize.pre_resized`.
        pixels: At what resolution; None only under "none".
        labels: The class of every video; by default the source's attribute ``labels``, where it has one.
        workers: Threads; by default one a processor, 16 at most. Each may hold some 300 MB of frames.
        progress: Told videos done, videos in all, and the file's name.

    Returns:
        The finished file, opened.

    Raises:
        DataError: A video cannot be read; what was done before is kept.
        ResultError: The file cannot be written, the disk is full, something else lies there, or another process is at
            it.
        UsageError: The rule, the resolution, the labels or the number of workers make no sense.
    """
    path = Path(path)
    head = _head(PreResizedSource(source, rule, pixels), labels)
    workers = workers if workers is not None else min(_MAX_WORKERS, os.cpu_count() or 1)
    if workers < 1:
        raise UsageError("a file is prepared by at least one worker", expected="1 or more", found=str(workers))
    said = f"preparing {path.name}"
    with locked(path, "preparing"):
        if path.exists():
            return _finished(path, head)
        with unfinished(path, head, len(source)) as (records, append):
            if progress is not None:
                progress(len(records), len(source), said)
            rest = range(len(records), len(source))
            with closing(_videos(source, rest, rule, pixels, workers)) as videos:
                for record, body in videos:
                    append(RECORD.pack(*record) + body)
                    records.append(record)
                    if progress is not None:
                        progress(len(records), len(source), said)
            append(_ending(head, records))
    return PreparedFile(path)


def _head(source: PreResizedSource, labels: Sequence[int | None] | None) -> bytes:
    """Head and header, which say all that makes one preparation another."""
    labels = source.labels if labels is None else labels
    if not len(source):
        raise UsageError(f"{source.label} has no videos to prepare", expected="at least one", found="none")
    if labels is not None and len(labels) != len(source):
        raise UsageError(
            "there must be one class label a video", expected=f"{len(source)} labels", found=f"{len(labels)}"
        )
    header = {
        "label": source.label,
        "rule": source.rule,
        "pixels": source.pixels,
        "framing": PRE_RESIZE_VERSION,
        "size": source.size,
        "digest": source.digest(),
        "source_digest": source.base.digest(),
        "skipped": [[video.name, video.reason] for video in source.skipped],
        "notes": source.notes,
        "compression": source.compression,
        "names": [source.name(index) for index in range(len(source))],
        "frames": [source.num_frames(index) for index in range(len(source))],
        "labels": None if labels is None else [None if label is None else int(label) for label in labels],
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    return HEAD.pack(MAGIC, FORMAT_VERSION, len(text)) + text


def _ending(head: bytes, records: Sequence[Record]) -> bytes:
    lengths = [RECORD.size + record.length for record in records]
    begin = len(head) + sum(lengths)
    offsets = np.cumsum([len(head), *lengths[:-1]]).tolist()
    content = content_digest(json.loads(head[HEAD.size :]), [record.sha256 for record in records])
    index = json.dumps({"content": content, "offsets": offsets}, separators=(",", ":")).encode()
    return index + TAIL.pack(begin, hashlib.sha256(head + index).digest(), WHOLE)


def _videos(
    source: Source, indices: range, rule: str, pixels: int | None, workers: int
) -> Generator[tuple[Record, bytes]]:
    """All videos in order, a few ahead of what was asked for."""
    waiting: deque[Future[tuple[Record, bytes]]] = deque()
    with one_torch_thread():
        pool = ThreadPoolExecutor(workers)
        try:
            for index in indices:
                waiting.append(pool.submit(_video, source, index, rule, pixels))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _video(source: Source, index: int, rule: str, pixels: int | None) -> tuple[Record, bytes]:
    height, width = source.size
    num_frames = source.num_frames(index)
    piece = max(_PIECE_BYTES // (height * width * 3) // FRAMES_A_GROUP, 1) * FRAMES_A_GROUP
    total = hashlib.sha256()
    groups = []
    for start in range(0, num_frames, piece):
        frames = source.read(index, range(start, min(start + piece, num_frames)))
        for first in range(0, len(frames), FRAMES_A_GROUP):
            group = np.ascontiguousarray(pre_resized(frames[first : first + FRAMES_A_GROUP], rule, pixels))
            total.update(group.data)
            groups.append(packed(group))
    body = np.array([len(group) for group in groups], "<u4").tobytes() + b"".join(groups)
    return Record(index, len(body), zlib.crc32(body), total.digest()), body


def _finished(path: Path, head: bytes) -> PreparedFile:
    """The file that lies there already, if it is the one asked for."""
    if not is_prepared(path):
        raise ResultError(
            f"{path.name} exists already and is no prepared file",
            expected="a name that is free",
            where=str(path),
            fix="give another --out",
        )
    with opened(path) as stream:
        found, _ = check_whole(path, stream)
    file = PreparedFile(path)
    if found != head:
        raise ResultError(
            f"{path.name} exists already and holds something else",
            expected="no such file, or one of the same source, rule, resolution and classes",
            found=f"{len(file)} videos of {file.label}, {file.rule} at {file.size[0]}x{file.size[1]}",
            where=str(path),
            fix="remove it, or give another --out",
        )
    return file
