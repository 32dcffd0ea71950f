"""Statistics of other programs as packs: of StyleGAN-V and cd-fvd, and of clean-fid. No code in them is run."""

import zipfile
from importlib.metadata import version
from pathlib import Path

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import expanded, sha256_of
from vidmbench.core.inputs import refuse_special
from vidmbench.core.text import counted
from vidmbench.evaluation.clean_fid_statistics import of_clean_fid
from vidmbench.evaluation.clips import ClipPlan, plan_clips
from vidmbench.evaluation.feature_job import VERSION
from vidmbench.evaluation.feature_stats import of_feature_stats, users_of_feature_stats
from vidmbench.evaluation.pack_making import part_of
from vidmbench.evaluation.packs import MOMENTS_NOTE, UNKNOWN_WEIGHTS, clips_as_array
from vidmbench.evaluation.saved_statistics import ImportRequest, SavedStatistics
from vidmbench.protocols.clips_stage import MANY_A_VIDEO
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.sources.packs.contents import (
    DrawSpec,
    Holds,
    OriginSpec,
    Pack,
    PackHeader,
    StoredMoments,
    Videos,
)


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
            fix=f"they may be used with {' or '.join(users_of_feature_stats())}",
        )
    is_archive = zipfile.is_zipfile(path)
    statistics = of_clean_fid(path, protocol, request) if is_archive else of_feature_stats(path, protocol, request)
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


def _bound(protocol: ProtocolSpec, statistics: SavedStatistics, request: ImportRequest) -> ProtocolSpec:
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


def _pack(path: Path, spec: ProtocolSpec, statistics: SavedStatistics, label: str, resolution: int) -> Pack:
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


def _note(path: Path, statistics: SavedStatistics, plan: ClipPlan) -> str:
    return (
        f"the real side is {path.name} of {statistics.program}, {counted(len(plan.clips), 'clip')}: which videos and "
        "clips they are, and which weights saw them, is not in that file"
    )
