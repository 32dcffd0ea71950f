"""The way of a command on a GPU, from uint8 frames to numbers, with the CPU in the GPU's place and a small network."""

import numpy as np
import pytest
import torch
from support.engines import FakeEngine, projection, use_engine

from vidmbench.core.errors import DataError
from vidmbench.detectors import engine, preparation
from vidmbench.detectors.device_stream import DeviceStream
from vidmbench.detectors.types import Unresized
from vidmbench.evaluation import networks
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.features import features_of
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.protocols.stages import FirstResize
from vidmbench.sources.controls import control
from vidmbench.videos import ArraySource

STYLEGAN = load_protocol("fvd-stylegan-v")
PROTOCOLS = ["fvd-videogpt", "fvd-tf-hub", "fvd-short-linear", "fvd-irasim-mirror"]


class Streamed(FakeEngine):
    """The network of the tests behind the stream to a device; keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.given = []
        self._stream = DeviceStream("fake", self._computed, input_size=224, device=torch.device("cpu"), frames=40)

    def _computed(self, x):
        return torch.from_numpy(np.stack([projection(clip) for clip in x.numpy()]).astype(np.float32))

    def features(self, clips):
        return self._stream.features(self.given.append(clip) or clip for clip in clips)


@pytest.fixture
def devices(monkeypatch):
    """A GPU in name; the engines that were loaded for it, and for the CPU."""
    monkeypatch.setattr(engine, "_choose", lambda device, *_, **__: "torch/cuda" if device == "cuda" else "torch/cpu")
    monkeypatch.setattr(networks, "_free", lambda *_: None)

    def made(stage, *, device, **_):
        plain = Streamed() if device == "cuda" else FakeEngine()
        return plain if stage.lengthen is None else engine._LongerClips(plain, stage)

    return use_engine(made, patch=monkeypatch.setattr)


def films(count=6, height=20, width=28, seed=0):
    shape = (count, 20, height, width, 3)
    return ArraySource(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), f"films {seed}")


def jobs_of(source, *stages, frames=(9,)):
    plans = [ClipPlan(tuple(Clip(video, 1, many, 1) for video in range(len(source))), ()) for many in frames]
    return [FeatureJob(source, clips, stage, "fp32") for clips in plans for stage in stages]


def test_numbers_are_those_of_the_cpu(devices):
    real, fake = films(), control("shuffled", films(seed=1))
    specs = [load_protocol(name).with_options(frames=10, num_real=6, num_fake=6) for name in PROTOCOLS]
    cpu, gpu = (
        [it.value for it in evaluate(real, fake, plan(real, fake, specs), device=device).measurements]
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(gpu, cpu, rtol=1e-5)
    given = [clip for one in devices for clip in getattr(one, "given", [])]
    assert given
    assert all(isinstance(clip, Unresized) for clip in given)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"first_resize": FirstResize(size=32, resize="bicubic-pil")},
        {"crop": "centre-square", "resize": "bicubic-pil-uint8"},
        {"crop": "short-side-centre", "resize": "bilinear-antialias", "range": "0..1"},
    ],
    ids=str,
)
def test_features_are_those_of_the_cpu(devices, change):
    stage = STYLEGAN.array.model_copy(update=change)
    for source in (films(), control("blurred", films())):
        cpu, gpu = (features_of(jobs_of(source, stage, frames=(9, 12)), device=device) for device in ("cpu", "cuda"))
        for wanted, found in zip(cpu, gpu, strict=True):
            np.testing.assert_allclose(found.features, wanted.features, rtol=1e-5, atol=1e-5)


def test_large_frames_are_resized_while_they_are_read(devices):
    (found,) = features_of(jobs_of(films(1, 480, 640), STYLEGAN.array), device="cuda")
    (clip,) = devices[-1].given
    assert clip.dtype == np.float32
    assert np.isfinite(found.features).all()


@pytest.mark.parametrize(
    ("change", "size", "is_resized"),
    [
        ({}, (448, 448), True),
        ({}, (448, 449), False),
        ({}, (10, 2001), False),
        ({"first_resize": FirstResize(size=128, resize="bicubic-pil")}, (2160, 3840), True),
        ({"crop": "centre-square", "resize": "bicubic-pil-uint8"}, (1080, 1920), True),
        ({"resize": "detector", "detector": "c3d-prob-tgan"}, (64, 64), False),
        ({"detector": "inception-pool"}, (598, 598), True),
        ({"detector": "inception-pool"}, (598, 599), False),
    ],
    ids=str,
)
def test_which_clips_travel_as_they_were_read(change, size, is_resized):
    stage = STYLEGAN.array.model_copy(update=change)
    assert preparation.is_resized_on_device(stage, "torch-2/cuda", size) is is_resized
    assert not preparation.is_resized_on_device(stage, "torch-2/cpu", size)


def test_what_was_computed_before_a_bad_video_is_kept(devices):
    class Broken(ArraySource):
        def read(self, index, frames):
            if index == 4:
                raise DataError("the video ends early", where=self.name(index))
            return super().read(index, frames)

    array = np.random.default_rng(0).integers(0, 256, (6, 20, 8, 8, 3), dtype=np.uint8)
    with pytest.raises(DataError, match="ends early"):
        features_of(jobs_of(Broken(array, "films"), STYLEGAN.array), device="cuda")
    seen = len(devices[-1].given)
    (found,) = features_of(jobs_of(ArraySource(array, "films"), STYLEGAN.array), device="cuda")
    assert (len(found.features), seen, len(devices[-1].given)) == (6, 4, 2)
