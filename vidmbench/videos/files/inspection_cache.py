"""What was found out about the videos of a folder, kept between runs in the user's cache."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vidmbench.core.errors import DataError, ResultError
from vidmbench.core.files import sha256_of_parts, write_text
from vidmbench.core.inputs import changed
from vidmbench.core.progress import note
from vidmbench.core.resources import cache_dir
from vidmbench.videos.files.video_files import Facts, Item

#: Raised whenever the code would find other facts in the same bytes.
_READER_VERSION = 8


class FactsIndex:
    """Facts by name and stamp, in one file per source, with a checksum.

    Several processes may use it at once: the file is replaced whole, and what the slower one learnt is lost and found
    out again. An index that cannot be read or is damaged is made anew, a cache that cannot be written is left alone.

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

    def look_at(self, item: Item) -> tuple[str, Facts]:
        """A video's stamp and facts: what is known of it, or what is found in it now.

        Raises:
            DataError: The video cannot be used.
            ChangedError: It changed while it was looked at.
            OSError: It is not there, or may not be read.
        """
        stamp = item.stamp()
        known = self.get(item.name, stamp)
        if known is not None:
            return stamp, known
        try:
            found: Facts | DataError = item.inspect()
        except DataError as error:
            found = error
        if item.stamp() != stamp:
            raise changed(item.name, item.name)
        if isinstance(found, DataError):
            raise found
        return stamp, found

    def save(self, facts: Mapping[str, tuple[str, Facts]]) -> None:
        """Keeps stamp and facts of every video, by name; videos no longer there are forgotten."""
        videos = {name: {"stamp": stamp, "facts": asdict(video_facts)} for name, (stamp, video_facts) in facts.items()}
        videos = json.loads(json.dumps(videos))
        if videos == self._known:
            return
        content = {"reader": _reader(), "sha256": _checksum(videos), "videos": videos}
        try:
            write_text(self.path, json.dumps(content))
        except (ResultError, OSError):
            return  # reading works without it, only slower
        self._known = videos

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_bytes())
            if content["reader"] != _reader():
                return {}
            videos = content["videos"]
            if content["sha256"] == _checksum(videos) and isinstance(videos, dict):
                return videos
        except OSError:
            return {}
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        note(f"what was known of these videos is damaged in {self.path}: they are looked at again")
        return {}


def _reader() -> str:
    return f"{_READER_VERSION} av-{version('av')} pillow-{version('pillow')}"


def _checksum(videos: object) -> str:
    return sha256_of_parts(json.dumps(videos, sort_keys=True))


def _facts(entry: object) -> Facts | None:
    if not isinstance(entry, dict) or set(entry) != {field.name for field in fields(Facts)}:
        return None
    numbers = [entry[key] for key in ("num_frames", "height", "width")]
    notes, sha256 = entry["notes"], entry["sha256"]
    is_sound = (
        all(type(number) is int and number > 0 for number in numbers)
        and isinstance(entry["frame_times"], str)
        and isinstance(entry["frame_rate"], float)
        and isinstance(sha256, str)
        and isinstance(entry["compression"], str)
        and isinstance(notes, list | tuple)
    )
    return Facts(**{**entry, "notes": tuple(str(note) for note in notes)}) if is_sound else None
