"""Training states and checkpoints on disk: tensors and a JSON header in one safetensors file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vidmbench.core.checksums import BLANK, checksum_holds, fill_checksum
from vidmbench.core.errors import ResultError, WeightsError
from vidmbench.core.files import replacing
from vidmbench.core.json_toml import parse_json
from vidmbench.core.torch_files import is_safetensors, kind_of

FORMAT = 1


def check_same(recorded: object, facts: Mapping[str, Any], what: str, path: Path) -> None:
    """Refuses a folder that holds work begun with other settings.

    Args:
        recorded: The settings recorded in the file; additional ones do not matter.
        facts: Those of this call.
        what: What the folder holds, such as ``run``.
        path: The file they were read from.

    Raises:
        ResultError: The first setting that differs is named, or none is recorded.
    """
    if not isinstance(recorded, Mapping):
        raise ResultError(
            f"the settings that {what} was begun with cannot be read",
            expected="a JSON object",
            found=_short(recorded),
            where=str(path),
            fix="put the file back from a copy, or give another --out",
        )
    expected = json.loads(json.dumps(dict(facts)))
    different = _first_difference({name: recorded.get(name) for name in expected}, expected)
    if different is not None:
        key, there, here = different
        raise ResultError(
            f"this folder holds {what} that was begun with other settings",
            expected=f"{key} = {_short(here)}",
            found=f"{key} = {_short(there)}",
            where=str(path),
            fix="give the settings it was begun with, or another --out",
        )


def write_tensors(target: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Writes tensors and a JSON header as one safetensors file with a checksum, whole or not at all."""
    flat = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with replacing(target) as temporary:
        save_file(flat, temporary, metadata={"vidmbench": json.dumps({**header, **BLANK})})
        fill_checksum(temporary)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads what :func:`write_tensors` wrote.

    Raises:
        WeightsError: There is no such file, it is truncated or damaged, or it is not one of vidmbench's.
    """
    return _read(path, with_tensors=True)


def read_header(path: Path) -> dict[str, Any]:
    """The header alone; raises as :func:`read_tensors` does."""
    return _read(path, with_tensors=False)[1]


def _read(path: Path, *, with_tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        is_changed = checksum_holds(path) is False
        with safe_open(path, framework="pt") as file:
            header = parse_json((file.metadata() or {}).get("vidmbench", "null"))
            names = file.keys() if with_tensors else ()  # not a mapping
            tensors = {name: file.get_tensor(name) for name in names}
    except FileNotFoundError as error:
        raise WeightsError("no such checkpoint", where=str(path), fix="check the path") from error
    except (SafetensorError, OSError, ValueError) as error:
        if path.is_file() and not is_safetensors(path):
            raise _foreign(path) from error
        raise WeightsError(
            "the checkpoint cannot be read",
            expected="a whole safetensors file",
            found=f"{error} ({path.stat().st_size if path.is_file() else 0} bytes)",
            where=str(path),
            fix="copy it again; it may have been cut off",
        ) from error
    if is_changed:
        raise WeightsError(
            "the file is damaged: it is not what vidmbench wrote",
            expected="the sha256 recorded in it",
            found="another",
            where=str(path),
            fix="put it back from a copy; without one, train in another folder (--out) and keep this one to look at",
        )
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise WeightsError(
            "these weights do not say what model they belong to",
            expected="a file written by vidmbench train, format 1",
            found=f"format {header.get('format')}" if isinstance(header, dict) else "no header of vidmbench",
            where=str(path),
            fix="give the vidm.safetensors that vidmbench train wrote",
        )
    return tensors, header


def _foreign(path: Path) -> WeightsError:
    """The error for a file of another kind."""
    beside = path.with_suffix(".safetensors")
    return WeightsError(
        "the checkpoint cannot be read: it is not a safetensors file of a VIDM",
        expected="the vidm.safetensors of a run, or a published checkpoint (.pth.tar, .pth, .pt)",
        found=f"{kind_of(path)} of {path.stat().st_size} bytes",
        where=str(path),
        fix=f"give the weights beside it: {beside}"
        if beside.is_file()
        else "give the run's folder, or its vidm.safetensors",
    )


def _first_difference(there: Any, here: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The dotted key at which two JSON values first differ, and both values there; None where they are equal."""
    if there == here:
        return None
    if isinstance(there, dict) and isinstance(here, dict):
        for name in [*here, *(name for name in there if name not in here)]:
            difference = _first_difference(there.get(name), here.get(name), f"{key}.{name}" if key else name)
            if difference is not None:
                return difference
    return key, there, here


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) < 100 else text[:97] + "..."


#: What is taken of a tensor in a file, in words.
TAKEN = "a dense tensor of float16, bfloat16, float32 or float64"


def is_taken(tensor: Tensor) -> bool:
    """Whether a tensor is of a kind that networks are filled from; see :data:`TAKEN`."""
    return is_dense(tensor) and tensor.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def is_dense(tensor: Tensor) -> bool:
    """Whether a tensor has a value at each place of one rectangular block."""
    return tensor.layout == torch.strided and not tensor.is_nested and not tensor.is_meta


def tensor_kind(tensor: Tensor) -> str:
    """What a tensor is, in words, such as ``torch.complex64`` or ``torch.float32, torch.sparse_coo``."""
    kinds = {
        str(tensor.layout): tensor.layout != torch.strided,
        "nested": tensor.is_nested,
        "without values (device meta)": tensor.is_meta,
    }
    return ", ".join([str(tensor.dtype), *(kind for kind, applies in kinds.items() if applies)])
