"""Framing rules against plain implementations, and the source that applies them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from reference.framing import (
    centre_bilinear,
    middle_square,
    pillow_resize,
    short_side_antialias,
    short_side_bilinear,
    short_side_lanczos,
)

from vidmbench.core.errors import DataError, UsageError
from vidmbench.videos import ArraySource
from vidmbench.videos.pre_resize import PRE_RESIZE_RULES, PreResizedSource, pre_resized
from vidmbench.videos.source import Source
from vidmbench.vidm.frames import square

SIZES = [(341, 256, 128), (240, 320, 128), (320, 256, 64), (37, 53, 16), (53, 37, 64), (128, 128, 128), (75, 525, 64)]
GREY = 2e-3  # what float32 leaves open, grey levels: positions on some hundred pixels
PILLOW = {
    "centre-lanczos": lambda picture, p: pillow_resize(middle_square(picture), (p, p), "lanczos"),
    "short-side-lanczos-centre": short_side_lanczos,
    "squash-bicubic-pil": lambda picture, p: pillow_resize(picture, (p, p), "bicubic"),
    "squash-lanczos": lambda picture, p: pillow_resize(picture, (p, p), "lanczos"),
}


def frames_of(height, width, count=2):
    """Noise over a slope, so that both edges and even areas are there."""
    random = np.random.default_rng(height * 1000 + width)
    slope = np.linspace(0, 200, height * width * 3).reshape(height, width, 3)
    return (slope + random.integers(0, 56, (count, height, width, 3))).astype(np.uint8)


@pytest.mark.parametrize("rule", sorted(set(PRE_RESIZE_RULES) - {"none"}))
def test_the_number_of_threads_moves_no_pixel(rule):
    """Before these rules kept to one thread, two moved some pixels of the cutting ones by one."""
    frames = frames_of(341, 256, count=16)
    before = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            found.append(pre_resized(frames, rule, 224))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_every_rule_has_a_test():
    bilinear = {"centre-bilinear", "centre-bilinear-rounded", "short-side-bilinear-centre"}
    bilinear |= {"short-side-bilinear-antialias-centre"}
    jpeg = {"short-side-lanczos-centre-jpeg75", "squash-lanczos-jpeg75"}
    assert {"none", *bilinear, *jpeg, *PILLOW} == set(PRE_RESIZE_RULES)


@pytest.mark.parametrize(("height", "width", "pixels"), SIZES)
def test_cd_fvd_blurs_what_it_shrinks_and_truncates(height, width, pixels):
    frames = frames_of(height, width)
    found = pre_resized(frames, "short-side-bilinear-antialias-centre", pixels)
    exact = np.stack([short_side_antialias(frame, pixels) for frame in frames])
    below = exact - found
    # Through / 255 and * 255 in float32, a whole grey level may come out as the one below it.
    assert (below >= -0.02).all()
    assert (below <= 1.02).all()
    if (height, width) != (pixels, pixels):
        assert (below >= 0.5).mean() > 0.2  # cut, not rounded


@pytest.mark.parametrize("rule", PILLOW)
@pytest.mark.parametrize(("height", "width", "pixels"), SIZES)
def test_pillow_rules_equal_pillows_integer_arithmetic(rule, height, width, pixels):
    frames = frames_of(height, width)
    found = pre_resized(frames, rule, pixels)
    assert (found.dtype, found.shape) == (np.uint8, (2, pixels, pixels, 3))
    np.testing.assert_array_equal(found, np.stack([PILLOW[rule](frame, pixels) for frame in frames]))


@pytest.mark.parametrize(("width", "left"), [(341, 10), (348, 12)])  # 86 and 88 wide: 10.5 and 11.5 to the even
def test_the_crop_after_a_short_side_rounds_halves_to_even(width, left):
    (frame,) = frames_of(256, width, 1)
    wide = np.asarray(
        Image.fromarray(frame).resize((65 + 21 if width == 341 else 65 + 23, 65), Image.Resampling.LANCZOS)
    )
    resized = pre_resized(frame[None], "short-side-lanczos-centre", 65)[0]
    np.testing.assert_array_equal(resized, wide[:, left : left + 65])


@pytest.mark.parametrize(("rule", "before"), [("short-side-lanczos-centre-jpeg75", "short-side-lanczos-centre"),
                                              ("squash-lanczos-jpeg75", "squash-lanczos")])  # fmt: skip
def test_jpeg_is_what_stylegan_v_writes(tmp_path, rule, before):
    frames = frames_of(240, 320)
    expected = []
    for picture in pre_resized(frames, before, 128):
        Image.fromarray(picture).save(tmp_path / "frame.jpg", q=95)  # as the script has it; Pillow knows no q
        expected.append(np.array(Image.open(tmp_path / "frame.jpg")))
    found = pre_resized(frames, rule, 128)
    np.testing.assert_array_equal(found, np.stack(expected))
    assert not np.array_equal(found, pre_resized(frames, before, 128))


@pytest.mark.parametrize(("height", "width", "pixels"), SIZES)
@pytest.mark.parametrize(("rule", "plain"), [("centre-bilinear", centre_bilinear),
                                             ("short-side-bilinear-centre", short_side_bilinear)])  # fmt: skip
def test_bilinear_rules_truncate_the_exact_value(rule, plain, height, width, pixels):
    frames = frames_of(height, width)
    found = pre_resized(frames, rule, pixels)
    assert (found.dtype, found.shape, found.flags.c_contiguous) == (np.uint8, (2, pixels, pixels, 3), True)
    exact = np.stack([plain(frame, pixels) for frame in frames])
    lowest, highest = np.floor(exact - GREY), np.floor(exact + GREY)
    assert ((found == lowest) | (found == highest)).all()


@pytest.mark.parametrize(("height", "width", "pixels"), SIZES)
def test_centre_bilinear_is_digans_order_of_steps(height, width, pixels):
    frames = frames_of(height, width)
    video = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    half = abs(height - width) // 2
    video = video[:, :, half : half + width] if height > width else video[:, :, :, half : half + height]
    video = F.interpolate(video, size=pixels, mode="bilinear", align_corners=False).permute(1, 0, 2, 3).contiguous()
    expected = video.permute(1, 2, 3, 0).numpy().astype("uint8")
    np.testing.assert_array_equal(pre_resized(frames, "centre-bilinear", pixels), expected)


@pytest.mark.parametrize(("height", "width", "pixels"), SIZES)
def test_short_side_bilinear_is_videogpts_order_of_steps(height, width, pixels):
    frames = frames_of(height, width)
    video = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255.0
    long = int(np.ceil(max(height, width) * (pixels / min(height, width))))
    new = (pixels, long) if height < width else (long, pixels)
    video = F.interpolate(video, size=new, mode="bilinear", align_corners=False)
    top, left = ((length - pixels) // 2 for length in new)
    video = video[:, :, top : top + pixels, left : left + pixels].permute(1, 0, 2, 3).contiguous()
    video -= 0.5
    expected = ((video + 0.5).permute(1, 2, 3, 0).numpy() * 255).astype("uint8")
    np.testing.assert_array_equal(pre_resized(frames, "short-side-bilinear-centre", pixels), expected)


def test_the_rounded_rule_is_what_training_sees():
    for height, width, pixels in SIZES:
        frames = frames_of(height, width)
        np.testing.assert_array_equal(pre_resized(frames, "centre-bilinear-rounded", pixels), square(frames, pixels))


@pytest.mark.parametrize("rule", sorted(set(PRE_RESIZE_RULES) - {"short-side-bilinear-centre"}))
def test_frames_of_that_size_stay_as_they_are(rule):
    frames = frames_of(48, 48)
    is_same = np.array_equal(pre_resized(frames, rule, 48), frames)
    assert is_same != rule.endswith("-jpeg75")


def test_videogpts_way_through_a_half_takes_one_off_some_grey_levels():
    levels = np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None], (256, 3)).reshape(1, 16, 16, 3)
    found = pre_resized(levels, "short-side-bilinear-centre", 16)
    x = np.arange(256, dtype=np.float32) / np.float32(255)
    expected = ((x - np.float32(0.5) + np.float32(0.5)) * np.float32(255)).astype(np.uint8)
    np.testing.assert_array_equal(found[0, ..., 0].ravel(), expected)
    assert (expected != np.arange(256)).sum() == 63


def test_views_and_read_only_frames_and_none_at_all():
    frames = frames_of(24, 32)
    frozen = frames[:, :, ::-1]
    frozen.flags.writeable = False
    for rule in PRE_RESIZE_RULES[1:]:
        np.testing.assert_array_equal(pre_resized(frozen, rule, 16), pre_resized(np.array(frozen), rule, 16))
        assert pre_resized(frames[:0], rule, 16).shape == (0, 16, 16, 3)
    assert pre_resized(frames, "none") is frames


def test_wrong_rules_and_sizes_say_so():
    frames = frames_of(24, 32)
    with pytest.raises(UsageError, match="did you mean centre-bilinear"):
        pre_resized(frames, "center-bilinear", 16)
    with pytest.raises(UsageError, match="the rule centre-lanczos needs a resolution"):
        pre_resized(frames, "centre-lanczos")
    with pytest.raises(UsageError, match="a positive number of pixels"):
        pre_resized(frames, "centre-lanczos", 0)
    with pytest.raises(DataError, match=r"leaves frames as they are[\s\S]*16x16[\s\S]*24x32"):
        pre_resized(frames, "none", 16)


def test_a_framed_source_frames_what_it_reads():
    clips = np.stack([frames_of(24, 32, 5), frames_of(24, 32, 5)[::-1]])
    base = ArraySource(clips, "some")
    source = PreResizedSource(base, "centre-bilinear", 16)
    assert isinstance(source, Source)
    assert (len(source), source.size, source.label, source.num_frames(1)) == (2, (16, 16), "some", 5)
    assert source.name(1) == base.name(1)
    assert source.notes[-1] == "frames were brought to 16x16 by centre-bilinear"
    np.testing.assert_array_equal(source.read(1, [3, 0]), pre_resized(clips[1][[3, 0]], "centre-bilinear", 16))


def test_a_framed_source_digests_the_base_the_rule_and_the_resolution(monkeypatch):
    base = ArraySource(frames_of(24, 32, 5)[None], "some")
    asked = [("none", None), ("centre-bilinear", 16), ("centre-bilinear", 8), ("squash-lanczos", 16)]
    digests = [PreResizedSource(base, *each).digest() for each in asked]
    assert len(set(digests)) == len(asked)
    assert digests[0] == base.digest()
    monkeypatch.setattr("vidmbench.videos.pre_resize.PRE_RESIZE_VERSION", 99)
    assert PreResizedSource(base, "centre-bilinear", 16).digest() != digests[1]


def test_a_framed_source_keeps_labels_and_says_what_frames_went_through():
    base = ArraySource(frames_of(24, 32, 5)[None], "some")
    assert PreResizedSource(base, "squash-lanczos", 16).labels is None
    base.labels = (7,)
    base.compression = "mpeg4 yuv420p"
    assert PreResizedSource(base, "squash-lanczos", 16).labels == (7,)
    assert PreResizedSource(base, "squash-lanczos", 16).compression == "mpeg4 yuv420p"
    assert PreResizedSource(base, "squash-lanczos-jpeg75", 16).compression == "mpeg4 yuv420p; jpeg quality 75 4:2:0"


def test_a_framed_source_refuses_at_once():
    base = ArraySource(frames_of(24, 32, 5)[None], "some")
    with pytest.raises(UsageError, match="needs a resolution"):
        PreResizedSource(base, "centre-bilinear")
    with pytest.raises(DataError, match="leaves frames as they are"):
        PreResizedSource(base, "none", 16)
