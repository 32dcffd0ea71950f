"""Checks of an installation, as its user would want them: one per line."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import numpy as np

from vidmbench.core import resources
from vidmbench.core.defaults import FILE_NAME, Key, default_files, default_of, defaults, user_file
from vidmbench.core.errors import VidmbenchError
from vidmbench.core.files import expanded
from vidmbench.core.temporaries import temporary_file, temporary_folder
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL
from vidmbench.detectors.engine import engine_name, load_engine
from vidmbench.detectors.weights_registry import load_weights, weights_path
from vidmbench.protocols.detector import load_detector, load_detectors
from vidmbench.protocols.protocol import load_protocol
from vidmbench.records.environment import environment

State = Literal["ok", "note", "FAIL"]

# What the original TensorFlow code prints for 30 black against 30 white frames, however many such clips per side.
_GOLDEN, _GOLDEN_FRAMES, _GOLDEN_TOLERANCE = 151.39244, 30, 1e-5


@dataclass(frozen=True)
class Check:
    """One line of the doctor.

    Attributes:
        name: What was looked at.
        state: ``ok``; ``note`` for what is slower or missing but not wrong; ``FAIL``.
        said: What was found.
    """

    name: str
    state: State
    said: str


def examine(*only: str) -> Iterator[Check]:
    """The checks, quick ones first; each is yielded as soon as it is known.

    Args:
        only: Names of checks; none takes all.
    """
    checks: list[tuple[str, Callable[[], tuple[State, str]]]] = [
        ("python", _python),
        ("packages", _packages),
        ("defaults", _defaults),
        ("cache", _cache),
        ("decoders", _decoders),
        ("engine", _engine),
        ("threads", _threads),
        ("compiler", _compiler),
        ("gpu", _gpu),
        ("weights", _weights),
        (f"golden number, {_GOLDEN_FRAMES} black against white frames", _golden),
    ]
    for name, look in checks:
        if only and name not in only:
            continue
        try:
            state, message = look()
        except VidmbenchError as error:
            state, message = "FAIL", str(error)
        except Exception as error:  # a broken installation can break anywhere; the doctor goes on and says so
            state, message = "FAIL", f"{type(error).__name__}: {error}"
        yield Check(name, state, message)


def _python() -> tuple[State, str]:
    message = f"{sys.version.split()[0]} at {sys.executable}"
    return ("ok" if sys.version_info >= (3, 11) else "FAIL"), message


def _packages() -> tuple[State, str]:
    versions = {name: number for name, number in environment()["packages"].items() if number}
    return "ok", ", ".join(f"{name} {number}" for name, number in versions.items())


def _defaults() -> tuple[State, str]:
    """The default of each option with where it comes from, and the files that could change it."""
    built_in: dict[Key, str] = {"protocol": DEFAULT_PROTOCOL, "data_root": "none", "device": "auto"}
    found = defaults()
    shown = [
        f"{key.replace('_', ' ')} {found[key].text if key in found else text} ({_origin(key)})"
        for key, text in built_in.items()
    ]
    files = ", ".join(map(str, default_files())) or f"none here or above, nor {user_file()}"
    for name in found["protocol"].values if "protocol" in found else ():
        load_protocol(name)
    root = found.get("data_root")
    is_missing = root is not None and not expanded(root.text).is_dir()
    lacking = f"; the data root {root.text} does not exist" if root is not None and is_missing else ""
    return ("note" if is_missing else "ok"), f"{', '.join(shown)}{lacking}; {FILE_NAME}: {files}"


def _origin(key: Key) -> str:
    default = default_of(key)
    return "built in" if default is None else f"from {default.origin}"


def _cache() -> tuple[State, str]:
    folder = resources.cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    temporary_file(folder / "probe").unlink()
    free = shutil.disk_usage(folder).free / 2**30
    return ("ok" if free > 1 else "note"), f"{folder} ({_origin('cache')}), writable, {free:.0f} GiB free"


def _decoders() -> tuple[State, str]:
    """Writes a small lossless video and reads it back, bit for bit, through each decoder."""
    from vidmbench.videos import decode, write_mp4

    rows, columns = np.mgrid[0:48, 0:64]
    frames = np.stack([(np.stack([rows, columns, rows + columns], -1) * 2 + 7 * t) % 256 for t in range(12)])
    frames = frames.astype(np.uint8)
    with temporary_folder() as folder:
        path = folder / "probe.mp4"
        write_mp4(path, frames, fps=25.0, lossless=True)
        exact, missing = [], []
        for decoder in ("decord", "pyav"):
            try:
                version("av" if decoder == "pyav" else decoder)
            except PackageNotFoundError:
                missing.append(decoder)
                continue
            if not np.array_equal(decode(path, range(12), decoder=decoder), frames):
                return "FAIL", f"{decoder} does not give back the frames that were written"
            exact.append(decoder)
    note = f"; {' and '.join(missing)} not installed" if missing else ""
    return ("note" if missing else "ok"), f"{' and '.join(exact)} read a lossless mp4 bit for bit{note}"


def _engine() -> tuple[State, str]:
    name = engine_name("auto")
    if name.startswith("torch") and name.endswith("cpu"):
        return "note", f"{name}; two to three times faster with: pip install openvino"
    return "ok", name


def _threads() -> tuple[State, str]:
    facts = environment()
    return "ok", f"{facts['cores']} cores, {facts['processor']}"


def _compiler() -> tuple[State, str]:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    return "ok", f"{compiler} (not needed for scoring)" if compiler else "none (not needed for scoring)"


def _gpu() -> tuple[State, str]:
    import torch

    if not torch.cuda.is_available():
        return "ok", f"none for torch {torch.__version__}; scoring runs on the CPU"
    return "ok", f"{torch.cuda.get_device_name(0)}; TF32 is switched off while scoring"


def _weights() -> tuple[State, str]:
    checked = []
    for name, spec in load_detectors().items():
        if spec.weights_sha256 is None or spec.network is not None:
            continue  # what no registry carries is brought by those who want it: vidmbench weights status
        load_weights(spec)
        checked.append(f"{name} sha256 {spec.weights_sha256[:12]}… checked, {weights_path(spec)}")
    return "ok", "; ".join(checked)


def _golden() -> tuple[State, str]:
    stage = load_protocol("fvd-tf-hub").array
    size = load_detector(stage.detector).input_size
    shape = (_GOLDEN_FRAMES, size, size, 3)
    clips = [np.full(shape, value, dtype=np.float32) for value in (-1.0, 1.0)]
    black, white = load_engine(stage).features(clips)
    value = float(((black.astype(np.float64) - white) ** 2).sum())
    error = abs(value / _GOLDEN - 1)
    message = f"{value:.5f}, the original TensorFlow code prints {_GOLDEN} ({error:.1e} apart)"
    return ("ok" if error < _GOLDEN_TOLERANCE else "FAIL"), message
