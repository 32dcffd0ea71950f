"""What every engine takes and gives."""

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

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


@runtime_checkable
class Engine(Protocol):
    """A network on a device.

    Attributes:
        name: What runs it, such as ``openvino-2026.4/cpu``; is part of the record.
    """

    name: str

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """Features of clips, one by one, in order; clips in flight are few and bounded.

        Args:
            clips: Resized, cropped clips (time, size, size, 3), float32 in the protocol's range.

        Yields:
            float32 (feature,), the same whatever clips came before or after.
        """
        ...
