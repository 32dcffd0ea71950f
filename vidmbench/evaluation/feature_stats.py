"""Statistics that StyleGAN-V and cd-fvd save: pickles of the attributes of FeatureStats. No code in them is run."""

from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import UsageError
from vidmbench.core.inputs import read_input
from vidmbench.detectors.array_pickles import load_plain_pickle
from vidmbench.evaluation.saved_statistics import (
    ImportRequest,
    SavedStatistics,
    checked_moments,
    count_of,
    finite_array,
    wrong_file,
)
from vidmbench.metrics.moments import Moments
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names

#: Whose code wrote pickles of FeatureStats: how the ``source`` of a protocol that they are of begins.
_FEATURE_STATS = ("universome/stylegan-v", "songweige/content-debiased-fvd")


def users_of_feature_stats() -> list[str]:
    """Protocols that FeatureStats were made for."""
    loaded = (load_protocol(name) for name in protocol_names())
    return [spec.name for spec in loaded if spec.metric == "frechet" and spec.source.startswith(_FEATURE_STATS)]


def of_feature_stats(path: Path, protocol: ProtocolSpec, request: ImportRequest) -> SavedStatistics:
    """A pickle of the attributes of FeatureStats: sums of x and of x xᵀ in float64."""
    try:
        content = load_plain_pickle(read_input(path))
    except ValueError as error:
        raise wrong_file(path, str(error).splitlines()[0]) from error
    if not isinstance(content, dict) or not {"num_items", "raw_mean", "raw_cov"} <= content.keys():
        raise wrong_file(path, f"a pickle of {type(content).__name__} without num_items, raw_mean and raw_cov")
    users = users_of_feature_stats()
    if not protocol.source.startswith(_FEATURE_STATS):
        raise UsageError(
            f"statistics of StyleGAN-V and cd-fvd are not of {protocol.name}",
            expected=f"--protocol {' or '.join(users)}",
            found=f"--protocol {protocol.name}",
            where=str(path),
            fix="give the one whose code made the file: pickles of both look alike",
        )
    if request.resizing is not None:
        raise _needless("--resizing", "clean-fid's .npz", path)
    count = count_of(content["num_items"], request.num_real, path)
    features = _all_features(content, count, path)
    if features is not None:
        return SavedStatistics("StyleGAN-V or cd-fvd", Moments.of(features), features)
    mean, second = (finite_array(content[key], key, path) for key in ("raw_mean", "raw_cov"))
    if mean.ndim != 1 or second.shape != mean.shape * 2 or not second.any():
        raise wrong_file(
            path, f"raw_mean {mean.shape} and raw_cov {second.shape}" + ("" if second.any() else ", all 0")
        )
    mean = mean / count
    return SavedStatistics(
        "StyleGAN-V or cd-fvd", checked_moments(count, mean, second - count * np.outer(mean, mean), path)
    )


def _all_features(content: dict[str, Any], count: int, path: Path) -> np.ndarray | None:
    """The features themselves, where they were captured."""
    parts = content.get("all_features")
    if not content.get("capture_all") or not isinstance(parts, list) or not parts:
        return None
    if not all(isinstance(part, np.ndarray) and part.dtype == np.float32 and part.ndim == 2 for part in parts):
        raise wrong_file(path, "all_features that are not float32 (item, feature)")
    try:
        features = np.concatenate(parts)
    except ValueError as error:
        raise wrong_file(path, f"all_features of different widths: {error}") from error
    if len(features) != count or not np.isfinite(features).all():
        raise wrong_file(path, f"{len(features)} features for {count} items, or NaN among them")
    return features


def _needless(option: str, use: str, path: Path) -> UsageError:
    return UsageError(f"{option} is for {use}", expected=f"no {option}", found=option, where=str(path))
