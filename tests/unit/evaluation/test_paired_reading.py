"""All full-reference protocols together: one pass over the frames."""

from collections import Counter

import numpy as np

from vidmbench.evaluation.clip_assembly import bytes_of_frame
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol, protocol_names
from vidmbench.videos.arrays.uint8_source import ArraySource


class CountingSource(ArraySource):
    """Counts how often each video is begun and how often each frame is taken."""

    def __init__(self, clips, label):
        super().__init__(clips, label)
        self.streams, self.frames = Counter(), Counter()

    def stream(self, index, frames):
        self.streams[index] += 1
        for number, frame in zip(frames, super().stream(index, frames), strict=True):
            self.frames[index, number] += 1
            yield frame


def clips(seed, size=64):
    return np.random.default_rng(seed).integers(0, 256, (3, 6, size, size, 3), np.uint8)


def test_each_video_is_decoded_once_for_all_protocols(fake_network):
    names = [name for name in protocol_names() if name.startswith(("psnr-", "ssim-", "lpips-"))]
    real, fake = CountingSource(clips(0), "real"), CountingSource(clips(1), "fake")
    specs = [load_protocol(name).with_options(frames=6) for name in names]
    found = evaluate(real, fake, plan(real, fake, specs))
    assert len(found.measurements) == len(names) > 40
    for side in (real, fake):
        assert side.streams == dict.fromkeys(range(3), 1)
        assert set(side.frames.values()) == {1}
        assert len(side.frames) == 3 * 6


def test_memory_that_waits_is_what_is_compared(fake_network):
    """What reading ahead counts with is what a prepared frame takes."""
    real, fake = ArraySource(clips(0, 80), "real"), ArraySource(clips(1, 80), "fake")
    for name, expected in {
        "psnr-scikit-image": 12,
        "ssim-scikit-image": 12,
        "lpips-alex": 80 * 160 * 3,
        "lpips-mcvd": 128 * 256 * 3,
    }.items():
        (planned,) = plan(real, fake, [load_protocol(name).with_options(frames=6)])
        assert planned.pairing is not None
        assert isinstance(planned.pairs, ClipPlan)
        job = FeatureJob(planned.pairing.videos, planned.pairs, planned.spec.array, "fp32")
        assert bytes_of_frame(job) == expected
