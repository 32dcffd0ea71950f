"""A finished VIDM in one file: weights of both generators, and in its header all that is needed to use them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from vidmbench.core.checksums import checksum_holds, write_json
from vidmbench.core.declarations import validated
from vidmbench.core.errors import WeightsError
from vidmbench.core.files import sha256_of
from vidmbench.core.inputs import UnchangedFile
from vidmbench.core.json_toml import parse_json
from vidmbench.vidm.checkpoints.header_facts import checked_facts
from vidmbench.vidm.checkpoints.known import FILE_NAME, name_of
from vidmbench.vidm.checkpoints.tensor_files import FORMAT, TAKEN, is_taken, read_tensors, tensor_kind, write_tensors
from vidmbench.vidm.config import PARTS, Part, VidmSpec
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import SamplingSpec


@dataclass(frozen=True)
class Vidm:
    """A model ready to draw from.

    Attributes:
        spec: What it is.
        content: The content generator, or None where the file has none (the official release).
        motion: The motion generator, or None where only the content generator was trained.
        sampling: How it is sampled unless the user asks for something else.
        sha256: Of the file, 64 hex digits.
        facts: What its file says about how it was made.
        where: The file.
    """

    spec: VidmSpec
    content: ContentNet | None
    motion: MotionNet | None
    sampling: SamplingSpec
    sha256: str
    where: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How signatures call it."""
        return name_of(Path(self.where))

    @property
    def device(self) -> torch.device:
        """Where its networks are."""
        net = self.motion or self.content
        assert net is not None
        return next(net.parameters()).device


def save_vidm(
    target: Path,
    spec: VidmSpec,
    weights: Mapping[Part, Mapping[str, Tensor]],
    sampling: SamplingSpec,
    facts: Mapping[str, Any],
    *,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Writes a model: a safetensors file and, for people, its header as JSON beside it.

    Args:
        target: The file, ``*.safetensors``.
        spec: The model.
        weights: Of the parts there are, by parameter name.
        sampling: Its usual sampling.
        facts: Recipe, seed, steps, data, where SpyNet started from, command.
        dtype: What the weights are stored as.

    Raises:
        WeightsError: A weight is too large to be stored so; nothing was written.
    """
    tensors = {f"{part}.{name}": value.to(dtype) for part in weights for name, value in weights[part].items()}
    for part in weights:
        for name, value in weights[part].items():
            if (value.isfinite() & ~tensors[f"{part}.{name}"].isfinite()).any():
                raise WeightsError(
                    "a weight is too large for float16",
                    expected=f"{torch.finfo(dtype).max:g} at most",
                    found=f"{value[value.isfinite()].abs().max():g} in {part}.{name}",
                    where=str(target),
                    fix="give the same command without --half: the training is kept, so only the model is written",
                )
    header = {
        "format": FORMAT,
        "model": spec.model_dump(mode="json"),
        "sampling": sampling.model_dump(mode="json"),
        "facts": dict(facts),
    }
    beside = target.with_suffix(".json")
    with suppress(OSError):  # an older header must not stand beside the new weights, whenever the process ends
        beside.unlink()
    write_tensors(target, tensors, header)
    about = header | {"sha256": sha256_of(target), "bytes": target.stat().st_size}
    write_json(beside, about)


def load_vidm(path: Path, device: torch.device) -> Vidm:
    """Reads what :func:`save_vidm` wrote.

    Raises:
        WeightsError: Missing, truncated, not the file its JSON beside it describes, or its weights do not fit the model
            its header describes.
        ChangedError: It changed while it was read.
    """
    unchanged = UnchangedFile(path) if path.is_file() else None
    digest = checked_sha256(path) if unchanged else ""
    tensors, header = read_tensors(path)
    if "model" not in header:
        raise WeightsError(
            "this is the state of a training run, not a finished model",
            where=str(path),
            fix=f"finish the run; it then holds a {FILE_NAME}",
        )
    spec = validated(header["model"], VidmSpec, where=f"{path}, model")
    nets: dict[Part, nn.Module] = {}
    for part in PARTS:
        part_tensors = {
            name.removeprefix(f"{part}."): value for name, value in tensors.items() if name.startswith(f"{part}.")
        }
        if part_tensors:
            nets[part] = filled(ContentNet if part == "content" else MotionNet, spec, part_tensors, path, device)
    if not nets:
        raise WeightsError(
            "this model holds no generator",
            expected=f"tensors named {' or '.join(f'{part}.NAME' for part in PARTS)}",
            found=", ".join(list(tensors)[:3]) or "no tensors",
            where=str(path),
            fix="take the file as vidmbench train wrote it",
        )
    content, motion = nets.get("content"), nets.get("motion")
    assert content is None or isinstance(content, ContentNet)
    assert motion is None or isinstance(motion, MotionNet)
    sampling = validated(header.get("sampling", {}), SamplingSpec, where=f"{path}, sampling")
    if unchanged is not None:
        unchanged.check()
    return Vidm(spec, content, motion, sampling, digest, str(path), checked_facts(header.get("facts", {}), path))


def checked_sha256(path: Path) -> str:
    """The file's sha256; where a JSON file of the same stem next to it gives one, it must match.

    Raises:
        WeightsError: There is no such file, or it is another one than the JSON file describes.
    """
    if not path.is_file():
        raise WeightsError("no such checkpoint", where=str(path), fix="check the path")
    digest, beside = sha256_of(path), path.with_suffix(".json")
    about = _json_in(beside) if beside != path else {}
    expected_digest = about.get("sha256", digest)
    if digest != expected_digest:
        size, whole = path.stat().st_size, about.get("bytes")
        is_cut = isinstance(whole, int) and size < whole
        raise WeightsError(
            f"the checkpoint is not the file that {beside.name} beside it describes",
            expected=f"sha256 {expected_digest}" + (f", {whole} bytes" if whole is not None else ""),
            found=f"sha256 {digest}, {size} bytes: " + ("cut off" if is_cut else "damaged, or replaced by another"),
            where=str(path),
            fix=f"copy both files again; where the checkpoint was replaced on purpose, remove {beside}",
        )
    return digest


def _json_in(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file; empty where there is none, or a damaged one."""
    try:
        # A damaged file decides nothing; the checkpoint has a checksum of its own.
        content = None if checksum_holds(path) is False else parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def parts_in(path: Path) -> tuple[Part, ...]:
    """Which generators a model's file holds."""
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
    return tuple(part for part in PARTS if any(name.startswith(f"{part}.") for name in names))


def filled(
    kind: type[ContentNet] | type[MotionNet],
    spec: VidmSpec,
    weights: Mapping[str, Tensor],
    path: Path,
    device: torch.device,
) -> ContentNet | MotionNet:
    """A network with these weights, float32, in evaluation mode; every key and shape must fit.

    Raises:
        WeightsError: A key is missing, unknown or of another shape (the first of each is named), a tensor is of another
            kind than :data:`TAKEN`, or a weight is not a finite number.
    """
    odd = next((name for name, value in weights.items() if not is_taken(value)), None)
    if odd is not None:
        raise WeightsError(
            "the weights hold a tensor of a kind that networks are not filled from",
            expected=TAKEN,
            found=f"{odd}: {tensor_kind(weights[odd])}",
            where=str(path),
            fix="save the weights as dense float32 tensors",
        )
    with torch.device("meta"):
        net = kind(spec)
    expected_shapes = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    shapes = {name: tuple(value.shape) for name, value in weights.items()}
    missing, extra = sorted(expected_shapes.keys() - shapes.keys()), sorted(shapes.keys() - expected_shapes.keys())
    reshaped = sorted(name for name in expected_shapes.keys() & shapes.keys() if expected_shapes[name] != shapes[name])
    if missing or extra or reshaped:
        problems = [
            *(f"{name} is missing" for name in missing[:1]),
            *(f"{name} is not part of the model" for name in extra[:1]),
            *(f"{name} has shape {shapes[name]}, not {expected_shapes[name]}" for name in reshaped[:1]),
        ]
        raise WeightsError(
            "the weights do not fit the model: another variant, resolution or size, or a damaged file",
            expected=f"the {len(expected_shapes)} tensors of a {kind.__name__}, {spec.variant} variant, "
            f"at {spec.resolution} pixels",
            found=f"{'; '.join(problems)} ({len(missing)} missing, {len(extra)} unknown, {len(reshaped)} reshaped)",
            where=str(path),
            fix="take the file that belongs to this variant and resolution",
        )
    bad = next((name for name, value in weights.items() if not value.isfinite().all()), None)
    if bad is not None:
        raise WeightsError(
            "the weights hold NaN or infinity, so every video sampled from them would be black",
            expected="finite weights",
            found=f"NaN or infinity in {bad}",
            where=str(path),
            fix="take an earlier checkpoint; one that vidmbench train wrote is good up to its last state",
        )
    # Channels last: a fifth faster on a CPU. Only where nothing is trained: backward through it crashes in torch 2.13.
    layout = {4: torch.channels_last}
    net.load_state_dict(
        {
            # Copied: a view of the mapped file would change with it.
            name: value.to(
                device, torch.float32, copy=True, memory_format=layout.get(value.ndim, torch.contiguous_format)
            )
            for name, value in weights.items()
        },
        assign=True,
    )
    return net.eval().requires_grad_(False)
