"""What a folder of videos made here says of itself, so that videos of different settings never mix in one."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from vidmbench.core.checksums import check_checksum, damaged, write_json
from vidmbench.core.errors import ResultError
from vidmbench.core.files import visible
from vidmbench.core.json_toml import parse_json

FILE_NAME = "made-by-vidmbench.json"
Facts = Mapping[str, str | int | float | None]
_DIGEST = "digest"


def declare(folder: Path, facts: Facts, *, labels: Sequence[str] = ()) -> None:
    """Writes what the folder holds, or refuses a folder that holds something else.

    A folder may say less than is known now: earlier versions kept no settings but their digest, and it decides.

    Args:
        folder: A folder that exists.
        facts: The settings in words, and under ``digest`` what they come to.
        labels: Keys that only name what the digest covers; where it is the same they may differ.

    Raises:
        ResultError: The settings that differ are named, with both values; or what the folder says of itself is damaged.
    """
    manifest = folder / FILE_NAME
    if not manifest.is_file():
        if visible(folder.iterdir()):
            raise _other(folder, "an empty folder, or one that the same command began", "files of another origin")
        write_json(manifest, facts)
        return
    check_checksum(manifest)
    recorded = _read(manifest)
    if recorded.get(_DIGEST) is None or next(iter(facts)) not in recorded:
        text = " ".join(manifest.read_text(encoding="utf-8", errors="replace").split())
        raise _other(folder, f"one begun with {json.dumps(dict(facts))}", text[:300] or "an empty manifest")
    different = [key for key, value in facts.items() if key in recorded and recorded[key] != value]
    if recorded[_DIGEST] == facts[_DIGEST]:
        different = [key for key in different if key not in labels]
    elif different != [_DIGEST]:
        different.remove(_DIGEST)  # it says no more than the words do
    if different:
        note = " (this folder says no settings in words)" if facts.keys() - recorded.keys() else ""
        raise _other(folder, _said(different, facts), _said(different, recorded) + note)
    if facts.keys() - recorded.keys():
        write_json(manifest, facts)


def _read(manifest: Path) -> dict[str, object]:
    try:
        content = parse_json(manifest.read_bytes())
    except (OSError, ValueError) as error:
        raise damaged(manifest) from error
    if not isinstance(content, dict):
        raise damaged(manifest)
    return content


def _said(keys: Sequence[str], content: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {'none' if content[key] is None else content[key]}" for key in keys)


def _other(folder: Path, expected: str, actual: str) -> ResultError:
    return ResultError(
        "the folder already holds something else",
        expected=expected,
        found=actual,
        where=str(folder),
        fix="choose another folder with --out, or give the settings it was begun with",
    )
