"""Statistics that clean-fid saves: mu and sigma in an .npz."""

import re
import zipfile
from pathlib import Path

import numpy as np

from vidmbench.core.errors import UsageError
from vidmbench.evaluation.saved_statistics import (
    ImportRequest,
    SavedStatistics,
    checked_moments,
    count_of,
    finite_array,
    wrong_file,
)
from vidmbench.protocols.protocol import ProtocolSpec

#: Modes of clean-fid, by how they resize, as protocols call it; the third has weights that no protocol takes.
_MODES = {"clean": "bicubic-pil", "legacy_tensorflow": "bilinear-tf1"}
_UNSUPPORTED_MODE = "legacy_pytorch"


def of_clean_fid(path: Path, protocol: ProtocolSpec, request: ImportRequest) -> SavedStatistics:
    """mu, and sigma as numpy.cov gives it, divided by n - 1; the number of images is not in the file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            content = {key: file[key] for key in ("mu", "sigma") if key in file.files}
            names = list(file.files)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise wrong_file(path, str(error).splitlines()[0]) from error
    if len(content) < 2:
        raise wrong_file(path, f"an archive of {', '.join(names[:5]) or 'nothing'}")
    _check_mode(path, protocol, request)
    if request.num_real is None:
        raise UsageError(
            f"{path.name} does not say how many images it was made from",
            expected="--num-real K: frames for fid-frames",
            found="no --num-real",
            where=str(path),
            fix="ask whoever made it; the number is part of the signature, and divides the covariance",
        )
    count = count_of(request.num_real, None, path)
    mean, sigma = (finite_array(content[key], key, path) for key in ("mu", "sigma"))
    if mean.ndim != 1 or sigma.shape != mean.shape * 2:
        raise wrong_file(path, f"mu {mean.shape} and sigma {sigma.shape}")
    return SavedStatistics("clean-fid", checked_moments(count, mean, sigma * (count - 1), path))


def _check_mode(path: Path, protocol: ProtocolSpec, request: ImportRequest) -> None:
    """clean-fid's mode decides how images were resized, and the protocol must do the same."""
    modes = [*_MODES, _UNSUPPORTED_MODE]
    found = [mode for mode in modes if re.search(rf"(^|_){mode}(_|$)", path.stem)]
    mode = request.resizing or (found[0] if len(found) == 1 else None)
    if request.resizing is not None and found and request.resizing not in found:
        raise UsageError(
            "--resizing and the file's name disagree", expected=found[0], found=request.resizing, where=str(path)
        )
    if mode not in modes:
        raise UsageError(
            "the mode of clean-fid is not known",
            expected="--resizing clean or --resizing legacy_tensorflow",
            found=mode or f"a name without it: {path.name}",
            where=str(path),
            fix="name the mode that the statistics were made with",
        )
    stage = protocol.array
    is_same = stage.detector == "inception-pool" and stage.range == "inception" and not stage.truncate_uint8
    if mode not in _MODES or not is_same or stage.resize != _MODES[mode] or stage.crop != "none":
        wanted = _MODES.get(mode or "")
        raise UsageError(
            f"statistics of clean-fid's mode {mode} are not of {protocol.name}",
            expected="no protocol: it takes other weights"
            if wanted is None
            else f'inception-pool with resize = "{wanted}" and crop = "none"',
            found=f"{stage.detector} with resize = {stage.resize!r}",
            where="--protocol",
            fix="write a protocol with that resizing: docs/adding.md"
            if wanted == _MODES["clean"]
            else "--protocol fid-frames takes statistics of mode legacy_tensorflow",
        )
