"""How much is saved by computing once what does not change while a VIDM is sampled, and by fewer steps.

Quick by default: the published network's layout with an eighth of its channels. For the figures in docs/vidm.md:
VIDMBENCH_BENCHMARK_VIDM=full make benchmark
"""

import os

import pytest
import torch
from support.timing import check_faster
from support.vidm_published import first_frames, frame_computed_anew, published_layout

from vidmbench.vidm.config import FlowSpec
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling.source import VidmVideos

IS_FULL = os.environ.get("VIDMBENCH_BENCHMARK_VIDM") == "full"
LAYOUT = {"channels": 128, "flow": FlowSpec()} if IS_FULL else {"channels": 16}
RESOLUTION, BATCH, STEPS = 128, 8, 2
PAIRS = 1 if IS_FULL else 3
# Least ratio of seconds a frame. Counted: 1.3 (official) and 1.6 (paper) would be reached if nothing else took time.
LEAST = {"official": 1.15, "paper": 1.4}


@torch.no_grad()
@pytest.mark.parametrize("variant", ["official", "paper"])
def test_features_computed_once_save_time(variant, benchmark):
    model = published_layout(variant, resolution=RESOLUTION, steps=STEPS, **LAYOUT)
    videos = VidmVideos(model, num_videos=BATCH, batch_size=BATCH)
    first = first_frames(BATCH, RESOLUTION)
    walk = videos.walk(first, range(BATCH))
    previous = walk.frame(1, first)  # the first frame pays for what the others share
    ratio = check_faster(
        benchmark,
        lambda: frame_computed_anew(videos, first, previous, 2),
        lambda: walk.frame(2, previous),
        least=LEAST[variant],
        than="computing all anew",
        pairs=PAIRS,
    )
    benchmark.extra_info["seconds a step and sample"] = round(ratio.fast / BATCH / STEPS, 3)


@torch.no_grad()
def test_ten_solver_steps_against_a_hundred_ancestral_ones(benchmark):
    model = published_layout("paper", resolution=RESOLUTION, steps=STEPS, **LAYOUT)
    first = torch.zeros(1, 3, RESOLUTION, RESOLUTION)
    share = 5 if IS_FULL else 1  # the ratio is what matters, and a hundred full steps take minutes

    def second_frame(sampler, steps):
        sampling = SamplingSpec(sampler=sampler, steps=steps // share)
        return VidmVideos(model, num_videos=1, sampling=sampling).walk(first, range(1)).frame(1, first)

    check_faster(
        benchmark,
        lambda: second_frame("ancestral", 100),
        lambda: second_frame("dpm-solver", 10),
        least=8,
        than="a hundred ancestral steps",
        pairs=1,
    )
