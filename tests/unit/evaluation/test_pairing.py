"""Which prediction belongs to which target, and what is no pair."""

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.pairing import paired
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.controls import control
from vidmbench.videos.arrays.uint8_source import ArraySource


class Named(ArraySource):
    """Videos with names of their own, each of one grey."""

    def __init__(self, label, names, size=(16, 16), frames=4, levels=None):
        self.names = names
        levels = range(0, 20 * len(names), 20) if levels is None else levels
        clips = np.stack([np.full((frames, *size, 3), level, np.uint8) for level in levels])
        clips[:, :, 0, 0] += np.arange(frames, dtype=np.uint8)[None, :, None]
        super().__init__(clips, label)

    def name(self, index):
        return self.names[index]


def pairs(real, fake):
    found = paired(Named("real", real), Named("fake", fake))
    return [(pair.real, pair.fake) for pair in found.videos.pairs], found.samples, found.note


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        (["a.mp4", "b.mp4"], ["b.png", "a.png"], [(0, 1), (1, 0)]),
        (["gt_001.mp4", "gt_002.mp4"], ["pred_002.mp4", "pred_001.mp4"], [(0, 1), (1, 0)]),
        (["1_real", "2_real", "12_real"], ["12-out", "1-out", "2-out"], [(0, 1), (1, 2), (2, 0)]),
        (["x/a", "x/b"], ["y/b", "y/a"], [(0, 1), (1, 0)]),
    ],
)
def test_by_name(real, fake, expected):
    found, samples, note = pairs(real, fake)
    assert (found, samples) == (expected, 1)
    assert note.startswith("paired by name")


def test_names_that_do_not_agree_are_paired_in_order_and_this_is_said():
    assert pairs(["a", "b"], ["x", "y"]) == ([(0, 0), (1, 1)], 1, "paired in order: no names agree")


@pytest.mark.parametrize("form", ["{}_{}.mp4", "{}/{}.mp4", "{}_sample{}.mp4", "{}-sample_{}.gif"])
def test_several_predictions_of_each(form):
    fake = [form.format(name, number) for number in (10, 2) for name in ("b", "a")]
    found, samples, note = pairs(["a.mp4", "b.mp4"], fake)
    assert (found, samples) == ([(0, 3), (0, 1), (1, 2), (1, 0)], 2)
    assert "2 predictions of each video" in note


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (["a", "b"], ["a", "c"], ["cannot be paired", "no prediction of b", "no target of c"]),
        (["a", "b", "c"], ["x", "y"], ["cannot be paired", "3 targets, 2 predictions"]),
        (["a", "b"], ["a_0", "a_1", "b_0"], ["different numbers of predictions", "b: 1", "2 predictions of each"]),
        (["a.mp4", "a.avi"], ["a", "b"], ["two videos have one name", "a"]),
    ],
)
def test_no_pairs(real, fake, words):
    with pytest.raises(DataError) as caught:
        pairs(real, fake)
    for word in words:
        assert word in str(caught.value)


def test_sizes_differ():
    with pytest.raises(DataError, match=r"differ in size(.|\n)*16x16(.|\n)*8x16"):
        paired(Named("real", ["a"]), Named("fake", ["a"], size=(8, 16)))


def test_a_control_of_other_videos_is_no_prediction():
    real = Named("real", ["a", "b"])
    with pytest.raises(DataError, match="made from other videos"):
        paired(real, control("noise", real, is_paired=False))
    assert paired(real, control("noise", real, is_paired=True)).samples == 1


def score(real, fake, protocol, **options):
    spec = load_protocol(protocol).with_options(frames=4, **options)
    return evaluate(real, fake, plan(real, fake, [spec])).measurements[0]


def test_the_best_of_several_counts_for_each_target_where_the_code_says_so():
    real = Named("real", ["a", "b"], levels=(100, 200))
    fake = Named("fake", ["a_0", "a_1", "b_0", "b_1"], levels=(90, 99, 198, 150))
    best, mean = score(real, fake, "psnr-ivideogpt"), score(real, fake, "psnr-piqa")
    ratio = lambda *steps: np.mean([10 * np.log10(255**2 / step**2) for step in steps])  # noqa: E731
    np.testing.assert_allclose((best.value, mean.value), (ratio(1, 2), ratio(10, 1, 2, 50)), rtol=1e-3)
    assert (best.num_real, best.num_fake) == (2, 4)
    assert any("the best of 2 predictions" in warning for warning in best.warnings)
    assert not any("the best of" in warning for warning in mean.warnings)


def test_frames_of_the_context_do_not_count():
    clips = np.random.default_rng(0).integers(0, 250, (3, 4, 16, 16, 3), np.uint8)
    other = clips.copy()
    other[:, 2:] += 5
    real, fake = ArraySource(clips, "real"), ArraySource(other, "fake")
    failed = score(real, fake, "psnr-scikit-image")
    assert failed.status == "failed"
    assert "6 of 12 frames are equal" in failed.reason
    found = score(real, fake, "psnr-scikit-image", context=2)
    assert found.value == pytest.approx(10 * np.log10(255**2 / 25), rel=1e-6)
    assert "context:2" in found.signature


@pytest.mark.parametrize(
    ("protocol", "equal"),
    [("psnr-common-metrics", 100), ("psnr-piqa", 80), ("psnr-tokenbench", 186.6046), ("psnr-opencv", 361.202)],
)
def test_identical_sides_count_what_the_convention_says(protocol, equal):
    real = Named("real", ["a", "b"])
    found = score(real, Named("fake", ["a", "b"]), protocol)
    assert found.value == pytest.approx(equal, rel=1e-6)
    assert "both sides hold the same videos" in found.warnings


def test_frames_smaller_than_the_window():
    real = Named("real", ["a", "b"], size=(8, 16))
    with pytest.raises(DataError, match=r"smaller than the window(.|\n)*11 x 11"):
        score(real, control("noise", real, is_paired=True), "ssim-piqa")
