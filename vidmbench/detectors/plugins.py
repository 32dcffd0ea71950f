"""Functions that detectors name in their declarations: built-in ids, installed packages, or a file of the user."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidmbench.core.errors import ProtocolError, VidmbenchError
from vidmbench.protocols.detector import DetectorSpec

#: The functions of vidmbench's own detectors, by the plain ids that protocols/detectors.toml gives them. The ids, not
#: the places, enter cache keys and golden values, so that a function may move.
BUILT_IN = {
    "inception-v3": "vidmbench.detectors.inception:load",
    "inception-v3-torch-file": "vidmbench.detectors.inception:read_weights",
    "inception-v3-seeded": "vidmbench.detectors.inception:seeded_weights",
    "c3d": "vidmbench.detectors.c3d:load",
    "c3d-npz-folder": "vidmbench.detectors.c3d:read_weights",
    "c3d-seeded": "vidmbench.detectors.c3d:seeded_weights",
    "vision-transformer": "vidmbench.detectors.vision_transformer:load",
    "v-jepa-files": "vidmbench.detectors.vision_weights:read_v_jepa",
    "videomae-v2-file": "vidmbench.detectors.vision_weights:read_videomae_v2",
    "dinov2-file": "vidmbench.detectors.vision_weights:read_dinov2",
    "transformers-model": "vidmbench.detectors.library_module:load",
    "lpips-trunk": "vidmbench.detectors.lpips_trunk:load",
    "c3d-tgan": "vidmbench.detectors.resize_c3d:for_tgan",
    "c3d-tganv2": "vidmbench.detectors.resize_c3d:for_tganv2",
}


def imported(where: str, folder: str | None = None) -> Callable[..., Any]:
    """The function that an id of :data:`BUILT_IN`, ``package.module:function`` or ``file.py:function`` names.

    Args:
        where: The id or the place.
        folder: Where files are looked for.

    Raises:
        ProtocolError: There is no such module or function.
    """
    location, _, name = BUILT_IN.get(where, where).partition(":")
    try:
        if location.endswith(".py"):
            path = Path(folder or ".") / location
            spec = importlib.util.spec_from_file_location(f"vidmbench_detector_{path.stem}", path)
            if spec is None or spec.loader is None or not path.is_file():
                raise ImportError(f"no such file: {path}")
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # dataclasses and pickling look their module up
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(location)
        function: Callable[..., Any] = getattr(module, name)
    except Exception as error:  # whatever is wrong in a file of the user's: a syntax error, a missing package, ...
        raise ProtocolError(
            "the function of a detector cannot be imported",
            expected="package.module:function of an installed package, or file.py:function beside the TOML file",
            found=_in_words(error),
            where=where,
            fix="fix that file; --traceback shows where it failed",
        ) from error
    return function


def _in_words(error: Exception) -> str:
    kind = "" if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: "
    return kind + " ".join(str(error).split())[:300]


@contextmanager
def user_code(spec: DetectorSpec, doing: str, *, but: type[Exception] = VidmbenchError) -> Iterator[None]:
    """Turns whatever a detector's own functions raise into one message.

    Args:
        spec: The detector.
        doing: What was being done, such as "building the network".
        but: What is raised as it is, beside errors that are messages already.

    Raises:
        ProtocolError: Anything was raised in the block, but for errors that are messages already.
    """
    try:
        yield
    except (VidmbenchError, but):
        raise
    except Exception as error:
        raise ProtocolError(
            f"the detector {spec.name} failed while {doing}",
            expected="a function as docs/detectors.md describes it",
            found=f"{type(error).__name__}: {' '.join(str(error).split())[:300]}",
            where=spec.network,
            fix="fix that function; --traceback shows where it failed",
        ) from error
