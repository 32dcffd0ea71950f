"""Weights that no package registry carries: read by their detector's own reader, kept in the cache, known by a hash.

Where nobody has the published file, weights of the same layout can be made from a seed. They are kept apart, used only
where the real ones are missing, and every number made with them says so in its signature.
"""

import hashlib
import importlib
import importlib.util
import json
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from vidmbench.core import resources
from vidmbench.core.checksums import checksum_holds
from vidmbench.core.errors import WeightsError
from vidmbench.core.files import sha256_of, sha256_of_parts
from vidmbench.detectors.plugins import BUILT_IN, imported
from vidmbench.detectors.types import Tensors
from vidmbench.detectors.weights_registry import load_weights, tensors_digest, weights_path
from vidmbench.protocols.detector import DetectorSpec


def seeded_path(spec: DetectorSpec) -> Path:
    """Path of weights made from a seed."""
    return resources.own_weights(f"{spec.owner}-seeded.safetensors")


def kept_path(spec: DetectorSpec) -> Path:
    """Path of the weights of a detector that no package carries: real ones, else seeded ones, else none."""
    real = real_path(spec)
    return seeded_path(spec) if not real.is_file() and seeded_path(spec).is_file() else real


def real_path(spec: DetectorSpec) -> Path:
    """Path of the published weights in the cache, or next to the TOML file of a user's detector."""
    if spec.folder is not None:
        return Path(spec.folder) / spec.weights_file
    return weights_path(spec)


def load_other(spec: DetectorSpec) -> Tensors:
    """The weights of a detector that has no engine of its own; where a package carries them, they are fetched.

    Raises:
        WeightsError: They are not on this machine, or the cached file is damaged.
    """
    if spec.package is not None and spec.folder is None:
        return load_weights(spec)
    if spec.folder is not None and spec.library is not None:
        return read_file(spec, _checkpoint_folder(spec))
    if not spec.weights_file:
        return {}
    path = kept_path(spec)
    if not path.is_file():
        raise missing(spec)
    if spec.folder is not None:
        digest = sha256_of(path)
        if spec.weights_sha256 is not None and digest != spec.weights_sha256:
            raise WeightsError(
                f"not the weights of {spec.name}",
                expected=f"sha256 {spec.weights_sha256}",
                found=digest,
                where=str(path),
                fix="get the file anew, or fix weights_sha256 in the detector's TOML file",
            )
        return read_file(spec, path)
    try:
        is_changed = checksum_holds(path) is False
        tensors = load_file(path)
        with safe_open(path, framework="numpy") as stored:
            expected_digest = (stored.metadata() or {}).get("tensors_sha256")
    except (SafetensorError, OSError) as error:
        raise _damaged(spec, path, str(error)) from error
    if is_changed or tensors_digest(tensors) != expected_digest:
        raise _damaged(spec, path, "other tensors than were written")
    return tensors


def identity(spec: DetectorSpec) -> str:
    """What names the weights in signatures and cache keys: a hash, ``seedN-`` and a hash, or ``?`` for none.

    A published hash stands for the published file; of weights without one the tensors themselves are hashed. Of a
    detector from outside its code and its options are hashed too: nobody but its author knows when they change.
    """
    if spec.network is None or spec.package is not None:
        return spec.weights_sha256 or "?"
    if spec.folder is not None and spec.library is not None:
        digest = _checkpoint_digest(spec)
        return (
            "?" if digest is None else sha256_of_parts(digest, *_code(spec), json.dumps(spec.options, sort_keys=True))
        )
    path = kept_path(spec) if spec.weights_file else None
    if path is not None and not path.is_file():
        return "?"
    if spec.folder is not None:
        # A declared hash is compared when the weights are loaded; it need not be computed for every number.
        weights = "none" if path is None else spec.weights_sha256 or sha256_of(path)
        return sha256_of_parts(weights, *_code(spec), json.dumps(spec.options, sort_keys=True))
    if path is None:
        return "none"
    try:
        with safe_open(path, framework="numpy") as stored:
            metadata = stored.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _damaged(spec, path, str(error)) from error
    digest = metadata.get("tensors_sha256", "?")
    if "seeded" in metadata:
        return f"seed{metadata['seeded']}-{digest}"
    return spec.weights_sha256 or digest


def _checkpoint_folder(spec: DetectorSpec) -> Path:
    """The folder of a user's checkpoint of a library: the one named, else that in the hub cache.

    Raises:
        WeightsError: It is not in the hub cache.
    """
    if spec.weights_file:
        return Path(spec.folder or ".") / spec.weights_file
    from vidmbench.detectors.library_models import hub_folder

    return hub_folder(spec.model or "", spec.revision or "")


def _checkpoint_digest(spec: DetectorSpec) -> str | None:
    """Hash of a checkpoint's configuration and tensors; None where a file is missing."""
    try:
        folder = _checkpoint_folder(spec)
    except WeightsError:
        return None
    paths = sorted(folder.glob("*.safetensors"))
    if not paths or not (folder / "config.json").is_file():
        return None
    stats = [path.stat() for path in (folder / "config.json", *paths)]
    return _files_digest(folder, tuple((stat.st_size, stat.st_mtime_ns) for stat in stats))


@cache
def _files_digest(folder: Path, stats: tuple[tuple[int, int], ...]) -> str:
    """Hash of config.json and the safetensors files; gigabytes are read once as long as they stay as they are."""
    del stats
    return sha256_of_parts(*map(sha256_of, (folder / "config.json", *sorted(folder.glob("*.safetensors")))))


def _code(spec: DetectorSpec) -> list[str]:
    """Hashes of the files in which a detector's own functions are; what those import is not looked at."""
    identifiers = []
    for where in (spec.network, spec.prepare, spec.reader):
        location = (where or "").partition(":")[0]
        if where in BUILT_IN:
            identifiers.append(where)
            continue
        if location.endswith(".py"):
            path = Path(spec.folder or ".") / location
        else:
            try:
                module = importlib.util.find_spec(location) if location else None
            except ImportError:
                module = None
            path = Path((module and module.origin) or location)
        identifiers.append(sha256_of(path) if path.is_file() else location)
    return identifiers


def bytes_of_weights(spec: DetectorSpec) -> int:
    """Size of the files of a detector's weights; 0 where there are none on this machine."""
    try:
        if spec.folder is not None and spec.library is not None:
            return sum(path.stat().st_size for path in _checkpoint_folder(spec).glob("*.safetensors"))
        return kept_path(spec).stat().st_size if spec.weights_file else 0
    except (WeightsError, OSError):
        return 0


def is_seeded(spec: DetectorSpec) -> bool:
    """Whether the weights were made from a seed, so that numbers mean nothing."""
    return identity(spec).startswith("seed")


def missing(spec: DetectorSpec) -> WeightsError:
    """The error for weights that only the user can bring."""
    if spec.folder is not None and spec.library is not None:
        try:
            read_file(spec, _checkpoint_folder(spec))
        except WeightsError as error:
            return error
    is_several = spec.library is not None or len(spec.files) > 1
    size = f" ({spec.download})" if spec.download else ""
    known = f"sha256 {spec.weights_sha256}" if spec.weights_sha256 else "no hash is published; what is loaded is hashed"
    seeded = f"\n    to try the path without them: vidmbench weights add {spec.owner} seed:0" if spec.seeder else ""
    return WeightsError(
        f"the weights {spec.owner} are not on this machine, and no package registry carries them",
        expected=f"{spec.weights_file}{size}, published on {spec.published}\n    licence: {spec.licence}\n    {known}",
        found=f"nothing{resources.none_in_shared()}",
        where=str(real_path(spec)),
        fix=f"get {'the files' if is_several else 'the file'} there, then: {command_for(spec)}{seeded}",
    )


def command_for(spec: DetectorSpec) -> str:
    """The command that brings a built-in detector's weights to this machine."""
    if spec.package is not None:
        return f"vidmbench weights get {spec.owner}"
    files = " ".join(spec.files) if len(spec.files) > 1 else "FILE"
    return f"vidmbench weights add {spec.owner} {files if spec.library is None else 'FOLDER'}"


def read_file(spec: DetectorSpec, path: Path) -> Tensors:
    """The published file as names and arrays, without running code.

    Args:
        spec: The detector.
        path: The file, or the folder where there are several.

    Raises:
        WeightsError: It cannot be read.
    """
    if spec.library is not None:
        from vidmbench.detectors.library_models import read_folder

        return read_folder(path, spec.class_name or "")
    if spec.reader is not None:
        tensors: Tensors = imported(spec.reader, spec.folder)(path)
        return tensors
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as stored:
                return {name: np.ascontiguousarray(stored[name]) for name in stored.files}
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"cannot read the weights of {spec.name}",
            expected="a safetensors file, or an npz file without pickled objects",
            found=str(error),
            where=str(path),
        ) from error


def _damaged(spec: DetectorSpec, path: Path, actual: str) -> WeightsError:
    return WeightsError(
        f"the cached weights of {spec.name} are damaged",
        found=actual,
        where=str(path),
        fix=f"delete that file and run: vidmbench weights add {spec.owner} FILE",
    )


def short_identity(spec: DetectorSpec) -> str:
    """:func:`identity`, shortened to the form that a signature uses."""
    weights_id = identity(spec)
    if weights_id.startswith("seed"):
        seed, _, digest = weights_id.partition("-")
        return f"{seed}-{digest[:8]}"
    return weights_id[:8] if len(weights_id) == 2 * hashlib.sha256().digest_size else weights_id
