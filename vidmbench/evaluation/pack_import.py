"""Statistics of other programs as packs: of StyleGAN-V and cd-fvd, and of clean-fid. No code in them is run."""

import re
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import expanded, sha256_of
from vidmbench.core.inputs import read_input, refuse_special
from vidmbench.core.text import counted
from vidmbench.detectors.array_pickles import load_plain_pickle
from vidmbench.evaluation.clips import ClipPlan, plan_clips
from vidmbench.evaluation.feature_job import VERSION
from vidmbench.evaluation.pack_making import part_of
from vidmbench.evaluation.packs import MOMENTS_NOTE, UNKNOWN_WEIGHTS, clips_as_array
from vidmbench.metrics.moments import Moments
from vidmbench.protocols.clips_stage import MANY_A_VIDEO
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names
from vidmbench.sources.packs.contents import (
    DrawSpec,
    Holds,
    OriginSpec,
    Pack,
    PackHeader,
    StoredMoments,
    Videos,
)

#: Whose code wrote pickles of FeatureStats: how the ``source`` of a protocol that they are of begins.
_FEATURE_STATS = ("universome/stylegan-v", "songweige/content-debiased-fvd")
#: Modes of clean-fid, by how they resize, as protocols call it; the third has weights that no protocol takes.
_MODES = {"clean": "bicubic-pil", "legacy_tensorflow": "bilinear-tf1"}
_UNSUPPORTED_MODE = "legacy_pytorch"
_ASYMMETRY = 1e-6  # of a covariance: rounding of its sums in float32


@dataclass(frozen=True)
class ImportRequest:
    """What ``vidmbench pack import`` was asked for.

    Attributes:
        file: The statistics.
        protocol: The protocol that they were made for.
        frames: Frames of a clip; empty where the protocol allows one number.
        stride: Distance of a clip's frames; None for the protocol's.
        num_real: Clips, or frames, behind the statistics, where the file does not say.
        resizing: clean-fid's mode, where the file's name does not say.
        label: What the videos are called; None for the file's name.
        resolution: Height and width of the videos, pixels; None for the protocol's.
    """

    file: Path
    protocol: str
    frames: tuple[int, ...] = ()
    stride: int | None = None
    num_real: int | None = None
    resizing: str | None = None
    label: str | None = None
    resolution: int | None = None


@dataclass(frozen=True, eq=False)
class _Statistics:
    """What a file holds.

    Attributes:
        program: Whose it is.
        moments: Mean and scatter.
        features: float32 (clip or frame, feature); None where it holds none.
    """

    program: str
    moments: Moments
    features: np.ndarray | None = None


def imported_pack(request: ImportRequest) -> Pack:
    """Reads statistics that another program saved.

    Args:
        request: The file, and what it does not say.

    Returns:
        A pack of moments; of features where the file holds them.

    Raises:
        DataError: The file is missing, damaged, or holds something else.
        UsageError: The protocol is another, or something must be said that the file does not.
    """
    path = expanded(request.file)
    refuse_special(path, DataError)
    if not path.is_file():
        raise DataError(
            f"path not found: {path.name}", expected="a .pkl or .npz file", found="nothing", where=str(path)
        )
    if request.label is not None and not (request.label.strip() and request.label.isprintable()):
        raise UsageError(
            "the videos have no name that can be printed", expected="a label on one line", found=ascii(request.label),
            where="--label",
        )  # fmt: skip
    protocol = load_protocol(request.protocol)
    if not isinstance(protocol.statistics, FrechetStatistics):
        raise UsageError(
            f"{protocol.name} does not measure a Fréchet distance, for which such statistics are made",
            expected="a protocol with metric frechet",
            found=protocol.metric,
            where="--protocol",
            fix=f"they may be used with {_known(_users_of_feature_stats())}",
        )
    is_archive = zipfile.is_zipfile(path)
    statistics = _of_clean_fid(path, protocol, request) if is_archive else _of_feature_stats(path, protocol, request)
    spec = _bound(protocol, statistics, request)
    resolution = request.resolution or spec.dataset.resolution
    if resolution is None:
        raise UsageError(
            "the file does not say how large its videos were",
            expected="--resolution PIXELS",
            found="no --resolution",
            where=str(path),
            fix="give the height and width of the videos or images",
        )
    return _pack(path, spec, statistics, request.label or path.stem, resolution)


def _users_of_feature_stats() -> list[str]:
    """Protocols that FeatureStats were made for."""
    loaded = (load_protocol(name) for name in protocol_names())
    return [spec.name for spec in loaded if spec.metric == "frechet" and spec.source.startswith(_FEATURE_STATS)]


def _known(names: list[str]) -> str:
    return " or ".join(names)


def _wrong(path: Path, found: str) -> DataError:
    return DataError(
        f"{path.name} holds no statistics that can be imported",
        expected="a pickle of FeatureStats, as StyleGAN-V and cd-fvd save it, or an .npz with mu and sigma, as "
        "clean-fid saves it; nothing in it was run",
        found=found,
        where=str(path),
        fix="give the file that these programs wrote",
    )


def _of_feature_stats(path: Path, protocol: ProtocolSpec, request: ImportRequest) -> _Statistics:
    """A pickle of the attributes of FeatureStats: sums of x and of x xᵀ in float64."""
    try:
        content = load_plain_pickle(read_input(path))
    except ValueError as error:
        raise _wrong(path, str(error).splitlines()[0]) from error
    if not isinstance(content, dict) or not {"num_items", "raw_mean", "raw_cov"} <= content.keys():
        raise _wrong(path, f"a pickle of {type(content).__name__} without num_items, raw_mean and raw_cov")
    users = _users_of_feature_stats()
    if not protocol.source.startswith(_FEATURE_STATS):
        raise UsageError(
            f"statistics of StyleGAN-V and cd-fvd are not of {protocol.name}",
            expected=f"--protocol {_known(users)}",
            found=f"--protocol {protocol.name}",
            where=str(path),
            fix="give the one whose code made the file: pickles of both look alike",
        )
    if request.resizing is not None:
        raise _needless("--resizing", "clean-fid's .npz", path)
    count = _count(content["num_items"], request.num_real, path)
    features = _all_features(content, count, path)
    if features is not None:
        return _Statistics("StyleGAN-V or cd-fvd", Moments.of(features), features)
    mean, second = (_array(content[key], key, path) for key in ("raw_mean", "raw_cov"))
    if mean.ndim != 1 or second.shape != mean.shape * 2 or not second.any():
        raise _wrong(path, f"raw_mean {mean.shape} and raw_cov {second.shape}" + ("" if second.any() else ", all 0"))
    mean = mean / count
    return _Statistics("StyleGAN-V or cd-fvd", _moments(count, mean, second - count * np.outer(mean, mean), path))


def _all_features(content: dict[str, Any], count: int, path: Path) -> np.ndarray | None:
    """The features themselves, where they were captured."""
    parts = content.get("all_features")
    if not content.get("capture_all") or not isinstance(parts, list) or not parts:
        return None
    if not all(isinstance(part, np.ndarray) and part.dtype == np.float32 and part.ndim == 2 for part in parts):
        raise _wrong(path, "all_features that are not float32 (item, feature)")
    try:
        features = np.concatenate(parts)
    except ValueError as error:
        raise _wrong(path, f"all_features of different widths: {error}") from error
    if len(features) != count or not np.isfinite(features).all():
        raise _wrong(path, f"{len(features)} features for {count} items, or NaN among them")
    return features


def _of_clean_fid(path: Path, protocol: ProtocolSpec, request: ImportRequest) -> _Statistics:
    """mu, and sigma as numpy.cov gives it, divided by n - 1; the number of images is not in the file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            content = {key: file[key] for key in ("mu", "sigma") if key in file.files}
            names = list(file.files)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _wrong(path, str(error).splitlines()[0]) from error
    if len(content) < 2:
        raise _wrong(path, f"an archive of {', '.join(names[:5]) or 'nothing'}")
    _check_mode(path, protocol, request)
    if request.num_real is None:
        raise UsageError(
            f"{path.name} does not say how many images it was made from",
            expected="--num-real K: frames for fid-frames",
            found="no --num-real",
            where=str(path),
            fix="ask whoever made it; the number is part of the signature, and divides the covariance",
        )
    count = _count(request.num_real, None, path)
    mean, sigma = (_array(content[key], key, path) for key in ("mu", "sigma"))
    if mean.ndim != 1 or sigma.shape != mean.shape * 2:
        raise _wrong(path, f"mu {mean.shape} and sigma {sigma.shape}")
    return _Statistics("clean-fid", _moments(count, mean, sigma * (count - 1), path))


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


def _needless(option: str, use: str, path: Path) -> UsageError:
    return UsageError(f"{option} is for {use}", expected=f"no {option}", found=option, where=str(path))


def _count(found: object, said: int | None, path: Path) -> int:
    """The number of items, which the file or the user says."""
    if not isinstance(found, int) or isinstance(found, bool) or found < 2:
        raise UsageError(
            "statistics of at least 2 clips are needed",
            expected="a whole number of 2 or more",
            found=repr(found)[:40],
            where=str(path),
        )
    if said is not None and said != found:
        raise UsageError(
            f"{path.name} says how many clips it was made from",
            expected=f"--num-real {found}, or none",
            found=f"--num-real {said}",
            where=str(path),
            fix="omit --num-real",
        )
    return found


def _array(value: object, name: str, path: Path) -> np.ndarray:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not np.isfinite(value).all():
        kind = f"{value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise _wrong(path, f"{name}: {kind}, where finite floats were expected")
    return value.astype(np.float64)


def _moments(count: int, mean: np.ndarray, scatter: np.ndarray, path: Path) -> Moments:
    """Moments, unless the scatter is that of no features at all."""
    largest = float(np.abs(scatter).max())
    if not np.isfinite(largest) or largest == 0.0:
        raise _wrong(path, "a covariance that is 0 or not finite")
    if np.abs(scatter - scatter.T).max() > _ASYMMETRY * largest or scatter.diagonal().min() < -_ASYMMETRY * largest:
        raise _wrong(path, "a matrix that is not a covariance: it is not symmetric, or has negative variances")
    return Moments(count, mean, np.ascontiguousarray((scatter + scatter.T) / 2))


def _bound(protocol: ProtocolSpec, statistics: _Statistics, request: ImportRequest) -> ProtocolSpec:
    """The protocol with what the file was made with.

    Raises:
        UsageError: The clip length is open, or the network gives another number of features.
    """
    detector, moments = load_detector(protocol.array.detector), statistics.moments
    if moments.num_features != detector.num_features:
        raise UsageError(
            f"these statistics are not of {detector.name}",
            expected=f"{detector.num_features} features, as {protocol.name} takes",
            found=f"{moments.num_features}",
            where=str(request.file),
            fix="no protocol has such a network"
            if moments.num_features not in (400, 2048)
            else "--protocol fvd-stylegan-v or fvd-cd-fvd takes 400 features, fid-frames 2048",
        )
    if protocol.statistics.repeats > 1:
        raise UsageError(
            f"{protocol.name} is a mean over {protocol.statistics.repeats} draws of real clips",
            expected="statistics of each",
            found="those of one",
            where=str(request.file),
        )
    lowest, highest = protocol.clips.frames_allowed
    if len(request.frames) > 1 or (not request.frames and lowest != highest):
        raise UsageError(
            "the file does not say how long its clips are",
            expected="one number, such as --frames 16",
            found="no --frames" if not request.frames else f"--frames {','.join(map(str, request.frames))}",
            where="--frames",
            fix="give the clip length that the statistics were made with",
        )
    of_frames = detector.reads == "frames" and protocol.clips.frames > 1
    if of_frames:
        raise UsageError(
            f"{protocol.name} takes several frames of a video, of which such files do not tell",
            expected="a protocol of single frames, such as fid-frames",
            found=protocol.name,
            where="--protocol",
        )
    real = protocol.clips.real
    return protocol.with_options(
        frames=request.frames[0] if request.frames else None,
        stride=request.stride,
        num_real=None if real.videos is None else moments.count,
        num_fake=None if protocol.clips.fake.videos is None else min(protocol.clips.fake.videos, moments.count),
        stage=protocol.dataset.with_options(is_on_disk=True, resolution=request.resolution),
    )


def _pack(path: Path, spec: ProtocolSpec, statistics: _Statistics, label: str, resolution: int) -> Pack:
    """A pack whose videos have no names: as many as there were clips, each as long as one."""
    moments, clips = statistics.moments, spec.clips
    names = tuple(f"clip{index:06d}" for index in range(moments.count))
    length = clips.frames if clips.real.start == "spread" else clips.span_of(clips.real)
    if clips.real.start in MANY_A_VIDEO:
        length = max(length, clips.frames * clips.stride_of(clips.real))
    lengths = (length,) * moments.count
    plan = plan_clips(names, lengths, clips, "real", seed=spec.statistics.seed, short="error", label=path.name)
    holds: Holds = "moments" if statistics.features is None else "features"
    draw = DrawSpec(clips="clips-0", numbers=f"{holds}-0", num_clips=len(plan.clips))
    origin = OriginSpec(
        label=label,
        digest=sha256_of(path),
        size=(resolution, resolution),
        compression="unknown",
        notes=(_note(path, statistics, plan), *((MOMENTS_NOTE,) if holds == "moments" else ())),
    )
    header = PackHeader(
        holds=holds,
        origin=origin,
        parts=(part_of(spec, [draw], UNKNOWN_WEIGHTS, f"imported from {statistics.program}"),),
        precision="fp32",
        feature_code=VERSION,
        package=version("vidmbench"),
    )
    stored = {f"{holds}-0": StoredMoments(moments.count, moments.mean, moments.scatter)}
    rows = {} if statistics.features is None else {f"{holds}-0": statistics.features}
    return Pack(
        header,
        Videos(names, lengths),
        {"clips-0": clips_as_array(plan)},
        rows,
        stored if holds == "moments" else {},
    )


def _note(path: Path, statistics: _Statistics, plan: ClipPlan) -> str:
    return (
        f"the real side is {path.name} of {statistics.program}, {counted(len(plan.clips), 'clip')}: which videos and "
        "clips they are, and which weights saw them, is not in that file"
    )
