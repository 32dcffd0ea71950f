"""The package lpips with the trunk weights that vidmbench has: those of torchvision are a download of their own."""

import warnings

import torch
from support.torchvision_beside_cpu import import_torchvision

from vidmbench.detectors.lpips import layers
from vidmbench.detectors.pair_engine import TRUNKS
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.protocols.detector import load_detectors


def wheel_network(detector, *, spatial=False):
    """`lpips.LPIPS`, whose heads are the package's own."""
    import_torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lpips

        net = {"alexnet": "alex", "vgg16": "vgg"}[TRUNKS[detector]]
        network = lpips.LPIPS(net=net, pnet_rand=True, spatial=spatial, verbose=False).eval()
    convolutions = [module for module in network.net.modules() if isinstance(module, torch.nn.Conv2d)]
    own = layers(load_weights(load_detectors()[detector]), TRUNKS[detector])
    with torch.no_grad():
        for convolution, layer in zip(convolutions, own, strict=True):
            convolution.weight.copy_(torch.from_numpy(layer.kernel))
            convolution.bias.copy_(torch.from_numpy(layer.bias))
    return network


def wheel_input(frames):
    """uint8 (frame, height, width, 3) as the package wants it: float32 (frame, 3, height, width), -1..1."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float().div(255).mul(2).sub(1).contiguous()
