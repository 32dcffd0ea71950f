"""torch-fidelity, the oracle of everything that looks at frames, beside whatever build of PyTorch is there."""

import sys
import warnings

import torch

_KEPT: list = []


def import_torch_fidelity():
    """Imports it also beside a CPU build of PyTorch, where torchvision's compiled operations do not load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import torchvision  # noqa: F401
        except RuntimeError as error:
            if "torchvision::nms" not in str(error):
                raise
            schemas = torch.library.Library("torchvision", "DEF")
            for name in ("nms", "qnms"):
                schemas.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _KEPT.append(schemas)  # the declarations live as long as this object
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]
        import torch_fidelity.feature_extractor_inceptionv3
        import torch_fidelity.interpolate_compat_tensorflow
    return torch_fidelity
