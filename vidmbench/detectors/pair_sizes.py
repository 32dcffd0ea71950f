"""How small frames may be that are compared: cut, windows and networks need so many pixels."""

from vidmbench.core.errors import DataError
from vidmbench.metrics.full_reference.windows import weights
from vidmbench.protocols.pair_stages import LpipsStage, MotionMaskStage, PairStage, SsimStage, VmafStage

# Of motion masks four pixels along a side are compared.
_SMALLEST_MASKS = 16
# The fewest pixels along a side for which the last feature map of a network is not empty: AlexNet's layers halve
# 31 to 7, 3 and 1; VGG16 halves four times.
_NETWORKS = {"lpips-alexnet": 31, "lpips-vgg16": 16}
# Below, versions of libvmaf give values up to 12 apart, and none for 16 pixels.
_VMAF = 64


def check_size(stage: PairStage, size: tuple[int, int]) -> None:
    """Refuses frames that are too small for what a protocol does with them.

    Args:
        stage: What is compared.
        size: Height and width of targets, pixels.

    Raises:
        DataError: They are too small.
    """
    found = f"{size[0]} x {size[1]}"
    if stage.cut == "multiples-of-32":
        size = check_cut(size)
    if stage.frame_size is not None:
        size = (stage.frame_size, stage.frame_size)
    if isinstance(stage, SsimStage) and min(size) < (taps := len(weights(stage.window))):
        raise DataError(
            "frames are smaller than the window of SSIM",
            expected=f"{taps} x {taps} pixels or more",
            found=found,
            fix="score larger frames, or choose a convention with a smaller window: ssim-scikit-image has 7 x 7",
        )
    if isinstance(stage, MotionMaskStage) and min(size) < _SMALLEST_MASKS:
        raise DataError(
            "frames are too small: Physics-IQ compares masks at a quarter of their height and width",
            expected=f"{_SMALLEST_MASKS} x {_SMALLEST_MASKS} pixels or more",
            found=found,
            fix="score larger frames",
        )
    if isinstance(stage, VmafStage) and min(size) < _VMAF:
        raise DataError(
            "frames are too small for VMAF",
            expected=f"{_VMAF} x {_VMAF} pixels or more: below, versions of libvmaf itself do not agree",
            found=found,
            fix="score larger frames, or choose another metric: vidmbench list protocols",
        )
    least = _NETWORKS.get(stage.detector, 1) if isinstance(stage, LpipsStage) else 1
    if min(size) < least:
        raise DataError(
            f"frames are too small for the network of {stage.detector}",
            expected=f"{least} x {least} pixels or more",
            found=found,
            fix="score larger frames, or a convention that enlarges them first: lpips-mcvd",
        )


def check_cut(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the middle that TecoGAN's metrics cut out.

    Raises:
        DataError: Nothing is left.
    """
    height, width = ((length - 16) // 32 * 32 for length in size)
    if min(height, width) < 32:
        raise DataError(
            "frames are too small for this convention's cut",
            expected="48 x 48 pixels or more, of which the middle 32 x 32 remain",
            found=f"{size[0]} x {size[1]}",
            fix="score larger frames, or choose another convention: vidmbench list protocols",
        )
    return height, width
