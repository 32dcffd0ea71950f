"""The options of a run as the request in its record, and back."""

from pathlib import Path
from typing import Literal

from vidmbench.core.defaults import default_of
from vidmbench.evaluation.choices import Choices
from vidmbench.records.request import RunRequest, SamplingRequest
from vidmbench.sources.datasets.spec import DiskDatasetSpec, dataset_names, load_dataset
from vidmbench.sources.names import parse_source
from vidmbench.vidm.sampling.opening import SamplingOptions

# Fields that have the same name and type in both.
_SHARED = (
    "protocols",
    "frames",
    "stride",
    "num_real",
    "num_fake",
    "seed",
    "context",
    "scenes",
    "predictions",
    "precision",
    "on_bad",
)


def request_of(
    command: Literal["run", "score"],
    real: str,
    fake: str,
    choices: Choices,
    *,
    samples: str | None = None,
    layout: str | None = None,
) -> RunRequest:
    """The request as a record stores it.

    Args:
        command: The command.
        real: The real side as the user named it.
        fake: The scored side as the user named it.
        choices: The options.
        samples: Where the model's videos are stored.
        layout: How they are stored there.
    """
    root = choices.data_root or _default_root(command, real, fake)
    sampling = {name: getattr(choices.drawing, name) for name in SamplingRequest.model_fields}
    return RunRequest(
        command=command,
        real=real,
        fake=fake,
        samples=samples,
        layout=layout,
        data_root=None if root is None else str(root),
        sampling=SamplingRequest(**sampling),
        **{name: getattr(choices, name) for name in _SHARED},
    )


def _default_root(command: Literal["run", "score"], real: str, fake: str) -> str | None:
    """The folder that data sets on disk were read from though no option named it."""
    default = default_of("data_root")
    if default is None:
        return None
    is_run = command == "run"
    sides = (
        parse_source(real, bare="dataset" if is_run else "path"),
        parse_source(fake, bare="label" if is_run else "path"),
    )
    names = {side.base.name for side in sides if side.base.kind == "dataset"}.intersection(dataset_names())
    is_used = any(isinstance(load_dataset(name), DiskDatasetSpec) for name in names)
    return default.text if is_used else None


def choices_of(request: RunRequest, *, batch_size: int = SamplingOptions.batch_size) -> Choices:
    """The options that a record's request describes.

    Args:
        request: The request.
        batch_size: Videos that a VIDM samples at a time; the samples do not depend on it.

    Raises:
        UsageError: A value that this version does not know.
    """
    return Choices(
        data_root=None if request.data_root is None else Path(request.data_root),
        drawing=SamplingOptions(**request.sampling.model_dump(), batch_size=batch_size),
        **request.model_dump(include=set(_SHARED)),
    )
