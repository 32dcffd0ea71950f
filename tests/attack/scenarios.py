"""The commands that are attacked, at settings that cost seconds."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from attack.program import Failure, Scenario, files, number, run, tensors
from support.dataset_trees import UCF_NAMES, ucf_lists, write_videos
from support.minute_recipe import RECIPE
from support.paths import ROOT


def _nothing(folder: Path) -> None:
    """No inputs."""


def _recipe(folder: Path) -> None:
    (folder / "minute.toml").write_text(RECIPE)


def _ucf(folder: Path) -> None:
    names = UCF_NAMES[:3]
    write_videos(folder / "UCF-101", [f"{name}.avi" for name in names])
    ucf_lists(folder / "UCF-101" / "ucfTrainTestlist", names)


def _records(folder: Path) -> None:
    (folder / "runs").mkdir()
    for path in sorted((ROOT / "results" / "measured").rglob("*.json"))[:6]:
        shutil.copy(path, folder / "runs")


@cache
def _trained() -> Path:
    """A small model, trained once."""
    folder = Path(mkdtemp(prefix="attack-model-"))
    (folder / "out").mkdir()
    _recipe(folder)
    ended = run(TRAIN, folder)
    if ended.code != 0:
        raise Failure(f"the model that samples are taken from could not be trained: {ended.err[-600:]}")
    return folder


def _model(folder: Path) -> None:
    shutil.copytree(_trained() / "out" / "RUN", folder / "RUN")


_SIDES = ("dataset:clevrer-mini@test/32", "dataset:clevrer-mini@train/32")
SCORE = Scenario(
    "score",
    ("score", *_SIDES, "--frames", "9", "--num-videos", "6", "--json"),
    _nothing,
    number,
    damaged=("cache/features/*",),
)
RUN = Scenario(
    "run",
    ("run", "--model", "control:blurred", "--dataset", "clevrer-mini/32", "--frames", "9", "--num-videos", "4",
     "--out", "out/runs", "--json"),
    _nothing,
    number,
    damaged=("cache/features/*",),
)  # fmt: skip
TRAIN = Scenario(
    "train",
    ("train", "--recipe", "minute.toml", "--out", "out/RUN"),
    _recipe,
    tensors("RUN/vidm.safetensors"),
    damaged=("RUN/*",),
)
SAMPLE = Scenario(
    "sample",
    ("sample", "--model", "vidm:RUN", "--num-videos", "4", "--frames", "3", "--format", "png", "--batch-size", "1",
     "--out", "out/drawn"),
    _model,
    files("drawn/**/*.png"),
)  # fmt: skip
MAKE = Scenario(
    "data make",
    ("data", "make", "clevrer-mini", "--num-videos", "6", "--frames", "6", "--resolution", "32", "--out", "out/made"),
    _nothing,
    files("made/**/*.mp4"),
)  # fmt: skip
PREPARE = Scenario(
    "data prepare",
    ("data", "prepare", "ucf101", "--data-root", "UCF-101", "--resolution", "32", "--out", "out/ucf.frames"),
    _ucf,
    files("ucf.frames"),
)
WEIGHTS = Scenario(
    "weights add",
    ("weights", "add", "inception-v3", "seed:0"),
    _nothing,
    tensors("cache/weights/inception-v3-seeded.safetensors"),
)
IMPORT = Scenario(
    "results import",
    ("results", "import", *(f"runs/{path.name}" for path in sorted((ROOT / "results/measured").rglob("*.json"))[:6])),
    _records,
    files("checkout/**/*.json"),
)
ALL = (SCORE, RUN, IMPORT, MAKE, SAMPLE, PREPARE, TRAIN, WEIGHTS)
