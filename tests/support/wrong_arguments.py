"""Calls every public function with wrong arguments, one at a time; run on its own, without the checks of the tests.

Prints a line for each call that ended otherwise than with a value or a VidmbenchError.
"""

import os
import sys
import tempfile
import traceback
from pathlib import Path

os.environ["VIDMBENCH_CACHE"] = tempfile.mkdtemp()

import numpy as np
import torch

import vidmbench
from vidmbench.metrics import Moments

FEATURES = np.random.default_rng(0).normal(size=(6, 4))
MOMENTS = Moments.of(FEATURES)
CLIPS = np.random.default_rng(0).integers(0, 256, (3, 16, 8, 8, 3), dtype=np.uint8)
PROBABILITIES = np.full((6, 3), 1 / 3)

WRONG = [
    None, True, False, -1, 0, 1, 2, 2**70, -(2**70), 8.0, 1.5, float("nan"), float("inf"), 1j, "", "x", "a" * 5000,
    "a\0b", "../../x.toml", "\udcff.toml", "-1", b"x", [], [1], (1,), {}, {"a": 1}, set(), object(), int, len,
    Path("missing"), np.int64(8), np.float32(8), np.bool_(True), np.array(8), np.array([1, 2]), np.zeros((2, 2)),
    np.array("x"), np.array([None]), torch.tensor(8), torch.tensor(8.0), torch.zeros(2, 3),
    ["fvd-tats"], [None], ("x", 3), range(3),
    CLIPS, CLIPS > 9, CLIPS.astype(np.complex64), np.ma.masked_array(CLIPS, CLIPS > 3), torch.zeros(3, 16, 8, 8, 3),
    torch.zeros(3, 16, 8, 8, 3, dtype=torch.bfloat16), torch.zeros(3, device="meta"), Exception("x"),
]  # fmt: skip

CALLS = {
    "Choices": {
        "protocols": ("fvd-tats",), "frames": (16,), "stride": 1, "num_real": 4, "num_fake": 4, "seed": 0,
        "precision": "fp32", "device": "auto", "on_bad": "stop", "data_root": None, "drawing": None,
    },
    "Moments": {"count": 6, "mean": MOMENTS.mean, "scatter": MOMENTS.scatter},
    "VidmbenchError": {"problem": "x", "expected": "x", "found": "x", "where": "x", "fix": "x"},
    "build_table": {"layout": "table3", "records": (), "published": True},
    "extract_features": {
        "videos": CLIPS, "value_range": None, "layout": None,
        "protocol": "fvd-tats", "frames": 16, "num_videos": 3, "is_real": True, "seed": 0,
        "precision": "fp32", "device": "auto", "progress": False,
    },
    "frechet_distance": {"a": MOMENTS, "b": MOMENTS, "normalisation": "n"},
    "inception_score": {"probabilities": PROBABILITIES, "splits": 2, "eps": 0.0, "seed": 0, "must_divide": True},
    "kernel_distance": {"real": FEATURES, "fake": FEATURES, "degree": 3, "gamma": 1.0, "coef0": 1.0},
    "load_baseline": {"name": "digan"},
    "load_dataset": {"name": "ucf101"},
    "load_detector": {"name": "i3d-kinetics400"},
    "load_protocol": {"name": "fvd-tats"},
    "load_results": {},
    "open_source": {
        "videos": CLIPS, "value_range": None, "layout": None,
        "real": None, "num_videos": 3, "num_frames": 16, "steps": 3, "seed": 0, "on_bad": "stop",
        "data_root": None,
    },
    "score": {
        "real": CLIPS, "fake": CLIPS, "value_range": None, "layout": None,
        "protocol": "fvd-tats", "frames": 16, "num_videos": 3, "seed": 0,
        "precision": "fp32", "device": "auto", "progress": False,
    },
    "score_all": {
        "real": CLIPS, "fake": CLIPS, "choices": vidmbench.Choices(frames=(16,)), "value_range": None, "layout": None,
        "progress": False,
    },
    "to_uint8": {"videos": CLIPS, "value_range": (0, 255), "layout": "NTHWC", "rounding": "nearest"},
}  # fmt: skip


def ends_well(what, call):
    """Whether the call gave a value or a VidmbenchError; anything else is printed."""
    try:
        call()
    except vidmbench.VidmbenchError as error:
        if not str(error):
            sys.stdout.write(f"{what}: an empty message\n")
        return str(error) != ""
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = str(error).splitlines()[0][:100] if str(error) else ""
        sys.stdout.write(f"{what}: {type(error).__name__}: {text} ({Path(place.filename).name}:{place.lineno})\n")
        return False
    return True


def main():
    tried = failed = 0
    calls = []
    for name, right in CALLS.items():
        function = getattr(vidmbench, name)
        for argument in right:
            for value in WRONG:
                given = {key: each for key, each in right.items() if key == argument or name != "Choices" or each}
                calls.append((name, function, argument, value, {**given, argument: value}))
    calls += [(name, Moments.of, "features", value, {"features": value}) for name in ("Moments.of",) for value in WRONG]
    calls += [("merge", MOMENTS.merge, "other", value, {"other": value}) for value in WRONG]
    for name, function, argument, value, given in calls:
        shown = f"{type(value).__name__} {value!r:.40}".replace("\n", " ").encode("ascii", "replace").decode()
        tried += 1
        failed += not ends_well(f"{name}({argument}={shown})", lambda f=function, g=given: f(**g))
    for value in WRONG:
        tried += 1
        failed += not ends_well(f"load_results({value!r:.40})", lambda v=value: vidmbench.load_results(v))
    sys.stdout.write(f"tried {tried}, failed {failed}\n")


if __name__ == "__main__":
    main()
