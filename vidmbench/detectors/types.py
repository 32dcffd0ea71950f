"""What every engine takes and gives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from vidmbench.protocols.stages import ArrayStage

#: A clip as a network is fed it: cropped, resized, in the protocol's range; of pairs (detectors/pair_pixels.py) the
#: numbers of each frame, or frames side by side, in colour or grey.
Prepared = (
    Float32[np.ndarray, "_time _height _width 3"]
    | Float32[np.ndarray, "_time _number"]
    | UInt8[np.ndarray, "_time _height _width 3"]
    | UInt8[np.ndarray, "_time _height _width"]
)
Feature = Float32[np.ndarray, " feature"]
#: Weights by name.
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Unresized:
    """A clip as it was read, for an engine that resizes on its device.

    Attributes:
        frames: uint8 (time, height, width, 3), as :func:`vidmbench.detectors.resize.in_uint8` gives them.
        stage: The protocol's array stage, which says what is still to be done.
    """

    frames: UInt8[np.ndarray, "_time _height _width 3"]
    stage: ArrayStage

    @property
    def nbytes(self) -> int:
        """Memory that its frames take."""
        return self.frames.nbytes


@runtime_checkable
class Engine(Protocol):
    """A network on a device.

    Attributes:
        name: What runs it, such as ``openvino-2026.4/cpu``; is part of the record.
    """

    name: str

    def features(self, clips: Iterable[Any]) -> Iterator[Feature]:
        """Features of clips, one by one, in order; clips in flight are few and bounded.

        Args:
            clips: Resized, cropped clips (time, size, size, 3), float32 in the protocol's range; also
                :class:`Unresized` ones where :func:`vidmbench.detectors.preparation.is_resized_on_device` says so.

        Yields:
            float32 (feature,), the same whatever clips came before or after.
        """
        ...
