"""Writing prepared files: several threads decode, crop, resize and compress, and an interrupted call is resumed.

Videos are appended in order to a temporary file beside the target. Whatever interrupts that, complete videos in it are
kept, and only a finished file gets the target's name. Its bytes do not depend on interruptions or on the number of
threads.
"""

import hashlib
import json
import os
import zlib
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.core.locks import locked
from vidmbench.core.progress import Progress
from vidmbench.core.torch_settings import one_torch_thread
from vidmbench.videos.packed.format import (
    END_MARK,
    FORMAT_VERSION,
    FRAMES_PER_GROUP,
    HEAD,
    MAGIC,
    RECORD,
    TAIL,
    Record,
    compress_group,
    content_digest,
    open_unbuffered,
    read_head_and_index_bytes,
)
from vidmbench.videos.packed.reader import PreparedFile, is_prepared
from vidmbench.videos.packed.resume import unfinished
from vidmbench.videos.pre_resize import PRE_RESIZE_VERSION, PreResizedSource, pre_resized
from vidmbench.videos.source import Source

_MAX_WORKERS = 16
#: Compressed size over raw size; of real videos at 128 pixels 0.22 to 0.66.
_TYPICAL_RATIO = 0.45
_SAMPLED_VIDEOS = 8


class Estimate(NamedTuple):
    """Size of a prepared file before it is written, in bytes.

    Attributes:
        raw: All frames uncompressed: exact.
        expected: The file: estimated.
    """

    raw: int
    expected: int


def estimated_bytes(source: Source, pixels: int | None, *, rule: str | None = None) -> Estimate:
    """Estimates the size of a prepared file.

    Args:
        source: The videos.
        pixels: Resolution in pixels; None keeps the source's.
        rule: If given, the first frames of eight videos are read and compressed with it, which takes seconds; None
            assumes the typical compression ratio of real videos.
    """
    height, width = source.size if pixels is None else (pixels, pixels)
    raw = height * width * 3 * sum(source.num_frames(index) for index in range(len(source)))
    if rule is None or not len(source):
        return Estimate(raw, int(raw * _TYPICAL_RATIO))
    ratios = []
    for index in np.unique(np.linspace(0, len(source) - 1, _SAMPLED_VIDEOS).astype(int)).tolist():
        frames = source.read(index, range(min(FRAMES_PER_GROUP, source.num_frames(index))))
        group = pre_resized(frames, rule, pixels)
        ratios.append(len(compress_group(group)) / max(group.nbytes, 1))
    return Estimate(raw, int(raw * sum(ratios) / len(ratios)))


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
    """Writes a prepared file, resumes an interrupted one, or leaves a finished one as it is.

    Args:
        source: The videos; its ``skipped`` and ``notes`` are stored too.
        path: The file to write.
        rule: Cropping and resizing, see :func:`vidmbench.videos.pre_resize.pre_resized`.
        pixels: Resolution in pixels; None only with the rule "none".
        labels: Class of every video, counted from 0; None takes the source's attribute ``labels`` if it has one.
        workers: Number of threads; None means one per processor, 16 at most. Each holds eight resized
            frames and its decoder's own.
        progress: Called with videos done, number of videos, and a label.

    Returns:
        The finished file, opened.

    Raises:
        DataError: A video cannot be read; videos written before are kept.
        ResultError: The file cannot be written, the disk is full, another file has its name, or another process is
            writing it.
        UsageError: The rule, the resolution, the labels or the number of workers are invalid.
    """
    path = Path(path)
    head = _head(PreResizedSource(source, rule, pixels), labels)
    workers = workers if workers is not None else min(_MAX_WORKERS, os.cpu_count() or 1)
    if workers < 1:
        raise UsageError("preparing a file takes at least one worker", expected="1 or more", found=str(workers))
    text = f"preparing {path.name}"
    with locked(path, "preparing"):
        if path.exists():
            return _existing(path, head)
        with unfinished(path, head, len(source)) as (records, append):
            if progress is not None:
                progress(len(records), len(source), text)
            remaining = range(len(records), len(source))
            with closing(_compressed_videos(source, remaining, rule, pixels, workers)) as videos:
                for record, body in videos:
                    append(RECORD.pack(*record) + body)
                    records.append(record)
                    if progress is not None:
                        progress(len(records), len(source), text)
            append(_index_and_tail(head, records))
    return PreparedFile(path)


def _head(source: PreResizedSource, labels: Sequence[int | None] | None) -> bytes:
    """Head and header, which identify a preparation."""
    labels = source.labels if labels is None else labels
    if not len(source):
        raise UsageError(f"{source.label} has no videos to prepare", expected="at least one", found="none")
    if labels is not None and len(labels) != len(source):
        raise UsageError(
            "there must be one class label per video", expected=f"{len(source)} labels", found=f"{len(labels)}"
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


def _index_and_tail(head: bytes, records: Sequence[Record]) -> bytes:
    lengths = [RECORD.size + record.length for record in records]
    index_offset = len(head) + sum(lengths)
    offsets = np.cumsum([len(head), *lengths[:-1]]).tolist()
    content = content_digest(json.loads(head[HEAD.size :]), [record.sha256 for record in records])
    index = json.dumps({"content": content, "offsets": offsets}, separators=(",", ":")).encode()
    return index + TAIL.pack(index_offset, hashlib.sha256(head + index).digest(), END_MARK)


def _compressed_videos(
    source: Source, indices: range, rule: str, pixels: int | None, workers: int
) -> Generator[tuple[Record, bytes]]:
    """Yields all videos in order; threads work a few videos ahead."""
    pending: deque[Future[tuple[Record, bytes]]] = deque()
    with one_torch_thread():
        pool = ThreadPoolExecutor(workers)
        try:
            for index in indices:
                pending.append(pool.submit(_compress_video, source, index, rule, pixels))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _compress_video(source: Source, index: int, rule: str, pixels: int | None) -> tuple[Record, bytes]:
    frames = PreResizedSource(source, rule, pixels).stream(index, range(source.num_frames(index)))
    digest = hashlib.sha256()
    groups = []
    while group := list(islice(frames, FRAMES_PER_GROUP)):
        together = np.stack(group)
        digest.update(together.data)
        groups.append(compress_group(together))
    body = np.array([len(group) for group in groups], "<u4").tobytes() + b"".join(groups)
    return Record(index, len(body), zlib.crc32(body), digest.digest()), body


def _existing(path: Path, head: bytes) -> PreparedFile:
    """The file that has the target's name already, if it is the requested one."""
    if not is_prepared(path):
        raise ResultError(
            f"{path.name} already exists and is not a prepared file",
            expected="a name that is not taken",
            where=str(path),
            fix="give another --out",
        )
    with open_unbuffered(path) as stream:
        existing, _ = read_head_and_index_bytes(path, stream)
    file = PreparedFile(path)
    if existing != head:
        raise ResultError(
            f"{path.name} already exists and holds other videos or settings",
            expected="no such file, or one of the same source, rule, resolution and classes",
            found=f"{len(file)} videos of {file.label}, {file.rule} at {file.size[0]}x{file.size[1]}",
            where=str(path),
            fix="remove it, or give another --out",
        )
    return file
