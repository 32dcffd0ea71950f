"""VIDM's published checkpoints (MKFMIKU/VIDM): the motion generator's release and the content generator of its history.

Their keys are this package's keys, so weights are loaded strictly. The official scripts load loosely; as the last
convolutions start at zero, a silent mismatch there gives pure noise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidmbench.core import resources
from vidmbench.core.declarations import validated
from vidmbench.core.errors import WeightsError, no_weights_file
from vidmbench.core.inputs import UnchangedFile, refuse_special
from vidmbench.core.torch_files import read_torch
from vidmbench.vidm.checkpoints.checkpoint import Vidm, checked_sha256, filled, load_vidm, save_vidm
from vidmbench.vidm.checkpoints.header_facts import PUBLISHED_CODE
from vidmbench.vidm.checkpoints.inferred_config import FIX, HALVED, Evidence, is_coordinates, read_evidence
from vidmbench.vidm.checkpoints.known import OFFICIAL, OFFICIAL_COPY, OFFICIAL_FILE, checkpoint_file
from vidmbench.vidm.checkpoints.tensor_files import TAKEN, is_dense, is_taken, tensor_kind
from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import SamplingSpec

SUFFIXES = (".tar", ".pth", ".pt")
# What is taken where the file does not say: the published trainer's defaults.
ASSUMED_PIXELS = 128
ASSUMED_FRAMES = 128
ASSUMED_TIMESTEPS = 1000


def open_vidm(named: str | None, dataset: str, device: torch.device) -> Vidm:
    """A model ready to sample from, whoever wrote it.

    Args:
        named: A checkpoint of vidmbench, the folder of a training run, or a published checkpoint (``.pth.tar``,
            ``.pth``, ``.pt``), or a known name; None for the one chosen for the data set.
        dataset: The data set's name.
        device: Where its networks go.

    Raises:
        WeightsError: There is no such file, or it cannot be used.
    """
    path = checkpoint_file(named, dataset)
    if path.suffix.lower() in SUFFIXES:
        return load_official(path, device)
    vidm = load_vidm(path, device)
    # Samples of the published file and of its copy in the cache are the same, and count as the same.
    return replace(vidm, sha256=vidm.facts.get("published_sha256", vidm.sha256))


def add_official(file: Path) -> Vidm:
    """Takes the user's copy of the published motion generator and keeps what is needed of it in the cache.

    Args:
        file: The published file, or one that this function wrote on another machine.

    Returns:
        The model. Its facts say what was read off the file and what was assumed.

    Raises:
        UsageError: A seed is given.
        WeightsError: The file is missing, unreadable, or another network.
    """
    if not file.is_file():
        raise no_weights_file(OFFICIAL, file, expected=f"{OFFICIAL_FILE}, or the copy of it in another cache")
    cpu = torch.device("cpu")
    if file.suffix.lower() == ".safetensors":
        vidm = load_vidm(file, cpu)
        if vidm.motion is None or "published_sha256" not in vidm.facts:
            raise WeightsError(
                f"this is another model than {OFFICIAL}",
                expected=OFFICIAL_FILE,
                found=f"a model of recipe {vidm.facts.get('recipe', 'unknown')}",
                where=str(file),
                fix=f"use it as it is: --model vidm:{file}",
            )
        facts = dict(vidm.facts)
    else:
        vidm = load_official(file, cpu)
        facts = {**vidm.facts, "published_file": file.name, "published_sha256": vidm.sha256}
    assert vidm.motion is not None
    target = resources.own_weights(OFFICIAL_COPY)
    save_vidm(target, vidm.spec, {"motion": vidm.motion.state_dict()}, vidm.sampling, facts)
    return replace(vidm, facts=facts, where=str(target))


def open_content(path: Path, device: torch.device) -> ContentNet:
    """The content generator in a file, whoever wrote it: a checkpoint of vidmbench or the published network.

    Raises:
        WeightsError: It cannot be used, or holds no content generator.
    """
    if path.suffix.lower() in SUFFIXES:
        return load_official_content(path, device)
    content = load_vidm(path, device).content
    if content is None:
        raise WeightsError(
            "this checkpoint has no content generator",
            expected="a model of which the content part was trained",
            found="a motion generator alone",
            where=str(path),
            fix="give another file, --content real, or train it: the same vidmbench train with --part content",
        )
    return content


def load_official(path: Path, device: torch.device) -> Vidm:
    """Reads the published motion generator; its moving average is what is used.

    Args:
        path: A file of the published training script: ``iters``, ``state_dict``, ``ema_state_dict``, ``optimizer``.
        device: Where the network goes.

    Returns:
        The model, without a content generator. Its facts say what was read off the file and what was assumed.

    Raises:
        WeightsError: Missing, truncated, unsafe, without moving average, contradictory, or not this network.
        ChangedError: It changed while it was read.
    """
    refuse_special(path, WeightsError)
    unchanged = UnchangedFile(path) if path.is_file() else None
    digest = checked_sha256(path)
    content = _read(path)
    if "ema_state_dict" not in content:
        raise WeightsError(
            "this is not a checkpoint of VIDM's published training script: it has no moving average of the weights",
            expected="the key ema_state_dict",
            found=f"the keys {_listed(content)}",
            where=str(path),
            fix=FIX,
        )
    states: dict[str, dict[str, Tensor]] = {
        name: _plain(content[name], path, name) for name in ("state_dict", "ema_state_dict") if name in content
    }
    evidence = read_evidence(states, path)
    weights = {name: value for name, value in states["ema_state_dict"].items() if not is_coordinates(name)}
    if "dt_embed.0.weight" in weights and not any(name.startswith("unet.") for name in weights):
        raise WeightsError(
            "this is a content generator, which makes first frames; a motion generator is needed here",
            expected="the keys encoder.*, unet.* and spynet.*",
            found=f"the keys {_listed(weights)}",
            where=str(path),
            fix=FIX,
        )
    spec = _spec(
        path,
        resolution=evidence.resolution or ASSUMED_PIXELS,
        num_frames=evidence.num_frames or ASSUMED_FRAMES,
        num_timesteps=evidence.num_timesteps or ASSUMED_TIMESTEPS,
    )
    net = filled(MotionNet, spec, weights, path, device)
    assert isinstance(net, MotionNet)
    # "ddim100" in the generation script: 100 ancestral steps at 0, 10, ..., 990.
    sampling = SamplingSpec(sampler="ancestral", steps=100, spacing="strided")
    facts = _facts(content.get("iters"), spec, evidence, path)
    if unchanged is not None:
        unchanged.check()
    return Vidm(spec, None, net, sampling, digest, str(path), facts)


def load_official_content(path: Path, device: torch.device) -> ContentNet:
    """Reads the published content generator, ``ConstantUModel``, whose code was withdrawn.

    Args:
        path: A PyTorch file of its weights, whole or under ``ema_state_dict`` (which goes first) or ``state_dict``,
            with or without ``module.`` before the names.
        device: Where the network goes.

    Returns:
        The network; resolution and number of classes are read off its constant and its class embedding.

    Raises:
        WeightsError: Missing, truncated, unsafe or not this network.
    """
    checked_sha256(path)
    content = _read(path)
    state: Any = content
    label = "the file"
    for name in ("state_dict", "ema_state_dict"):
        if name in content:
            state, label = content[name], name
    weights = _plain(state, path, label)
    constant = weights.get("input.input")
    shape = None if constant is None else tuple(constant.shape)
    if shape is None or len(shape) != 4 or shape[2] != shape[3] or shape[2] % HALVED:
        raise WeightsError(
            "this is not VIDM's published content generator, which holds a constant of the size of a frame",
            expected=f"input.input of shape (1, 3, R, R), R a multiple of {HALVED}",
            found=f"input.input of shape {shape}" if shape else f"the keys {_listed(weights)}",
            where=str(path),
            fix="give the weights of the ConstantUModel of VIDM's release history",
        )
    classes = weights.get("label_emb.weight")
    spec = _spec(path, resolution=shape[2], num_classes=0 if classes is None or not classes.ndim else classes.shape[0])
    net = filled(ContentNet, spec, weights, path, device)
    assert isinstance(net, ContentNet)
    return net


def _spec(path: Path, **sizes: int) -> VidmSpec:
    """The official variant with the sizes that a file's tensors have, which are checked as those of a header are."""
    return validated({"variant": "official", "penalty": False, **sizes}, VidmSpec, where=f"{path}, sizes")


def _read(path: Path) -> dict[str, Any]:
    """The dictionary in the file, its tensors left on disk until they are used."""
    content = read_torch(path, fix=FIX)
    if not isinstance(content, dict):
        raise WeightsError(
            "this is not a checkpoint of VIDM's published training script",
            expected="a dictionary of weights",
            found=f"an object of type {type(content).__name__}",
            where=str(path),
            fix=FIX,
        )
    return content


def _plain(state: Any, path: Path, label: str) -> dict[str, Tensor]:
    """Weights by name, without the ``module.`` that training on several devices puts before it."""
    if not isinstance(state, dict):
        raise WeightsError(
            f"{label} holds no weights",
            expected="a dictionary of tensors",
            found=f"an object of type {type(state).__name__}",
            where=str(path),
        )
    plain: dict[str, Tensor] = {}
    for key, value in state.items():
        name = str(key).removeprefix("module.")
        if not isinstance(value, Tensor) or not is_taken(value) or name in plain:
            kind = tensor_kind(value) if isinstance(value, Tensor) else type(value).__name__
            raise WeightsError(
                f"{label} holds something besides one tensor of weights per name",
                expected=f"{name} as one tensor: {TAKEN}",
                found="two of that name" if name in plain else f"type {kind}",
                where=str(path),
                fix="save the weights as dense float32 tensors, each under one name",
            )
        plain[name] = value
    return plain


def _facts(iters: object, spec: VidmSpec, evidence: Evidence, path: Path) -> dict[str, Any]:
    if (
        isinstance(iters, Tensor)
        and is_dense(iters)
        and iters.numel() == 1
        and iters.dtype in (torch.int32, torch.int64)
    ):
        iters = int(iters)
    sources = {
        "num_timesteps": evidence.num_timesteps,
        "video_timesteps": evidence.num_frames,
        "resolution": evidence.resolution,
        "batch": evidence.batches or None,
    }
    loss = "the published trainer has P2-weighted squared error and variational bound, no robustness penalty"
    if "robust" in path.name:
        loss = f"unknown: the file's name says robust, but {loss}"
    return {
        "written_by": PUBLISHED_CODE,
        "weights": "ema_state_dict",
        "iters": iters if isinstance(iters, int) else None,
        "num_timesteps": spec.num_timesteps,
        "video_timesteps": spec.num_frames,
        "resolution": spec.resolution,
        "batch": list(evidence.batches) or None,
        "read": [name for name, value in sources.items() if value is not None],
        "assumed": [name for name, value in sources.items() if value is None and name != "batch"],
        "loss": loss,
    }


def reading_note(facts: Mapping[str, Any]) -> str:
    """What is known of a published checkpoint, and what was assumed on reading it, in one sentence.

    Args:
        facts: Those of :func:`load_official`.
    """
    names = {"num_timesteps": "T", "video_timesteps": "N", "resolution": "pixels"}
    values = {key: f"{name} = {facts[key]}" for key, name in names.items()}
    read = [values[key] for key in names if key in facts["read"]]
    assumed = [values[key] for key in names if key in facts["assumed"]]
    parts = [
        f"{', '.join(read)} by its buffers" if read else "",
        f"assumed as it does not say: {', '.join(assumed)}" if assumed else "",
        f"iterations {facts['iters'] if facts['iters'] is not None else 'unknown'}",
        f"loss {facts['loss']}" if facts["loss"].startswith("unknown") else f"loss: {facts['loss']}",
    ]
    return f"published checkpoint: {'; '.join(filter(None, parts))}"


def _listed(keys: Iterable[object]) -> str:
    names = sorted(str(key) for key in keys)
    return (", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")) or "none"
