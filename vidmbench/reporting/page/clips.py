"""The clips that a report shows: those that were scored, read again from the sources that the records name."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vidmbench.core.errors import DataError, ResultError, VidmbenchError
from vidmbench.core.files import replacing
from vidmbench.core.temporaries import temporary_folder
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.job import Job, prepare_run, prepare_score
from vidmbench.evaluation.request import choices_of
from vidmbench.protocols.protocol import protocol_names
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.records.request import RunRequest
from vidmbench.reporting.page.contact_sheets import contact_sheet_beside
from vidmbench.reporting.page.old_records import request_of_command
from vidmbench.reporting.plots.strips import reduced
from vidmbench.sources.controls import static_of
from vidmbench.sources.datasets.spec import ProceduralDatasetSpec, dataset_names, load_dataset
from vidmbench.sources.names import parse_source, static_baseline_of
from vidmbench.videos.source import Source

MAX_FRAMES = 64  # shown of a clip
_MIN_PIXELS = 128  # smaller frames are enlarged: 4:2:0 keeps their colours, and browsers do not blur them
# Files up to this size are embedded in the page while their total is below the second number.
_MAX_FILE_BYTES, _MAX_EMBEDDED_BYTES = 150_000, 3_000_000


@dataclass(frozen=True)
class Medium:
    """One video or image of the page.

    Attributes:
        kind: ``mp4`` or ``png``.
        source: What the page loads: a data URI, or a path beside it.
        alt: What it shows.
    """

    kind: str
    source: str
    alt: str


@dataclass
class Media:
    """Embeds small files in the page and writes the others beside it.

    Attributes:
        folder: The page's folder.
        num_embedded_bytes: Size of the files embedded so far.
        written: The files written beside the page.
    """

    folder: Path
    num_embedded_bytes: int = 0
    written: list[Path] = field(default_factory=list)

    def add(self, data: bytes, name: str, kind: str, alt: str) -> Medium:
        """Adds one file.

        Args:
            data: Its bytes.
            name: Its name if it is written beside the page; any text.
            kind: ``mp4`` or ``png``.
            alt: What it shows, for those who cannot see it.
        """
        if len(data) <= _MAX_FILE_BYTES and self.num_embedded_bytes + len(data) <= _MAX_EMBEDDED_BYTES:
            self.num_embedded_bytes += len(data)
            mime = {"mp4": "video/mp4", "png": "image/png"}[kind]
            return Medium(kind, f"data:{mime};base64,{base64.b64encode(data).decode()}", alt)
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "clip"
        target = self.folder / "media" / f"{plain}.{kind}"
        with replacing(target) as temporary:
            temporary.write_bytes(data)
        self.written.append(target)
        return Medium(kind, f"media/{target.name}", alt)


@dataclass(frozen=True)
class ClipOptions:
    """Which clips a report may read.

    Attributes:
        num_clips: Clips of each model; 0 reads none.
        is_requested: Whether someone asked for them: then files that records name are opened, and models sampled
            again, which takes minutes.
        files: The file of each record, by the run's name.
    """

    num_clips: int
    is_requested: bool
    files: Mapping[str, Path]


@dataclass(frozen=True)
class ModelMedia:
    """What is shown of one model, or of the real videos.

    Attributes:
        name: Its heading.
        media: Its clips, or its contact sheet.
        reason: Why there are none; empty where there are.
    """

    name: str
    media: tuple[Medium, ...]
    reason: str = ""


def media_of_models(
    records: Sequence[RunRecord], options: ClipOptions, media: Media
) -> tuple[ModelMedia | None, list[ModelMedia]]:
    """Clips of models scored against the same real videos, and of these.

    Args:
        records: One record per model, all with the same real side; a static baseline after its model.
        options: What may be read.
        media: Where files are stored.

    Returns:
        The real videos, None where they cannot be read; and one entry per record.
    """
    real: ModelMedia | None = None
    models = []
    jobs: dict[str, Job] = {}
    for record in records:
        try:
            base = jobs.get(static_baseline_of(record.model) or "")
            # A static baseline repeats the first frames of a model: nothing is opened or sampled again.
            job = _job(record, options) if base is None else replace(base, fake=static_of(base.fake))
            jobs[record.model] = job
            measurement = shortest(record)
            _check_digest(job.real, measurement.real.digest)
            if real is None:
                clips = _clips(job.real, job.plans[0].real, options, media)
                real = ModelMedia(f"real: {measurement.real.label}", clips)
            _check_digest(job.fake, measurement.fake.digest)
            clips = _clips(job.fake, job.plans[0].fake, options, media)
            models.append(ModelMedia(record.model, clips, "" if clips else "no clips were requested."))
        except (VidmbenchError, OSError, ValueError) as error:  # a request may hold anything
            models.append(_contact_sheet(record, error, options, media))
    return real, models


def _contact_sheet(record: RunRecord, error: Exception, options: ClipOptions, media: Media) -> ModelMedia:
    """The contact sheet that was written with the record, or the reason why there is nothing to show."""
    reason = error.problem if isinstance(error, VidmbenchError) else str(error).partition("\n")[0]
    file = options.files.get(record.run_id)
    try:
        sheet = None if file is None else contact_sheet_beside(file)
    except ResultError as refused:
        return ModelMedia(record.model, (), f"not shown: {reason}; {refused.problem}.")
    if sheet is None:
        return ModelMedia(record.model, (), f"not shown: {reason}.")
    alt = f"Clips of {record.model} beside real ones, as they were scored: one row per clip, first frame to last"
    return ModelMedia(record.model, (media.add(sheet, record.run_id, "png", alt),))


def _job(record: RunRecord, options: ClipOptions) -> Job:
    """The job that made the record's shortest clips, prepared again.

    Raises:
        VidmbenchError: Its videos cannot be opened here, or only at a cost that was not requested.
    """
    if options.num_clips == 0:
        raise ResultError("no clips were requested (--videos 0)")
    stored = record.request or request_of_command(record.command)
    _check_sampling(record.model, stored, options)
    if not options.is_requested and _names_files(stored):
        raise ResultError("its videos are files, which are opened only on request, for records you trust: --videos 2")
    # One measurement is shown: clips of the first protocol at the least length.
    request = stored.model_copy(update={"protocols": stored.protocols[:1], "frames": (shortest(record).frames,)})
    choices = choices_of(request, batch_size=options.num_clips)
    if request.command == "score":
        return prepare_score(request.real, request.fake, choices)
    return prepare_run(request.fake, request.real, choices, samples=request.samples, layout=request.layout)


def _check_sampling(model: str, request: RunRequest, options: ClipOptions) -> None:
    """Refuses to sample a model again where that was not requested, whatever label its record gives it."""
    if not any(parse_source(text).base.kind == "vidm" for text in (model, request.real, request.fake)):
        return
    base = static_baseline_of(model)
    if base is not None:
        raise ResultError(f"a static baseline repeats the first frame of each clip of {base}")
    if not options.is_requested:
        raise ResultError("its clips must be sampled again, which takes minutes: request them with --videos 2")


def _names_files(request: RunRequest) -> bool:
    """Whether anything of a request is a file: all but controls of a data set that vidmbench generates."""
    is_run = request.command == "run"
    real = parse_source(request.real, bare="dataset" if is_run else "path")
    is_generated = (
        real.kind == "dataset"
        and real.name in dataset_names()
        and isinstance(load_dataset(real.name), ProceduralDatasetSpec)
    )
    return not (
        is_generated
        and parse_source(request.fake, bare="label" if is_run else "path").base.kind == "control"
        and set(request.protocols) <= set(protocol_names())
        and (request.samples, request.layout, request.data_root) == (None, None, None)
    )


def shortest(record: RunRecord) -> Measurement:
    """The measurement of the shortest clips."""
    return min(record.measurements, key=lambda measurement: measurement.frames)


def _check_digest(source: Source, digest: str) -> None:
    """Videos of another content are not shown beside the number, which says nothing about them."""
    if source.digest() != digest:
        raise DataError(f"{source.label} has changed since it was scored")


def _clips(source: Source, plan: ClipPlan, options: ClipOptions, media: Media) -> tuple[Medium, ...]:
    """Some clips as they were scored, those of the first videos."""
    clips = sorted(plan.clips, key=lambda clip: clip.video)[: options.num_clips]
    shown = []
    for clip in clips:
        indices = list(clip.indices)[:MAX_FRAMES]
        frames = np.stack([reduced(frame) for frame in source.stream(clip.video, indices)])
        alt = f"{source.label}, {source.name(clip.video)}: {len(frames)} frames, looping"
        name = f"{source.label}-{source.digest()[:8]}-{clip.video}"
        shown.append(media.add(_mp4(frames), name, "mp4", alt))
    return tuple(shown)


def _mp4(frames: np.ndarray) -> bytes:
    """Frames, uint8 (frame, height, width, 3), as an MP4 file."""
    from vidmbench.videos import write_mp4

    scale = max(1, -(-_MIN_PIXELS // max(frames.shape[1:3])))
    with temporary_folder() as folder:
        target = folder / "clip.mp4"
        write_mp4(target, frames.repeat(scale, axis=1).repeat(scale, axis=2), fps=8 if len(frames) <= 32 else 25)
        return target.read_bytes()
