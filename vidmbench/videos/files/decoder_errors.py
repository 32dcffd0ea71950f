"""Damage that a decoder reports in its log alone: the frames come as if nothing had happened.

FFV1 keeps a checksum of each slice, HEVC may keep one of each frame. Where they differ, FFmpeg logs an error, hides
the damage with what it has and marks no frame.
"""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vidmbench.core.errors import DataError
from vidmbench.core.inputs import InputFile
from vidmbench.core.text import printable
from vidmbench.videos.files.pyav import load_pyav

if TYPE_CHECKING:
    import av
    import av.video.stream

#: What the log says of a checksum that differs: of FFV1's slices, of HEVC's frames.
_CHECKSUM_DIFFERS = ("CRC mismatch", "mismatching checksum")
_SHOWN = 120


def keep_errors() -> None:
    """Has PyAV pass on the errors of FFmpeg, all of them, and print none."""
    load_pyav()
    import av.logging

    # PyAV hands what nobody captures to Python's logging, which prints it.
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    av.logging.set_level(av.logging.ERROR)
    # Files decoded at the same time may log the same text; the second would be taken for a repetition of the first.
    av.logging.set_skip_repeated(False)


def checks_checksums(stream: "av.video.stream.VideoStream") -> None:
    """Has the decoder compare the checksums that a stream carries; it must not have been used yet."""
    stream.codec_context.options = {**stream.codec_context.options, "err_detect": "crccheck"}


def whole_frames(
    path: InputFile, stream: "av.video.stream.VideoStream", packet: "av.Packet[Any]"
) -> "Iterator[av.VideoFrame]":
    """The frames that a packet completes.

    Args:
        path: The file, for messages.
        stream: Decoded by one thread, for the log is kept by the thread that it comes from.
        packet: One of the stream.

    Raises:
        DataError: The decoder reported that a frame is damaged.
    """
    import av.logging

    # Before each packet, because a program that uses PyAV itself may have set another level.
    if av.logging.get_level() != av.logging.ERROR:
        keep_errors()
    with av.logging.Capture() as logs:
        frames = stream.decode(packet)
    codec = stream.codec_context.codec
    errors = [text.strip() for level, name, text in logs if level <= av.logging.ERROR and name == codec.name]
    found = _sign_of_damage(errors, is_exact=codec.lossless and not codec.lossy)
    if found is not None:
        raise DataError(
            f"{path.name} is damaged: what is decoded is not what was encoded",
            expected="frames without errors",
            found=f"the decoder says: {printable(found)[:_SHOWN]}",
            where=str(path),
            fix="download or export it again, or skip it with --on-bad skip",
        )
    yield from frames


def _sign_of_damage(errors: list[str], *, is_exact: bool) -> str | None:
    """The first error that only damage brings about.

    Decoders of lossy formats also log as errors what they make up for in whole files, such as references from before
    a recording began. A format that gives back its pixels exactly has nothing to make up for.
    """
    signs = [text for text in errors if is_exact or any(sign in text for sign in _CHECKSUM_DIFFERS)]
    return next(iter(signs), None)
