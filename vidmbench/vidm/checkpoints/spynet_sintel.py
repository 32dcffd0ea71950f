"""SpyNet's weights trained on Sintel: the user's own copy, checked and kept as safetensors in the user's cache.

Their licence allows non-commercial science only, so vidmbench neither carries nor fetches them. Nothing needs them:
SpyNet can be taught flow from the videos themselves (:mod:`vidmbench.vidm.training.flow_pretraining`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidmbench.core import resources
from vidmbench.core.checksums import BLANK, checksum_holds, fill_checksum
from vidmbench.core.errors import WeightsError, no_weights_file
from vidmbench.core.files import replacing, sha256_of

if TYPE_CHECKING:
    from torch import Tensor

NAME = "spynet-sintel"
LICENCE = "licence: non-commercial scientific use only; not part of vidmbench and not to be passed on with it"
_PUBLISHED_FILE = "spynet_20210409-c6c1bd09.pth"
_ADD = f"vidmbench weights add {NAME} FILE"
# What training code puts before the names: a wrapper for several GPUs, and the place in a larger network.
_PREFIXES = ("module.", "spynet.")


def sintel_path() -> Path:
    """Path of the converted weights in the cache."""
    return resources.cache_dir() / "weights" / f"{NAME}.safetensors"


def sintel_unavailable() -> WeightsError:
    """The error for those who want the weights fetched."""
    return WeightsError(
        f"the weights {NAME} cannot be fetched: no package registry has them, and their licence keeps them out of here",
        expected=f"your own copy of {_PUBLISHED_FILE}, the SpyNet of mmediting's BasicVSR; {LICENCE}",
        where=str(sintel_path()),
        fix=f"if you have that file: {_ADD}\n    without it: train SpyNet from random weights; nothing needs these",
    )


def load_sintel() -> "dict[str, Tensor] | None":
    """The weights that the user added.

    Returns:
        Names as in :class:`vidmbench.vidm.networks.spynet.SpyNet` to float32 tensors on the CPU, 60 of them (the
        buffers ``mean`` and ``std`` are not weights); None where the user has added none.

    Raises:
        WeightsError: The cached file is damaged.
    """
    path = sintel_path()
    if not path.is_file():
        return None
    fix = f"run: {_ADD}, which replaces the file"
    if checksum_holds(path) is False:
        raise WeightsError(
            f"the weights {NAME} in the cache are damaged",
            expected="the sha256 recorded in the file",
            found="another",
            where=str(path),
            fix=fix,
        )
    return _checked(_read(path, fix=fix), path, fix=fix)


def add_sintel(file: Path) -> Path:
    """Takes the user's own copy, without running any code that it may hold.

    Args:
        file: A PyTorch file or a safetensors file with the 60 tensors of the default SpyNet, whole or under the key
            ``state_dict``, with or without ``module.`` and ``spynet.`` before the names.

    Returns:
        The converted file in the cache.

    Raises:
        UsageError: A seed is given; SpyNet starts from one without any file.
        WeightsError: The file is missing, is unreadable, or has a missing, additional or misshapen tensor.
    """
    from safetensors.torch import save_file

    if not file.is_file():
        raise no_weights_file(NAME, file, expected=f"{_PUBLISHED_FILE}, or a safetensors file of its tensors")
    fix = f"get {_PUBLISHED_FILE} anew from mmediting's model zoo and run: {_ADD}"
    tensors = _checked(_read(file, fix=fix), file, fix=fix)
    target = sintel_path()
    with replacing(target) as temporary:
        save_file(tensors, temporary, metadata={"source": f"{file.name} sha256:{sha256_of(file)}", **BLANK})
        fill_checksum(temporary)
    return target


def _read(file: Path, *, fix: str) -> Any:
    """What the file holds, read as data alone."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from vidmbench.core.torch_files import kind_of, read_torch

    if file.suffix != ".safetensors":
        return read_torch(file, fix=fix)
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"this is not a weights file of {NAME}, or it is truncated",
            expected="a whole safetensors file, or a PyTorch file (.pth)",
            found=f"{file.stat().st_size} bytes that do not read as one: {kind_of(file)}",
            where=str(file),
            fix=fix,
        ) from error


def _checked(content: Any, file: Path, *, fix: str) -> "dict[str, Tensor]":
    """The 60 tensors under their plain names, or an error that names what is wrong with the first few."""
    import torch

    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        content = {}
    tensors = {_plain(str(name)): value for name, value in content.items()}
    # Constants of the code; some publishers write them beside the weights.
    tensors = {name: value for name, value in tensors.items() if not _is_constant(name, value)}
    shapes = sintel_shapes()
    problems = [f"no {name}" for name in shapes if name not in tensors]
    problems += [f"additional {name}" for name in tensors if name not in shapes]
    for name, value in tensors.items():
        if name not in shapes:
            continue
        if not isinstance(value, torch.Tensor) or value.dtype != torch.float32:
            problems.append(f"{name} is {getattr(value, 'dtype', type(value).__name__)}, not float32")
        elif tuple(value.shape) != shapes[name]:
            problems.append(f"{name} has shape {tuple(value.shape)}, not {shapes[name]}")
        elif not value.isfinite().all():
            problems.append(f"{name} holds numbers that are not finite")
    if problems:
        more = f"; {len(problems) - 3} more such" if len(problems) > 3 else ""
        raise WeightsError(
            f"this is not a weights file of {NAME}",
            expected=f"the {len(shapes)} float32 tensors of a SpyNet of six levels, from {next(iter(shapes))} on",
            found="; ".join(problems[:3]) + more,
            where=str(file),
            fix=fix,
        )
    return {name: tensors[name].contiguous() for name in shapes}


def sintel_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the 60 tensors, in the order of the network."""
    channels = (8, 32, 64, 32, 16, 2)
    shapes: dict[str, tuple[int, ...]] = {}
    for level in range(6):
        for layer in range(5):
            stem = f"basic_module.{level}.basic_module.{layer}.conv"
            shapes[f"{stem}.weight"] = (channels[layer + 1], channels[layer], 7, 7)
            shapes[f"{stem}.bias"] = (channels[layer + 1],)
    return shapes


def _plain(name: str) -> str:
    while prefix := next((prefix for prefix in _PREFIXES if name.startswith(prefix)), None):
        name = name.removeprefix(prefix)
    return name


def _is_constant(name: str, value: Any) -> bool:
    """Whether this is the normalisation's mean or standard deviation, with the values that SpyNet has too."""
    import torch

    from vidmbench.vidm.networks.spynet import MEAN, STD

    known = {"mean": MEAN, "std": STD}.get(name)
    if known is None or not isinstance(value, torch.Tensor) or tuple(value.shape) != (1, 3, 1, 1):
        return False
    return torch.allclose(value.float().flatten(), torch.tensor(known), rtol=0, atol=1e-6)
