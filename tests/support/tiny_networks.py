"""Checkpoints of the transformers library, as small as their classes allow, made from a seed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from support.torchvision_beside_cpu import import_torchvision

SMALL = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}
CLIP = {**SMALL, "model_type": "clip_vision_model", "image_size": 32, "patch_size": 16, "projection_dim": 8}
VIDEOMAE = {**SMALL, "model_type": "videomae", "image_size": 32, "patch_size": 16, "num_frames": 4}
DETECTOR = """\
name = "{name}"
short = "mine"
title = "a small network"
reads = "{reads}"
num_features = {num_features}
min_frames = {min_frames}
input_size = 32
measures = {{ frechet = "my-fd", kernel = "my-kd", precision-recall = "prdc" }}
library = "transformers"
class = "{class_name}"
{place}
output = "{output}"
licence = "ours"
published = "nowhere"
"""
OF_FRAMES = {
    **{"name": "my-clip", "reads": "frames", "num_features": 8, "min_frames": 1, "place": 'folder = "checkpoint"'},
    **{"class_name": "CLIPVisionModelWithProjection", "output": "embedding"},
}
OF_CLIPS = {
    **{"name": "my-videomae", "reads": "clips", "num_features": 12, "min_frames": 4, "place": 'folder = "checkpoint"'},
    **{"class_name": "VideoMAEModel", "output": "mean-of-tokens"},
}


def tensors_of(class_name: str, config: dict[str, Any]) -> dict[str, np.ndarray]:
    """The tensors of a class of transformers, from a seed."""
    import_torchvision()
    import torch
    import transformers

    model_class = getattr(transformers, class_name)
    torch.manual_seed(0)
    model = model_class(model_class.config_class.from_dict(config))
    return {name: value.numpy() for name, value in model.state_dict().items()}


def save_checkpoint(where: str | Path, tensors: dict[str, np.ndarray], config: dict[str, Any]) -> None:
    """A folder as the hub's: config.json and model.safetensors."""
    Path(where).mkdir(parents=True, exist_ok=True)
    Path(where, "config.json").write_text(json.dumps(config))
    save_file(tensors, Path(where, "model.safetensors"), metadata={"format": "pt"})
