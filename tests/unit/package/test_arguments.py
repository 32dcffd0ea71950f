"""Public functions given wrong arguments: a value or a VidmbenchError, never another exception."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vidmbench
from vidmbench import VidmbenchError

TRIAL = Path(__file__).parents[2] / "support" / "wrong_arguments.py"


def test_no_argument_of_a_public_function_ends_in_another_exception():
    done = subprocess.run(
        [sys.executable, str(TRIAL)], capture_output=True, text=True, env=os.environ | {"PYTHONWARNINGS": "ignore"}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1].endswith("failed 0"), done.stdout[-3000:]


@pytest.mark.parametrize("number", [8.0, True, "8", np.float32(8), None, [8]])
def test_a_number_of_videos_is_a_whole_number(number):
    clips = np.random.default_rng(0).integers(0, 256, (8, 16, 8, 8, 3), dtype=np.uint8)
    if number is not None:
        with pytest.raises(VidmbenchError, match="num_videos"):
            vidmbench.score(clips, clips, frames=16, num_videos=number)
    with pytest.raises(VidmbenchError, match="protocol"):
        vidmbench.score(clips, clips, frames=16, protocol=number)


def test_numbers_of_numpy_are_taken():
    choices = vidmbench.Choices(frames=[np.int64(16)], num_real=np.int32(8), num_fake=np.uint8(8), seed=np.int64(3))

    assert (choices.frames, choices.num_real, choices.num_fake, choices.seed) == ((16,), 8, 8, 3)
    assert {type(number) for number in (*choices.frames, choices.num_real, choices.seed)} == {int}


@pytest.mark.parametrize("kind", [vidmbench.Measurement, vidmbench.RunRecord])
@pytest.mark.parametrize("fields", [{}, {"metric": 3}, {"nothing": None}, {"created": float("nan")}])
def test_a_record_made_of_wrong_fields_is_one_error(kind, fields):
    with pytest.raises(VidmbenchError, match="cannot have these fields"):
        kind(**fields)
