"""What ``run``, ``score`` and ``compare`` say, whole, in tests/golden_output: to be read by people.

Where a text is meant to change, write it anew with VIDMBENCH_WRITE_GOLDEN=1 and read it before committing it.
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from vidmbench.sources.clevrer_mini import ToyVideos

GOLDEN = Path(__file__).parents[1] / "golden_output"
NUM_VIDEOS, FRAMES = 8, 20

pytestmark = pytest.mark.usefixtures("fake_network")


@pytest.fixture(scope="session")
def videos():
    """Real videos and those of two models; 8 of 20 frames each."""

    def of(split, numbers):
        source = ToyVideos(split)
        return np.stack([source.read(number, range(FRAMES)) for number in numbers])

    model_b = np.flip(of("train", range(NUM_VIDEOS, 2 * NUM_VIDEOS)), axis=1)
    return {"real": of("test", range(NUM_VIDEOS)), "model-a": of("train", range(NUM_VIDEOS)), "model-b": model_b}


@pytest.fixture
def sources(folder, videos):
    for name, array in videos.items():
        np.save(folder / f"{name}.npy", array)


def check_golden(name, command, *words):
    """Gives a command and compares all that it says with the golden text."""
    done = command(*words)
    said = f"$ vidmbench {' '.join(map(str, words))}\n{done.out}"
    # Lines of progress appear after a few seconds, so only on slow machines.
    progress = re.compile(r": \d+ of \d+ clips(, about [\d:]+ left)?$")
    told = "".join(line for line in done.err.splitlines(keepends=True) if not progress.search(line))
    if told:
        said += f"--- stderr\n{told}"
    said = re.sub(r"\d{8}T\d+Z", "DAY", said)  # the name of a record begins with the time
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("VIDMBENCH_WRITE_GOLDEN"):
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")
    assert done.code == 0


BOTH = ("--frames", 16, "--num-videos", NUM_VIDEOS, "--protocol", "fvd-vidm-paper,prdc-i3d")


@pytest.mark.usefixtures("sources")
def test_run(command):
    model = ("--model", "model-a", "--samples", "model-a.npy", "--dataset", "folder:real.npy")
    check_golden("run", command, "run", *model, *BOTH)


@pytest.mark.usefixtures("sources")
def test_score_by_two_protocols(command):
    check_golden("score_two_protocols", command, "score", "real.npy", "model-a.npy", *BOTH)


@pytest.mark.usefixtures("sources")
def test_score_of_several_models(command):
    words = ("--frames", "16,20", "--num-videos", NUM_VIDEOS, "--protocol", "fvd-vidm-paper,fvd-digan", "-v")
    models = ("model-a.npy", "model-b.npy", "control:static")
    check_golden("score_several_models", command, "score", "real.npy", *models, *words)


@pytest.mark.usefixtures("sources")
def test_score_of_one_number(command):
    check_golden("score", command, "score", "real.npy", "model-b.npy", "--frames", 16, "--num-videos", NUM_VIDEOS)


@pytest.mark.usefixtures("sources")
def test_compare(command):
    check_golden("compare", command, "compare", "real.npy", "model-a.npy", "--frames", 16, "--out", "runs")


@pytest.mark.usefixtures("sources")
def test_three_mistakes(command):
    done = command("score", "nothere", "model-a.npy", "--protocol", "fvd", "--frames", "16x")
    said = f"$ vidmbench score nothere model-a.npy --protocol fvd --frames 16x\n--- stderr\n{done.err}"
    path = GOLDEN / "refusal.txt"
    if os.environ.get("VIDMBENCH_WRITE_GOLDEN"):
        path.write_text(said, encoding="utf-8")
    assert (done.code, done.out, said) == (2, "", path.read_text(encoding="utf-8"))
