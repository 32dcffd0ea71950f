"""Which prediction belongs to which target, and what is no pair."""

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.pairing import paired
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.controls import control, static_of
from vidmbench.videos.arrays.uint8_source import ArraySource
from vidmbench.videos.source import Skipped


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


class Uneven(ArraySource):
    """Videos of different lengths."""

    def __init__(self, clips, lengths):
        super().__init__(clips, "uneven")
        self.clips, self.lengths = clips, lengths

    def num_frames(self, index):
        return self.lengths[index]


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
        (["B", "a"], ["A", "b"], [(0, 1), (1, 0)]),
        (["caf\u00e9", "x"], ["x", "cafe\u0301"], [(0, 1), (1, 0)]),
    ],
)
def test_by_name(real, fake, expected):
    found, samples, note = pairs(real, fake)
    assert (found, samples) == (expected, 1)
    assert note.startswith("paired by name")


def test_names_that_do_not_agree_are_paired_in_order_and_this_is_said():
    note = "paired in order, as no names agree, first a with x"
    assert pairs(["a", "b"], ["x", "y"]) == ([(0, 0), (1, 1)], 1, note)


@pytest.mark.parametrize(
    ("real", "fake", "note"),
    [
        (["a.mp4", "b.mp4"], ["a.png", "b.png"], "paired by name"),
        (["gt_1.mp4", "gt_2.mp4"], ["1_out.mp4", "2_out.mp4"], "paired by name: gt_NAME with NAME_out"),
        (["x/a", "y/b"], ["z/a", "z/b"], "paired by name: NAME with NAME, folders left aside"),
        (["v001", "v010"], ["1", "10"], "paired by name: vNUMBER with NUMBER"),
        (["a", "B"], ["A", "b"], "paired by name: NAME with NAME, upper and lower case alike"),
        (["gt_00", "gt_01", "gt_02"], [f"{sample}/pred_{target}" for sample in range(2) for target in range(3)],
         "paired by name: gt_NUMBER with 0/pred_NUMBER; 2 predictions of each video"),
        (["gt_a", "gt_b"], ["a-s0", "b-s0", "a-s1", "b-s1"],
         "paired by name: gt_NAME with NAME_0; 2 predictions of each video"),
    ],
)  # fmt: skip
def test_differences_between_names_are_said(real, fake, note):
    assert pairs(real, fake)[2] == note


SEVERAL = ["{0}_{1}.mp4", "{0}/{1}.mp4", "{0}_sample{1}.mp4", "{0}-sample_{1}.gif", "{1}/{0}.mp4", "sample_{1}/{0}",
           "seed{1}/{0}.mp4"]  # fmt: skip


@pytest.mark.parametrize("form", SEVERAL)
def test_several_predictions_of_each(form):
    fake = [form.format(name, number) for number in (10, 2) for name in ("b", "a")]
    found, samples, note = pairs(["a.mp4", "b.mp4"], fake)
    assert (found, samples) == ([(0, 3), (0, 1), (1, 2), (1, 0)], 2)
    assert "2 predictions of each video" in note


def test_numbers_that_may_count_targets_or_predictions():
    names = [f"{one}/{other}" for one in range(2) for other in range(2)]
    with pytest.raises(DataError, match=r"two ways(.|\n)*sample_0"):
        pairs(["0", "1"], names)
    found, samples, _ = pairs(["0", "1"], [f"sample_{name}" for name in names])
    assert (found, samples) == ([(0, 0), (0, 2), (1, 1), (1, 3)], 2)
    found, samples, _ = pairs(["0", "1"], [f"{one}/seed{other}" for one in range(2) for other in range(2)])
    assert (found, samples) == ([(0, 0), (0, 1), (1, 2), (1, 3)], 2)


def test_a_name_of_a_folder_may_have_dots():
    assert pairs(["clip.1", "clip.2"], ["clip.2", "clip.1"])[0] == [(0, 1), (1, 0)]


def test_arrays_are_paired_in_order():
    numbered = [f"clip{index:06d}" for index in range(2)]
    assert pairs(numbered, numbered) == ([(0, 0), (1, 1)], 1, "paired in order, as arrays have no names")
    found, samples, note = pairs(["a", "b"], [f"{name}_{sample}" for name in numbered for sample in range(3)])
    assert (found, samples) == ([(0, 0), (0, 1), (0, 2), (1, 3), (1, 4), (1, 5)], 3)
    assert note == ("paired in order, as arrays have no names, first a with clip000000_0; 3 predictions of each video")


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (["a", "b"], ["a", "c"], ["some names agree and some do not", "no prediction of b", "no target of c",
                                  "--on-bad skip scores 1 of 2 targets"]),
        (["a", "b", "c"], ["a", "b"], ["no prediction of c", "--num-videos 2 scores the first 2"]),
        (["a", "b", "c"], ["x", "y"], ["no names agree, and the counts differ", "3 targets, 2 predictions"]),
        (["clip000000", "clip000001"], ["clip000000"], ["arrays have no names, and the counts differ",
                                                        "found: 2 targets, 1 prediction\n", "--num-videos 1"]),
        (["a", "b", "c"], ["x_0", "x_1", "y_0", "y_1"], ["4 predictions, 2 each of 2 videos"]),
        (["a", "b"], ["a_0", "a_1", "b_0"], ["different numbers of predictions", "b: 1", "2 predictions of each",
                                             "--on-bad skip"]),
        (["a", "b"], ["a_0", "a_1"], ["no prediction of b"]),
        (["a.mp4", "a.avi"], ["a", "b"], ["two videos have one name", "a"]),
    ],
)  # fmt: skip
def test_no_pairs(real, fake, words):
    with pytest.raises(DataError) as caught:
        pairs(real, fake)
    for word in words:
        assert word in str(caught.value)


def lenient(real, fake, **options):
    found = paired(Named("real", real), Named("fake", fake), is_lenient=True, **options)
    skipped = [video.name for video in (*found.skipped_real, *found.skipped_fake)]
    return [(pair.real, pair.fake) for pair in found.videos.pairs], skipped


def test_what_has_no_counterpart_is_skipped_where_that_was_asked_for():
    assert lenient(["a", "b"], ["a", "c"]) == ([(0, 0)], ["b", "c"])
    assert lenient(["a", "b", "c"], ["a_0", "a_1", "b_0", "c_0", "c_1"]) == (
        [(0, 0), (0, 1), (2, 3), (2, 4)], ["b", "b_0"]
    )  # fmt: skip
    with pytest.raises(DataError, match="no names agree"):
        lenient(["a", "b"], ["x"])


def test_the_first_videos_alone_need_predictions():
    names = ["a", "b", "c"]
    found = paired(Named("real", names), Named("fake", names[:2]), wanted=2)
    assert [(pair.real, pair.fake) for pair in found.videos.pairs] == [(0, 0), (1, 1)]
    found = paired(Named("real", names), Named("fake", ["x", "y"]), wanted=2)
    assert [(pair.real, pair.fake) for pair in found.videos.pairs] == [(0, 0), (1, 1)]


def test_videos_are_not_paired_in_order_once_some_were_skipped():
    real, fake = Named("real", ["a", "b"]), Named("fake", ["x", "y"])
    real.skipped = (Skipped("c", "damaged"),)
    with pytest.raises(DataError, match=r"in order once some were skipped(.|\n)*1 video skipped: c"):
        paired(real, fake)


def test_sizes_differ():
    real, fake = Named("real", ["a", "b"]), Named("fake", ["a", "b"], size=(8, 16))
    with pytest.raises(DataError, match=r"differ in size(.|\n)*16x16(.|\n)*8x16(.|\n)*psnr-irasim"):
        score(real, fake, "psnr-opencv")


def test_irasim_resizes_the_prediction():
    real, fake = Named("real", ["a", "b"]), Named("fake", ["a", "b"], size=(8, 8), levels=(4, 24))
    found = score(real, fake, "psnr-irasim-colour")
    assert found.value == pytest.approx(10 * np.log10(255**2 / 16), abs=0.2)
    assert "sizes:prediction-resized.8x8" in found.signature
    assert any("predictions of 8x8 were resized to the targets' 16x16" in note for note in found.warnings)
    assert "sizes:" not in score(real, real, "psnr-tokenbench").signature


def test_lengths_differ():
    real, fake = Named("real", ["a", "b"], frames=8), Named("fake", ["a", "b"], frames=3)
    with pytest.raises(DataError, match=r"2 of 2 pairs are shorter(.|\n)*target 8, prediction 3(.|\n)*--frames 3"):
        score(real, fake, "psnr-opencv")
    with pytest.raises(DataError, match=r"seem to lack the 1 frame of context"):
        score(Named("real", ["a", "b"]), fake, "psnr-opencv", context=1)
    found = score(real, Named("fake", ["a", "b"], frames=6), "psnr-opencv")
    assert "targets have 8 frames and predictions 6: frame 0 of the one was compared with frame 0 of the other" in (
        found.warnings
    )


@pytest.mark.parametrize("protocol", ["psnr-fastvideo", "ssim-fastvideo"])
def test_fastvideo_takes_the_shorter_length(protocol):
    noise = np.random.default_rng(0).integers(0, 256, (2, 4, 16, 16, 3), np.uint8)
    real, fake = (Uneven(clips, (4, 4)) for clips in (noise[:1].repeat(2, 0), noise))
    short = Uneven(noise, (4, 2))
    whole, cut = (score(real, side, protocol) for side in (real, short))
    assert "lengths:shorter.2" in cut.signature
    assert "lengths" not in whole.signature
    assert any("1 of 2 pairs have fewer than 4 frames" in note for note in cut.warnings)
    by_hand = [score(Uneven(real.clips[index:index + 1], (4,)), Uneven(noise[index:index + 1], (4,)), protocol,
                     length=length).value for index, length in ((0, 4), (1, 2))]  # fmt: skip
    assert cut.value == pytest.approx(np.mean(by_hand), rel=1e-6)
    assert score(real, fake, protocol).value != cut.value


def test_a_control_of_other_videos_is_no_prediction():
    real = Named("real", ["a", "b"])
    with pytest.raises(DataError, match="made from other videos"):
        paired(real, control("noise", real, is_paired=False))
    assert paired(real, control("noise", real, is_paired=True)).samples == 1


def score(real, fake, protocol, *, length=4, **options):
    spec = load_protocol(protocol).with_options(frames=length, **options)
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


def test_the_static_baseline_of_predictions_is_paired_as_they_are():
    real = Named("real", ["a", "b"])
    predictions = Named("fake", ["b", "a"])
    assert paired(real, static_of(predictions)).note.startswith("paired by name")
    with pytest.raises(DataError, match="made from other videos"):
        paired(real, static_of(control("noise", real, is_paired=False)))
