"""Paths of the data folders, the user's cache and the checkout. No other module builds them."""

import os
from pathlib import Path
from typing import Literal

from vidmbench.core.defaults import default_of
from vidmbench.core.files import expanded, visible

#: Folders of protocols/ in which each file declares one thing, named as the file.
Declared = Literal["metrics", "datasets", "recipes", "tables"]

_PACKAGE = Path(__file__).resolve().parents[1]


def data_root() -> Path:
    """The folder that holds protocols/, baselines/ and results/.

    An installed wheel carries them read-only inside the package; an editable install reads the checkout.
    """
    packed = _PACKAGE / "_data"
    return packed if packed.is_dir() else _PACKAGE.parent


def protocols_dir() -> Path:
    """The folder of metric, data set and table declarations."""
    return data_root() / "protocols"


def declared_names(kind: Declared) -> list[str]:
    """Names of what the files of one folder of protocols/ declare, sorted; no file is opened."""
    return sorted(path.stem for path in visible((protocols_dir() / kind).glob("*.toml")))


def baselines_dir() -> Path:
    """The folder of compared systems."""
    return data_root() / "baselines"


def results_dir() -> Path:
    """The folder of published and measured numbers."""
    return data_root() / "results"


def checkout_results_dir() -> Path | None:
    """The results folder of a checkout, where records may be written; None in an installed wheel."""
    return None if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent / "results"


def cache_dir() -> Path:
    """The user's cache: ``$VIDMBENCH_CACHE``, ``cache`` in a ``vidmbench.toml``, or the platform's folder for caches.

    Raises:
        VidmbenchError: A ``vidmbench.toml`` that cannot be read.
    """
    chosen = default_of("cache")
    if chosen is not None:
        return expanded(chosen.text)
    import platformdirs

    return platformdirs.user_cache_path("vidmbench")


def own_weights(name: str) -> Path:
    """Path of a file of converted weights in the user's cache, which is where they are written."""
    return cache_dir() / "weights" / name


def shared_weights() -> Path | None:
    """``$VIDMBENCH_WEIGHTS``: a folder that is only read, shared by the users of a machine or part of a container."""
    folder = os.environ.get("VIDMBENCH_WEIGHTS")
    return expanded(folder) if folder else None


def found_weights(name: str) -> Path:
    """Path of a file of converted weights: in the user's cache, or in :func:`shared_weights` where only that has it."""
    own, shared = own_weights(name), shared_weights()
    return own if shared is None or own.is_file() or not (shared / name).is_file() else shared / name


def none_in_shared() -> str:
    """What messages about missing weights add where a shared folder was looked in too."""
    folder = shared_weights()
    if folder is None:
        return ""
    return f"; none in {folder} either (VIDMBENCH_WEIGHTS{'' if folder.is_dir() else ', which is not a folder'})"
