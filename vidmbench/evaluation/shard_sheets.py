"""Who computes shards: a small file beside them, so that workers with other weights or versions notice each other.

Features of other weights have other keys and never mix. But a job whose workers disagree would compute all of it twice
and finish nothing, in silence; so each worker says what it has, and one that has something else is refused by name.
"""

import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from vidmbench.core.errors import ResultError
from vidmbench.core.files import create_text, sha256_of_parts
from vidmbench.core.json_toml import parse_json
from vidmbench.core.vocabulary import Device
from vidmbench.detectors.weights_local import identity
from vidmbench.evaluation.clip_assembly import JobEntry
from vidmbench.evaluation.feature_job import VERSION, FeatureJob
from vidmbench.protocols.detector import load_detector

_ENDING = ".shards.json"
# What workers must have in common, in the words of the message; what their features are hashed from comes last.
_WORDS = {
    "vidmbench": "another version of vidmbench",
    "weights": "other weights",
    "engine": "another engine or device",
    "features": "another version of the feature code",
    "key": "another network or another way of reading",
}


def sign_in(entries: Sequence[JobEntry], engines: Mapping[str, str], device: Device) -> None:
    """Says what this worker has, beside the shards of entries that are not whole.

    Args:
        entries: The entries.
        engines: Of each key, the engine that would run.
        device: Where the network was asked to run.

    Raises:
        ResultError: Another worker at the same job has something else, which is named.
    """
    for entry in entries:
        facts = _facts(entry, engines[entry.key])
        asked = _asked(entry.job, device)
        name = f"{asked}-{sha256_of_parts(json.dumps(facts))[:8]}{_ENDING}"
        is_new = create_text(entry.folder / name, json.dumps(facts | {"host": socket.gethostname()}) + "\n")
        for path in sorted(entry.folder.glob(f"{asked}-*{_ENDING}")):
            other = _read(path)
            if path.name == name or other is None:
                continue
            if is_new:
                (entry.folder / name).unlink(missing_ok=True)
            raise _differs(facts, other, entry, path)


def sign_out(entry: JobEntry, device: Device) -> None:
    """Removes what workers said of an entry that is whole now."""
    for path in entry.folder.glob(f"{_asked(entry.job, device)}-*{_ENDING}"):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _asked(job: FeatureJob, device: Device) -> str:
    """What is wanted, whatever computes it: 32 hex digits."""
    clips = [(job.source.name(clip.video), clip.start, clip.frames, clip.stride) for clip in job.plan.clips]
    parts = job.source.digest(), json.dumps(clips), job.stage.model_dump_json(), job.precision, device
    return sha256_of_parts(*parts)[:32]


def _facts(entry: JobEntry, engine: str) -> dict[str, str]:
    return {
        "vidmbench": version("vidmbench"),
        "weights": f"{entry.job.stage.detector} {identity(load_detector(entry.job.stage.detector))}",
        "engine": engine,
        "features": str(VERSION),
        "key": entry.key,
    }


def _read(path: Path) -> dict[str, str] | None:
    try:
        found = parse_json(path.read_bytes())
    except (OSError, ValueError):  # finished meanwhile, or damaged: what it was for still has its own key
        return None
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else None


def _differs(own: Mapping[str, str], other: Mapping[str, str], entry: JobEntry, path: Path) -> ResultError:
    key = next((key for key in _WORDS if other.get(key) != own[key]), "key")
    return ResultError(
        f"this worker has {_WORDS[key]} than the one that began these shards",
        expected=f"{_shortened(other.get(key, 'none'))}, as on {other.get('host', 'another machine')}",
        found=f"{_shortened(own[key])}, on {socket.gethostname()}",
        where=f"{entry.job.source.label}: {path}",
        fix="give all workers the same version, weights and device; or a new VIDMBENCH_CACHE; the command without "
        "--shard, as one process, ends what was begun with what it has",
    )


def _shortened(text: str) -> str:
    name, _, digest = text.rpartition(" ")
    return f"{name} {digest[:16]}" if len(digest) > 16 else text
