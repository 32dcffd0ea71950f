"""Opens a video file through PyAV, and says what is wrong with it in this package's words."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidmbench.core.errors import DataError, VidmbenchError
from vidmbench.core.inputs import InputFile, size_of
from vidmbench.videos.files.decoder_errors import keep_errors
from vidmbench.videos.files.pyav import load_pyav

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

#: Play lists name other files, so that a digest of their own bytes would say nothing about the frames.
_PLAY_LISTS = frozenset({"concat", "hls", "dash", "imf"})

_quiet = threading.Lock()


@contextmanager
def opened(
    path: InputFile, options: Mapping[str, str] | None = None
) -> "Iterator[tuple[av.container.InputContainer, av.video.stream.VideoStream]]":
    """A video file and the stream of it that ffmpeg calls best, decoded by one thread.

    Args:
        path: A video file.
        options: Of the demuxer, as FFmpeg names them.

    Raises:
        DataError: It is not a video, cannot be read, or fails while the block runs.
    """
    load_pyav()
    import av
    import av.error

    with _quiet:
        keep_errors()
    if isinstance(path, Path) and not path.exists():
        raise unreadable(path, "the file is gone")
    if size_of(path) == 0:
        raise unreadable(path, "the file is empty (0 bytes)")
    try:
        # Titles may be in any encoding.
        given = {"protocol_whitelist": "file", **(options or {})}
        with _openable(path) as file, av.open(file, "r", options=given, metadata_errors="replace") as container:
            if container.format.name in _PLAY_LISTS:
                raise unreadable(path, "it is a play list that names other files")
            stream = container.streams.best("video")
            if not isinstance(stream, av.VideoStream):
                raise unreadable(path, "the file holds no video stream")
            # A cut file may name a codec without saying how it was set up.
            if stream.codec_context is None:
                raise unreadable(path, "its video stream cannot be decoded")
            # Sources read several files at once, so one thread a file is enough.
            stream.codec_context.thread_count = 1
            yield container, stream
    except av.error.FFmpegError as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise unreadable(path, f"the decoder says: {reason}") from error
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    except VidmbenchError:
        raise
    except Exception as error:  # what PyAV makes of bad input can be anything
        raise unreadable(path, f"the decoder says: {str(error).strip() or type(error).__name__}") from error


@contextmanager
def _openable(path: InputFile) -> Iterator[str | BufferedIOBase]:
    """What PyAV opens: a path, which FFmpeg reads by itself, or an open member of an archive."""
    if isinstance(path, Path):
        # An absolute one: FFmpeg takes what stands before a colon in a relative path for a protocol.
        yield os.path.abspath(path)
    else:
        with path.open("rb") as stream:
            yield stream


def packets_of(
    container: "av.container.InputContainer", stream: "av.video.stream.VideoStream | None" = None
) -> "Iterator[av.Packet[Any]]":
    """The packets of one stream or of all, and empty ones at the end that make decoders give their last frames."""
    yield from container.demux() if stream is None else container.demux(stream)


def unreadable(path: InputFile, reason: str) -> DataError:
    """The error for a file that is not a video, or cannot be opened."""
    return DataError(
        f"{path.name} cannot be read as a video: {reason}",
        where=str(path),
        fix="download or export it again, or skip it with --on-bad skip",
    )


def damaged(path: InputFile, index: int) -> DataError:
    """The error for a frame that cannot be decoded."""
    return DataError(
        f"{path.name} is damaged: frame {index} cannot be decoded whole",
        where=str(path),
        fix="download or export it again, or skip it with --on-bad skip",
    )
