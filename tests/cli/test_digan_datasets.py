"""DIGAN's reading of data sets, from trees of real clips to the number, beside a plain computation of the same.

The trees hold real footage as users have it: UCF-101 as avi files with its lists, Sky Time-lapse and TaiChi-HD as
folders of frames. As many clips are asked for as there are, so that the random pick takes all of them.
"""

import numpy as np
import pytest
import torch
from PIL import Image
from support.dataset_trees import ucf_lists
from support.engines import FakeEngine

from vidmbench.videos import open_source, write_mp4

UCF = {"Archery/v_Archery_g01_c01": 16, "Archery/v_Archery_g08_c01": 19, "YoYo/v_YoYo_g25_c04": 22}
SKY = {"08ug3bzhV8Y/08ug3bzhV8Y_1": 16, "08ug3bzhV8Y/08ug3bzhV8Y_2": 40, "0Z5QF4Gf4sQ/0Z5QF4Gf4sQ_1": 33}
TAICHI = {"0Fzf1_GNH8s#001#000128#000512": 70, "0Fzf1_GNH8s#002#000600#000800": 130}


def footage(shared, name, count):
    """Frames of real clips, one after the other."""
    path = shared / f"golden/conventions/{name}.npz"
    if not path.exists():
        pytest.skip(f"{path.name} is research footage and not here")
    frames = np.concatenate(list(np.load(path)["clips"]))
    assert len(frames) >= count
    return frames


def cut(frames, lengths):
    """Videos of these lengths, by name."""
    ends = np.cumsum(list(lengths.values()))
    return {name: frames[end - length : end] for (name, length), end in zip(lengths.items(), ends, strict=True)}


def folders_of_frames(root, videos):
    for name, frames in videos.items():
        (root / name).mkdir(parents=True)
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(root / name / f"frame{number:05d}.png")


def ucf101(root, shared):
    """Every overlapping window of every video, both lists together."""
    for name, frames in cut(footage(shared, "ucf_real", 57), UCF).items():
        path = root / f"{name}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mp4(path.with_suffix(".mp4"), frames, lossless=True)
        path.with_suffix(".mp4").rename(path)
    ucf_lists(root / "ucfTrainTestlist", UCF)
    decoded = open_source(root)
    videos = [decoded.read(index, range(decoded.num_frames(index))) for index in range(len(decoded))]
    assert sorted(map(len, videos)) == sorted(UCF.values())
    return [frames[start : start + 16] for frames in videos for start in range(len(frames) - 15)]


def sky(root, shared):
    """Consecutive chunks of the test side; what is left at a video's end is left out."""
    videos = cut(footage(shared, "sky_real", 89), SKY)
    folders_of_frames(root / "sky_test", videos)
    folders_of_frames(root / "sky_train", cut(footage(shared, "sky_fake", 16), {"0abcdefghij/0abcdefghij_1": 16}))
    return [frames[start : start + 16] for frames in videos.values() for start in range(0, len(frames) - 15, 16)]


def taichi(root, shared):
    """Windows of 64 frames, each in its four phases."""
    videos = cut(footage(shared, "ucf_real", 200), TAICHI)
    folders_of_frames(root / "train", videos)
    return [
        frames[first + phase : first + 64 : 4]
        for frames in videos.values()
        for first in range(0, len(frames) - 63, 64)
        for phase in range(4)
    ]


def plain_framing(frames):
    """Middle square, bilinear to 128 without antialias, cut to uint8: as DIGAN's dataset class."""
    height, width = frames.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = torch.from_numpy(frames[:, top : top + side, left : left + side]).permute(0, 3, 1, 2).float()
    return torch.nn.functional.interpolate(square, size=128, mode="bilinear", align_corners=False).to(torch.uint8)


def plain_clip(frames):
    """Short side to 224, middle, -1..1: as its I3D is fed; (time, 224, 224, 3)."""
    height, width = frames.shape[2:]
    scale = 224 / min(height, width)
    size = [
        224 if height <= width else int(height * scale + 0.999),
        224 if width <= height else int(width * scale + 0.999),
    ]
    wide = torch.nn.functional.interpolate(frames.float() / 255, size=size, mode="bilinear", align_corners=False)
    top, left = (size[0] - 224) // 2, (size[1] - 224) // 2
    return ((wide[:, :, top : top + 224, left : left + 224] - 0.5) * 2).permute(0, 2, 3, 1).numpy()


def features(clips):
    return np.stack(list(FakeEngine().features(clips))).astype(float)


def plain_fvd(real, fake):
    """Covariances by N-1; the trace of the root from singular values."""
    centred = [(side - side.mean(0)) / np.sqrt(len(side) - 1) for side in (real, fake)]
    traces = sum((side**2).sum() for side in centred)
    root = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    return ((real.mean(0) - fake.mean(0)) ** 2).sum() + traces - 2 * root


@pytest.mark.parametrize(("dataset", "tree"), [("ucf101", ucf101), ("sky-timelapse", sky), ("taichi-hd", taichi)])
def test_the_number_is_that_of_a_plain_reading(dataset, tree, folder, shared, command, fake_network):
    root = folder / dataset
    wanted = tree(root, shared)
    fakes = footage(shared, "ucf_fake", 144)[:144].reshape(9, 16, 120, 160, 3)
    np.save(folder / "fakes.npy", fakes)

    def run(num_real):
        words = ("--model", "mine", "--samples", "fakes.npy", "--dataset", dataset, "--data-root", root)
        counts = ("--frames", 16, "--num-real", num_real, "--num-fake", len(fakes))
        return command("run", *words, "--protocol", "fvd-digan", *counts, "--json")

    done = run(len(wanted))
    assert done.code == 0, done.err
    assert done.json["num_real"] == len(wanted)
    assert done.json["spread"] < 1e-6 * done.json["value"]  # ten draws of all clips are one
    real = features([plain_clip(plain_framing(frames)) for frames in wanted])
    fake = features([plain_clip(torch.from_numpy(frames).permute(0, 3, 1, 2)) for frames in fakes])
    expected = plain_fvd(real, fake)
    assert done.json["value"] == pytest.approx(expected, rel=1e-6)
    # One clip less, or the frames as they are, is another number.
    unframed = features([plain_clip(torch.from_numpy(frames).permute(0, 3, 1, 2)) for frames in wanted])
    for other in (real[1:], unframed):
        assert abs(plain_fvd(other, fake) / expected - 1.0) > 1e-4
    run(len(wanted) + 1).fails(f"{len(wanted)}")
