"""Metrics of motion against what the public codes print, and siti-tools' own ground truth.

Tolerances: our numbers of frames are float32, 1e-7 relative; TecoGAN sums float32, and its LPIPS is a float32 network.
"""

import csv
from functools import cache

import numpy as np
import pytest
from support.paired_inputs import CHANGES, box3, delay, inputs_of

from vidmbench.detectors.sequences import followed
from vidmbench.evaluation.api import score
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.evaluation.studies.second_take import with_scores
from vidmbench.metrics.temporal.siti import brightness, spatial_information, temporal_information
from vidmbench.metrics.temporal.spectra import skewness_and_mean
from vidmbench.metrics.temporal.tracks import CANVAS, fvmd_features, grid
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos.arrays.uint8_source import ArraySource

PQ, LEGACY = "y as above; color_range=full, sdr, bt1886, pq, l 0.1..300", "y as above; color_range=full, legacy"
OVER = {"": "; max over time (P.910)", "-mean": "; mean over time, mean over clips"}
# Protocol and metric: the code's source in the golden file, its metric, how the options of its rows begin.
SINGLE = {
    ("flicker-vbench", "flicker"): ("VBench", "temporal_flickering", "BGR"),
    ("colour-similarity", "colour-similarity"): ("plot_color_similarity", "colour_similarity", "bin = floor"),
    **{
        (f"siti-itu{mode}{over}", metric): ("siti.py", metric.upper(), options + words)
        for mode, options in (("", PQ), ("-legacy", LEGACY))
        for over, words in OVER.items()
        for metric in ("si", "ti")
    },
}
SIDES = ("real", "fake")
INPUTS = ("sky", "ucf-shuffled", "sky-static")


@cache
def rows_of(shared):
    with (shared / "golden" / "motion.csv").open() as stream:
        return list(csv.DictReader(stream))


def golden(shared, name, source, metric, options):
    """Item to value of one input."""
    return {
        row["item"]: float(row["value"])
        for row in rows_of(shared)
        if row["input"] == name and source in row["source"] and row["metric"] == metric
        and row["options"].startswith(options)
    }  # fmt: skip


def measured(shared, name, protocols):
    real, fake = (ArraySource(side, label) for side, label in zip(inputs_of(shared, name), "rf", strict=True))
    specs = [load_protocol(protocol).with_options(frames=16) for protocol in protocols]
    found = evaluate(real, fake, plan(real, fake, specs))
    return {(each.protocol, each.metric): each for each in found.measurements}, dict(
        zip(protocols, found.repeats, strict=True)
    )


@pytest.mark.shared
@pytest.mark.parametrize("name", INPUTS)
def test_single_videos_against_the_public_codes(shared, name):
    found, _ = measured(shared, name, list(dict.fromkeys(protocol for protocol, _ in SINGLE)))
    for key, row in SINGLE.items():
        wanted = golden(shared, name, *row)["aggregate"]
        np.testing.assert_allclose(found[key].value, wanted, rtol=1e-7, atol=1e-9, err_msg=f"{key} on {name}")


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize("name", ["sky", "sky-reversed", "blackwhite"])
def test_pairs_against_tecogan(shared, lpips_weights, name):
    pytest.importorskip("cv2")
    found, repeats = measured(shared, name, ["tof-tecogan", "tlp-tecogan"])
    for key, metric in ((("tof-tecogan", "tof"), "tOF"), (("tlp-tecogan", "tlp100"), "tLP100")):
        wanted = golden(shared, name, "TecoGAN", metric, "")
        close = {"rtol": 1e-6, "atol": 1e-5}
        np.testing.assert_allclose(found[key].value, wanted["aggregate"], **close, err_msg=f"{key} on {name}")
        spec = load_protocol(key[0])
        numbers = Features(repeats[key[0]][0].features())
        frames = spec.kind.video_frames(spec.statistics, numbers)
        given = {item: value for item, value in wanted.items() if item.startswith("clip0/frame")}
        assert len(given) == (0 if name == "sky-reversed" else 11)
        ours = {f"clip0/frame{place}": value for place, value in enumerate(frames[0], start=3)}
        assert {item: ours[item] for item in given} == pytest.approx(given, rel=1e-6, abs=1e-5)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "mode"), [("foreman_cif", "pq"), ("foreman_cif", "legacy"), ("noise", "pq")])
def test_siti_against_its_own_ground_truth(shared, name, mode):
    luma = np.load(shared / "golden" / "paired" / "siti_luma.npz")
    rows = [row for row in rows_of(shared) if row["input"] == name and row["kind"] == "published"]
    rows = [row for row in rows if ("legacy" in row["options"]) == (mode == "legacy")]
    frames = [brightness(frame, mode) for frame in luma[name]]
    checked = 0
    for row in rows:
        place = int(row["item"].removeprefix("frame"))
        if place >= len(frames):
            continue
        ours = (
            spatial_information(frames[place])
            if row["metric"] == "SI"
            else temporal_information(frames[place], frames[place - 1])
        )
        assert ours == pytest.approx(float(row["value"]), rel=1e-9)  # as many digits as the file has
        checked += 1
    assert checked >= 5


def test_colours_of_a_near_white_video_are_told_apart():
    """torch.histc in float32 merges the two brightest bins; what long-video-gan means does not."""
    frames = np.full((2, 4, 4, 3), 255, np.uint8)
    frames[1, ..., 2] = 240
    numbers = followed(frames, load_protocol("colour-similarity").array)
    assert numbers[:, 0].tolist() == [1.0, 0.0]


def dots(seed, vmax=24, jitter=0):
    """Known tracks of 48 clips, float32 (clip, 16, 400, 2): points that shift, zoom, turn and accelerate."""
    chance = np.random.default_rng(seed)
    start = np.stack(np.meshgrid(*2 * [8 + np.arange(20) / 19 * (CANVAS - 16)]), -1).reshape(-1, 2)
    speed = chance.integers(-vmax, vmax + 1, (48, 1, 2)) / 8
    zoom, turn = (chance.integers(-8, 9, (48, 1, 1)) / 1024 for _ in range(2))
    force = chance.integers(-8, 9, (48, 1, 2)) / 64
    apart = start - 128
    moving = speed + zoom * apart + turn * apart[:, ::-1] * np.array([-1.0, 1.0])
    time = np.arange(16.0)[None, :, None, None]
    tracks = start + time * moving[:, None] + time * time / 2 * force[:, None]
    if jitter:
        tracks[:, 1:] += chance.integers(-jitter, jitter + 1, tracks[:, 1:].shape) / 16
    return tracks.astype(np.float32)


@pytest.mark.shared
def test_histograms_of_known_tracks_are_those_of_fvmd(shared):
    stored = np.load(shared / "golden" / "paired" / "fvmd_tracks.npz")
    for side, kinds in (("real", ("v", "a_code")), ("fake", ("fake_v", "fake_a_code"))):
        wanted = np.concatenate([stored[kind][:2] for kind in kinds], axis=1)
        np.testing.assert_array_equal([fvmd_features(tracks) for tracks in stored[f"tracks_{side}"]], wanted)
    np.testing.assert_array_equal(grid(), dots(11)[0, 0])


@pytest.mark.shared
@pytest.mark.parametrize("name", ["dots_fast_jitter", "same", "static"])
def test_distance_of_known_tracks_against_fvmd(shared, name):
    first = dots(11)
    other = {
        "dots_fast_jitter": lambda: dots(12, vmax=40, jitter=8),
        "same": lambda: first,
        "static": lambda: np.repeat(first[:, :1], 16, axis=1),
    }[name]()
    spec = load_protocol("fvmd-klt")
    sides = {side: np.stack([fvmd_features(clip) for clip in t]) for side, t in (("real", first), ("fake", other))}
    (found,) = spec.kind.compute(spec.statistics, Features(sides))
    rows = [
        row for row in rows_of(shared)
        if row["metric"] == "FVMD_statistic" and row["input"] == f"dots11-{name}" and "as the code" in row["options"]
    ]  # fmt: skip
    wanted = {row["kind"]: float(row["value"]) for row in rows}
    assert found.value == pytest.approx(wanted["restated"], rel=1e-8)  # exact
    assert found.value == pytest.approx(wanted["ran"], rel=2e-6, abs=0.05)  # scipy's root of a singular product


@pytest.mark.shared
def test_stream_of_known_embeddings(shared):
    stored = np.load(shared / "golden" / "paired" / "stream_embeddings.npz")
    for side in ("real", "fake"):
        skewness, mean = skewness_and_mean(stored[side])
        # Where amplitudes nearly vanish, float32 transforms of two libraries differ in the fifth digit.
        np.testing.assert_allclose(skewness, stored[f"skew_{side}"], rtol=2e-4)
        np.testing.assert_allclose(mean, stored[f"mean_{side}"], rtol=1e-5, atol=2e-6)
    sides = Features({side: stored[side] for side in ("real", "fake")})
    for protocol, options in (("stream-t", "F=16"), ("stream-s", "F=16, D=32, N=64, k=5; stream_S(real, fake)")):
        spec = load_protocol(protocol)
        values = [each.value for each in spec.kind.compute(spec.statistics, sides)]
        for metric, value in zip(spec.kind.numbers, values, strict=True):
            wanted = golden(shared, "embeddings-seed7", "v-stream", metric.upper(), options)["aggregate"]
            assert value == pytest.approx(wanted, abs=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize(("base", "change", "close"), [("sky", "", 1e-6), ("sky", "static", 1e-6), ("ucf", "", 1e-3)])
def test_stream_t_of_clips(shared, base, close, change):
    """From pixels on, with the golden file's embedding; one clip of ucf is within a rounding of a bin's border."""
    real, fake = (np.load(shared / "golden" / "conventions" / f"{base}_{side}.npz")["clips"] for side in SIDES)
    if base == "ucf":
        fake = delay(box3(real))
    fake = CHANGES[change](real) if change else fake
    found = score(real, fake, protocol="stream-t", frames=16)
    name = f"{base}-{change}" if change else base
    options = f"8x8 mean pool /255, 192x64 projection (default_rng(0)), float32; N={len(real)}"
    wanted = golden(shared, name, "v-stream", "STREAM-T", options)["aggregate"]
    assert found.value == pytest.approx(wanted, abs=close)


PHYSICS_IQ = {
    "spatiotemporal-iou": "spatiotemporal_iou",
    "spatial-iou": "spatial_iou",
    "weighted-spatial-iou": "weighted_spatial_iou",
    "mse": "mse",
}


@pytest.mark.shared
@pytest.mark.parametrize("protocol", ["physics-iq", "physics-iq-lossless"])
@pytest.mark.parametrize("name", ["sky", "ucf-static"])
def test_physics_iq_against_its_own_code(shared, name, protocol):
    """24 clips; take 2 is take 1, a frame late. Masks that went through MPEG-4 and masks that did not."""
    pytest.importorskip("cv2")
    real, fake = (
        np.load(shared / "golden" / "conventions" / f"{name[:3]}_{side}.npz")["clips"][:24] for side in ("real", "fake")
    )
    if name.endswith("static"):
        fake = np.repeat(real[:, :1], real.shape[1], axis=1)
    late = np.concatenate([real[:, :1], real[:, :-1]], axis=1)
    spec = load_protocol(protocol).with_options(frames=16)
    sides = [ArraySource(frames, label) for frames, label in ((real, "r"), (fake, "f"), (late, "t"))]
    ours, take = (evaluate(sides[0], side, plan(sides[0], side, [spec])) for side in sides[1:])
    wanted = {
        (row["metric"].removeprefix("physics_iq_"), row["item"], "no rounding" in row["options"]): float(row["value"])
        for row in rows_of(shared)
        if row["input"] == name and "physics-IQ-benchmark" in row["source"]
        and row["options"].startswith("masks through" if protocol == "physics-iq" else "masks without")
    }  # fmt: skip
    for prefix, found in (("", ours), ("variance_", take)):
        for item in found.measurements:
            given = wanted[f"{prefix}{PHYSICS_IQ[item.metric]}", "aggregate", False]
            np.testing.assert_allclose(item.value, given, rtol=1e-6, atol=1e-9, err_msg=f"{item.metric} of {name}")
    (score,) = with_scores(ours, take).measurements[4:]
    assert score.value == pytest.approx(wanted["score", "aggregate", True], rel=1e-6)
    assert score.interval[0] < score.value < score.interval[1]
