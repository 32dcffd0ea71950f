"""What was found out about the videos of a folder, kept between runs in the user's cache."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vidmbench.core.errors import ResultError
from vidmbench.core.files import sha256_of_parts, write_text
from vidmbench.core.resources import cache_dir
from vidmbench.videos.files.video_files import Facts

#: Raised whenever the code would find other facts in the same bytes.
_READER_VERSION = 2


class FactsIndex:
    """Facts by name and stamp, in one file per source.

    Several processes may use it at once: the file is replaced whole, and what the slower one learnt is lost and found
    out again. An index that cannot be read is ignored, a cache that cannot be written is left alone.

    Args:
        source: The folder or archive.
    """

    def __init__(self, source: Path) -> None:
        self.path = cache_dir() / "index" / f"{sha256_of_parts(str(source.absolute()))[:32]}.json"
        self._known = self._load()

    def get(self, name: str, stamp: str) -> Facts | None:
        """What is known about a video, unless it has changed since."""
        entry = self._known.get(name)
        if not isinstance(entry, dict) or entry.get("stamp") != stamp:
            return None
        return _facts(entry.get("facts"))

    def save(self, facts: Mapping[str, tuple[str, Facts]]) -> None:
        """Keeps stamp and facts of every video, by name; videos no longer there are forgotten."""
        videos = {name: {"stamp": stamp, "facts": asdict(video_facts)} for name, (stamp, video_facts) in facts.items()}
        if videos == self._known:
            return
        try:
            write_text(self.path, json.dumps({"reader": _reader(), "videos": videos}))
        except (ResultError, OSError):
            return  # reading works without it, only slower
        self._known = json.loads(json.dumps(videos))

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            videos = content["videos"] if content["reader"] == _reader() else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return videos if isinstance(videos, dict) else {}


def _reader() -> str:
    return f"{_READER_VERSION} av-{version('av')} pillow-{version('pillow')}"


def _facts(entry: object) -> Facts | None:
    if not isinstance(entry, dict) or set(entry) != {field.name for field in fields(Facts)}:
        return None
    numbers = [entry[key] for key in ("num_frames", "height", "width")]
    notes, sha256 = entry["notes"], entry["sha256"]
    is_sound = (
        all(type(number) is int and number > 0 for number in numbers)
        and type(entry["suits_decord"]) is bool
        and isinstance(entry["frame_times"], str)
        and isinstance(sha256, str)
        and isinstance(entry["compression"], str)
        and isinstance(notes, list | tuple)
    )
    return Facts(**{**entry, "notes": tuple(str(note) for note in notes)}) if is_sound else None
