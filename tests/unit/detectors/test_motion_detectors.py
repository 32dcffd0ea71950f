"""Detectors of motion: what they see of known motion, on any number of threads, and what they refuse."""

import importlib.util

import numpy as np
import pytest

from vidmbench.core.arguments import ArgumentError
from vidmbench.core.errors import DataError, ProtocolError, UsageError
from vidmbench.detectors.pooled_colours import pooled_colours
from vidmbench.detectors.sequences import feature_of, followed
from vidmbench.evaluation.api import score, score_all
from vidmbench.evaluation.choices import Choices
from vidmbench.metrics.temporal.tracks import fvmd_features, grid
from vidmbench.protocols.protocol import load_protocol

needs_opencv = pytest.mark.skipif(importlib.util.find_spec("cv2") is None, reason="needs opencv-python-headless")


def texture(size, seed=0):
    """Smooth noise, float64 (size, size), that repeats beyond its borders."""
    waves = np.random.default_rng(seed).normal(size=(size, size))
    decay = np.exp(-((np.minimum(np.arange(size), size - np.arange(size)) / 3.0) ** 2) / 2)
    smooth = np.fft.ifft2(np.fft.fft2(waves) * np.fft.fft2(decay[:, None] * decay)).real
    return 128 + 40 * smooth / smooth.std()


def moving(speed, frames=16, size=128, seed=0):
    """A texture that moves right, uint8 (frame, size, size, 3)."""
    picture = texture(size, seed)
    clip = np.stack([np.roll(picture, speed * time, axis=1) for time in range(frames)])
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


@needs_opencv
def test_tracks_of_a_texture_that_moves():
    places = followed(moving(1), load_protocol("fvmd-klt").array).reshape(16, 400, 2)
    np.testing.assert_array_equal(places[0], grid())
    moved = np.median(np.diff(places, axis=0), axis=1)
    np.testing.assert_allclose(moved, np.broadcast_to([2, 0], moved.shape), atol=0.2)  # 256 pixels to 128


@needs_opencv
@pytest.mark.parametrize("protocol", ["fvmd-klt", "flad"])
def test_the_same_bits_on_any_number_of_opencvs_threads(protocol):
    import cv2

    clip, stage = moving(2), load_protocol(protocol).array
    wanted = followed(clip, stage)
    cv2.setNumThreads(3)
    np.testing.assert_array_equal(followed(clip, stage), wanted)
    assert cv2.getNumThreads() == 1


@needs_opencv
def test_clips_whose_tracks_all_leave_the_frame_give_no_number_and_are_named():
    clips = np.stack([moving(1, seed=seed) for seed in range(3)])
    gone = clips.copy()
    gone[1] = panning(16)
    (found,) = score_all(clips, gone, Choices(protocols=("fvmd-klt",), frames=(16,)))
    assert found.value is None
    assert found.reason == "all tracks leave the frame in clip000001 on the scored side"


def panning(speed, frames=16):
    """A wide texture of which each frame shows another part, uint8 (frame, 128, 128, 3)."""
    wide = np.concatenate([texture(128, seed) for seed in range(1 + speed * frames // 128)], axis=1)
    clip = np.stack([wide[:, speed * time : speed * time + 128] for time in range(frames)])
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


def test_a_static_video_has_no_motion_and_still_a_number():
    clips = np.stack([moving(speed, size=32, seed=speed) for speed in range(1, 5)])
    frozen = clips[:, :1].repeat(16, axis=1)
    assert 0 <= score(clips, frozen, protocol="stream-t", frames=16).value < 1
    assert score(frozen, frozen, protocol="stream-t", frames=16).value == pytest.approx(1)


@needs_opencv
def test_two_static_sides_are_as_far_apart_as_fvmd_says():
    frozen = np.stack([moving(1, seed=seed)[:1].repeat(16, axis=0) for seed in range(3)])
    assert score(frozen, frozen, protocol="fvmd-klt", frames=16).value == pytest.approx(-2 * 1024 * 1e-5)


@pytest.mark.parametrize(
    ("protocol", "least"), [("fvmd-klt", "16 frames"), ("stream-t", "4 to "), ("stream-s", "4 to "), ("flad", "6 to ")]
)
@pytest.mark.parametrize("frames", [1, 2])
def test_too_few_frames(protocol, least, frames):
    clips = np.zeros((3, 16, 16, 16, 3), np.uint8)
    with pytest.raises(UsageError, match=f"{protocol} cannot score clips of {frames} frame") as caught:
        score_all(clips, clips, Choices(protocols=(protocol,), frames=(frames,)))
    assert caught.value.expected.startswith(least)


def test_frames_smaller_than_the_cells():
    clips = np.zeros((3, 4, 7, 16, 3), np.uint8)
    with pytest.raises(DataError, match="smaller than the cells") as caught:
        score(clips, clips, protocol="stream-t", frames=4)
    assert caught.value.found == "7 x 16"


def test_cells_of_frames_that_eight_does_not_divide():
    frame = np.random.default_rng(0).integers(0, 256, (19, 26, 3), dtype=np.uint8)
    cells = [
        frame[a * 19 // 8 : (a + 1) * 19 // 8, b * 26 // 8 : (b + 1) * 26 // 8].mean((0, 1)) / 255
        for a in range(8) for b in range(8)
    ]  # fmt: skip
    matrix = np.random.default_rng(0).standard_normal((192, 64)) / np.sqrt(192)
    np.testing.assert_allclose(pooled_colours(frame), np.ravel(cells) @ matrix, rtol=1e-6)


def test_without_opencv_the_extra_is_named(monkeypatch):
    there = importlib.util.find_spec
    absent = "vidmbench.detectors.opencv_import.find_spec"
    monkeypatch.setattr(absent, lambda name: None if name == "cv2" else there(name))
    clips = np.zeros((3, 16, 16, 16, 3), np.uint8)
    with pytest.raises(UsageError, match="needs OpenCV") as caught:
        score(clips, clips, protocol="fvmd-klt", frames=16)
    assert caught.value.fix == "pip install opencv-python-headless"


def test_tracks_of_another_shape():
    with pytest.raises(ArgumentError, match=r"\(16, 400, 2\), not \(16, 100, 2\)"):
        fvmd_features(np.zeros((16, 100, 2), np.float32))


OWN = """
name = "mine"
version = 1
metric = "{metric}"
source = "me"
[dataset]
short_videos = "error"
[clips]
frames = 16
frames_allowed = [16, 16]
real = {{ pick = "all", start = "zero" }}
fake = {{ pick = "all", start = "zero" }}
[array]
detector = "{detector}"
{array}
[statistics]
{statistics}
"""


def own(tmp_path, metric, detector, array='resize = "detector"\nrange = "0..255"', statistics=""):
    path = tmp_path / "mine.toml"
    path.write_text(OWN.format(metric=metric, detector=detector, array=array, statistics=statistics))
    return str(path)


@needs_opencv
def test_distances_of_every_kind_on_tracks(tmp_path):
    clips = np.stack([moving(1 + seed % 2, seed=seed) for seed in range(6)])
    for metric, name, statistics in (
        ("kernel", "kvmd-klt", "degree = 3"),
        ("precision-recall", "precision", "neighbours = 2"),
        ("frechet", "fvmd-klt", 'covariance = "n"'),
    ):
        path = own(tmp_path, metric, "klt-histograms", statistics=statistics)
        first = score_all(clips[:3], clips[3:], Choices(protocols=(path,), frames=(16,)))[0]
        assert (first.metric, np.isfinite(first.value)) == (name, True)


def test_what_a_detector_of_motion_is_fed_cannot_be_chosen(tmp_path):
    array = 'resize = "bilinear-half-pixel"\nrange = "0..255"'
    with pytest.raises(ProtocolError, match="klt-histograms takes frames as they are"):
        load_protocol(own(tmp_path, "frechet", "klt-histograms", array, 'covariance = "n"'))


def test_stream_needs_a_detector_of_frames(tmp_path):
    with pytest.raises(ProtocolError, match="gives one feature of a clip"):
        load_protocol(own(tmp_path, "stream-t", "klt-histograms"))


def test_a_ridge_in_the_root_goes_with_a_ridge(tmp_path):
    statistics = 'covariance = "n"\nridge_in = "root"'
    with pytest.raises(ProtocolError, match="ridge_in"):
        load_protocol(own(tmp_path, "frechet", "klt-histograms", statistics=statistics))


def slowing(frames=16):
    """A texture that slows down, uint8 (frame, 128, 128, 3)."""
    picture, place = texture(128), 0.0
    clip = []
    for time in range(frames):
        clip.append(np.roll(picture, round(place), axis=1))
        place += 6 * 0.8**time
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


def flad_features(clip):
    stage = load_protocol("flad").array
    return feature_of(stage)(followed(clip, stage))


@needs_opencv
def test_what_flad_sees_of_a_clip_and_of_the_same_backwards():
    clip = slowing()
    forwards, backwards = flad_features(clip), flad_features(np.ascontiguousarray(clip[::-1]))
    place, frequency, direction, speed, arrow = np.split(forwards, [16, 20, 28, 35])
    for group in (place, frequency, direction, speed):
        assert (group**2).sum() == pytest.approx(1, abs=1e-3)
    assert (direction**2).argmax() in (3, 4)  # to the right, whichever way it is rounded
    assert (arrow[:3] < -0.15).all()  # slower and slower
    np.testing.assert_allclose(backwards[35:38], -arrow[:3], atol=0.1)
    np.testing.assert_array_equal(flad_features(clip[:1].repeat(16, axis=0)), np.zeros(39))


@needs_opencv
def test_noise_and_blur_are_no_motion_to_flad():
    still = slowing()[:1].repeat(16, axis=0)
    noisy = np.clip(still + np.random.default_rng(0).normal(0, 8, still.shape), 0, 255).astype(np.uint8)
    assert np.abs(flad_features(noisy)).max() == 0


@needs_opencv
def test_flad_ranks_static_worst_and_knows_the_arrow_of_time():
    base = [np.roll(slowing(), 30 * number, axis=2)[:, :, :: 1 - number % 2 * 2] for number in range(8)]  # both ways
    real, other = np.stack(base[:4]), np.stack(base[4:])
    changes = {
        "real": other,
        "static": other[:, :1].repeat(16, axis=1),
        "reversed": other[:, ::-1],
        "shuffled": other[:, np.random.default_rng(0).permutation(16)],
    }
    values = {name: score(real, np.ascontiguousarray(clips), protocol="flad", frames=16).value
              for name, clips in changes.items()}  # fmt: skip
    assert max(values, key=values.get) == "static"
    assert values["reversed"] > 10 * values["real"]
