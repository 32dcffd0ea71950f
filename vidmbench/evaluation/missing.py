"""What a request needs that is not on this machine: a VIDM and videos in one message; weights of a network."""

from collections.abc import Sequence

from vidmbench.core.errors import DataError, UsageError, VidmbenchError
from vidmbench.detectors.weights_local import identity, missing
from vidmbench.evaluation.choices import Choices
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.sources.datasets.spec import DiskDatasetSpec
from vidmbench.sources.names import SourceName
from vidmbench.sources.opening import ResolvedName
from vidmbench.vidm.checkpoints.known import checkpoint_problem
from vidmbench.vidm.sampling.opening import DEFAULT_DATASET, dataset_label

#: The data set that is on every machine, as is a VIDM for it.
BUILT_IN = "clevrer-mini"
_BUILT_IN_FRAMES = 128


def check_present(name: SourceName, data: ResolvedName | None, choices: Choices, command: Sequence[str]) -> None:
    """Refuses a VIDM that cannot be sampled here, and where the real videos are missing too, says so as well.

    Args:
        name: The scored side.
        data: The real side, where it is a data set or files.
        choices: The options.
        command: The same request on the data set that is built in, as words before its options.

    Raises:
        VidmbenchError: The model, its first frames, or one of them and the videos are missing.
    """
    base = name.base
    if base.kind != "vidm":
        return
    label = DEFAULT_DATASET if data is None else dataset_label(data)
    model = checkpoint_problem(base.path, label, choices.drawing.content)
    if model is None:
        return
    videos = _videos_problem(data, choices)
    works = f"works now, small and on built-in videos: {_on_built_in(command, choices)}"
    if videos is not None:
        raise UsageError(
            f"{model.problem}; {videos.problem}",
            expected=_both(model.expected, videos.expected),
            found=_both(model.found, videos.found),
            where=_both(model.where, videos.where),
            fix=f"both\n    1. a model: {_indented(model.fix)}\n    2. the videos: {_indented(videos.fix)}"
            f"\n    {works}",
        )
    if base.path is not None or data is None or data.dataset is None:
        return  # what opens the model says the same
    raise type(model)(
        model.problem, expected=model.expected, found=model.found, where=model.where, fix=f"{model.fix}\n    {works}"
    )


def _videos_problem(data: ResolvedName | None, choices: Choices) -> VidmbenchError | None:
    """Why the real videos cannot be found; what is in them is not looked at."""
    from vidmbench.sources.datasets.disk import root_of

    if data is None or data.pack is not None or not isinstance(data.dataset, DiskDatasetSpec):
        return None
    try:
        root_of(data.dataset, choices.data_root)
    except (UsageError, DataError) as error:
        return error
    return None


def _on_built_in(command: Sequence[str], choices: Choices) -> str:
    """A request that works on any machine."""
    frames = ",".join(str(number) for number in choices.frames if number <= _BUILT_IN_FRAMES)
    return " ".join([*command, *(["--frames", frames] if frames else [])])


def _both(*texts: str | None) -> str | None:
    return "; ".join(filter(None, texts)) or None


def _indented(text: str | None) -> str:
    """Lines below the first, further in."""
    return (text or "").replace("\n", "\n    ")


def check_weights(spec: ProtocolSpec) -> None:
    """Refuses a protocol whose network has no weights on this machine and on no registry.

    Raises:
        WeightsError: It has none.
    """
    detector = load_detector(spec.array.detector)
    if detector.network is not None and identity(detector) == "?":
        raise missing(detector)
