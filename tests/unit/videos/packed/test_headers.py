"""Prepared files with sound checksums whose headers nobody could have written with ``data prepare``."""

import hashlib
import json

import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos.packed.format import END_MARK, HEAD, MAGIC, TAIL
from vidmbench.videos.packed.reader import PreparedFile

_HEADER = {
    "label": "ucf101@train", "rule": "none", "pixels": None, "framing": 1, "size": [32, 32], "digest": "a" * 64,
    "source_digest": "b" * 64, "skipped": [], "notes": [], "compression": "", "names": ["a", "b"], "frames": [10, 10],
    "labels": None,
}  # fmt: skip


def _write(path, header, offsets=(1, 2), index=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    index = json.dumps({"content": "c" * 64, "offsets": list(offsets)}).encode() if index is None else index
    head = HEAD.pack(MAGIC, 1, len(text)) + text
    path.write_bytes(head + index + TAIL.pack(len(head), hashlib.sha256(head + index).digest(), END_MARK))
    return path


def test_the_form_itself_is_read(tmp_path):
    assert len(PreparedFile(_write(tmp_path / "a.frames", _HEADER))) == 2


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 200_000,
        b"\xff\xfe{",
        [],
        {key: value for key, value in _HEADER.items() if key != "size"},
        {**_HEADER, "size": [2**40, 2**40]},
        {**_HEADER, "size": "ab", "names": 5},
        {**_HEADER, "frames": [-3, 10]},
        {**_HEADER, "skipped": [1]},
        {**_HEADER, "names": ["a"]},
        {**_HEADER, "labels": [1]},
    ],
)
def test_another_header_is_refused(header, tmp_path):
    with pytest.raises(DataError, match="not a prepared file that vidmbench wrote"):
        PreparedFile(_write(tmp_path / "a.frames", header))


@pytest.mark.parametrize("offsets", [(), (1,), (2, 1), (-5, 1), (1, 10**30), (1, 10**9)])
def test_other_places_of_videos_are_refused(offsets, tmp_path):
    with pytest.raises(DataError, match="not a prepared file that vidmbench wrote"):
        PreparedFile(_write(tmp_path / "a.frames", _HEADER, offsets))


def test_an_index_nested_deeply_is_refused(tmp_path):
    with pytest.raises(DataError, match="not a prepared file that vidmbench wrote"):
        PreparedFile(_write(tmp_path / "a.frames", _HEADER, index=b"[" * 200_000))
