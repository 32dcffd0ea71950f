import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from reference.c3d import (
    GOLDEN_IMAGE,
    cubic_weight,
    fed_by_tgan,
    fed_by_tganv2,
    golden_case,
    outputs,
    resized,
)

from vidmbench.core.errors import DataError, WeightsError
from vidmbench.detectors import c3d as module
from vidmbench.detectors.c3d import C3D, MEAN_FILE, MODEL_FILE, PUBLISHED, Widths, load, read_weights, seeded_weights
from vidmbench.detectors.resize_c3d import bilinear_align_corners, cubic_opencv, resized_for_c3d

NARROW = Widths((2, 3, 3, 4, 4, 4, 4, 5), (12, 9), 101)
LINEAGES = ["tgan", "tganv2", "stylegan-v"]
OUTPUTS = ["fc6", "fc7", "fc8", "prob"]

# What Chainer 7.8.1 (with OpenCV 4.8.1 in front for tgan) makes of reference.c3d.golden_case.
GOLDEN = {
    "tgan": {
        "fc6": [0.0, 0.0, 0.36570775508880615, 0.0, 0.0, 0.2062598466873169],
        "fc7": [0.0, 0.0, 0.2475510984659195, 0.0, 0.22427310049533844],
        "fc8": [0.355543315410614, -0.0497111901640892, -0.323709636926651, 0.16291595995426178],
        "prob": [0.3334898352622986, 0.22237339615821838, 0.16907788813114166, 0.2750588357448578],
    },
    "tganv2": {
        "fc6": [0.0, 0.0, 0.3309333920478821, 0.0, 0.0, 0.1729641854763031],
        "fc7": [0.0, 0.0, 0.2305021733045578, 0.0, 0.18106208741664886],
        "fc8": [0.36419451236724854, -0.072984479367733, -0.3043392300605774, 0.16286681592464447],
        "prob": [0.33602604269981384, 0.21702438592910767, 0.17219971120357513, 0.27474984526634216],
    },
}
# What both make of GOLDEN_IMAGE at 3x6 pixels.
GOLDEN_ALIGNED = [
    [0.0, 153.0, 205.39999389648438, 56.59999465942383, 40.20000076293945, 90.0],
    [255.0, 255.0, 204.0, 50.999996185302734, 12.40000057220459, 31.0],
    [5.0, 48.20000076293945, 103.80000305175781, 184.1999969482422, 182.60000610351562, 140.0],
]
GOLDEN_CUBIC = [
    [51.07414627075195, 121.04917907714844, 154.2440643310547, 66.95077514648438, 57.66377639770508, 86.37770080566406],
    [255.0, 278.90625, 217.86459350585938, 33.90626907348633, -8.40625, 33.69097137451172],
    [
        -15.979936599731445,
        42.35821533203125,
        125.81549072265625,
        172.11195373535156,
        189.28993225097656,
        183.2533264160,
    ],
]


@pytest.fixture(scope="module")
def tensors():
    return seeded_weights(3, widths=NARROW)


def clips_of(count, seed=0):
    """Noise, each clip with a contrast and a brightness of its own; float32 (clip, 3, 16, 112, 112) of 0..255."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 3, 16, 14, 14)).repeat(8, 3).repeat(8, 4)
    levels = coarse * rng.uniform(0.2, 1, (count, 1, 1, 1, 1)) + rng.uniform(-20, 20, (count, 3, 16, 112, 112))
    return np.clip(levels, 0, 255).astype(np.uint8).astype(np.float32)


def run(tensors, clips, output, lineage="tganv2"):
    return load(tensors, output=output, lineage=lineage)(torch.from_numpy(clips)).numpy()


# The network.


@pytest.mark.parametrize(("frames", "size"), [(16, 32), (16, 20), (5, 17), (1, 1), (18, 33)])
def test_the_network_against_loops(frames, size):
    widths = Widths((4, 5, 6, 6, 7, 7, 6, 5), (11, 9), 10)
    rng = np.random.default_rng(size)
    tensors = {}
    for name, shape in widths.shapes(frames=frames, size=size).items():
        tensors[name] = (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]) / 2)).astype(np.float32)
    x = rng.standard_normal((2, 3, frames, size, size)).astype(np.float32)
    network = C3D(widths, frames=frames, size=size).eval()
    network.take(tensors)
    with torch.inference_mode():
        for output in OUTPUTS:
            found = network(torch.from_numpy(x), output).numpy()
            for one, clip in zip(found, x, strict=True):
                np.testing.assert_allclose(one, outputs(tensors, clip)[output], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("lineage", ["tgan", "tganv2"])
def test_whole_clips_against_loops(tensors, lineage):
    clip = clips_of(1)
    # The mean cut by hand, at the places that the published lines name.
    left = 21 + 8 if lineage == "tgan" else 8
    x = clip[0, ::-1].astype(np.float64) - tensors["mean"][:, :, 8:120, left : left + 112]
    expected = outputs(tensors, x)
    for output in OUTPUTS:
        found = run(tensors, clip, output, lineage)[0]
        np.testing.assert_allclose(found, expected[output], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("lineage", ["tgan", "tganv2"])
def test_what_chainer_and_opencv_give(lineage, output):
    tensors, clip = golden_case()
    fed = resized_for_c3d(clip, lineage).transpose(3, 0, 1, 2)[None]
    found = run(tensors, np.ascontiguousarray(fed), output, lineage)
    np.testing.assert_allclose(found[0], GOLDEN[lineage][output], rtol=0, atol=3e-6)


def test_the_last_row_and_column_are_pooled_too(tensors):
    # 7x7 becomes 4x4: what stands at 6 has a window of its own, and dropping it would change nothing.
    network = C3D(NARROW).eval()
    network.take(tensors)
    quiet = torch.zeros(1, 3, 16, 112, 112)
    loud = quiet.clone()
    loud[..., 100:, 100:] = 200
    with torch.inference_mode():
        assert (network(quiet, "fc6") - network(loud, "fc6")).abs().max() > 1e-3


def test_published_shapes():
    shapes = PUBLISHED.shapes()
    assert len(shapes) == 22
    assert shapes["conv1a/W"] == (64, 3, 3, 3, 3)
    assert shapes["conv3b/W"] == (256, 256, 3, 3, 3)
    assert shapes["fc6/W"] == (4096, 512 * 4 * 4)
    assert shapes["fc8/W"] == (101, 4096)
    assert shapes["fc8/b"] == (101,)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 78_409_573


@pytest.mark.parametrize("lineage", LINEAGES)
def test_probabilities(tensors, lineage):
    clips = clips_of(5)
    found = run(tensors, clips, "prob", lineage)
    assert found.dtype == np.float32
    assert found.shape == (5, 101)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    powers = np.exp(run(tensors, clips, "fc8", lineage).astype(np.float64))
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("output", ["fc6", "fc7"])
def test_features_are_taken_behind_the_relu(tensors, output):
    found = run(tensors, clips_of(4), output)
    assert found.min() == 0
    assert found.max() > 0


def test_a_clip_does_not_depend_on_its_neighbours(tensors):
    clips = clips_of(3)
    together = run(tensors, clips, "fc8")
    for i in range(3):
        np.testing.assert_allclose(run(tensors, clips[i : i + 1], "fc8")[0], together[i], rtol=1e-5, atol=1e-6)


def test_dropout_only_in_training_mode(tensors):
    model, clips = load(tensors, output="prob", lineage="tgan"), torch.from_numpy(clips_of(2))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(model(clips), model(clips))
    quiet = model(clips)
    model.train()
    torch.manual_seed(0)
    first, second = model(clips), model(clips)
    assert not torch.equal(first, second)
    assert not torch.equal(first, quiet)


def test_dropout_halves_fc6_and_fc7():
    widths = Widths((1,) * 8, (400, 400), 2)
    network = C3D(widths, frames=1, size=1)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in widths.shapes(frames=1, size=1).items()}
    # The convolutions pass their input on, fc6 spreads it, fc7 passes each of its inputs on.
    for name, array in tensors.items():
        if name.startswith("conv") and name.endswith("/W"):
            array[:, :, 1, 1, 1] = 1
    tensors["fc6/W"][:] = 1
    tensors["fc7/W"][:] = np.eye(400)
    network.take(tensors)
    x = torch.ones(1, 3, 1, 1, 1)
    torch.manual_seed(1)
    with torch.inference_mode():
        quiet, six, seven = network.eval()(x, "fc7"), network.train()(x, "fc6"), network(x, "fc7")
    assert quiet.unique().tolist() == [3]
    # What is left is scaled by two, once for each layer.
    assert six.unique().tolist() == [0, 6]
    assert seven.unique().tolist() == [0, 12]
    assert 0.4 < (six == 0).float().mean() < 0.6
    assert 0.65 < (seven == 0).float().mean() < 0.85


# What each lineage does before the network.


def ramp_mean():
    """A mean that tells its own places."""
    channel, time, row, column = np.ogrid[:3, :16, :128, :171]
    return (channel * 50 + time * 0.125 + row * 0.25 + column / 1024).astype(np.float32)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_tgan_arithmetic_is_the_published_one(tensors, kind):
    rng = np.random.default_rng(1)
    mean = (90 + 20 * rng.standard_normal((3, 16, 128, 171))).astype(kind)
    frames = rng.uniform(-60, 310, (2, 16, 128, 128, 3)).astype(np.float32)
    model = load(tensors | {"mean": mean}, output="fc6", lineage="tgan")
    clips = torch.from_numpy(np.ascontiguousarray(frames[:, :, 8:120, 8:120].transpose(0, 4, 1, 2, 3)))
    np.testing.assert_array_equal(model.fed(clips).numpy(), fed_by_tgan(frames, mean))


@pytest.mark.parametrize("lineage", ["tganv2", "stylegan-v"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_tganv2_arithmetic_is_the_published_one(tensors, kind, lineage):
    rng = np.random.default_rng(2)
    mean = (90 + 20 * rng.standard_normal((3, 16, 128, 171))).astype(kind)
    frames = rng.integers(0, 256, (2, 16, 112, 112, 3), dtype=np.uint8)
    model = load(tensors | {"mean": mean}, output="fc6", lineage=lineage)
    clips = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 4, 1, 2, 3)).astype(np.float32))
    np.testing.assert_array_equal(model.fed(clips).numpy(), fed_by_tganv2(frames, mean))


@pytest.mark.parametrize(("lineage", "left"), [("tgan", 29), ("tganv2", 8), ("stylegan-v", 8)])
def test_the_mean_is_cut_where_each_code_cuts_it(tensors, lineage, left):
    mean = ramp_mean()
    model = load(tensors | {"mean": mean}, output="fc6", lineage=lineage)
    clips = torch.zeros(1, 3, 16, 112, 112)
    clips[:, 0] = 255  # red: the last channel of what the network sees
    fed = model.fed(clips)[0].numpy()
    expected = -mean[:, :, 8:120, left : left + 112]
    expected[2] += 255
    np.testing.assert_allclose(fed, expected, atol=3e-5)


@pytest.mark.parametrize(
    "shape", [(1, 3, 1, 112, 112), (1, 3, 15, 112, 112), (1, 3, 16, 112, 128), (1, 3, 16, 1, 1), (2, 3, 16, 128, 128)]
)
def test_clips_of_another_size_are_refused(tensors, shape):
    # One frame would otherwise be spread over the sixteen of the mean.
    with pytest.raises(DataError, match="C3D cannot take these clips") as caught:
        load(tensors, output="prob", lineage="tgan")(torch.zeros(shape))
    assert "(clip, 3, 16, 112, 112)" in str(caught.value)
    assert str(shape) in str(caught.value)


# Resizing.

SIZES = [(1, 1), (1, 5), (7, 1), (2, 3), (64, 64), (112, 112), (113, 77), (128, 128), (150, 130)]
KERNELS = {"cubic": cubic_opencv, "aligned": bilinear_align_corners}


def frames_of(height, width, count=2):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("size", [(112, 128), (6, 5)])
def test_resizing_against_the_scalar_oracle(kernel, height, width, size):
    frames = frames_of(height, width)
    for given in (frames, frames.astype(np.float32)):
        found = KERNELS[kernel](given, size)
        assert found.dtype == np.float32
        assert found.shape == (2, *size, 3)
        for image, frame in zip(found, frames, strict=True):
            np.testing.assert_allclose(image, resized(frame, size, kernel), atol=4e-3)  # float32 positions


def test_what_chainer_and_opencv_make_of_a_picture():
    picture = GOLDEN_IMAGE.astype(np.uint8)[None, :, :, None]
    found = bilinear_align_corners(picture, (3, 6))[0, :, :, 0]
    np.testing.assert_allclose(found, GOLDEN_ALIGNED, rtol=0, atol=5e-5)
    np.testing.assert_allclose(cubic_opencv(picture, (3, 6))[0, :, :, 0], GOLDEN_CUBIC, rtol=0, atol=3e-4)


def test_cubic_weights_are_those_of_a_cubic():
    for distance in np.linspace(-2.5, 2.5, 31):
        assert cubic_weight(0.0) == 1
        total = sum(cubic_weight(distance % 1 - tap) for tap in range(-3, 5))
        assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("function", [cubic_opencv, bilinear_align_corners])
def test_frames_of_the_right_size_stay_as_they_are(function):
    frames = frames_of(20, 30)
    np.testing.assert_array_equal(function(frames, (20, 30)), frames)


@pytest.mark.parametrize("function", [cubic_opencv, bilinear_align_corners])
@pytest.mark.parametrize("grey", [0, 1, 128, 255])
def test_even_frames_stay_even(function, grey):
    found = function(np.full((1, 9, 13, 3), grey, np.uint8), (16, 7))
    np.testing.assert_allclose(found, grey, atol=1e-4)


def test_tgan_overshoots_and_cuts_the_middle():
    frames = np.zeros((1, 64, 64, 3), np.uint8)
    frames[:, :, 32:] = 255
    found = resized_for_c3d(frames, "tgan")
    assert found.shape == (1, 112, 112, 3)
    assert found.min() < -5
    assert found.max() > 260
    np.testing.assert_array_equal(found, cubic_opencv(frames, (128, 128))[:, 8:120, 8:120])


def test_lineages_are_resized_as_their_codes_do():
    frames = frames_of(64, 48)
    aligned = bilinear_align_corners(frames, (112, 112))
    np.testing.assert_array_equal(resized_for_c3d(frames, "tganv2"), aligned)
    np.testing.assert_array_equal(resized_for_c3d(frames, "stylegan-v"), aligned)
    assert np.abs(resized_for_c3d(frames, "tgan") - aligned).max() > 10
    # Corner pixels lie on each other.
    np.testing.assert_array_equal(aligned[:, [0, 0, -1, -1], [0, -1, 0, -1]], frames[:, [0, 0, -1, -1], [0, -1, 0, -1]])


# Weights of random numbers.


def test_seeded_weights_depend_on_their_seed_alone():
    one, same, other = (seeded_weights(seed, widths=NARROW) for seed in (5, 5, 6))
    assert list(one) == [*NARROW.shapes(), "mean"]
    assert all(array.dtype == np.float32 for array in one.values())
    assert all((one[name] == same[name]).all() for name in one)
    assert all((one[name] != other[name]).any() for name in one)


@pytest.mark.parametrize("seed", range(4))
def test_seeded_weights_do_not_saturate(seed):
    found = run(seeded_weights(seed, widths=Widths((6,) * 8, (16, 16), 101)), clips_of(4), "prob")
    assert found.max() < 0.9
    assert found.max() > 1.2 / 101
    assert np.abs(found[0] - found[1]).max() > 1e-4


# The published files.


@pytest.fixture
def folder(tmp_path, tensors):
    np.savez(tmp_path / MODEL_FILE, **{name: array for name, array in tensors.items() if name != "mean"})
    np.savez(tmp_path / MEAN_FILE, mean=tensors["mean"])
    return tmp_path


def assert_refused(said, *paths, widths=NARROW):
    with pytest.raises(WeightsError, match=said) as caught:
        read_weights(*paths, widths=widths)
    error = caught.value
    assert error.expected
    assert error.found
    assert error.where
    assert "rezoo/tgan2, v1.0" in error.fix
    return error


def test_a_folder_or_two_paths(folder, tensors):
    for found in (
        read_weights(folder, widths=NARROW),
        read_weights(folder / MODEL_FILE, folder / MEAN_FILE, widths=NARROW),
    ):
        assert sorted(found) == sorted(tensors)
        assert all((found[name] == tensors[name]).all() for name in tensors)
    np.testing.assert_array_equal(run(found, clips_of(1), "prob"), run(tensors, clips_of(1), "prob"))


def test_files_under_other_names(folder, tensors):
    (folder / MODEL_FILE).rename(folder / "model")
    (folder / MEAN_FILE).rename(folder / "mean.zip")
    assert sorted(read_weights(folder / "model", folder / "mean.zip", widths=NARROW)) == sorted(tensors)


def test_one_file_is_not_enough(folder):
    assert MEAN_FILE in assert_refused("C3D needs its mean too", folder / MODEL_FILE).expected


@pytest.mark.parametrize("name", [MODEL_FILE, MEAN_FILE])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    error = assert_refused("no such weights file", folder)
    assert error.where == str(folder / name)
    assert_refused("no such weights file", folder / "gone")


def test_files_the_wrong_way_round(folder):
    error = assert_refused("not the weights of C3D", folder / MEAN_FILE, folder / MODEL_FILE)
    assert error.where == str(folder / MEAN_FILE)
    assert "also mean" in error.found


def rewritten(folder, tensors, **changes):
    kept = {name: array for name, array in tensors.items() if name != "mean"} | changes
    np.savez(folder / MODEL_FILE, **{name: array for name, array in kept.items() if array is not None})


def test_missing_and_additional_arrays_are_named(folder, tensors):
    rewritten(folder, tensors, **{"conv3a/b": None, "fc8/W": None, "bn6/gamma": np.ones(3, np.float32)})
    error = assert_refused("not the weights of C3D", folder)
    assert error.found == "no conv3a/b, fc8/W; also bn6/gamma"
    assert error.expected.startswith("22 arrays: conv1a/W, conv1a/b")
    assert error.where == str(folder / MODEL_FILE)
    with pytest.raises(WeightsError, match="no mean"):
        load({name: array for name, array in tensors.items() if name != "mean"}, output="prob", lineage="tgan")
    with pytest.raises(WeightsError, match="no fc8/b"):
        load({name: array for name, array in tensors.items() if name != "fc8/b"}, output="prob", lineage="tgan")
    with pytest.raises(WeightsError, match="also more"):
        load(tensors | {"more": np.ones(1, np.float32)}, output="prob", lineage="tgan")


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("fc6/W", lambda a: a.T, "(80, 12) float32"),
        ("conv2a/W", lambda a: a[..., 0], "(3, 2, 3, 3) float32"),
        ("conv1a/W", lambda a: (a * 1000).astype(np.int64), "(2, 3, 3, 3, 3) int64"),
        ("fc7/b", lambda a: a.astype("U8"), "(9,) <U8"),
        ("conv5b/b", lambda a: a + np.nan, "(5,) float32, not all finite"),
    ],
)
def test_ill_shaped_arrays_are_named(folder, tensors, name, change, found):
    rewritten(folder, tensors, **{name: change(tensors[name])})
    error = assert_refused("not the weights of C3D", folder)
    assert error.expected == f"{name} {NARROW.shapes()[name]}, finite floats"
    assert error.found == found


@pytest.mark.parametrize(
    "mean", [np.zeros((3, 16, 112, 112), np.float32), np.zeros((16, 3, 128, 171), np.float32), np.zeros(3, np.float32)]
)
def test_a_mean_of_another_shape(folder, mean):
    np.savez(folder / MEAN_FILE, mean=mean)
    error = assert_refused("not the weights of C3D", folder)
    assert error.expected == "mean (3, 16, 128, 171), finite floats"
    assert error.where == str(folder / MEAN_FILE)


def test_narrow_weights_are_not_the_published_ones(folder):
    error = assert_refused("not the weights of C3D", folder, widths=PUBLISHED)
    assert "conv1a/W (64, 3, 3, 3, 3)" in error.expected


def test_truncated_files(folder):
    path = folder / MODEL_FILE
    whole = path.read_bytes()
    for end in [*range(0, len(whole), 1501), len(whole) - 1, len(whole) - 30]:
        path.write_bytes(whole[:end])
        assert_refused("not a whole archive of plain arrays", folder)


@pytest.mark.parametrize("pack", [np.savez, np.savez_compressed])
def test_damaged_bytes(folder, tensors, pack):
    path = folder / MODEL_FILE
    pack(path, **{name: array for name, array in tensors.items() if name != "mean"})
    whole = path.read_bytes()
    for place in (700, len(whole) // 2):
        path.write_bytes(whole[:place] + bytes(255 - byte for byte in whole[place : place + 40]) + whole[place + 40 :])
        assert_refused("not a whole archive of plain arrays", folder)


class Malicious:
    """Makes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


def test_pickles_are_refused_and_do_not_run(folder, tensors, tmp_path):
    marker = tmp_path / "marker"
    hidden = np.empty(1, dtype=object)
    hidden[0] = Malicious(marker)
    rewritten(folder, tensors, **{"fc8/b": hidden})
    assert "nothing was run" in assert_refused("not a whole archive of plain arrays", folder).expected
    (folder / MODEL_FILE).write_bytes(pickle.dumps(Malicious(marker)))
    assert_refused("not a whole archive of plain arrays", folder)
    assert not marker.exists()


def test_other_archives(folder, tensors):
    np.save(folder / "bare.npy", tensors["fc8/b"])
    assert_refused("not a whole archive of plain arrays", folder / "bare.npy", folder / MEAN_FILE)
    with zipfile.ZipFile(folder / MODEL_FILE, "w") as packed:
        packed.writestr("readme.txt", "no array")
    assert_refused("not the weights of C3D", folder)


def test_other_floats_become_float32(folder, tensors):
    rewritten(folder, tensors, **{"fc8/W": tensors["fc8/W"].astype(np.float64)})
    found = read_weights(folder, widths=NARROW)
    np.testing.assert_array_equal(run(found, clips_of(1), "prob"), run(tensors, clips_of(1), "prob"))


def test_read_only_arrays_are_taken(tensors):
    locked = {name: array.copy() for name, array in tensors.items()}
    for array in locked.values():
        array.setflags(write=False)
    np.testing.assert_array_equal(run(locked, clips_of(1), "fc8"), run(tensors, clips_of(1), "fc8"))


def test_no_host_is_named_in_the_code():
    with open(module.__file__) as file:
        assert "http" not in file.read()
