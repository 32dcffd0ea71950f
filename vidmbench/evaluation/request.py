"""The options of a run as the request in its record, and back."""

from pathlib import Path
from typing import Literal

from vidmbench.evaluation.choices import Choices
from vidmbench.records.request import RunRequest, SamplingRequest
from vidmbench.vidm.sampling.opening import SamplingOptions

# Fields that have the same name and type in both.
_SHARED = ("protocols", "frames", "stride", "num_real", "num_fake", "seed", "precision", "on_bad")


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
    sampling = {name: getattr(choices.drawing, name) for name in SamplingRequest.model_fields}
    return RunRequest(
        command=command,
        real=real,
        fake=fake,
        samples=samples,
        layout=layout,
        data_root=None if choices.data_root is None else str(choices.data_root),
        sampling=SamplingRequest(**sampling),
        **{name: getattr(choices, name) for name in _SHARED},
    )


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
