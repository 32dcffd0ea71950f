"""Clips from a seed, in integers alone, and what libvmaf gives for them: stored in vmaf_libvmaf.json beside this file.

    PYTHONPATH=tests python -m support.vmaf_clips FFMPEG...

writes that file with FFmpegs that have libvmaf: the packages imageio-ffmpeg 0.6.0 (libvmaf 2.3.0) and 0.8.1 (libvmaf at
commit 86da14d) bring some. FFmpeg itself makes yuv420p of the RGB frames.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

STORED = Path(__file__).with_suffix("").with_name("vmaf_libvmaf.json")
FRAMES = 5
#: Height and width: of benchmarks' frames, and others; where both versions of libvmaf are far apart, the one that is
#: left out, for the other agrees with vmaf-torch.
SIZES = {(64, 64): None, (90, 160): None, (144, 112): None, (64, 72): "2.3.0", (66, 66): "86da14d"}
KINDS = ("equal", "noise", "blurred", "dark", "static", "brighter")


def target(height, width):
    """Blobs of several sizes that move: uint8 (frame, height, width, 3)."""
    chance = np.random.default_rng(height * 1000 + width)
    total = np.zeros((height + 32, width + 32, 3), np.int64)
    for size, weight in ((2, 1), (8, 2), (16, 3)):
        shape = (total.shape[0] // size + 1, total.shape[1] // size + 1, 3)
        blobs = chance.integers(0, 256, shape).repeat(size, 0).repeat(size, 1)[: total.shape[0], : total.shape[1]]
        total += weight * blobs
    total //= 6
    moved = [total[time : time + height, 3 * time : 3 * time + width] for time in range(FRAMES)]
    return np.stack(moved).astype(np.uint8)


def changed(frames, kind):
    """A prediction: uint8, as the frames."""
    wide = frames.astype(np.int64)
    if kind == "noise":
        wide += np.random.default_rng(1).integers(-24, 25, wide.shape)
    if kind == "blurred":
        wide = sum(np.roll(wide, (down, right), (1, 2)) for down in (-1, 0, 1) for right in (-1, 0, 1)) // 9
    if kind == "dark":
        wide = wide * 3 // 5
    if kind == "static":
        wide = wide[:1].repeat(len(wide), 0)
    if kind == "brighter":
        wide = wide * 3 // 2 - 40
    return wide.clip(0, 255).astype(np.uint8)


def libvmaf(ffmpeg, real, fake):
    """The log of FFmpeg's filter."""
    height, width = real.shape[1:3]
    with tempfile.TemporaryDirectory() as folder:
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        sides = []
        for name, side in (("fake", fake), ("real", real)):
            side.tofile(f"{folder}/{name}")
            sides += [*raw, "-i", f"{folder}/{name}"]
        graph = "[0:v]format=yuv420p[f];[1:v]format=yuv420p[r];[f][r]libvmaf=log_fmt=json:log_path=log"
        ends = ["-lavfi", graph, "-f", "null", "-"]
        subprocess.run([str(Path(ffmpeg).resolve()), "-v", "error", *sides, *ends], cwd=folder, check=True)
        return json.loads((Path(folder) / "log").read_text())


def stored():
    """Version of libvmaf to ``HEIGHTxWIDTH KIND`` to VMAF of each frame, and the pooled means."""
    return json.loads(STORED.read_text())


def main(ffmpegs):
    found = {}
    for ffmpeg in ffmpegs:
        for size in SIZES:
            real = target(*size)
            for kind in KINDS:
                log = libvmaf(ffmpeg, real, changed(real, kind))
                pooled = log["pooled_metrics"]["vmaf"]
                found.setdefault(log["version"], {})[f"{size[0]}x{size[1]} {kind}"] = {
                    "frames": [frame["metrics"]["vmaf"] for frame in log["frames"]],
                    "mean": pooled["mean"],
                    "harmonic-mean": pooled["harmonic_mean"],
                }
    blocks = []
    for version, values in found.items():
        lines = ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in values.items())
        blocks.append(f' "{version}": {{\n{lines}\n }}')
    STORED.write_text("{\n" + ",\n".join(blocks) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
