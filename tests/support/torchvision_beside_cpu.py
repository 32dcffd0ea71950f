"""Imports torchvision, which other packages need, beside any build of PyTorch."""

import sys
import warnings

import torch

# Operator declarations last as long as the Library objects that made them.
_LIBRARIES: list = []


def import_torchvision():
    """Imports it, also beside a CPU build of PyTorch, where its compiled operators do not load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import torchvision
        except RuntimeError as error:
            if "torchvision::nms" not in str(error):
                raise
            schemas = torch.library.Library("torchvision", "DEF")
            for name in ("nms", "qnms"):
                schemas.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _LIBRARIES.append(schemas)
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]
            import torchvision
    return torchvision
