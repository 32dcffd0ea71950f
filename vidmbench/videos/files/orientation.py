"""How a decoded image is brought to the way it is displayed: phones store rotated video with a matrix beside it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.errors import DataError
from vidmbench.core.inputs import InputFile

if TYPE_CHECKING:
    import av

Picture = UInt8[np.ndarray, "height width 3"]


@dataclass(frozen=True)
class Turn:
    """Quarter turns and mirrorings: axes are swapped first, then flipped.

    Attributes:
        swaps_axes: Rows become columns.
        flips_rows: The image is upside down.
        flips_columns: The image is mirrored.
    """

    swaps_axes: bool = False
    flips_rows: bool = False
    flips_columns: bool = False

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width as displayed."""
        return (width, height) if self.swaps_axes else (height, width)

    def apply(self, picture: Picture) -> UInt8[np.ndarray, "shown_height shown_width 3"]:
        """The image as displayed, uint8 (height, width, 3)."""
        if self.swaps_axes:
            picture = picture.swapaxes(0, 1)
        if self.flips_rows:
            picture = picture[::-1]
        return picture[:, ::-1] if self.flips_columns else picture


UPRIGHT = Turn()
#: What each EXIF orientation asks for (CIPA DC-008, tag 274).
EXIF_TURNS = {
    1: UPRIGHT,
    2: Turn(flips_columns=True),
    3: Turn(flips_rows=True, flips_columns=True),
    4: Turn(flips_rows=True),
    5: Turn(swaps_axes=True),
    6: Turn(swaps_axes=True, flips_columns=True),
    7: Turn(swaps_axes=True, flips_rows=True, flips_columns=True),
    8: Turn(swaps_axes=True, flips_rows=True),
}


def turn_of(frame: "av.VideoFrame", path: InputFile) -> Turn:
    """What the display matrix that travels with a frame asks for.

    Raises:
        DataError: A rotation by anything but quarter turns.
    """
    # PyAV 18.1 never frees a frame whose side data was asked for: a copy of four pixels is asked instead.
    # Its colours do not matter, and a matrix that FFmpeg cannot convert must not stand in the way.
    copy = frame.reformat(
        width=2, height=2, format="gray8", interpolation="POINT", src_colorspace="ITU601", dst_colorspace="ITU601"
    )
    for data in copy.side_data:
        # PyAV's stubs promise strings; what comes is an object with a type and a buffer
        entry: Any = data
        if entry.type.name != "DISPLAYMATRIX":
            continue
        # x' = a x + c y and y' = b x + d y, as 16.16 fixed point; between them the perspective terms
        a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(entry)[:20], dtype="=i4"))
        if b == c == 0 and a and d:
            return Turn(flips_rows=d < 0, flips_columns=a < 0)
        if a == d == 0 and b and c:
            return Turn(swaps_axes=True, flips_rows=b < 0, flips_columns=c < 0)
        raise DataError(
            f"{path.name} asks to be shown at an angle",
            expected="a rotation by 0, 90, 180 or 270 degrees",
            found=f"the display matrix [{a / 65536:.3g} {b / 65536:.3g}; {c / 65536:.3g} {d / 65536:.3g}]",
            where=str(path),
            fix="turn and encode it again, or skip it with --on-bad skip",
        )
    return UPRIGHT
