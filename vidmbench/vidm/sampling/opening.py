"""Models that vidmbench samples itself: from ``vidm`` or ``vidm:PATH`` to a source of videos."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from vidmbench.core.arguments import name_or_path, optional_number, whole_number
from vidmbench.core.errors import DataError, UsageError, unknown
from vidmbench.core.files import expanded, sha256_of
from vidmbench.core.inputs import UnchangedFile, read_input, refuse_special
from vidmbench.core.vocabulary import NoiseChoice, Precision, SamplerName
from vidmbench.sources.datasets.opening import Reading, open_dataset
from vidmbench.sources.names import SourceName
from vidmbench.sources.opening import ResolvedName, open_videos
from vidmbench.videos.files.images import ALPHA_NOTE, inspect_picture, read_picture
from vidmbench.videos.source import Source
from vidmbench.vidm.recipes import SamplingSpec

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vidmbench.vidm.checkpoints.checkpoint import Vidm
    from vidmbench.vidm.sampling.first_frames import Content
    from vidmbench.vidm.sampling.source import VidmVideos

# Files given as --content that hold a content generator; all others are images.
_WEIGHTS = (".safetensors", ".tar", ".pth", ".pt")
#: Whose shipped checkpoint ``vidm`` means where the real side is not a named data set.
DEFAULT_DATASET = "clevrer-mini"


@dataclass(frozen=True)
class SamplingOptions:
    """How a VIDM is sampled; None leaves a choice to the checkpoint.

    Attributes:
        content: Where first frames come from: ``generated``, ``real``, or the path of an image, a run or weights.
        sampler: A name in :data:`vidmbench.vidm.diffusion.samplers.SAMPLERS`.
        steps: Denoising steps per frame.
        noise: Whether noise is drawn for each ``frame`` or once a ``video``.
        batch_size: Videos sampled at a time.
        on_frame: Called with the number of frames sampled, after each.
        precision: Of VIDM's networks: ``fp32`` or ``bf16``.
    """

    content: str | None = None
    sampler: SamplerName | None = None
    steps: int | None = None
    noise: NoiseChoice | None = None
    batch_size: int = 16
    on_frame: Callable[[int], None] | None = None
    precision: Precision | None = None

    def __post_init__(self) -> None:
        """Refuses unknown words and wrong types.

        Raises:
            UsageError: A word that is not among those known, or another type.
        """
        for name, known in (("sampler", SamplerName), ("noise", NoiseChoice), ("precision", Precision)):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or value not in get_args(known)):
                raise unknown(name, str(value), get_args(known), error=UsageError)
        if self.content is not None:
            object.__setattr__(self, "content", name_or_path("content", self.content))
        object.__setattr__(self, "steps", optional_number("steps", self.steps, least=1))
        object.__setattr__(self, "batch_size", whole_number("batch_size", self.batch_size, least=1))

    @property
    def is_default(self) -> bool:
        """Whether every choice is left to the checkpoint."""
        return (self.content, self.sampler, self.steps, self.noise, self.precision) == (None,) * 5


def load_model(name: SourceName, data: ResolvedName | None, device: str = "auto") -> "Vidm":
    """Loads the VIDM of a name.

    Args:
        name: ``vidm`` (the checkpoint shipped for the data set) or ``vidm:PATH``.
        data: The real side; None takes the built-in data set.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        WeightsError: There is no such checkpoint, or it is damaged.
    """
    from vidmbench.vidm.checkpoints.official import open_vidm

    return open_vidm(name.path, DEFAULT_DATASET if data is None else dataset_label(data), torch_device(device))


def dataset_label(data: ResolvedName) -> str:
    """How shipped checkpoints name a data set; for files, the text that names them."""
    return data.name.text if data.dataset is None else data.dataset.name


def torch_device(device: str) -> "torch.device":
    """The device that ``--device`` means.

    Raises:
        UsageError: There is no GPU.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise UsageError("no GPU can be used here", found="--device cuda", fix="--device cpu")
    return torch.device("cuda" if device != "cpu" and has_gpu else "cpu")


def videos_of(
    vidm: "Vidm",
    data: ResolvedName | None,
    options: SamplingOptions,
    *,
    num_videos: int,
    num_frames: int | None = None,
    seed: int = 0,
    data_root: Path | None = None,
) -> "VidmVideos":
    """The samples of a VIDM as a source.

    Args:
        vidm: The model.
        data: The real side, from whose data set ``--content real`` takes first frames.
        options: How it is sampled.
        num_videos: How many samples.
        num_frames: Frames of each; None takes what the model was trained for.
        seed: The seed.
        data_root: Where data sets on disk are stored.

    Raises:
        UsageError: A choice that the model does not allow.
        DataError: The image given as first frame cannot be read, or there are fewer real first frames than samples.
        WeightsError: The content generator given cannot be read.
    """
    from vidmbench.vidm.sampling.source import VidmVideos

    changes: dict[str, str | int | None] = {} if options.sampler is None else {"sampler": options.sampler}
    if options.steps is not None:
        changes |= {"steps": options.steps, "content_steps": None}
    if options.noise is not None:
        changes["noise"] = options.noise
    if options.precision is not None:
        changes["precision"] = options.precision
    sampling = SamplingSpec.model_validate(vidm.sampling.model_dump() | changes)
    return VidmVideos(
        vidm,
        num_videos=num_videos,
        num_frames=num_frames,
        seed=seed,
        sampling=sampling,
        content=_content(options.content, vidm, data, sampling, num_videos, seed, data_root),
        batch_size=options.batch_size,
        on_frame=options.on_frame,
    )


def _content(
    choice: str | None,
    vidm: "Vidm",
    data: ResolvedName | None,
    sampling: SamplingSpec,
    num_videos: int,
    seed: int,
    data_root: Path | None,
) -> "Content | None":
    """First frames from elsewhere; None where the model's content generator makes them."""
    from vidmbench.vidm.checkpoints.known import file_of_run
    from vidmbench.vidm.sampling.first_frames import Content

    if choice is None or choice == "generated":
        if choice and vidm.content is None:
            raise UsageError(
                "this checkpoint has no content generator",
                found="--content generated",
                where=vidm.where,
                fix="--content real, or --content FILE",
            )
        return None
    resolution = vidm.spec.resolution
    if choice == "real":
        source = _content_source(data, resolution, data_root)
        if num_videos > len(source):
            raise DataError(
                f"{source.label} has fewer first frames than videos to sample",
                expected=f"at least {num_videos} videos",
                found=str(len(source)),
                fix=f"--num-videos {len(source)} works",
            )
        note = f"first frames: real, frame 0 of each video of {source.label}"
        return Content(lambda indices: _first_frames(source, indices, resolution), f"real:{source.digest()}", note)
    path = expanded(choice)
    refuse_special(path)
    if path.is_dir():
        path = file_of_run(path)
    if not path.is_file():
        raise UsageError(
            "unknown first frame",
            expected="generated, real, or the path of an image, of a run or of a content generator's weights",
            found=f"--content {choice}",
            fix="check the path, or give --content generated or --content real",
        )
    if path.suffix.lower() in _WEIGHTS:
        return _content_of_file(path, vidm, sampling, seed)
    picture = read_input(path)
    (image, said), digest = _image(picture, path, resolution), hashlib.sha256(picture).hexdigest()
    # Manifests of sample folders hold this text: a change of it would refuse to resume them.
    note = f"first frames: one picture for all videos, {path.name} (sha256 {digest[:8]}){said}"
    return Content(lambda indices: image.expand(len(indices), -1, -1, -1), f"file:{digest}{said}", note)


def _content_of_file(path: Path, vidm: "Vidm", sampling: SamplingSpec, seed: int) -> "Content":
    """First frames made by the content generator of another file."""
    from vidmbench.vidm.checkpoints.official import open_content
    from vidmbench.vidm.sampling.first_frames import drawn_content

    unchanged = UnchangedFile(path)
    net = open_content(path, vidm.device)
    if net.spec.resolution != vidm.spec.resolution:
        raise UsageError(
            "the content generator makes frames of another size than the model",
            expected=f"{vidm.spec.resolution} pixels",
            found=f"{net.spec.resolution} pixels",
            where=str(path),
            fix="give the content generator that was trained at the model's resolution",
        )
    digest = sha256_of(path)
    unchanged.check()
    note = f"first frames: generated by {path.name} (sha256 {digest[:8]})"
    return drawn_content(net, sampling, seed, f"net:{digest}", note)


def _content_source(data: ResolvedName | None, resolution: int, data_root: Path | None) -> Source:
    """Videos whose first frames may be used: of the other split, so that the real side is not shown to the model."""
    if data is None:
        raise UsageError(
            "--content real takes first frames from the real side's data set, and there is none",
            expected="a named data set, or files",
            found="videos without a name",
            fix="--content generated, or --content FILE",
        )
    if data.dataset is None:
        return open_videos(data)
    name, dataset = data.name, data.dataset
    pixels = resolution if name.resolution is None and resolution in dataset.resolutions else name.resolution
    other = dataset.other_split(name.split or dataset.default_split) or name.split
    return open_dataset(dataset, other, resolution=pixels, reading=Reading(data_root=data_root))


def _first_frames(source: Source, indices: Sequence[int], resolution: int) -> "Tensor":
    import numpy as np

    from vidmbench.vidm.frames import square, to_tensor

    return to_tensor(np.concatenate([square(source.read(index, [0]), resolution) for index in indices]))


def _image(data: bytes, path: Path, resolution: int) -> tuple["Tensor", str]:
    """An image as a first frame, and what its reader should know; read as frames in image files are."""
    from vidmbench.vidm.frames import square, to_tensor

    try:
        notes = inspect_picture(data, str(path))[2]
        picture = read_picture(data, str(path))
    except DataError as error:
        raise DataError(
            f"the image given as first frame cannot be used: {error.problem}",
            expected=error.expected or "a whole image",
            found=error.found or f"{len(data)} bytes",
            where=str(path),
            fix="give another image, such as an 8-bit PNG",
        ) from error
    # What Pillow alone would have read too needs no word: manifests and caches of such pictures stay good.
    return to_tensor(square(picture[None], resolution)), "".join(f"; {note}" for note in notes if note != ALPHA_NOTE)
