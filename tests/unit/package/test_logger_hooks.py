"""The hooks of docs/python.md log what was measured, as plain floats."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support.loggers import stand_in
from support.paths import ROOT

import vidmbench

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
CLIPS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 16, 3), dtype=np.uint8)


def block(word):
    """The block of code of the page that has a word."""
    (found,) = [text for text in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if word in text]
    return found


@pytest.fixture
def logged(monkeypatch):
    return stand_in(monkeypatch.setitem)


@pytest.mark.parametrize(("name", "word"), [("tensorboard", "SummaryWriter"), ("wandb", "import wandb")])
def test_a_number_is_logged_with_its_interval(name, word, logged, fake_network):
    fvd = vidmbench.score(CLIPS, CLIPS[::-1].copy() // 2, frames=16, num_videos=4)
    exec(block(word), {"fvd": fvd, "step": 50, "vidmbench": vidmbench})
    low, high = fvd.interval
    assert logged == [
        (name, "fvd", fvd.value, 50), (name, "fvd_low", low, 50), (name, "fvd_high", high, 50)
    ]  # fmt: skip


def test_lightning_scores_after_each_validation(logged, fake_network):
    names = {"vidmbench": vidmbench, "real": CLIPS}
    exec(block("import lightning").replace("num_videos=32", "num_videos=4"), names)
    samples = torch.rand(4, 16, 16, 16, 3, requires_grad=True)
    module = SimpleNamespace(sample=lambda count: samples * 1)
    module.log_dict = lambda values, rank_zero_only: logged.add("lightning", values, None)
    names["ScoreFVD"]().on_validation_epoch_end(None, module)
    expected = vidmbench.score(CLIPS, samples, value_range=(0, 1), frames=16, num_videos=4)
    assert logged[0] == ("lightning", "fvd", expected.value, None)


def test_a_value_that_is_no_plain_float_would_be_noticed(logged):
    with pytest.raises(AssertionError, match="fvd is a float64"):
        logged.add("tensorboard", {"fvd": np.float64(1)}, 1)
