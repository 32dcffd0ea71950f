"""Importing OpenCV, which the extra ``motion`` brings."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType

from vidmbench.core.errors import UsageError

_PACKAGES = ("opencv-python-headless", "opencv-contrib-python-headless", "opencv-python", "opencv-contrib-python")


def check_opencv() -> None:
    """Refuses what needs OpenCV where it is not installed, without importing it.

    Raises:
        UsageError: It is not there.
    """
    if find_spec("cv2") is None:
        raise UsageError(
            "optical flow needs OpenCV, which is not installed",
            expected="the package opencv-python-headless",
            found="no module cv2",
            fix="pip install 'vidmbench[motion]'",
        )


def import_opencv() -> ModuleType:
    """OpenCV on one thread: videos are read in several threads already.

    Raises:
        UsageError: It is not installed.
    """
    check_opencv()
    import cv2

    cv2.setNumThreads(1)
    return cv2


def opencv_name() -> str:
    """``opencv-VERSION/cpu``, as records name it.

    Raises:
        UsageError: It is not installed.
    """
    check_opencv()
    for package in _PACKAGES:
        try:
            return f"opencv-{version(package)}/cpu"
        except PackageNotFoundError:
            continue
    return f"opencv-{import_opencv().__version__}/cpu"  # built from source
