"""Imports torch-fidelity, the oracle of everything measured on frames, beside any build of PyTorch."""

import warnings

from support.torchvision_beside_cpu import import_torchvision


def import_torch_fidelity():
    """Imports it, also beside a CPU build of PyTorch."""
    import_torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch_fidelity.feature_extractor_inceptionv3
        import torch_fidelity.interpolate_compat_tensorflow
    return torch_fidelity
