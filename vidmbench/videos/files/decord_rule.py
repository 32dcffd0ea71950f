"""Which files decord reads exactly as PyAV does; found by comparing both on files of many kinds, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass

#: Codecs whose standard fixes every bit, so that two decoders agree. MPEG-4 part 2 (most AVIs: DivX, Xvid) leaves the
#: inverse transform open, and decord's older library then differs by one or two intensity levels.
_EXACT_CODECS = frozenset({"h264", "vp8", "vp9"})
#: 8-bit layouts both libraries bring to RGB alike; for 10 bits they differ by up to 100 intensity levels.
_SHARED_LAYOUTS = frozenset({"yuv420p", "yuvj420p"})
#: Rows of narrow images are padded, and decord hands out the padding: a 1 x 1 video becomes (1, 1, 96).
_SMALLEST = 64
#: decord reads a whole file before it gives the first frame.
_LONGEST = 1000


@dataclass(frozen=True)
class StreamPacket:
    """One packet of a video stream.

    Attributes:
        pts: When its frame is shown, in the stream's own unit.
        is_key: Marked as a place where decoding may start.
        is_discarded: Decoded, but not shown.
    """

    pts: int | None
    is_key: bool
    is_discarded: bool


def suits_decord(
    codec: str,
    layouts: Sequence[str],
    size: tuple[int, int],
    packets: Sequence[StreamPacket],
    num_frames: int,
    num_key_frames: int,
) -> bool:
    """Whether decord gives the same bits as PyAV, also when it starts in the middle.

    Args:
        codec: As FFmpeg names it.
        layouts: Pixel formats in the order they appear, once for each set of colours that is declared.
        size: Height and width.
        packets: In the order in which they are stored.
        num_frames: Frames that were decoded.
        num_key_frames: How many of the packets marked as key frames give a whole picture.
    """
    starts = {packet.pts for packet in packets if packet.is_key and not packet.is_discarded}
    return (
        codec in _EXACT_CODECS
        and len(layouts) == 1
        and layouts[0] in _SHARED_LAYOUTS
        # FFmpeg's general converter, which both libraries use for odd heights, has changed since decord's version.
        and all(side % 2 == 0 and side >= _SMALLEST for side in size)
        and num_frames <= _LONGEST
        and len(packets) == num_frames
        # H.264 with intra refresh marks packets from which a picture only builds up.
        and num_key_frames == len(starts)
        and _has_closed_groups(packets)
    )


def _has_closed_groups(packets: Sequence[StreamPacket]) -> bool:
    """Whether no frame shown before a key frame is stored after it; decord's search goes wrong where one is."""
    start = None
    for packet in packets:
        if packet.is_key:
            start = packet.pts
        elif start is not None and packet.pts is not None and packet.pts < start:
            return False
    return True
