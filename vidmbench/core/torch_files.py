"""Files that are given as weights: what they look like, and PyTorch's read without running code."""

import json
import re
import warnings
from codecs import getincrementaldecoder
from pathlib import Path
from typing import Any

from vidmbench.core.errors import WeightsError
from vidmbench.core.json_toml import parse_toml

# The length of a header stands first; safetensors itself takes none that is longer.
_LONGEST_HEADER = 100_000_000
_LOOKED_AT = 1 << 16
_KINDS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PK", "a PyTorch file or another zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x80", "a pickle, such as an older PyTorch file"),
)


def kind_of(path: Path) -> str:
    """What the file looks like, in words, such as ``a PNG image``; detected from its first bytes."""
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
    if not head:
        return "an empty file"
    if _has_header(head):
        return "a safetensors file"
    known = next((words for begin, words in _KINDS if head.startswith(begin)), None)
    return known or _kind_of_text(head, is_whole=len(head) < _LOOKED_AT) or "bytes of a kind that is not known here"


def is_safetensors(path: Path) -> bool:
    """Whether the file is a safetensors file, whole or cut off; a few bytes may be the beginning of one."""
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) < 9 or _has_header(head)


def read_torch(path: Path, *, fix: str, is_convertible: bool = False) -> Any:
    """What a PyTorch file holds, read as data alone; tensors are left on disk until they are used.

    Args:
        path: The file.
        fix: What to do where it cannot be used.
        is_convertible: Whether its tensors alone would do, so that an unsafe file can be cleaned outside vidmbench.

    Raises:
        WeightsError: It is truncated, is not a PyTorch file, or asks for code to be run; none was.
    """
    import torch

    with warnings.catch_warnings(record=True) as warned:  # of pickle protocols, and raises afterwards
        warnings.simplefilter("always")
        try:
            with path.open("rb") as file:
                is_zip = file.read(2) == b"PK"  # PyTorch's format since 1.6; the older one cannot be mapped
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
        except Exception as error:  # a damaged archive or pickle can fail in any way
            protocols = [re.search(r"pickle protocol (\d+)", str(warning.message)) for warning in warned]
            protocol = next((match[1] for match in protocols if match), None)
            raise _unreadable(path, error, protocol, fix, is_convertible=is_convertible) from error


#: Keeps the tensors of a file and the dictionaries that they are in; runs the file's code.
_KEEP_TENSORS = (
    "import torch; keep = lambda x: {{k: keep(v) for k, v in x.items() if isinstance(v, (dict, torch.Tensor))}} "
    "if isinstance(x, dict) else x; "
    "torch.save(keep(torch.load('{name}', map_location='cpu', weights_only=False)), 'tensors-{name}')"
)


def _unreadable(path: Path, error: Exception, protocol: str | None, fix: str, *, is_convertible: bool) -> WeightsError:
    # PyTorch's own text proposes to load the file with its code; that advice is not passed on.
    foreign = re.search(r"GLOBAL ([\w.]+)", str(error))
    if foreign:
        if is_convertible:
            fix += (
                "\n    if you trust it, keep its tensors alone; this command, outside vidmbench and in the folder of "
                f'the file, runs its code:\n    python -c "{_KEEP_TENSORS.format(name=path.name)}"'
            )
        return WeightsError(
            "this file is unsafe: it asks for code to be run when it is loaded, and none was",
            expected="a PyTorch file of tensors, numbers and dictionaries alone",
            found=f"a reference to {foreign[1].rstrip('.')}",
            where=str(path),
            fix=fix,
        )
    if protocol is not None:
        return WeightsError(
            "this file was saved with a pickle protocol that cannot be read without running code",
            expected="pickle protocol 2, which torch.save uses unless told otherwise",
            found=f"pickle protocol {protocol}",
            where=str(path),
            fix="save it again with torch.save(weights, FILE)",
        )
    return WeightsError(
        "this is not a PyTorch checkpoint, or it is truncated",
        expected="a whole file as torch.save writes it",
        found=f"{path.stat().st_size} bytes that do not read as one: {kind_of(path)} ({type(error).__name__})",
        where=str(path),
        fix=fix,
    )


def _has_header(head: bytes) -> bool:
    return int.from_bytes(head[:8], "little") <= _LONGEST_HEADER and head[8:9] == b"{"


def _kind_of_text(head: bytes, *, is_whole: bool) -> str | None:
    if b"\0" in head:
        return None
    try:
        text = getincrementaldecoder("utf-8")().decode(head, final=is_whole)  # the last letter may be cut in two
    except UnicodeDecodeError:
        return None
    if text.lstrip()[:1] in ("{", "[") and _is_json(text, is_whole=is_whole):
        return "a JSON file"
    try:
        return "a TOML file" if parse_toml(text) else "a text file"
    except ValueError:
        return "a text file"


def _is_json(text: str, *, is_whole: bool) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return True  # it is nested deeply
    except ValueError:
        return not is_whole and '"' in text
    return True
