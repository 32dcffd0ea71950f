"""What a run was asked to measure, as data: enough to open the same videos and score them again."""

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic._internal._model_construction import ModelMetaclass  # it has no public name

from vidmbench.core.arguments import ArgumentError
from vidmbench.core.text import decoded


class _OneError(ModelMetaclass):
    """Makes wrong arguments of a constructor one VidmbenchError; reading a file has messages of its own."""

    def __call__(cls, *arguments: Any, **fields: Any) -> Any:
        """The record's part."""
        try:
            return super().__call__(*arguments, **fields)
        except (ValidationError, TypeError) as error:
            mistakes = error.errors()[:5] if isinstance(error, ValidationError) else []
            found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in mistakes) or str(error)
            raise ArgumentError(
                f"{cls.__name__} cannot have these fields",
                expected="the fields that its documentation names, each by its name",
                found=found,
                fix=f"help(vidmbench.{cls.__name__}) lists them" if cls.__module__.endswith("fields") else None,
            ) from error


class Recorded(BaseModel, metaclass=_OneError):
    """What all parts of a record have in common: they are never changed, and names of files in them are text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _as_text(cls, content: Any) -> Any:
        """Paths and labels of any origin; pydantic refuses those that are not UTF-8."""
        return _decoded(content)


def _decoded(content: Any) -> Any:
    if isinstance(content, str):
        return decoded(content)
    if isinstance(content, dict):
        return {key: _decoded(value) for key, value in content.items()}
    return type(content)(map(_decoded, content)) if type(content) in (list, tuple) else content


class SamplingRequest(Recorded):
    """How a VIDM was sampled; None leaves a choice to the checkpoint.

    Attributes:
        content: Where first frames come from: ``generated``, ``real``, or a path.
        sampler: Name of the sampler.
        steps: Denoising steps per frame.
        noise: ``frame`` or ``video``: how often noise is sampled.
        precision: ``fp32`` or ``bf16``; not written where it is None.
    """

    content: str | None = None
    sampler: str | None = None
    steps: int | None = None
    noise: str | None = None
    precision: str | None = None

    @model_serializer(mode="wrap")
    def _serialised(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = serialise(self)
        return {key: value for key, value in found.items() if (key, value) != ("precision", None)}


class RunRequest(Recorded):
    """The request of a run; None leaves a choice to the protocol.

    Attributes:
        command: ``run`` or ``score``.
        real: The real side as the user named it: ``--dataset`` of ``run``, REAL of ``score``.
        fake: The scored side: ``--model`` of ``run``, FAKE of ``score``.
        samples: Where the model's videos are stored (``run``).
        layout: How they are stored there (``run``).
        protocols: Names or files.
        frames: Clip lengths; empty for the protocol's own.
        stride: Distance of a clip's frames in the video.
        num_real: Number of real videos.
        num_fake: Number of scored videos.
        seed: Seed of every random choice.
        context: Frames at the start of a clip that the model was given.
        predictions: What counts of several predictions of one video: ``best``, ``mean`` or ``all``.
        scenes: Which real videos show one scene: ``folder``, a CSV file or a regular expression.
        precision: ``fp32`` or ``bf16``.
        on_bad: ``stop`` at unusable videos, or ``skip`` them.
        data_root: Folder of data sets on the user's disk.
        sampling: How a VIDM was sampled.
    """

    command: Literal["run", "score"]
    real: str
    fake: str
    samples: str | None = None
    layout: str | None = None
    protocols: tuple[str, ...]
    frames: tuple[int, ...] = ()
    stride: int | None = None
    num_real: int | None = None
    num_fake: int | None = None
    seed: int | None = None
    context: int | None = None
    predictions: str | None = None
    scenes: str | None = None
    precision: str = "fp32"
    on_bad: str = "stop"
    data_root: str | None = None
    sampling: SamplingRequest = Field(default_factory=SamplingRequest)
