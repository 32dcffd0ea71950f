"""Networks of the transformers library: read from a folder or the user's own hub cache, never from the network.

Only safetensors files are read, and code that comes with a checkpoint is never run. What is read becomes tensors and
the configuration beside them, so that one digest names both.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import UsageError, WeightsError
from vidmbench.core.progress import note
from vidmbench.core.text import first_of
from vidmbench.detectors.types import Tensors

#: The configuration among the tensors: its JSON text as bytes.
CONFIG = "config.json"
#: Of a configuration, what says nothing about numbers.
_INCIDENTAL = ("transformers_version", "_name_or_path", "torch_dtype", "dtype", "architectures", "id2label", "label2id")
# How many labels a configuration has that names none.
_LABELS = 2
_POINTER = b"version https://git-lfs"
_INSTALL = "pip install transformers"


def hub_folder(model: str, revision: str) -> Path:
    """The folder of a checkpoint in the user's hub cache.

    Args:
        model: Such as ``facebook/dinov2-large``.
        revision: A commit, a branch or a tag.

    Raises:
        WeightsError: It is not there; nothing is fetched.
    """
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    hub = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")
    cached = hub / f"models--{model.replace('/', '--')}"
    named = cached / "refs" / revision
    commit = named.read_text().strip() if named.is_file() else revision
    folder = cached / "snapshots" / commit
    if not folder.is_dir():
        there = sorted(path.name for path in cached.glob("snapshots/*")) + sorted(p.name for p in cached.glob("refs/*"))
        raise WeightsError(
            f"revision {revision} of {model} is not in the hub cache of this machine",
            expected=f"{CONFIG} and model.safetensors of that revision",
            found=f"other revisions: {first_of(there)}" if there else "nothing of this model",
            where=str(folder),
            fix=f"where there is a connection: hf download {model} --revision {revision}\n"
            '    or name a folder that holds these files: folder = "…" in the detector\'s TOML file',
        )
    return folder


def read_folder(folder: Path, class_name: str) -> Tensors:
    """A checkpoint's tensors under the names of its class, and its configuration.

    Args:
        folder: Holds config.json and model.safetensors, or the parts of one with their index.
        class_name: A class of transformers, such as ``Dinov2Model``.

    Returns:
        Names to float32 arrays, and :data:`CONFIG`, uint8.

    Raises:
        WeightsError: A file is missing or cut off, is a pickle, or holds another network.
        UsageError: transformers is not installed, or has no such class.
    """
    config = _configuration(folder)
    _check_files(folder)
    model_class = model_of(class_name)
    wanted = model_class.config_class.model_type
    found = config.get("model_type")
    # A configuration of CLIP as a whole holds that of its vision tower.
    if wanted != found and f"{found}_vision_model" != wanted:
        raise WeightsError(
            f"the checkpoint is another network than {class_name}",
            expected=f'"model_type": "{wanted}"',
            found=f'"model_type": "{found}"',
            where=str(folder / CONFIG),
            fix="name the class that this checkpoint is of, or the folder of the other one",
        )
    try:
        model, report = model_class.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, output_loading_info=True,
            dtype="float32", ignore_mismatched_sizes=True,
        )  # fmt: skip
    except Exception as error:  # a damaged file or a configuration that contradicts itself can fail in any way
        raise WeightsError(
            f"the checkpoint cannot be read as {class_name}: a file is damaged, or half of it is missing",
            expected="whole safetensors files, and the configuration that belongs to them",
            found=" ".join(str(error).split())[:300],
            where=str(folder),
            fix="get the files anew",
        ) from error
    _check_report(report, folder, class_name)
    arrays = {name: np.ascontiguousarray(value.numpy()) for name, value in model.state_dict().items()}
    kept = {name: value for name, value in model.config.to_dict().items() if name not in _INCIDENTAL}
    if (count := model.config.num_labels) != _LABELS:  # the size of a head; the labels' names are not kept
        kept["num_labels"] = count
    return {**arrays, CONFIG: np.frombuffer(json.dumps(kept, sort_keys=True).encode(), np.uint8)}


def _configuration(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        if folder.is_file():
            raise WeightsError(
                "a checkpoint is a folder of files",
                expected=f"a folder with {CONFIG} and model.safetensors",
                found="a file",
                where=str(folder),
                fix="give the folder that the file is in, with the configuration beside it",
            )
        there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        raise WeightsError(
            "a checkpoint's configuration is missing",
            expected=f"a folder with {CONFIG} and model.safetensors",
            found=first_of(there) or ("an empty folder" if folder.is_dir() else "no such folder"),
            where=str(path),
            fix="get that file from the page of the model",
        )
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise WeightsError("a checkpoint's configuration is damaged", found=str(error), where=str(path)) from error
    return content if isinstance(content, dict) else {}


def _check_files(folder: Path) -> None:
    """Refuses a folder whose safetensors files are not all there.

    Raises:
        WeightsError: One is missing, or there are pickles alone.
    """
    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.is_file() and not (folder / names[0]).is_file():
        names = sorted(set(re.findall(r'"([^"/\\]+\.safetensors)"', index.read_text())))
    missing = [name for name in names if not (folder / name).is_file()]
    if not missing:
        for name in names:
            _check_pointer(folder / name)
        return
    pickles = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
    if pickles:
        load = f"torch.load('{pickles[0]}', weights_only=True, map_location='cpu')"
        raise WeightsError(
            "this checkpoint is a pickle, which can run code when it is loaded: it is not opened",
            expected="safetensors files",
            found=first_of(pickles),
            where=str(folder),
            fix="convert it outside vidmbench, in that folder:\n"
            f'    python -c "import torch; from safetensors.torch import save_file; '
            f"save_file({{k: v.clone() for k, v in {load}.items()}}, 'model.safetensors', {{'format': 'pt'}})\"",
        )
    raise WeightsError(
        "a file of a checkpoint is missing",
        expected=first_of(names),
        found=f"no {first_of(missing)}",
        where=str(folder / missing[0]),
        fix="get that file from the page of the model",
    )


def _check_pointer(path: Path) -> None:
    """Refuses what `git clone` leaves without Git LFS: a few lines in the place of the file.

    Raises:
        WeightsError: It is such a pointer.
    """
    with path.open("rb") as file:
        if file.read(len(_POINTER)) != _POINTER:
            return
    raise WeightsError(
        "a file of a checkpoint is a Git LFS pointer: the tensors themselves were not downloaded",
        expected="a safetensors file",
        found=f"{path.stat().st_size} bytes that begin with {_POINTER.decode()}",
        where=str(path),
        fix="in that folder: git lfs pull",
    )


def _check_report(report: dict[str, Any], folder: Path, class_name: str) -> None:
    """Refuses missing tensors; additional ones, such as another head's, are only mentioned.

    Raises:
        WeightsError: Tensors are missing or of another shape.
    """
    missing, extra = (sorted(report.get(f"{what}_keys", ())) for what in ("missing", "unexpected"))
    others = sorted(str(entry[0]) for entry in report.get("mismatched_keys", ()))
    if missing or others:
        parts = (("missing", missing), ("of another shape", others), ("additional", extra))
        raise WeightsError(
            f"these are not the tensors of {class_name} with this configuration",
            expected="every tensor of the network; heads that it lacks may be there besides",
            found="; ".join(f"{len(names)} {what}: {first_of(names)}" for what, names in parts if names),
            where=str(folder),
            fix="give the checkpoint that belongs to this class and configuration",
        )
    if extra:
        note(f"{len(extra)} tensors of the checkpoint do not belong to {class_name}: {first_of(extra)}")


def model_of(class_name: str) -> Any:
    """The class of transformers with this name.

    Raises:
        UsageError: transformers is not installed, cannot be imported, or has no such class.
    """
    try:
        import transformers
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    except ImportError as error:
        raise UsageError(
            "this detector needs transformers, which is not installed", found=str(error), fix=_INSTALL
        ) from error
    try:
        found = getattr(transformers, class_name, None)
    except Exception as error:  # it imports the class's own module now; a build of torchvision may not fit torch
        cause = error.__cause__ or error
        raise UsageError(
            f"transformers cannot import {class_name}",
            found=" ".join(f"{type(cause).__name__}: {cause}".split())[:300],
            fix="install builds of torch and torchvision that belong together, or no torchvision",
        ) from error
    if found is None or not hasattr(found, "config_class") or found.config_class is None:
        raise UsageError(
            "transformers has no such model class",
            expected="a model class of transformers, such as Dinov2Model",
            found=class_name,
            where=f"transformers {transformers.__version__}",
            fix="fix `class` in the detector's file, or install another version of transformers",
        )
    return found
