"""The rules as matrices, on the CPU, against the rules themselves."""

import numpy as np
import pytest
import torch

from vidmbench.detectors.preparation import lengthened
from vidmbench.detectors.resize import in_uint8, prepared
from vidmbench.detectors.resize_matrices import MatrixResize, resize_matrices
from vidmbench.detectors.sequences import is_sequence
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.protocols.protocol import load_protocol, protocol_names

CPU = torch.device("cpu")
STYLEGAN = load_protocol("fvd-stylegan-v").array
RULE = ("crop", "resize", "range", "first_resize", "lengthen", "wide_input")


def every_rule():
    """The ways of all protocols, and the combinations that none has."""
    stages = [load_protocol(name).array for name in protocol_names()]
    stages = [it for it in stages if it.resize != "detector" and not isinstance(it, PairStage) and not is_sequence(it)]
    stages += [
        STYLEGAN.model_copy(update={"resize": kernel, "crop": crop, "range": interval})
        for kernel, interval in (
            ("bilinear-antialias", "0..255"),
            ("bicubic-pil", "imagenet"),
            ("bicubic-pil-uint8", "-1..1"),
        )
        for crop in ("none", "short-side-centre", "centre-square")
    ]
    return {" ".join(str(getattr(stage, name)) for name in RULE): stage for stage in stages}.values()


def name_of(stage):
    return "-".join(str(getattr(stage, name)) for name in RULE[:3])


def clip_of(frames, height, width):
    return np.random.default_rng(height).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("stage", every_rule(), ids=name_of)
@pytest.mark.parametrize("size", [(17, 28), (64, 50)])
def test_matrices_equal_the_rule(stage, size):
    clip = clip_of(3, *size)
    fed = stage.size_fed(40)
    wanted = lengthened(prepared(clip, stage, size=fed), stage)
    frames = in_uint8(clip, stage, size=fed)
    resize = MatrixResize(frames.shape[:3], stage, size=fed, device=CPU)
    found = resize(torch.from_numpy(np.stack([frames[::-1], frames])))[1].numpy()
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    levels = {"0..255": 1, "-1..1": 127.5, "inception": 128}.get(stage.range, 255)
    assert np.abs(found - wanted).max() * levels <= 1e-6 * 255


def test_a_rule_that_rounds_is_refused_as_a_matrix():
    stage = STYLEGAN.model_copy(update={"resize": "bicubic-pil-uint8"})
    with pytest.raises(ValueError, match="must be resized to"):
        resize_matrices((20, 20), stage, size=(40, 40))


def test_frames_of_the_networks_own_size_are_left_as_they_are():
    stage = STYLEGAN.model_copy(update={"range": "0..255"})
    clip = clip_of(2, 24, 24)
    found = MatrixResize(clip.shape[:3], stage, size=(24, 24), device=CPU)(torch.from_numpy(clip)[None])
    np.testing.assert_array_equal(found[0].numpy(), clip)
