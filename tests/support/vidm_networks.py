"""Networks of VIDM for the tests: minute ones with random weights, published ones without any memory."""

import math

import torch

from vidmbench.vidm.config import FlowSpec, UNetSpec, VidmSpec

SIZES = UNetSpec(channels=8, multipliers=(1, 2), blocks=2, attention=(2,), head_channels=4, groups=4)
FLOW = FlowSpec(widths=(8, 10, 9, 7), levels=2)
PIXELS, FRAMES, TIMESTEPS = 8, 20, 1000


def small(variant, **switches):
    # The paper variant names attention by the size of the feature map, the official one by the factor.
    sizes = SIZES if variant == "official" else SIZES.model_copy(update={"attention": (PIXELS // 2,)})
    settings = {"penalty": variant == "paper", "content": sizes, "motion": sizes, "flow": FLOW} | switches
    return VidmSpec(variant=variant, resolution=PIXELS, num_frames=FRAMES, **settings)


def published(resolution=128, **switches):
    return VidmSpec(variant="official", penalty=False, resolution=resolution, **switches)


def built(kind, spec, seed=0):
    """The network with random weights everywhere, those that start at zero or one included."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = kind(spec)
        with torch.no_grad():
            for name, value in net.named_parameters():
                # SpyNet's ReLUs need more to pass something on.
                weight, bias = (1.4, 0.1) if name.startswith("spynet.") else (0.7, 0.5)
                value.normal_(0, weight / value[0].numel() ** 0.5 if value.ndim > 1 else bias)
    return net.eval().requires_grad_(False)


def on_meta(kind, spec):
    with torch.device("meta"):
        return kind(spec)


def shapes(net):
    return {name: tuple(value.shape) for name, value in net.state_dict().items()}


def count(net):
    return sum(parameter.numel() for parameter in net.parameters())


def inputs(batch=2, seed=0):
    random = torch.Generator().manual_seed(seed)
    x_t, first, previous = torch.randn(3, batch, 3, PIXELS, PIXELS, generator=random).clamp(-1, 1)
    return x_t, torch.tensor([999, 37, 500])[:batch], torch.tensor([1, 17, 5])[:batch], first, previous


def pieces(layout, seed, prefix="module."):
    """Random weights of a layout, each a piece of the same block: a file of them has some 20 MB, whatever the sizes."""
    random = torch.Generator().manual_seed(seed)
    block = torch.randn(5_000_000, generator=random) / 50
    found = {}
    for name, shape in layout.items():
        size = math.prod(shape)
        begin = int(torch.randint(len(block) - size, (), generator=random))
        found[prefix + name] = block[begin : begin + size].view(shape)
    return found
