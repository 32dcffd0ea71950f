"""Frames that several clips want: each is prepared, or changed by a control, once for all that is measured of it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.protocols.stages import ArrayStage
from vidmbench.videos.transformed import ClipChange


class PreparedFrame:
    """One frame of a video, or one made of it, prepared once for each way in which clips want it.

    Args:
        frame: uint8 (height, width, 3).
    """

    def __init__(self, frame: Image) -> None:
        self.frame = frame
        self._prepared: dict[tuple[ArrayStage, bool], Any] = {}

    def of(self, stage: ArrayStage, is_mirrored: bool, prepare: Callable[[Image], Any]) -> Any:
        """What ``prepare``, which is the same for equal stages, makes of it."""
        key = stage, is_mirrored
        if key not in self._prepared:
            self._prepared[key] = prepare(np.ascontiguousarray(self.frame[:, ::-1]) if is_mirrored else self.frame)
        return self._prepared[key]


class ChangedClip:
    """A clip that is made anew, once for all that is measured of it.

    Args:
        change: What makes it.
    """

    def __init__(self, change: ClipChange) -> None:
        self._change = change
        self._last: tuple[int | None, list[PreparedFrame]] = -1, []

    def put(self, number: int, frame: PreparedFrame) -> list[PreparedFrame]:
        """The frames that are ready once a frame of the video has come; each clip asks for them in turn."""
        if self._last[0] != number:
            self._last = number, [PreparedFrame(changed) for changed in self._change.put(frame.frame)]
        return self._last[1]

    def end(self) -> list[PreparedFrame]:
        """The frames that are left once the last one has come."""
        if self._last[0] is not None:
            self._last = None, [PreparedFrame(changed) for changed in self._change.end()]
        return self._last[1]
