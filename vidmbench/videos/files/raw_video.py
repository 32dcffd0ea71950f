"""Whether a file of raw video (.y4m) is whole: the decoder ends silently where such a file was cut."""

from vidmbench.core.errors import DataError
from vidmbench.core.inputs import InputFile, size_of
from vidmbench.videos.files.containers import opened

_MARK = b"FRAME\n"
_LONGEST_HEADER = 1000


def check_raw_video(path: InputFile, num_frames: int) -> None:
    """Compares the size of a .y4m file with that of its frames.

    Args:
        path: The file; one whose frames have headers of another form than usual is not checked.
        num_frames: Frames that can be decoded.

    Raises:
        DataError: It was cut within a frame.
    """
    with path.open("rb") as file:
        header = file.readline(_LONGEST_HEADER)
        if not header.startswith(b"YUV4MPEG2 ") or file.read(len(_MARK)) != _MARK:
            return
    with opened(path) as (container, stream):
        frame = len(_MARK) + next(container.demux(stream)).size
    size = size_of(path)
    if size != len(header) + num_frames * frame:
        raise DataError(
            f"{path.name} is cut off: it ends within a frame",
            expected=f"a multiple of {frame} bytes after its header",
            found=f"{num_frames} frames and {size - len(header) - num_frames * frame} bytes",
            where=str(path),
            fix="download or export it again, or skip it with --on-bad skip",
        )
