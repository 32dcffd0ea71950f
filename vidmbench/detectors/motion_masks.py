"""Where a video moves: the masks of Physics-IQ, compared with those of a target.

    grey = GaussianBlur(grey, 5 x 5);    A = 0.7 A + 0.3 grey;    mask = |grey - A| > 10, opened and closed by 5 x 5

with OpenCV's functions and roundings (google-deepmind/physics-IQ-benchmark). The published code writes masks into an
MPEG-4 file and reads them back, which moves their edges; this is part of its definition. Masks are compared at a
quarter of the height and width, after a bilinear resize without antialiasing.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.core.errors import UsageError
from vidmbench.detectors.opencv_import import import_opencv
from vidmbench.metrics.full_reference.colours import coloured

if TYPE_CHECKING:
    from vidmbench.protocols.pair_stages import MotionMaskStage

_MEMORY, _LEAST_CHANGE = 0.3, 10
_RATE = 30.0  # frames per second of the file; no frame depends on it
_QUARTER = 4
#: Numbers of a frame: agreement of both masks; of a whole clip, given to each of its frames: agreement of where
#: anything moved, and of how often; squared error of the frame, 0..1; whether neither side moves.
NUM_NUMBERS = 5


class Masks:
    """The masks of one video, frame after frame."""

    def __init__(self) -> None:
        self._memory: np.ndarray | None = None

    def of(self, frame: Image) -> np.ndarray:
        """The mask of the next frame, uint8 (height, width), 0 or 255; nothing moves in the first.

        Args:
            frame: uint8 (height, width, 3), RGB.
        """
        cv2 = import_opencv()
        grey = cv2.GaussianBlur(coloured(frame[None], "grey-opencv")[0, ..., 0], (5, 5), 0)
        if self._memory is None:
            self._memory = grey.astype(np.float64)
            return np.zeros_like(grey)
        cv2.accumulateWeighted(grey, self._memory, _MEMORY)
        change = cv2.absdiff(grey, cv2.convertScaleAbs(self._memory))
        mask = cv2.threshold(change, _LEAST_CHANGE, 255, cv2.THRESH_BINARY)[1]
        square = np.ones((5, 5), np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, square)
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, square))


class MaskFollower:
    """Compares both halves of the frames of one clip; what is kept is a few maps of a sixteenth of the pixels.

    Args:
        stage: Whether masks go through a video file.
    """

    def __init__(self, stage: "MotionMaskStage") -> None:
        self._masks = Masks(), Masks()
        self._files = _MaskFiles() if stage.masks == "mp4v" else None
        self._agreement = _Agreement()
        self._errors: list[float] = []

    def __call__(self, frame: Image) -> np.ndarray:
        """Takes the next frame, target and prediction side by side; the numbers come at the end."""
        width = frame.shape[1] // 2
        sides = frame[:, :width], frame[:, width:]
        self._errors.append(_squared_error(*sides))
        masks = [mask.of(side) for mask, side in zip(self._masks, sides, strict=True)]
        if self._files is not None:
            self._files.write(masks)
        else:
            self._agreement.put(*(np.repeat(mask[..., None], 3, axis=2) for mask in masks))
        return np.full(NUM_NUMBERS, np.nan, np.float32)

    def end(self) -> np.ndarray:
        """The numbers of all frames, float32 (frame, :data:`NUM_NUMBERS`)."""
        if self._files is not None:
            for masks in self._files.read():
                self._agreement.put(*masks)
        frames = self._agreement
        whole = np.broadcast_to(frames.of_whole(), (len(self._errors), 2))
        columns = (frames.of_frames, *whole.T, self._errors, frames.are_empty)
        return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


class _Agreement:
    """Intersection over union of two sides' masks; two empty masks agree.

    Attributes:
        of_frames: Of each frame's masks.
        are_empty: Whether a frame's masks both are.
    """

    def __init__(self) -> None:
        self.of_frames: list[float] = []
        self.are_empty: list[float] = []
        self._moved: list[np.ndarray] = []

    def put(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Takes the masks of the next frame, uint8 (height, width, 3)."""
        masks = [_quarter(mask) > 127 for mask in (real, fake)]
        self.of_frames.append(_ratio((masks[0] & masks[1]).sum(), (masks[0] | masks[1]).sum()))
        self.are_empty.append(float(not masks[0].any() and not masks[1].any()))
        if not self._moved:
            self._moved = [np.zeros(mask.shape, np.int64) for mask in masks]
        for count, mask in zip(self._moved, masks, strict=True):
            count += mask

    def of_whole(self) -> tuple[float, float]:
        """Of where anything moved, and of how often it did."""
        real, fake = self._moved
        ever = _ratio(((real > 0) & (fake > 0)).sum(), ((real > 0) | (fake > 0)).sum())
        return ever, _ratio(np.minimum(real, fake).sum(), np.maximum(real, fake).sum())


def _ratio(common: Any, either: Any) -> float:
    return float(common / either) if either else 1.0


def _quarter(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return np.asarray(import_opencv().resize(np.ascontiguousarray(image), (width // _QUARTER, height // _QUARTER)))


def _squared_error(real: Image, fake: Image) -> float:
    first, second = ((_quarter(side) / 255.0).astype(np.float32) for side in (real, fake))
    return float(np.mean((first - second) ** 2))


class _MaskFiles:
    """Masks of both sides on their way through MPEG-4 files."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="vidmbench-masks-")
        self._paths = [str(Path(self._folder.name) / f"{side}.mp4") for side in ("real", "fake")]
        self._writers: list[Any] = []

    def write(self, masks: list[np.ndarray]) -> None:
        """Takes both masks of the next frame."""
        cv2 = import_opencv()
        if not self._writers:
            height, width = masks[0].shape
            code = cv2.VideoWriter_fourcc(*"mp4v")
            self._writers = [cv2.VideoWriter(path, code, _RATE, (width, height), False) for path in self._paths]
            if not all(writer.isOpened() for writer in self._writers):
                raise _no_mpeg4()
        for writer, mask in zip(self._writers, masks, strict=True):
            writer.write(mask)

    def read(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Both masks of each frame as they come back, uint8 (height, width, 3)."""
        cv2 = import_opencv()
        for writer in self._writers:
            writer.release()
        readers = [cv2.VideoCapture(path) for path in self._paths]
        try:
            while True:
                found = [reader.read() for reader in readers]
                if any(is_read != other for (is_read, _), (other, _) in pairwise(found)):
                    raise _no_mpeg4()
                if not found[0][0]:
                    return
                yield found[0][1], found[1][1]
        finally:
            for reader in readers:
                reader.release()
            self._folder.cleanup()


def _no_mpeg4() -> UsageError:
    return UsageError(
        "OpenCV cannot write masks as MPEG-4 here, and read them back",
        expected="an OpenCV with FFmpeg, as opencv-python-headless is",
        found="one without",
        fix="pip install opencv-python-headless, or take physics-iq-lossless",
    )
