"""Importing OpenCV, which the extra ``motion`` brings."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from threading import Lock
from types import ModuleType

from vidmbench.core.errors import UsageError

_IMPORT = Lock()
_PACKAGES = ("opencv-python-headless", "opencv-contrib-python-headless", "opencv-python", "opencv-contrib-python")


def check_opencv() -> None:
    """Refuses what needs OpenCV where it is not installed, without importing it.

    Raises:
        UsageError: It is not there.
    """
    with _IMPORT:  # half imported by another thread, the module has no spec
        is_there = find_spec("cv2") is not None
    if not is_there:
        raise UsageError(
            "optical flow needs OpenCV, which is not installed",
            expected="the package opencv-python-headless",
            found="no module cv2",
            fix="pip install opencv-python-headless",
        )


def import_opencv() -> ModuleType:
    """OpenCV on one thread: videos are read in several threads already.

    Raises:
        UsageError: It is not installed.
    """
    check_opencv()
    with _IMPORT:
        import cv2

        cv2.setNumThreads(1)
    return cv2


def opencv_name() -> str:
    """``opencv-VERSION/cpu``, as records name it.

    Raises:
        UsageError: It is not installed.
    """
    check_opencv()
    return f"opencv-{_version()}/cpu"


@cache
def _version() -> str:
    """Of whichever package brought it: every block of features asks for it."""
    for package in _PACKAGES:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return str(import_opencv().__version__)  # built from source
