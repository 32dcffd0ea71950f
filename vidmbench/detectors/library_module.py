"""A network of the transformers library as a torch module that gives features."""

import json
from typing import Any

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from vidmbench.core.errors import ProtocolError, WeightsError
from vidmbench.detectors.library_models import CONFIG, model_of
from vidmbench.detectors.types import Tensors
from vidmbench.detectors.vision_transformer import check_layout

_POOLED = {"pooled": "pooler_output", "embedding": "image_embeds"}


class LibraryModule(nn.Module):
    """A model and the one of its outputs that is wanted.

    Args:
        model: Of transformers.
        output: See :attr:`vidmbench.protocols.detector.DetectorSpec.output`.
    """

    def __init__(self, model: Any, output: str) -> None:
        super().__init__()
        self.model, self.output = model, output
        # Video models of transformers take time before channels.
        self._extra = {"skip_predictor": True} if model.config.model_type == "vjepa2" else {}

    def forward(self, x: Tensor) -> Float32[Tensor, "sample feature"]:
        """Features of float32 (clip, 3, time, size, size) or (frame, 3, size, size)."""
        given = x.transpose(1, 2) if x.ndim == 5 else x
        layers = {"output_hidden_states": True} if self.output.startswith("layer-") else {}
        try:
            outputs = self.model(**{self.model.main_input_name: given}, **self._extra, **layers)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # classes check what they are given in ways of their own, or not at all
            raise self._refused(x, error) from error
        features: Tensor = self._chosen(outputs).flatten(1)
        return features.float()  # of bf16

    def _refused(self, x: Tensor, error: Exception) -> ProtocolError:
        config = self.model.config
        size = getattr(config, "image_size", None) or getattr(config, "crop_size", None)
        frames = getattr(config, "num_frames", None) or getattr(config, "frames_per_clip", None)
        wanted = f"{frames} frames" if frames else "single frames"
        wanted += f" of {size} x {size} pixels" if isinstance(size, int) else ""
        given = f"{x.shape[2]} frames" if x.ndim == 5 else "single frames"
        return ProtocolError(
            f"{type(self.model).__name__} does not take this input",
            expected=f"{wanted}, as its {CONFIG} says",
            found=f"{given} of {x.shape[-2]} x {x.shape[-1]} pixels; "
            f"transformers says: {' '.join(str(error).split())[:200]}",
            fix="give as many --frames as it takes, or correct reads and input_size in the detector's file",
        )

    def _chosen(self, outputs: Any) -> Any:
        if self.output in _POOLED:
            return self._of(outputs, _POOLED[self.output])
        if self.output.startswith("layer-"):
            states, number = self._of(outputs, "hidden_states"), int(self.output.removeprefix("layer-"))
            if number >= len(states):
                raise ProtocolError(
                    "the network has no such layer", expected=f"layer-0 to layer-{len(states) - 1}", found=self.output
                )
            return states[number].mean(dim=1)
        tokens = self._of(outputs, "last_hidden_state")
        return tokens[:, 0] if self.output == "first-token" else tokens.mean(dim=1)

    def _of(self, outputs: Any, name: str) -> Any:
        value = getattr(outputs, name, None)
        if value is None:
            raise ProtocolError(
                f"the network gives no {name}",
                expected=f"an output that {type(self.model).__name__} has",
                found=f'output = "{self.output}", and it gives {", ".join(outputs.keys())}',
                fix="choose another output in the detector's file",
            )
        return value


def load(tensors: Tensors, *, class_name: str, output: str) -> nn.Module:
    """Builds the network from what :func:`vidmbench.detectors.library_models.read_folder` read.

    Args:
        tensors: Tensors and the configuration.
        class_name: The class.
        output: What of it is the feature.

    Raises:
        WeightsError: These are the tensors of another network.
    """
    model_class = model_of(class_name)
    if CONFIG not in tensors:
        raise WeightsError("a checkpoint's configuration is missing", expected=CONFIG, found=f"{len(tensors)} tensors")
    weights = {name: value for name, value in tensors.items() if name != CONFIG}
    config = model_class.config_class.from_dict(json.loads(tensors[CONFIG].tobytes()))
    model = model_class(config)
    check_layout({name: tuple(value.shape) for name, value in model.state_dict().items()}, weights, class_name)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return LibraryModule(model, output).eval().requires_grad_(False)
