"""What the header and the index of a prepared file must be: its digest shows damage, not who wrote it."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from vidmbench.core.declarations import validated
from vidmbench.core.errors import DataError, ProtocolError
from vidmbench.core.json_toml import parse_json

_Pixels = Annotated[int, Field(ge=1, le=1 << 16)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Header(_Part):
    label: str
    rule: str
    pixels: _Pixels | None
    framing: int
    size: Annotated[list[_Pixels], Field(min_length=2, max_length=2)]
    digest: str
    source_digest: str
    skipped: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    notes: list[str]
    compression: str
    names: list[str]
    frames: list[PositiveInt]
    labels: list[NonNegativeInt | None] | None


class _Index(_Part):
    content: str
    offsets: list[NonNegativeInt]


def parsed(path: Path, header: bytes, index: bytes, end: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the index of a prepared file, checked.

    Args:
        path: The file, for messages.
        header: JSON.
        index: JSON.
        end: Where the index begins, bytes from the file's start: the videos are stored before it.

    Raises:
        DataError: One of them is not JSON, or is not what was written by any version.
    """
    try:
        about, places = parse_json(header), parse_json(index)
        validated(about, _Header, where=str(path))
        validated(places, _Index, where=str(path))
    except (ValueError, ProtocolError) as error:
        raise _wrong(path, error.problem if isinstance(error, ProtocolError) else str(error)) from error
    counts = {len(about["names"]), len(about["frames"]), len(places["offsets"]), len(about["labels"] or about["names"])}
    if len(counts) > 1:
        raise _wrong(path, "it lists different numbers of names, lengths, classes and places of videos")
    if not all(before < after for before, after in pairwise([0, *places["offsets"], end])):
        raise _wrong(path, "its videos do not follow one another")
    return about, places


def _wrong(path: Path, found: str) -> DataError:
    return DataError(
        f"{path.name} is not a prepared file that vidmbench wrote",
        expected="a header that names its videos, and where each of them is",
        found=found,
        where=str(path),
        fix="prepare the videos again: vidmbench data prepare",
    )
