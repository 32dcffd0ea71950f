"""Reads the weights of vision transformers as they are published: PyTorch files, without running their code."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import WeightsError
from vidmbench.core.inputs import refuse_special
from vidmbench.core.text import first_of
from vidmbench.core.torch_files import read_torch
from vidmbench.detectors.types import Tensors

#: What DistributedDataParallel and V-JEPA's wrapper put before names.
_WRAPPERS = re.compile(r"(module\.|backbone\.)")
_FIX = "get the file anew from its publisher"


def read_v_jepa(path: Path) -> Tensors:
    """V-JEPA's target encoder and its probe's pooler: two files in a folder, or a safetensors file of both.

    Args:
        path: A folder with vith16.pth.tar and ssv2-probe.pth.tar (any names that contain ``vit`` and ``probe``), or a
            safetensors file with the tensors under the names that :mod:`vidmbench.detectors.vision_transformer` has.

    Returns:
        Names to float32 arrays.

    Raises:
        WeightsError: A file is missing, truncated, or holds something else.
    """
    if path.is_file() and path.suffix == ".safetensors":
        return _safetensors(path)
    encoder_file, probe_file = _two_files(path)
    encoder = _part(encoder_file, ("target_encoder", "encoder"))
    tensors = {_WRAPPERS.sub("", name): value for name, value in encoder.items()}
    probe = {_WRAPPERS.sub("", name): value for name, value in _part(probe_file, ("classifier",)).items()}
    tensors |= {name: value for name, value in probe.items() if not name.startswith("linear.")}  # its classes
    arrays = _arrays(tensors)
    if "pos_embed" not in arrays and "patch_embed.proj.weight" in arrays:
        from vidmbench.detectors.vision_transformer import sines_3d

        arrays["pos_embed"] = sines_3d(len(arrays["patch_embed.proj.weight"]), 8, 14)  # as the code fills it in
    return arrays


def read_videomae_v2(path: Path) -> Tensors:
    """VideoMAE v2, fine-tuned: a PyTorch file whose tensors lie at the top, under ``module`` or under ``model``.

    Args:
        path: vit_g_hybrid_pt_1200e_ssv2_ft.pth, or a safetensors file of its tensors.

    Returns:
        Names to float32 arrays, without the classes of the last layer.

    Raises:
        WeightsError: The file is missing, truncated, or holds something else.
    """
    arrays = _safetensors(path) if path.suffix == ".safetensors" else _arrays(_part(path, ("module", "model", "")))
    return {name: value for name, value in arrays.items() if not name.startswith("head.")}


def read_dinov2(path: Path) -> Tensors:
    """DINOv2 as torch.hub has it: a PyTorch file of tensors.

    Args:
        path: dinov2_vitl14_pretrain.pth, or a safetensors file of its tensors.

    Returns:
        Names to float32 arrays.

    Raises:
        WeightsError: The file is missing, truncated, or holds something else.
    """
    return _safetensors(path) if path.suffix == ".safetensors" else _arrays(_part(path, ("",)))


def _two_files(path: Path) -> tuple[Path, Path]:
    names = sorted(file.name for file in path.iterdir() if file.is_file()) if path.is_dir() else [path.name]
    probes = [name for name in names if "probe" in name]
    encoders = [name for name in names if "vit" in name and "probe" not in name]
    if not path.is_dir() or len(probes) != 1 or len(encoders) != 1:
        raise WeightsError(
            "V-JEPA's weights for JEDi are two files",
            expected="vith16.pth.tar and ssv2-probe.pth.tar, both given or in one folder",
            found=first_of(names) or "an empty folder",
            where=str(path),
            fix="give both: vidmbench weights add v-jepa-vith16-ssv2 vith16.pth.tar ssv2-probe.pth.tar",
        )
    return path / encoders[0], path / probes[0]


def _part(path: Path, keys: tuple[str, ...]) -> Mapping[str, Any]:
    """The tensors of a PyTorch file that lie under the first of some keys that is there; "" is the file itself."""
    refuse_special(path, WeightsError)
    if not path.is_file():
        raise WeightsError("no such weights file", found="a folder" if path.is_dir() else "nothing", where=str(path))
    content = read_torch(path, fix=_FIX, is_convertible=True)
    named = content if isinstance(content, dict) else {}
    for key in keys:
        part = named if key == "" else named.get(key)
        if isinstance(part, dict) and part:
            return {str(name): value for name, value in part.items()}
    raise WeightsError(
        "this PyTorch file holds other things than these weights",
        expected=f"tensors under {' or '.join(repr(key) for key in keys if key)}",
        found=first_of([str(key) for key in named]) or type(content).__name__,
        where=str(path),
        fix=_FIX,
    )


def _arrays(tensors: Mapping[str, Any]) -> Tensors:
    import torch

    other = [name for name, value in tensors.items() if not isinstance(value, torch.Tensor)]
    if other:
        raise WeightsError(
            "this PyTorch file holds other things than these weights",
            expected="tensors alone",
            found=first_of(other),
            fix=_FIX,
        )
    return {name: np.ascontiguousarray(value.detach().float().numpy()) for name, value in tensors.items()}


def _safetensors(path: Path) -> Tensors:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        loaded = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            "cannot read a safetensors file, or half of it is missing", found=str(error), where=str(path), fix=_FIX
        ) from error
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in loaded.items()}
