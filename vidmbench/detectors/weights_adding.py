"""Taking weights that no package carries: the user's file is read, compared with what is published, and converted."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from vidmbench.core.checksums import BLANK, fill_checksum
from vidmbench.core.errors import UsageError, WeightsError, no_weights_file
from vidmbench.core.files import replacing, sha256_of, unwritable
from vidmbench.detectors.plugins import imported
from vidmbench.detectors.types import Tensors
from vidmbench.detectors.weights_local import read_file, real_path, seeded_path
from vidmbench.detectors.weights_registry import own_weights_path, tensors_digest
from vidmbench.protocols.detector import DetectorSpec

_SEED = "seed:"


def add_other(spec: DetectorSpec, file: str) -> Path:
    """Takes weights that no package carries.

    Args:
        spec: The detector.
        file: The published file (a folder where there are several), or ``seed:N`` for weights of the same layout.

    Returns:
        The converted file in the cache.

    Raises:
        WeightsError: The file is not the one expected.
        UsageError: ``seed:`` without a number, or for a network that is not made from one.
    """
    metadata = {"source": Path(file).name}
    if file.startswith(_SEED):
        if spec.seeder is None:
            raise no_weights_file(spec.owner, Path(file), expected=spec.weights_file)
        if not file.removeprefix(_SEED).isdecimal():
            raise UsageError("weights from a seed need a number", expected="seed:0", found=file)
        tensors = imported(spec.seeder, spec.folder)(int(file.removeprefix(_SEED)))
        metadata, target = {"source": file, "seeded": file.removeprefix(_SEED)}, seeded_path(spec)
    else:
        if not Path(file).exists():
            raise WeightsError("no such weights file", where=file, fix="check the path")
        tensors = read_file(spec, Path(file))
        _check_published(spec, Path(file), tensors)
        target = own_weights_path(spec) if spec.folder is None else real_path(spec)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(target.parent, error) from error
    floats = (name for name, value in tensors.items() if value.dtype.kind == "f")
    bad = next((name for name in floats if not np.isfinite(tensors[name]).all()), None)
    if bad is not None:
        raise WeightsError(
            "these weights hold NaN or infinity",
            expected="finite weights",
            found=f"NaN or infinity in {bad}",
            where=file,
            fix="get the file anew from its publisher",
        )
    with replacing(target) as temporary:
        save_file(tensors, temporary, metadata={**metadata, "tensors_sha256": tensors_digest(tensors), **BLANK})
        fill_checksum(temporary)
    return target


def _check_published(spec: DetectorSpec, file: Path, tensors: Tensors) -> None:
    """Compares a file with the published hash, and its tensors with the network.

    Raises:
        WeightsError: It is another file, or of another network.
    """
    if spec.library is not None:
        from vidmbench.detectors.library_models import CONFIG

        config = json.loads(tensors[CONFIG].tobytes())
        width = config.get("projection_dim" if spec.output == "embedding" else "hidden_size")
        if width != spec.num_features:
            raise WeightsError(
                f"this is another size of the network than {spec.owner}",
                expected=f"{spec.num_features} features, as {spec.model} has",
                found=f"{width} features",
                where=str(file),
                fix="give the folder of that model; others need a detector of their own, see docs/detectors.md",
            )
    if spec.network != "vision-transformer":
        return  # their readers compare
    assert spec.network is not None
    try:
        imported(spec.network)(tensors, **spec.options)
    except WeightsError as error:
        raise error.at(str(file)) from error
    if spec.weights_sha256 is not None and (digest := sha256_of(file)) != spec.weights_sha256:
        raise WeightsError(
            f"this is not the published file of {spec.owner}",
            expected=f"{spec.weights_file} with sha256 {spec.weights_sha256}",
            found=f"the tensors of such a network in a file with sha256 {digest}",
            where=str(file),
            fix="get the published file; other weights need a detector of their own, see docs/detectors.md",
        )
