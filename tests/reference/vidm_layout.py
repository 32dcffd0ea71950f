"""Names and shapes of the published VIDM checkpoints, written down from a reading of the published code.

The tables list every block; nothing is shared with the package. "res I O" is a residual block from I to O channels,
"att C" an attention block, "conv I O" a 3x3 convolution.
"""

INPUT = {
    1: "res 128 128",
    2: "res 128 128",
    3: "res 128 128",  # down
    4: "res 128 128",
    5: "res 128 128",
    6: "res 128 128",  # down
    7: "res 128 256",
    8: "res 256 256",
    9: "res 256 256",  # down
    10: "res 256 256",
    11: "res 256 256",
    12: "res 256 256",  # down
    13: "res 256 512, att 512",
    14: "res 512 512, att 512",
    15: "res 512 512",  # down
    16: "res 512 512",
    17: "res 512 512",
}
MIDDLE = "res 512 512, att 512, res 512 512"
OUTPUT = {
    0: "res 1024 512",
    1: "res 1024 512",
    2: "res 1024 512, res 512 512",  # up
    3: "res 1024 512, att 512",
    4: "res 1024 512, att 512",
    5: "res 768 512, att 512, res 512 512",  # up
    6: "res 768 256",
    7: "res 512 256",
    8: "res 512 256, res 256 256",  # up
    9: "res 512 256",
    10: "res 512 256",
    11: "res 384 256, res 256 256",  # up
    12: "res 384 128",
    13: "res 256 128",
    14: "res 256 128, res 128 128",  # up
    15: "res 256 128",
    16: "res 256 128",
    17: "res 256 128",
}
FLOW = ((32, 8), (64, 32), (32, 64), (16, 32), (2, 16))
# Height and width of the feature maps that the blocks above give, at 128 pixels, by the last block of each size.
SIZES = ((2, 128), (5, 64), (8, 32), (11, 16), (14, 8), (17, 4))


def layer(name, *weight):
    """A weight of any shape and its bias, one value a row."""
    return {f"{name}.weight": weight, f"{name}.bias": weight[:1]}


def res_posgn(stem, i, o):
    keys = layer(f"{stem}.in_layers.0", i) | layer(f"{stem}.in_layers.2", o, i, 3, 3)
    keys |= layer(f"{stem}.emb_layers.linear_0", o, 4)
    keys |= layer(f"{stem}.emb_layers.linear_1.0", 2 * o, o) | layer(f"{stem}.emb_layers.linear_1.2", 2 * o, 2 * o)
    keys |= layer(f"{stem}.emb_layers.out_norm", o) | layer(f"{stem}.emb_layers.out_rest.1", o, o, 3, 3)
    return keys | (layer(f"{stem}.skip_connection", o, i, 1, 1) if i != o else {})


def res_adagn(stem, i, o):
    keys = layer(f"{stem}.in_layers.0", i) | layer(f"{stem}.in_layers.2", o, i, 3, 3)
    keys |= layer(f"{stem}.emb_layers.1", 2 * o, 512)
    keys |= layer(f"{stem}.out_layers.0", o) | layer(f"{stem}.out_layers.3", o, o, 3, 3)
    return keys | (layer(f"{stem}.skip_connection", o, i, 1, 1) if i != o else {})


def attention(stem, c):
    return layer(f"{stem}.norm", c) | layer(f"{stem}.qkv", 3 * c, c, 1) | layer(f"{stem}.proj_out", c, c, 1)


def members(stem, listed, res):
    keys = {}
    for place, member in enumerate(listed.split(", ")):
        kind, *channels = member.split()
        channels = [int(channel) for channel in channels]
        keys |= (res if kind == "res" else attention)(f"{stem}.{place}", *channels)
    return keys


def input_blocks(prefix, channels, res):
    keys = layer(f"{prefix}input_blocks.0.0", 128, channels, 3, 3)
    for index, listed in INPUT.items():
        keys |= members(f"{prefix}input_blocks.{index}", listed, res)
    return keys


def rest(prefix, res):
    keys = members(f"{prefix}middle_block", MIDDLE, res)
    for index, listed in OUTPUT.items():
        keys |= members(f"{prefix}output_blocks.{index}", listed, res)
    return keys | layer(f"{prefix}out.0", 128) | layer(f"{prefix}out.2", 6, 128, 3, 3)


def motion_layout():
    """Key to shape, 988 of them: the motion generator, coordinate buffers left out."""
    keys = input_blocks("encoder.", 3, res_posgn) | input_blocks("unet.", 5, res_posgn) | rest("unet.", res_posgn)
    keys |= {"spynet.mean": (1, 3, 1, 1), "spynet.std": (1, 3, 1, 1)}
    for level in range(6):
        for place, (o, i) in enumerate(FLOW):
            keys |= layer(f"spynet.basic_module.{level}.basic_module.{place}.conv", o, i, 7, 7)
    return keys


def content_layout(resolution=128):
    """Key to shape, 507 of them: the content generator."""
    keys = {"input.input": (1, 3, resolution, resolution)}
    keys |= layer("dt_embed.0", 512, 128) | layer("dt_embed.2", 512, 512)
    return keys | input_blocks("", 6, res_adagn) | rest("", res_adagn)


def coordinate_layout(*, resolution=128, batch=12, frames=128, timesteps=1000):
    """The 118 coordinate buffers that a motion generator of the published code has after a forward pass."""
    buffers = {}

    def add(stem, size):
        buffers[f"{stem}.emb_layers.coords"] = (batch, size * resolution // 128, size * resolution // 128, 2)
        buffers[f"{stem}.emb_layers.new_coords"] = (timesteps, frames, 1, 1, 2)

    def at(index):
        return next(size for last, size in SIZES if index <= last)

    for index in INPUT:
        for net in ("encoder", "unet"):
            add(f"{net}.input_blocks.{index}.0", at(index))
    add("unet.middle_block.0", 4)
    add("unet.middle_block.2", 4)
    for index, listed in OUTPUT.items():
        size = at(17 - index)
        places = [place for place, member in enumerate(listed.split(", ")) if member.startswith("res")]
        for place in places:
            add(f"unet.output_blocks.{index}.{place}", size * (2 if place else 1))
    return buffers
