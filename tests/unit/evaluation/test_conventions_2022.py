"""What the fields of newer conventions do to clips and features; the fake network stands for I3D."""

import numpy as np
import pytest

from vidmbench import Choices, score, score_all
from vidmbench.core.errors import DataError, ProtocolError
from vidmbench.detectors.i3d import PUBLISHED_HEAD, Head, head_of
from vidmbench.detectors.preparation import lengthened, preparation
from vidmbench.evaluation.clips import Clip, plan_clips
from vidmbench.evaluation.job import prepare_score
from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.clips_stage import SideSpec
from vidmbench.protocols.protocol import load_protocol

CHANCE = np.random.default_rng(3)
REAL, FAKE = (CHANCE.integers(0, 256, (6, 17, 12, 16, 3), dtype=np.uint8) for _ in range(2))


def planned(clips, lengths, side="real", short="drop"):
    names = [f"v{index}" for index in range(len(lengths))]
    return plan_clips(names, lengths, clips, side, seed=0, short=short, label="films").clips


def clips_of(name, **options):
    return load_protocol(name).with_options(**options).clips


def test_all_prefixes_of_each_video():
    plan = planned(clips_of("fvd-open-sora-plan", frames=12), [12, 20])
    assert plan == tuple(Clip(video, 0, frames, 1) for video in (0, 1) for frames in (10, 11, 12))


def test_a_number_of_videos_counts_videos_and_not_prefixes():
    plan = planned(clips_of("fvd-open-sora-plan", frames=12, num_real=2, num_fake=2), [12] * 5)
    assert {clip.video for clip in plan} == {0, 1}


def test_irasim_leaves_the_first_frame_and_mirrors_the_real_side_alone():
    clips = clips_of("fvd-irasim-mirror")
    assert planned(clips, [16]) == (Clip(0, 1, 15, 1), Clip(0, 1, 15, 1, is_mirrored=True))
    assert planned(clips, [16], "fake") == (Clip(0, 1, 15, 1),)
    with pytest.raises(DataError, match="shorter than the clip"):
        planned(clips, [15])


def test_every_eighth_frame_of_videos_that_are_long_enough():
    ours, others = clips_of("fvd-128f-subsample8", num_real=2), clips_of("fvd-longvideogan-128f", num_real=2)
    assert [clip.video for clip in planned(ours, [127, 128, 500])] == [1, 2]
    assert [clip.video for clip in planned(others, [120, 121, 127])] == [1, 2]
    starts = {
        clip.start
        for clip in planned(ours.model_copy(update={"real": SideSpec(pick="all", start="random")}), [128] * 200)
    }
    assert starts == set(range(8))


def test_of_several_predictions_srvp_scores_the_first():
    several = np.stack([FAKE, 255 - FAKE], axis=1)
    job = prepare_score(REAL, several, Choices(protocols=("fvd-srvp", "fvd-mcvd"), frames=(16,), context=4))
    first, pooled = job.plans
    assert [clip.video for clip in first.fake.clips] == list(range(0, 12, 2))
    assert [clip.video for clip in pooled.fake.clips] == list(range(12))
    assert pooled.fake.together == 2


@pytest.mark.usefixtures("fake_network")
def test_the_mean_over_trajectories_is_that_of_each_alone():
    several = np.stack([FAKE, FAKE // 2], axis=1)
    choices = {"protocol": "fvd-mcvd-trajectory-mean", "frames": 16}
    both = score(REAL, several, **choices)
    alone = [score(REAL, fake, **choices).value for fake in (FAKE, FAKE // 2)]
    assert both.value == pytest.approx(np.mean(alone))
    assert both.spread == pytest.approx(np.std(alone))
    assert both.interval is not None


@pytest.mark.usefixtures("fake_network")
@pytest.mark.parametrize("frames", [10, 11])
def test_the_mean_over_prefixes_is_that_of_each_alone(frames):
    found = score(REAL, FAKE, protocol="fvd-open-sora-plan", frames=frames)
    alone = [
        score(REAL, FAKE, protocol="fvd-open-sora-plan-last-prefix", frames=each).value
        for each in range(10, frames + 1)
    ]
    assert found.value == pytest.approx(np.mean(alone))
    assert (found.num_real, found.num_fake) == (6, 6)


@pytest.mark.usefixtures("fake_network")
def test_mirrored_clips_are_scored_as_if_they_had_been_given():
    found = score(REAL[:, :16], FAKE[:, :16], protocol="fvd-irasim-mirror", frames=15)
    both = np.concatenate([REAL[:, :16], REAL[:, :16, :, ::-1]])
    given = score(both, FAKE[:, :16], protocol="fvd-irasim", frames=15)
    assert found.value == pytest.approx(given.value)
    assert (found.num_real, given.num_real) == (12, 12)
    assert "real:12.all.second.mirrored" in found.signature


@pytest.mark.usefixtures("fake_network")
def test_batches_need_as_many_videos_on_both_sides():
    found = score(REAL, FAKE[:4], protocol="fvd-open-sora-plan", frames=16)
    assert found.value is None
    assert "--num-videos 4" in found.reason


CLIP = np.arange(7, dtype=np.float32).reshape(7, 1, 1, 1).repeat(3, axis=3)


@pytest.mark.parametrize(
    ("protocol", "frames"),
    [
        ("fvd-short-hold", [0, 1, 2, 3, 4, 5, 6, 6, 6, 6]),
        ("fvd-short-repeat", [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]),
        ("fvd-short-linear", np.linspace(0, 6, 16)),
        ("fvd-short-pool1", range(7)),
    ],
)
def test_short_clips_get_longer(protocol, frames):
    stage = load_protocol(protocol).array
    longer = lengthened(CLIP, stage)
    np.testing.assert_allclose(longer[:, 0, 0, 0], frames, rtol=1e-6)
    assert (longer.dtype, len(longer)) == (np.float32, stage.frames_fed(7))


def test_two_frames_are_a_line_of_sixteen():
    longer = lengthened(CLIP[:2], load_protocol("fvd-short-linear").array)
    np.testing.assert_allclose(longer[:, 0, 0, 0], np.linspace(0, 1, 16), rtol=1e-6)


@pytest.mark.parametrize(
    ("protocol", "head"),
    [
        ("fvd-stylegan-v", PUBLISHED_HEAD),
        ("fvd-disco", Head((1, 7, 7))),
        ("fvd-wide-pool", Head((2, 7, 13))),
        ("fvd-wide-mean", PUBLISHED_HEAD),
        ("fvd-wide-flattened", Head(keeps_columns=True)),
    ],
)
def test_the_last_layers_are_those_of_the_protocol(protocol, head):
    assert head_of(load_protocol(protocol).array) == head


@pytest.mark.parametrize(("protocol", "rows"), [("fvd-wcoda", 224), ("fvd-wcoda-212", 212)])
def test_the_lowest_rows_are_kept(protocol, rows):
    """The upper rows of the frame, black here, are cut off."""
    stage = load_protocol(protocol).array
    assert stage.first_resize == FirstResize(size=(225, 400), resize="bicubic-pil", bottom_rows=rows)
    frame = np.zeros((1, 225, 400, 3), np.uint8)
    frame[:, -rows:] = 200
    pixels = preparation(stage)(frame)
    assert pixels.shape == (1, 224, 224, 3)
    np.testing.assert_allclose(pixels, 200 * 2 / 255 - 1, atol=1e-6)


def test_wide_frames_are_fed_whole():
    assert preparation(load_protocol("fvd-wide-pool").array)(REAL[0, :2]).shape == (2, 224, 400, 3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("batch = 2", "batch = 2\nridge = 1e-6", "no code adds a ridge"),
        ('mean_over = "prefixes"\n', "", "go together"),
        ("prefixes_from = 10\n", "", "go together"),
        ("prefixes_from = 10", "prefixes_from = 11", "fewest frames allowed"),
        ('start = "zero" }\n', 'start = "zero", mirrored = true }\n', "without mirrored"),
        ('start = "zero" }\n', 'start = "random" }\n', "start = 'zero'"),
        ("batch = 2\n", "batch = 1\n", "greater than or equal to 2"),
    ],
)
def test_fields_that_would_do_nothing_together_are_refused(old, new, words, tmp_path):
    assert_refused("fvd-open-sora-plan", old, new, words, tmp_path)


@pytest.mark.parametrize(
    ("protocol", "old", "new", "words"),
    [
        ("fid-frames", "truncate_uint8", "time_pool = 1\ntruncate_uint8", "is fed and pooled as it is"),
        ("fvd-wide-pool", 'crop = "none"', 'crop = "short-side-centre"', "wide_input goes with crop"),
        ("fvd-mcvd-trajectory-mean", "repeats = 1", "repeats = 2", "goes with repeats = 1"),
        ("fvd-disco", '"every-window" }', '"every-window", mirrored = true }', "makes one clip of each video"),
    ],
)
def test_fields_without_what_they_need_are_refused(protocol, old, new, words, tmp_path):
    assert_refused(protocol, old, new, words, tmp_path)


def assert_refused(protocol, old, new, words, folder):
    from vidmbench.core import resources

    text = (resources.protocols_dir() / "metrics" / f"{protocol}.toml").read_text(encoding="utf-8")
    assert old in text
    path = folder / "mine.toml"
    path.write_text(text.replace(f'"{protocol}"', '"mine"', 1).replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProtocolError, match=words):
        load_protocol(str(path))


@pytest.mark.usefixtures("fake_network")
def test_conventions_that_differ_only_behind_the_network_share_its_features(fake_network):
    score_all(REAL[:, :16], FAKE[:, :16], Choices(protocols=("fvd-fastvideo", "fvd-ivideogpt"), frames=(16,)))
    assert fake_network.scored == 12
