"""From uint8 frames to what a stage's network is fed, by the protocol's own rules or the detector's function."""

from collections.abc import Callable

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.detectors.plugins import BUILT_IN, imported
from vidmbench.detectors.sequences import followed, is_sequence
from vidmbench.detectors.types import Prepared
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.protocols.stages import ArrayStage

# Pixels of a side that is resized by a matrix: of longer ones it would be mostly zeros.
_LONGEST = 2000


def preparation(stage: ArrayStage) -> Callable[[Frames], Prepared]:
    """What crops, resizes and scales clips as the protocol says, or as the detector's own function does.

    Args:
        stage: The protocol's array stage.

    Returns:
        A function of uint8 (time, height, width, 3), 0..255, to float32 (time, size, size, 3), or as wide as
        :meth:`ArrayStage.size_fed` says.

    Raises:
        ProtocolError: The detector's function cannot be imported.
    """
    if is_sequence(stage):
        return lambda frames: followed(frames, stage)
    if isinstance(stage, PairStage):
        from vidmbench.detectors.pair_pixels import pair_preparation

        return pair_preparation(stage)
    detector = load_detector(stage.detector)
    if stage.resize == "detector" and detector.prepare is not None:
        return imported(detector.prepare, detector.folder)
    from vidmbench.detectors import resize  # torch is slow to import

    size = stage.size_fed(detector.input_size)
    return lambda frames: resize.prepared(frames, stage, size=size)


def is_resized_on_device(stage: ArrayStage, engine: str, size: tuple[int, int]) -> bool:
    """Whether an engine is given clips as they were read, as :class:`vidmbench.detectors.types.Unresized`.

    On a GPU it is, of frames that are smaller as uint8 than as what the network is fed: a clip takes no more memory
    than that, whatever its frames took. Clips of pairs, and those that a detector's own function prepares, are not.

    Args:
        stage: The protocol's array stage.
        engine: Its name, from :func:`vidmbench.detectors.engine.engine_name`.
        size: Height and width of the source's frames, pixels.
    """
    if not engine.endswith("/cuda") or is_sequence(stage) or isinstance(stage, PairStage) or stage.resize == "detector":
        return False
    from vidmbench.detectors.resize import size_in_uint8  # torch is slow to import

    fed = stage.size_fed(load_detector(stage.detector).input_size)
    height, width = size_in_uint8(size, stage, size=fed)
    return height * width <= 4 * fed[0] * fed[1] and max(height, width) <= _LONGEST


def preparation_in_uint8(stage: ArrayStage) -> Callable[[Frames], Frames]:
    """The part of :func:`preparation` that is done while frames are uint8, before they go to a device that resizes.

    Args:
        stage: The protocol's array stage.
    """
    from vidmbench.detectors import resize  # torch is slow to import

    size = stage.size_fed(load_detector(stage.detector).input_size)
    return lambda frames: resize.in_uint8(frames, stage, size=size)


def lengthened(clip: Prepared, stage: ArrayStage) -> Prepared:
    """Makes a clip longer as its protocol does with clips that are shorter than the network wants.

    Args:
        clip: float32 (time, height, width, 3), prepared.
        stage: The protocol's array stage.

    Returns:
        The clip itself where the protocol leaves it as it is.
    """
    wanted = stage.frames_fed(len(clip))
    if stage.lengthen is None or wanted == len(clip):
        return clip
    if stage.lengthen == "each-twice":
        return np.repeat(clip, 2, axis=0)
    if stage.lengthen == "hold-last-to-10":
        return np.concatenate([clip, np.repeat(clip[-1:], wanted - len(clip), axis=0)])
    # A straight line in time between neighbours; the first and the last frame stay.
    position = np.linspace(0.0, len(clip) - 1.0, wanted)
    low = np.minimum(position.astype(np.int64), len(clip) - 2)
    share = (position - low).astype(np.float32).reshape(-1, 1, 1, 1)
    longer: np.ndarray = clip[low] * (1 - share) + clip[low + 1] * share
    return longer


def is_by_frame(stage: ArrayStage) -> bool:
    """Whether each frame is prepared by itself, so that a clip need not be there as a whole.

    A function of the user's own is given whole clips: what it does with them is not known.
    """
    if is_sequence(stage):
        return False
    function = load_detector(stage.detector).prepare
    return isinstance(stage, PairStage) or stage.resize != "detector" or function is None or function in BUILT_IN
