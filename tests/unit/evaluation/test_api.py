"""What the Python functions refuse before anything is computed, and what they take as the command line does."""

import numpy as np
import pytest
import torch

from vidmbench import Choices, extract_features, open_source, score
from vidmbench.core.errors import DataError, UsageError

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 16, 32, 32, 3), dtype=np.uint8)
OTHER = CLIPS[:, ::-1].copy()


def unread(seed, index):
    raise AssertionError("nothing is sampled before the request is checked")


@pytest.mark.parametrize("protocol", ["paired-all", "prdc-i3d"])
def test_several_numbers_are_refused_before_a_video_is_read(protocol):
    with pytest.raises(UsageError, match=rf"{protocol} gives \d+ numbers, and score\(\) returns one") as raised:
        score(unread, unread, protocol=protocol, frames=16, num_videos=2)
    assert f'Choices(protocols=("{protocol}",), ...)' in raised.value.fix


@pytest.mark.parametrize("protocol", ["paired-all", "psnr-scikit-image"])
def test_features_of_a_group_or_of_pairs_are_refused_before_a_video_is_read(protocol):
    with pytest.raises(UsageError, match=f"{protocol} has no features of single videos"):
        extract_features(unread, protocol=protocol, frames=16, num_videos=2)


def test_one_pair_is_scored_and_one_video_of_a_distribution_is_not():
    one = score(CLIPS, OTHER, protocol="psnr-scikit-image", frames=16, num_videos=1)
    assert (one.num_real, one.num_fake) == (1, 1)
    with pytest.raises(UsageError, match="num_videos is too small"):
        score(CLIPS, OTHER, protocol="psnr-scikit-image", frames=16, num_videos=0)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_a_device_of_torch_is_as_good_as_its_word(device):
    options = {"protocol": "psnr-scikit-image", "frames": 16, "num_videos": 2}
    assert score(CLIPS, OTHER, device=torch.device(device), **options).value == score(CLIPS, OTHER, **options).value


def test_devices_of_torch_in_choices():
    assert Choices(device=torch.device("cpu")).device == "cpu"
    assert Choices(device=torch.device("cuda")).device == "cuda"
    with pytest.raises(UsageError, match="cuda:7 is not the current GPU") as raised:
        Choices(device=torch.device("cuda:7"))
    assert "torch.cuda.set_device(7)" in raised.value.fix
    with pytest.raises(UsageError, match="unknown device 'mps'"):
        Choices(device=torch.device("mps"))
    with pytest.raises(UsageError, match=r"unknown precision 'torch\.bfloat16'") as raised:
        Choices(precision=torch.bfloat16)
    assert raised.value.expected == "one of bf16, fp32"


@pytest.mark.parametrize("count", [0, 2])
def test_a_function_that_ends_early_says_where(count):
    given = iter(CLIPS[:count])
    with pytest.raises(DataError, match="the function ended before it gave all videos") as raised:
        open_source(lambda seed, index: next(given), num_videos=3, seed=5)
    assert raised.value.found == f"StopIteration with seed 5, index {count}"
    assert ("num_videos=2" in raised.value.fix) == (count == 2)
