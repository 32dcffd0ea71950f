"""Whether OpenVINO computes a network of this machine: tried once against PyTorch, and kept in the cache.

The engine's name is part of a feature's cache key, so every process must know it before a network is loaded.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.core.files import sha256_of_parts, write_text
from vidmbench.core.locks import shared_lock
from vidmbench.core.progress import note
from vidmbench.detectors.weights_local import identity
from vidmbench.protocols.detector import DetectorSpec

#: Networks of this kind, ours or a library's, have no control flow that depends on what they see. Those of users may,
#: and a trial on one input would say nothing about another.
TRANSFORMER = "vision-transformer"

# Of the clip that is tried: what nearly every video network takes, whatever it declares.
_FRAMES = 16
# What was found out in this process, by the file that keeps it; the file may not be writable.
_KNOWN: dict[Path, bool] = {}


def is_transformer(spec: DetectorSpec) -> bool:
    """Whether a detector is a vision transformer: our own or one of a library."""
    return spec.library is not None or spec.network == TRANSFORMER


def is_for_openvino(spec: DetectorSpec, *, is_tried: bool = True) -> bool | None:
    """Whether OpenVINO computes a network on the CPU.

    Args:
        spec: The detector.
        is_tried: Whether it is tried now where nobody has done so: the network is loaded for it.

    Returns:
        True where its features agree with PyTorch's; None where that is not known yet.

    Raises:
        VidmbenchError: The network cannot be loaded.
    """
    if not is_transformer(spec) or find_spec("openvino") is None:
        return False
    weights = identity(spec)
    if weights == "?":
        return False
    path = _path(spec, weights)
    if path not in _KNOWN and (found := _read(path)) is not None:
        _KNOWN[path] = found
    if path in _KNOWN or not is_tried:
        return _KNOWN.get(path)
    with _alone(path):
        found = _read(path)
        return _tried(spec, path) if found is None else found


def refuse(spec: DetectorSpec, reason: str) -> None:
    """Leaves a network to PyTorch from now on.

    Args:
        spec: The detector.
        reason: Why, for people who look into the file.
    """
    _keep(_path(spec, identity(spec)), spec, is_taken=False, reason=reason)


def in_one_line(error: Exception) -> str:
    """An exception, for a message or a file."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _path(spec: DetectorSpec, weights: str) -> Path:
    libraries = ["openvino", "torch", *(["transformers"] if spec.library and find_spec("transformers") else [])]
    parts = (weights, spec.network or "", json.dumps(spec.options, sort_keys=True), *map(version, libraries))
    return resources.cache_dir() / "engines" / f"{sha256_of_parts(*parts)[:32]}.json"


def _read(path: Path) -> bool | None:
    """What a file says; None where there is none, or it is damaged."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    found = content.get("is_for_openvino") if isinstance(content, dict) else None
    return found if isinstance(found, bool) else None


def _tried(spec: DetectorSpec, path: Path) -> bool:
    from vidmbench.detectors.openvino_conversion import TOLERANCE, compiled, difference
    from vidmbench.detectors.torch_module import built

    module = built(spec)
    note(f"{spec.name}: trying whether OpenVINO computes what PyTorch does, once for these weights")
    size = (spec.input_size, spec.input_size)
    counts = dict.fromkeys((max(spec.min_frames, min(_FRAMES, spec.max_frames or _FRAMES)), spec.min_frames))
    is_taken, reason = False, ""
    for shape in [(1, 3, *size)] if spec.reads == "frames" else [(1, 3, count, *size) for count in counts]:
        try:
            apart = compiled(module, shape)[1]
        except Exception as error:  # the network may want another count, and a converter can fail in any way
            reason = reason or in_one_line(error)
        else:
            is_taken, reason = apart <= TOLERANCE, difference(apart)
            break
    _keep(path, spec, is_taken=is_taken, reason=reason)
    return is_taken


def _keep(path: Path, spec: DetectorSpec, *, is_taken: bool, reason: str) -> None:
    _KNOWN[path] = is_taken
    content = {"network": spec.name, "is_for_openvino": is_taken, "reason": reason}
    with suppress(ResultError):  # it is tried again by the next process
        write_text(path, json.dumps(content) + "\n")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps other processes from the same trial, where the cache has locks."""
    with ExitStack() as stack:
        with suppress(OSError, NotImplementedError):
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(shared_lock(path.with_suffix(".lock")))
        yield
