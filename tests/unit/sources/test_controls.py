import numpy as np
import pytest

from vidmbench.core.errors import DataError, UsageError
from vidmbench.sources.control_kinds import KINDS
from vidmbench.sources.controls import control, static_of
from vidmbench.sources.datasets.spec import load_dataset
from vidmbench.sources.opening import copied_control, open_control, open_videos, resolve_dataset
from vidmbench.videos import ArraySource
from vidmbench.videos.source import Source


@pytest.fixture
def base():
    clips = np.random.default_rng(0).integers(60, 190, (3, 10, 32, 48, 3), dtype=np.uint8)
    return ArraySource(clips, "films")


def read(source, index=0, frames=range(2, 8)):
    return source.read(index, list(frames))


@pytest.mark.parametrize("kind", KINDS)
def test_a_control_is_a_source_like_its_base(base, kind):
    made = control(kind, base)
    assert isinstance(made, Source)
    assert (len(made), made.size, made.num_frames(1), made.name(2)) == (3, (32, 48), 10, base.name(2))
    assert made.label == f"control:{kind}"
    frames = read(made)
    assert frames.dtype == np.uint8
    assert frames.shape == (6, 32, 48, 3)
    assert frames.flags.c_contiguous


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_is_the_same_every_time_and_alone(base, kind):
    before = read(control(kind, base), 1)
    made = control(kind, base)
    read(made, 0)
    np.testing.assert_array_equal(read(made, 1), before)


def test_real_is_as_it_is(base):
    np.testing.assert_array_equal(read(control("real", base)), read(base))


def test_static_repeats_the_clips_first_frame(base):
    found = read(control("static", base))
    assert (found == read(base)[0]).all()


def test_reversed_runs_backwards(base):
    np.testing.assert_array_equal(read(control("reversed", base)), read(base)[::-1])


def test_shuffled_has_the_same_frames_in_another_order(base):
    found, frames = read(control("shuffled", base)), read(base)
    assert sorted(frame.tobytes() for frame in found) == sorted(frame.tobytes() for frame in frames)
    assert not np.array_equal(found, frames)
    assert not np.array_equal(found, frames[::-1])


def test_videos_are_shuffled_in_their_own_ways():
    """Frame t of every video holds t, so the order can be read off."""
    clips = np.broadcast_to(np.arange(16, dtype=np.uint8)[None, :, None, None, None], (5, 16, 2, 2, 3))
    made = control("shuffled", ArraySource(clips, "numbers"))
    orders = {tuple(made.read(index, range(16))[:, 0, 0, 0].tolist()) for index in range(5)}
    assert len(orders) == 5


def test_blurred_is_a_gaussian_of_a_64th_of_the_height():
    """A step blurred by sigma pixels has a slope whose standard deviation is sigma."""
    clips = np.zeros((1, 1, 256, 256, 3), np.uint8)
    clips[:, :, :, 128:] = 200
    step = control("blurred", ArraySource(clips, "step")).read(0, [0])[0, 100, :, 0].astype(float)
    slope = np.diff(step) / 200
    centre = (slope * np.arange(255)).sum()
    spread = np.sqrt((slope * (np.arange(255) - centre) ** 2).sum())
    assert spread == pytest.approx(256 / 64, rel=0.05)
    assert centre == pytest.approx(127.0, abs=0.05)


def test_blurred_goes_both_ways_and_not_through_time():
    clips = np.zeros((1, 3, 64, 64, 3), np.uint8)
    clips[0, 1, 32, 32] = (255, 0, 0)
    found = control("blurred", ArraySource(clips, "dot")).read(0, [0, 1, 2]).astype(int)
    assert not found[[0, 2]].any()
    assert not found[..., 1:].any()
    np.testing.assert_array_equal(found[1, ..., 0], found[1, ..., 0].T)
    assert found[1, 32, 33, 0] == found[1, 33, 32, 0] > 10


def test_blurred_keeps_a_flat_picture(base):
    clips = np.full((1, 2, 64, 40, 3), 77, np.uint8)
    assert (control("blurred", ArraySource(clips, "flat")).read(0, [0, 1]) == 77).all()


def test_noise_has_eight_grey_levels():
    clips = np.full((2, 8, 64, 64, 3), 128, np.uint8)
    noise = control("noise", ArraySource(clips, "grey")).read(0, range(8)).astype(float) - 128
    assert noise.std() == pytest.approx(np.sqrt(8**2 + 1 / 12), rel=0.02)
    assert abs(noise.mean()) < 0.2
    # Every pixel, frame and channel by itself.
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05


def test_noise_stays_in_range():
    for value in (0, 255):
        clips = np.full((1, 2, 32, 32, 3), value, np.uint8)
        noise = control("noise", ArraySource(clips, "end")).read(0, [0, 1])
        assert (noise == value).mean() > 0.4
        assert np.abs(noise.astype(int) - value).max() < 60


def test_the_seed_counts_where_there_is_chance(base):
    for kind in KINDS:
        same = np.array_equal(read(control(kind, base, seed=1)), read(control(kind, base, seed=2)))
        assert same == (kind not in ("shuffled", "noise")), kind


def test_chance_depends_on_the_videos_name_not_its_place(base):
    class Backwards(ArraySource):
        def name(self, index):
            return super().name(len(self) - 1 - index)

        def read(self, index, frames):
            return super().read(len(self) - 1 - index, frames)

    other = Backwards(base._clips, "films")
    for kind in ("shuffled", "noise"):
        np.testing.assert_array_equal(read(control(kind, base), 0), read(control(kind, other), 2))


def test_digests_tell_controls_apart(base):
    digests = {control(kind, base, seed=seed).digest() for kind in KINDS for seed in (0, 1)}
    assert len(digests) == 2 * len(KINDS)
    assert base.digest() not in digests
    other = ArraySource(base._clips[:2], "films")
    assert control("static", other).digest() != control("static", base).digest()


def test_a_models_frozen_twin(base):
    twin = static_of(base)
    assert (twin.label, twin.is_paired) == ("static-of:films", False)
    np.testing.assert_array_equal(read(twin), read(control("static", base)))
    assert twin.digest() != base.digest()


def control_of(kind, dataset):
    data = resolve_dataset(dataset)
    return open_control(kind, real=open_videos(data), data=data)


def test_a_control_comes_from_the_other_split():
    spec = load_dataset("clevrer-mini")
    made = control_of("static", "clevrer-mini")
    assert not made.is_paired
    assert made.base.label == f"clevrer-mini@{spec.other_split(spec.default_split)}"
    assert control_of("real", "clevrer-mini@train").base.label == "clevrer-mini@test"


def test_one_split_makes_a_paired_control(base, tmp_path):
    np.save(tmp_path / "films.npy", base._clips)
    made = control_of("reversed", f"folder:{tmp_path / 'films.npy'}")
    assert made.is_paired
    assert open_control("noise", real=base).is_paired
    with pytest.raises(DataError, match="control:real needs a second split") as caught:
        control_of("real", f"folder:{tmp_path / 'films.npy'}")
    assert caught.value.found is not None
    assert "which has one" in caught.value.found


def test_unknown_controls_propose_the_nearest():
    with pytest.raises(UsageError, match=r"unknown control 'blured': did you mean blurred"):
        control_of("blured", "clevrer-mini")


def test_a_copied_control_may_be_the_videos_themselves(base):
    copies = copied_control("real", base)
    assert copies.is_paired
    np.testing.assert_array_equal(copies.read(0, [0, 1]), base.read(0, [0, 1]))
    with pytest.raises(UsageError, match="unknown control"):
        copied_control("reel", base)
