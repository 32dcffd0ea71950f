"""Videos read and prepared in threads, a few ahead of the network, in order, in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Condition

from vidmbench.core.torch_settings import use_one_torch_thread
from vidmbench.core.workers import cores
from vidmbench.evaluation.clip_assembly import JobEntry, PreparedClip, bytes_of_frame, clips_of_video

#: Threads that read and prepare: one a core, within these limits. A GPU takes what a dozen of them prepare.
_LEAST_READERS, _MOST_READERS = 2, 16
#: Prepared clips that one video may have waiting for the network, bytes; one clip waits whatever it takes.
_OF_ONE_VIDEO = 64 * 2**20
#: Prepared clips of all videos that are read ahead, bytes; that many videos as there are readers, whatever they take.
_OF_ALL_VIDEOS = 256 * 2**20

_Requests = list[tuple[JobEntry, int]]


def read_ahead(entries: list[JobEntry], claim: Callable[[JobEntry], bool]) -> Iterator[PreparedClip]:
    """Reads and prepares the missing clips of one source's entries, a few videos ahead of the network.

    Args:
        entries: Entries whose jobs read the same source; rows that an entry has, or has skipped, are not read again.
        claim: Called once for each entry, before the first of its clips is read; one for which it is false is left to
            another process.

    Yields:
        The clips, video by video, each video's as :func:`vidmbench.evaluation.clip_assembly.clips_of_video` gives them.
    """
    readers = min(max(_LEAST_READERS, cores()), _MOST_READERS)
    pool = ThreadPoolExecutor(readers, thread_name_prefix="vidmbench-read", initializer=use_one_torch_thread)
    begun: deque[_VideoInFlight] = deque()
    try:
        for number, requests in _by_video(entries, claim):
            video = _VideoInFlight(number, requests)
            # The first video begun never waits for others, so that each is read to its end.
            while len(begun) >= readers and (
                len(begun) > 2 * readers or sum(other.most_bytes for other in (*begun, video)) > _OF_ALL_VIDEOS
            ):
                yield from begun[0]
                begun.popleft()
            begun.append(video)
            pool.submit(video.read)
        while begun:
            yield from begun[0]
            begun.popleft()
    finally:
        for video in begun:
            video.stop()
        pool.shutdown(wait=True, cancel_futures=True)


def _by_video(entries: list[JobEntry], claim: Callable[[JobEntry], bool]) -> Iterator[tuple[int, _Requests]]:
    """Of each video, what is wanted of it; entries are claimed as their first video is reached."""
    wanted: dict[int, _Requests] = {}
    for entry in entries:
        for row in range(entry.num_rows):
            wanted.setdefault(entry.clip(row).video, []).append((entry, row))
    missing: dict[str, set[int]] = {}
    for number in sorted(wanted):
        for entry, _ in wanted[number]:
            if entry.key not in missing:
                missing[entry.key] = set(entry.missing) - entry.skipped.keys() if claim(entry) else set()
        requests = [(entry, row) for entry, row in wanted[number] if row in missing[entry.key]]
        if requests:
            yield number, requests


class _VideoInFlight:
    """The clips of one video between the thread that reads them and the one that takes them.

    Args:
        number: The video's number in its source.
        requests: Its clips: the entry of each, and the row in it.

    Attributes:
        most_bytes: Memory that clips of it may take while they wait.
    """

    def __init__(self, number: int, requests: _Requests) -> None:
        self._number, self._requests = number, requests
        sizes = [entry.clip(row).frames * bytes_of_frame(entry.job) for entry, row in requests]
        self.most_bytes = min(sum(sizes), max(_OF_ONE_VIDEO, *sizes))
        self._changed = Condition()
        self._waiting: deque[PreparedClip] = deque()
        self._is_read = self._is_stopped = False
        self._error: BaseException | None = None

    def read(self) -> None:
        """Reads the video; waits while the clips that nobody has taken yet fill its share of memory."""
        try:
            with closing(clips_of_video(self._number, self._requests)) as clips:
                for clip in clips:
                    if not self._put(clip):
                        return
        except BaseException as error:  # raised again where the clips are taken
            self._error = error
        finally:
            with self._changed:
                self._is_read = True
                self._changed.notify_all()

    def stop(self) -> None:
        """Ends the reading before the next clip: nobody takes any more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[PreparedClip]:
        """The clips as they are prepared.

        Raises:
            BaseException: Whatever the reading raised.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_read)
                if not self._waiting:
                    break
                clip = self._waiting.popleft()
                self._changed.notify_all()
            yield clip
            del clip  # while the next one is waited for, nobody else may hold it
        if self._error is not None:
            raise self._error

    def _put(self, clip: PreparedClip) -> bool:
        """Lets the clip wait, once there is room; False if nobody takes it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or self._has_room_for(clip))
            if not self._is_stopped:
                self._waiting.append(clip)
                self._changed.notify_all()
            return not self._is_stopped

    def _has_room_for(self, clip: PreparedClip) -> bool:
        taken = sum(other.num_bytes for other in self._waiting)
        return not self._waiting or taken + clip.num_bytes <= _OF_ONE_VIDEO
