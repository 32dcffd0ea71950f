"""Which file ``--model vidm`` means: a shipped or published checkpoint, or that of a run. Never loads torch."""

from pathlib import Path

from vidmbench.core import resources
from vidmbench.core.errors import VidmbenchError, WeightsError
from vidmbench.core.files import expanded, visible
from vidmbench.core.inputs import refuse_special
from vidmbench.vidm.recipes import RecipeSpec, load_recipe, recipe_names

#: What a training run ends with, in its folder.
FILE_NAME = "vidm.safetensors"
#: VIDM's own motion generator, as its authors publish it.
OFFICIAL = "vidm-clevrer-official"
#: The data set it was trained on.
OFFICIAL_DATASET = "clevrer"
OFFICIAL_FILE = "checkpoint_accum_clevrer_robust_400000.pth.tar"
#: As README of MKFMIKU/VIDM gives it (commit f62e3cf, 2023-01-05); there is no published hash.
OFFICIAL_URL = f"https://www.cis.jhu.edu/~kmei1/share/vidm/checkpoints/{OFFICIAL_FILE}"
#: What is kept of it, among the other converted weights.
OFFICIAL_COPY = f"{OFFICIAL}.safetensors"
#: What the training code stores there: weights, moving average and two moments of the optimiser.
OFFICIAL_SIZE = "about 3 GB"
#: Where its first frames come from, as it has no content generator.
FIRST_FRAMES = "--content real (those of real videos) or --content RUN (your own content generator)"


def official_path() -> Path:
    """Path of the published checkpoint, once it was added: in the cache, or in ``$VIDMBENCH_WEIGHTS``."""
    return resources.found_weights(OFFICIAL_COPY)


def known_checkpoints() -> dict[str, Path]:
    """Files of the checkpoints on this machine that have a name: those shipped, and the published one if added."""
    shipped = visible((resources.results_dir() / "checkpoints").glob("*.safetensors"))
    added = [official_path()] if official_path().is_file() else []
    return {path.stem: path for path in [*shipped, *added]}


def name_of(path: Path) -> str:
    """The name of a checkpoint in signatures: its own, where it is known by one, else that of its folder or file."""
    if known_checkpoints().get(path.stem) == path:
        return path.stem
    name = path.parent.name if path.name == FILE_NAME else path.name
    return name or path.stem


def chosen_checkpoint(dataset: str) -> Path | None:
    """The checkpoint that ``--model vidm`` means for a data set; None where there is none on this machine.

    Args:
        dataset: Its name. One is shipped for it, or it is the data set of the published one and that was added.
    """
    known = known_checkpoints()
    official = known.get(OFFICIAL) if dataset == OFFICIAL_DATASET else None
    return known.get(f"vidm-{dataset}") or official


def checkpoint_file(named: str | None, dataset: str) -> Path:
    """The file of a model.

    Args:
        named: A checkpoint, a training run's folder or a name of :func:`known_checkpoints`; None for the one chosen for
            the data set.
        dataset: The data set's name.

    Raises:
        WeightsError: There is no such file.
    """
    if named is None:
        chosen = chosen_checkpoint(dataset)
        if chosen is None:
            raise no_checkpoint(dataset)
        return chosen
    path = expanded(named)
    refuse_special(path, WeightsError)
    if path.is_dir():
        return file_of_run(path)
    if not path.is_file():
        known = known_checkpoints().get(named)
        if known is None:
            raise unknown_checkpoint(named, path)
        return known
    return path


def file_of_run(folder: Path) -> Path:
    """The finished model in the folder of a training run.

    Raises:
        WeightsError: There is none; an unfinished run is distinguished from a folder without a run.
    """
    inside = folder / FILE_NAME
    refuse_special(inside, WeightsError)
    if inside.is_file():
        return inside
    begun = ", ".join(file.name for file in visible(folder.glob("*.state.safetensors")))
    if begun:
        content = f"an unfinished run ({begun})"
        fix = f"resume it: vidmbench train --out {folder} (and the options it was started with)"
    else:
        others = [path.name for path in visible(folder.iterdir())]
        listed = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        content = f"no training run: {listed}" if others else "an empty folder"
        fix = "give the folder that vidmbench train --out wrote, or a checkpoint file"
        weights = [name for name in others if name.endswith(".safetensors")]
        if weights:
            fix = f"give the file: {folder / weights[0]}"
    raise WeightsError(
        "this folder holds no finished model",
        expected=f"a training run with {FILE_NAME} in it",
        found=content,
        where=str(folder),
        fix=fix,
    )


def checkpoint_problem(named: str | None, dataset: str, content: str | None) -> VidmbenchError | None:
    """What a model lacks on this machine, as far as is known without opening it.

    Args:
        named: A name of :func:`known_checkpoints`, or a path; None for the one chosen for the data set.
        dataset: The data set's name.
        content: ``--content``: where first frames come from.
    """
    if named is not None:
        path = expanded(named)
        if not path.exists():
            known = known_checkpoints().get(named)
            if known is None:
                return unknown_checkpoint(named, path)
            path = known
    else:
        chosen = chosen_checkpoint(dataset)
        if chosen is None:
            return no_checkpoint(dataset)
        path = chosen
    if path == official_path() and content in (None, "generated"):
        return WeightsError(
            f"{OFFICIAL} has no content generator, which makes first frames",
            expected=FIRST_FRAMES,
            found=f"--content {content}" if content else "no --content",
            where=str(path),
            fix=f"add {FIRST_FRAMES}",
        )
    return None


def unknown_checkpoint(named: str, path: Path) -> WeightsError:
    """The error for a model named by what is neither a path nor known.

    Args:
        named: As it was typed.
        path: The path that it would be.
    """
    is_official = named == OFFICIAL
    return WeightsError(
        f"{OFFICIAL} was not added yet" if is_official else "no such checkpoint",
        expected=f"a file, the folder of a run, or one of {', '.join(known_checkpoints()) or 'none'}",
        where=str(path),
        fix=f"vidmbench weights get {OFFICIAL} says where it is published" if is_official else "check the path",
    )


def no_checkpoint(dataset: str) -> WeightsError:
    """The error for a data set that no checkpoint on this machine was made for.

    Args:
        dataset: Its name; for files, the text that names them.
    """
    known = known_checkpoints()
    return WeightsError(
        f"no VIDM for {dataset} on this machine",
        expected=f"a checkpoint made for {dataset}",
        found=f"{', '.join(known)}, made for other videos" if known else "none",
        fix="\n    ".join(["one of", *_ways(dataset, next(iter(known), None))]),
    )


def _ways(dataset: str, other: str | None) -> list[str]:
    """How to get a model for a data set."""
    from vidmbench.sources.datasets.spec import DiskDatasetSpec, dataset_names, load_dataset

    lines = []
    if dataset == OFFICIAL_DATASET:
        lines = [
            f"- the published motion generator ({OFFICIAL_SIZE}), then vidmbench weights add {OFFICIAL} FILE:",
            f"  {OFFICIAL_URL}",
            f"  it makes no first frames, so add {FIRST_FRAMES}",
        ]
    recipes = [recipe for recipe in map(load_recipe, recipe_names()) if recipe.dataset == dataset]
    paper = [recipe for recipe in recipes if recipe.model.variant == "paper"] or recipes
    is_on_disk = dataset in dataset_names() and isinstance(load_dataset(dataset), DiskDatasetSpec)
    root = " --data-root DIR" if is_on_disk else ""
    name = paper[0].name if len(paper) == 1 else "NAME"
    lines.append(
        f"- your own, then --model vidm:RUN: vidmbench train --recipe {name} --dataset {dataset}{root} --out RUN"
    )
    hours = ", ".join(f"{recipe.name} takes {_hours(recipe)}" for recipe in paper)
    lines.append(f"  {hours or 'see the recipes: vidmbench list recipes'}")
    if other is not None:
        lines.append(f"- one made for other videos: --model vidm:{other}")
    return lines


def _hours(recipe: RecipeSpec) -> str:
    return f"about {recipe.gpu_hours:g} {recipe.device.partition(' (')[0]}"


def official_unavailable() -> WeightsError:
    """The error for those who want the published checkpoint fetched."""
    from vidmbench.sources.datasets.spec import load_dataset

    return WeightsError(
        f"the weights {OFFICIAL} cannot be fetched: no package registry has them",
        expected=f"your own copy of {OFFICIAL_FILE} ({OFFICIAL_SIZE}; VIDM's code is MIT-licensed, "
        "and no hash of the file was published)",
        found=f"none in {official_path()}",
        fix="three things are needed:\n"
        f"    1. the checkpoint, from {OFFICIAL_URL} (README of github.com/MKFMIKU/VIDM);\n"
        f"       vidmbench weights add {OFFICIAL} FILE checks its tensors and keeps the motion generator\n"
        f"    2. first frames, as no weights of a content generator were published: {FIRST_FRAMES}\n"
        f"    3. videos to score it against: {getattr(load_dataset(OFFICIAL_DATASET), 'get', '')};\n"
        f"       vidmbench data check {OFFICIAL_DATASET} --data-root DIR\n"
        f"    then: vidmbench run --model vidm --dataset {OFFICIAL_DATASET} --data-root DIR --frames 16 --content real",
    )
