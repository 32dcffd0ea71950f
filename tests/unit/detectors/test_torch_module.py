"""The engine of any torch module: batches, a GPU that is too small, bf16. No GPU is needed to see the path."""

import numpy as np
import pytest
import torch

from vidmbench.core.errors import UsageError
from vidmbench.detectors import torch_module
from vidmbench.detectors.torch_module import ModuleEngine
from vidmbench.protocols.detector import load_detector

WIDTH = 768


class Net(torch.nn.Module):
    """Means of each item's pixels; as if memory held so many items."""

    def __init__(self, fits=200):
        super().__init__()
        self.fits, self.seen = fits, []
        self.weight = torch.nn.Parameter(torch.linspace(0.1, 1.1, 3 * WIDTH).reshape(3, WIDTH))

    def forward(self, x):
        self.seen.append(len(x))
        if len(x) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has")
        return x.flatten(2).mean(2) @ self.weight


@pytest.fixture
def engine(monkeypatch):
    """An engine as it is on a GPU, with a network and room for so many items."""

    def made(name, fits=200, at_once=16, **options):
        net = Net(fits)
        monkeypatch.setattr(torch_module, "imported", lambda *_: lambda weights, **_: net)
        monkeypatch.setattr(torch_module, "load_other", lambda _: {})
        found = ModuleEngine(load_detector(name), device="cpu", name="torch/cuda", **options)
        if at_once > 1:
            monkeypatch.setattr(torch_module, "_FRAMES_OF_CLIPS", at_once * 4)
            found._stream = found._stream_to(torch.device("cpu"))
        return found, net

    return made


def clips(count, frames=4):
    return list(np.random.default_rng(0).random((count, frames, 6, 6, 3), dtype=np.float32))


@pytest.mark.parametrize(("name", "sizes"), [("videomae-base", [16, 16]), ("clip-vitl14-336", [128])])
def test_batches_give_what_single_clips_give(engine, name, sizes):
    many, net = engine(name)
    found = list(many.features(clips(21)))
    alone = list(engine(name, at_once=1)[0].features(clips(21)))
    np.testing.assert_allclose(found, alone, rtol=1e-5)
    assert net.seen == sizes
    assert len(found) == 21


def test_clips_of_another_length_are_a_batch_of_their_own(engine):
    many, net = engine("videomae-base")
    assert len(list(many.features([*clips(3), *clips(2, frames=5)]))) == 5
    assert net.seen == [16, 12]  # filled up, so that each clip's bits are the same in any company


@pytest.mark.parametrize(("name", "said"), [("videomae-base", "2 clips"), ("clip-vitl14-336", "2 frames")])
def test_less_memory_takes_smaller_batches_and_says_so_once(engine, name, said, capsys):
    fits = int(said.split()[0])
    many, net = engine(name, fits=fits)
    found = list(many.features(clips(24, frames=2)))
    np.testing.assert_allclose(found, list(engine(name)[0].features(clips(24, frames=2))), rtol=1e-5)
    assert net.seen[-1] <= fits
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "too small" in line)
    assert line.endswith(f"from here on {said} at once")


def test_a_gpu_that_holds_not_even_one(engine):
    with pytest.raises(UsageError, match="does not fit into the memory") as raised:
        list(engine("videomae-base", fits=0)[0].features(clips(3)))
    assert "20.00 GiB" in str(raised.value.found)
    assert "--device cpu" in str(raised.value.fix)


def test_bf16_is_near_fp32_and_another_number(engine):
    exact, rough = (list(engine("videomae-base", precision=one)[0].features(clips(3))) for one in ("fp32", "bf16"))
    np.testing.assert_allclose(rough, exact, rtol=2e-2)
    assert np.abs(np.array(rough) - exact).max() > 0


def test_a_clip_longer_than_a_batch_is_taken_in_parts(engine):
    many, net = engine("clip-vitl14-336")
    found = list(many.features(clips(2, frames=300)))
    whole, _ = engine("clip-vitl14-336", fits=300, at_once=1)
    np.testing.assert_allclose(found, list(whole.features(clips(2, frames=300))), rtol=1e-5)
    assert net.seen == [128, 128, 44] * 2
