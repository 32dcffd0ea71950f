"""Models that vidmbench draws from itself: from ``vidm`` or ``vidm:PATH`` to a source of videos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import sha256_of
from vidmbench.core.vocabulary import NoiseChoice, SamplerName
from vidmbench.sources.datasets.opening import load_dataset, open_dataset, open_real, parse_dataset
from vidmbench.videos.source import Source
from vidmbench.vidm.recipes import SamplingSpec

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vidmbench.vidm.checkpoints.checkpoint import Vidm
    from vidmbench.vidm.sampling.first_frames import Content
    from vidmbench.vidm.sampling.source import VidmVideos

# Files given as --content that hold a content generator; all others are pictures.
_WEIGHTS = (".safetensors", ".tar", ".pth", ".pt")


@dataclass(frozen=True)
class SamplingOptions:
    """How a VIDM is drawn from; None leaves a choice to the checkpoint.

    Attributes:
        content: Where first frames come from: ``generated``, ``real``, or the path of a picture, a run or weights.
        sampler: A name in :data:`vidmbench.vidm.diffusion.samplers.SAMPLERS`.
        steps: Denoising steps a frame.
        noise: Whether noise is drawn for each ``frame`` or once a ``video``.
        batch_size: Videos drawn at a time.
        on_frame: Told the number of frames drawn, after each.
    """

    content: str | None = None
    sampler: SamplerName | None = None
    steps: int | None = None
    noise: NoiseChoice | None = None
    batch_size: int = 16
    on_frame: Callable[[int], None] | None = None

    @property
    def is_default(self) -> bool:
        """Whether nothing was asked for."""
        return (self.content, self.sampler, self.steps, self.noise) == (None,) * 4


def is_vidm(model: str) -> bool:
    """Whether ``--model`` names a VIDM."""
    return model == "vidm" or (model.startswith("vidm:") and model != "vidm:")


def load_model(model: str, dataset: str, device: str = "auto") -> "Vidm":
    """Loads the VIDM that ``--model`` names.

    Args:
        model: ``vidm`` (the checkpoint shipped for the data set) or ``vidm:PATH``.
        dataset: The data set as ``--dataset`` names it.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        WeightsError: There is no such checkpoint, or it is damaged.
    """
    from vidmbench.vidm.checkpoints.official import open_vidm

    return open_vidm(model, parse_dataset(dataset).name, torch_device(device))


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
    dataset: str,
    drawing: SamplingOptions,
    *,
    num_videos: int,
    num_frames: int | None = None,
    seed: int = 0,
    data_root: Path | None = None,
) -> "VidmVideos":
    """The samples of a VIDM as a source.

    Args:
        vidm: The model.
        dataset: The data set as ``--dataset`` names it; ``--content real`` takes first frames from it.
        drawing: How.
        num_videos: How many samples.
        num_frames: Frames of each; None takes what the model was trained for.
        seed: The seed.
        data_root: Where a data set that the user owns lies.

    Raises:
        UsageError: A choice that the model does not allow.
        DataError: The picture given as first frame cannot be read.
        WeightsError: The content generator given cannot be read.
    """
    from vidmbench.vidm.sampling.source import VidmVideos

    asked: dict[str, str | int | None] = {} if drawing.sampler is None else {"sampler": drawing.sampler}
    if drawing.steps is not None:
        asked |= {"steps": drawing.steps, "content_steps": None}
    if drawing.noise is not None:
        asked["noise"] = drawing.noise
    sampling = SamplingSpec.model_validate(vidm.sampling.model_dump() | asked)
    return VidmVideos(
        vidm,
        num_videos=num_videos,
        num_frames=num_frames,
        seed=seed,
        sampling=sampling,
        content=_content(drawing.content, vidm, dataset, sampling, seed, data_root),
        batch_size=drawing.batch_size,
        on_frame=drawing.on_frame,
    )


def _content(
    choice: str | None, vidm: "Vidm", dataset: str, sampling: SamplingSpec, seed: int, data_root: Path | None
) -> "Content | None":
    """First frames from elsewhere; None where the model's own content generator draws them."""
    from vidmbench.vidm.checkpoints.checkpoint import file_of_run
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
        source = _content_source(dataset, resolution, data_root)
        note = f"first frames: real, frame 0 of each video of {source.label}"
        return Content(lambda indices: _first_frames(source, indices, resolution), f"real:{source.digest()}", note)
    path = Path(choice).expanduser()
    if path.is_dir():
        path = file_of_run(path)
    if not path.is_file():
        raise UsageError(
            "there is no such first frame",
            expected="generated, real, or the path of a picture, of a run or of a content generator's weights",
            found=f"--content {choice}",
            fix="check the path, or give --content generated or --content real",
        )
    if path.suffix.lower() in _WEIGHTS:
        return _content_of_file(path, vidm, sampling, seed)
    picture = _picture(path, resolution)
    digest = sha256_of(path)
    note = f"first frames: one picture for all videos, {path.name} (sha256 {digest[:8]})"
    return Content(lambda indices: picture.expand(len(indices), -1, -1, -1), f"file:{digest}", note)


def _content_of_file(path: Path, vidm: "Vidm", sampling: SamplingSpec, seed: int) -> "Content":
    """First frames that the content generator of another file draws."""
    from vidmbench.vidm.checkpoints.official import open_content
    from vidmbench.vidm.sampling.first_frames import drawn_content

    net = open_content(path, vidm.device)
    if net.spec.resolution != vidm.spec.resolution:
        raise UsageError(
            "the content generator draws frames of another size than the model",
            expected=f"{vidm.spec.resolution} pixels",
            found=f"{net.spec.resolution} pixels",
            where=str(path),
            fix="give the content generator that was trained at the model's resolution",
        )
    digest = sha256_of(path)
    note = f"first frames: generated by {path.name} (sha256 {digest[:8]})"
    return drawn_content(net, sampling, seed, f"net:{digest}", note)


def _content_source(dataset: str, resolution: int, data_root: Path | None) -> Source:
    """Videos whose first frames may be used: of the other split, so that the real side is not shown to the model."""
    if dataset.startswith("folder:"):
        return open_real(dataset)[0]
    name, split, pixels = parse_dataset(dataset)
    spec = load_dataset(name)
    if pixels is None and resolution in spec.resolutions:
        pixels = resolution
    other = spec.other_split(split or spec.default_split) or split
    return open_dataset(name, other, resolution=pixels, data_root=data_root)


def _first_frames(source: Source, indices: Sequence[int], resolution: int) -> "Tensor":
    import numpy as np

    from vidmbench.vidm.frames import square, to_tensor

    if max(indices) >= len(source):
        raise DataError(
            f"{source.label} has fewer first frames than videos to draw",
            expected=f"at least {max(indices) + 1} videos",
            found=str(len(source)),
            fix=f"--num-videos {len(source)} works",
        )
    return to_tensor(np.concatenate([square(source.read(index, [0]), resolution) for index in indices]))


def _picture(path: Path, resolution: int) -> "Tensor":
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    from vidmbench.vidm.frames import square, to_tensor

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise DataError("the first frame is not a picture", found=str(error), where=str(path)) from error
    return to_tensor(square(pixels[None], resolution))
