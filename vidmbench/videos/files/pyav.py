"""Loads PyAV so that it uses the libraries it was built with, whatever else the program has loaded."""

import importlib
import os
import sys
from functools import cache


@cache
def load_pyav() -> None:
    """Imports ``av``; called before the first use of it.

    decord makes its libraries, older versions of libx264 and libvpx among them, visible to all that is loaded later
    (RTLD_GLOBAL in decord/_ffi/base.py). PyAV's FFmpeg would then call those: encoders of libvpx fail, those of libx264
    get settings laid out for another version. With RTLD_DEEPBIND, which glibc alone has, a library looks among its own
    first. Where decord comes second nothing happens: Python binds all symbols while it imports.
    """
    deep = getattr(os, "RTLD_DEEPBIND", 0)
    if "decord" not in sys.modules or not deep:
        importlib.import_module("av")
        return
    before = sys.getdlopenflags()
    sys.setdlopenflags(before | deep)
    try:
        importlib.import_module("av")
    finally:
        sys.setdlopenflags(before)
