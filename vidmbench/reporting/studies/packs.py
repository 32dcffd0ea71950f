"""What a pack holds and serves, as text for people and as JSON for programs."""

import shlex
from collections.abc import Iterator
from typing import Any

from vidmbench.core.text import counted
from vidmbench.evaluation.pack_making import PackJob
from vidmbench.evaluation.packs import UNKNOWN_WEIGHTS, spec_of
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.sources.packs.contents import Pack, PartSpec

_CANNOT = (
    "other protocols, clip lengths, strides, seeds and numbers of real videos",
    "psnr, ssim and lpips, which compare video by video",
    "memorisation, explain, figures of the videos, and static-of",
)
_CANNOT_MOMENTS = "intervals, compare-models and infinity, which take single clips"


def plan_text(job: PackJob) -> str:
    """What ``pack make --dry-run`` prints."""
    lines = [f"{job.holds} of {job.source.label}, {counted(len(job.source), 'video')}"]
    lines += [
        f"  {spec.name}, {counted(spec.clips.frames, 'frame')}, {counted(len(plans[0].clips), 'clip')}"
        + (f", {len(plans)} draws" if len(plans) > 1 else "")
        for spec, plans in zip(job.specs, job.plans, strict=True)
    ]
    return "\n".join([*lines, "dry run: nothing was computed"])


def pack_text(pack: Pack) -> str:
    """What ``pack make`` and ``pack show`` print."""
    header, origin = pack.header, pack.header.origin
    assert pack.path is not None
    size = pack.path.stat().st_size / 1e6
    lines = [
        f"{pack.path}: {header.holds} of {origin.label}, {size:.1f} MB, no pixels",
        *(f"  {line}" for line in _parts(pack)),
        f"videos:  {_videos(pack)}",
        f"made by: vidmbench {header.package}, {header.precision}",
        f"sha256:  {pack.digest}",
        *(f"skipped: {name}: {reason}" for name, reason in _skipped(pack)[:10]),
        *(f"note:    {note}" for note in origin.notes),
        f"use it:  {use_of(pack)}",
        *(f"{'it cannot serve:' if index == 0 else '':<16} {text}" for index, text in enumerate(_limits(pack))),
    ]
    return "\n".join(lines)


def pack_json(pack: Pack) -> dict[str, Any]:
    """The same for programs."""
    header, origin = pack.header, pack.header.origin
    return {
        "path": str(pack.path),
        "sha256": pack.digest,
        "holds": header.holds,
        "label": origin.label,
        "digest": origin.digest,
        "dataset": origin.dataset or None,
        "num_videos": len(pack.videos.names),
        "size": list(origin.size),
        "precision": header.precision,
        "version": header.package,
        "parts": [
            {
                "protocol": spec.name,
                "protocol_spec": part.protocol,
                "frames": spec.clips.frames,
                "num_real": part.draws[0].num_clips,
                "draws": len(part.draws),
                "weights": part.weights,
                "engine": part.engine,
                "clips": _clip_list(pack, part),
            }
            for part, spec in _specs(pack)
        ],
        "skipped": [list(each) for each in _skipped(pack)],
        "notes": list(origin.notes),
        "use": use_of(pack),
        "cannot": list(_limits(pack)),
    }


def use_of(pack: Pack) -> str:
    """The command that scores against a pack."""
    return f"vidmbench score {shlex.quote(f'pack:{pack.path}')} FAKE"


def _specs(pack: Pack) -> list[tuple[PartSpec, ProtocolSpec]]:
    return [(part, spec_of(part)) for part in pack.header.parts]


def _parts(pack: Pack) -> Iterator[str]:
    for part, spec in _specs(pack):
        weights = "weights unknown" if part.weights == UNKNOWN_WEIGHTS else f"weights {part.weights[:8]}"
        draws = f" in each of {len(part.draws)} draws" if len(part.draws) > 1 else ""
        stride = f", stride {spec.clips.stride}" if spec.clips.stride != 1 else ""
        framing = spec.dataset.pre_resize
        prepared = f", {framing} at {spec.dataset.resolution}" if framing != "none" else ""
        yield (
            f"{spec.name}, {counted(spec.clips.frames, 'frame')}{stride}, "
            f"{counted(part.draws[0].num_clips, 'clip')}{draws}{prepared}, seed {spec.statistics.seed}; "
            f"{part.detector['name']}, {weights}, {part.engine}"
        )


def _videos(pack: Pack) -> str:
    origin = pack.header.origin
    height, width = origin.size
    return f"{len(pack.videos.names)}, {width}x{height} pixels, digest {origin.digest[:8]}"


def _skipped(pack: Pack) -> list[tuple[str, str]]:
    of_draws = (each for part in pack.header.parts for draw in part.draws for each in (*draw.short, *draw.unread))
    return list(dict.fromkeys([*pack.header.origin.skipped, *of_draws]))


def _limits(pack: Pack) -> tuple[str, ...]:
    return (*_CANNOT, *((_CANNOT_MOMENTS,) if pack.header.holds == "moments" else ()))


def _clip_list(pack: Pack, part: PartSpec) -> list[dict[str, Any]]:
    """The clips of the first draw."""
    rows = pack.clips[part.draws[0].clips].tolist()
    return [
        {"video": pack.videos.names[video], "start": start, "frames": frames, "stride": stride}
        for video, start, frames, stride in rows
    ]
