"""Headers that ask for impossible networks: refused before anything is built."""

import time

import pytest
import torch

from vidmbench.core.declarations import validated
from vidmbench.core.errors import VidmbenchError
from vidmbench.vidm.checkpoints.checkpoint import load_vidm
from vidmbench.vidm.checkpoints.official import load_official, load_official_content
from vidmbench.vidm.checkpoints.tensor_files import FORMAT, write_tensors
from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.recipes import load_recipe

_HUGE = {
    "channels": {"content": {"channels": 2**30}},
    "channels of a level": {"motion": {"channels": 8192, "multipliers": [1, 8192]}},
    "blocks": {"motion": {"blocks": 100_000}},
    "levels": {"resolution": 2**20, "content": {"multipliers": [1] * 21}},
    "timesteps": {"num_timesteps": 10**10},
    "frames": {"num_frames": 10**10},
    "classes": {"num_classes": 10**12},
    "resolution": {"resolution": 2**20},
    "pyramid": {"flow": {"levels": 10_000}},
    "widths of the flow": {"flow": {"widths": [2**30] * 4}},
    "nothing like a number": {"content": {"channels": "1e400"}},
}


@pytest.mark.parametrize("sizes", _HUGE.values(), ids=_HUGE)
def test_a_header_of_impossible_sizes_is_refused_at_once(sizes, tmp_path):
    path = tmp_path / "vidm.safetensors"
    write_tensors(path, {"content.x": torch.zeros(3)}, {"format": FORMAT, "model": {"resolution": 32} | sizes})

    begin = time.perf_counter()
    with pytest.raises(VidmbenchError, match="mistake"):
        load_vidm(path, torch.device("cpu"))
    assert time.perf_counter() - begin < 5


def test_published_files_of_impossible_sizes_are_refused_at_once(tmp_path):
    huge = torch.zeros(1).expand(10**10, 2, 1, 1, 2)
    torch.save({"ema_state_dict": {"a.new_coords": huge}}, tmp_path / "motion.pth")
    torch.save({"input.input": torch.zeros(1).expand(1, 3, 2**20, 2**20)}, tmp_path / "content.pth")

    with pytest.raises(VidmbenchError, match="num_timesteps"):
        load_official(tmp_path / "motion.pth", torch.device("cpu"))
    with pytest.raises(VidmbenchError, match="resolution"):
        load_official_content(tmp_path / "content.pth", torch.device("cpu"))


def test_a_recipe_of_impossible_sizes_is_refused(tmp_path):
    with pytest.raises(VidmbenchError, match="mistake"):
        validated({"resolution": 32, "content": {"channels": 2**30}}, VidmSpec, where="recipe.toml")
    (tmp_path / "deep.toml").write_text("model." * 1000 + "x = 1")
    with pytest.raises(VidmbenchError, match="not a TOML file"):
        load_recipe(str(tmp_path / "deep.toml"))
