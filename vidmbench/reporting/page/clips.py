"""What a report shows of the videos: clips as they were scored, read again by what the records' commands say."""

import base64
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vidmbench.core.errors import DataError, ResultError, VidmbenchError
from vidmbench.core.files import replacing
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.job import Job, prepare_run, prepare_score
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.sources.controls import static_of
from vidmbench.sources.names import TWIN
from vidmbench.videos.source import Source
from vidmbench.vidm.sampling.opening import SamplingOptions, is_vidm

_LONGEST = 64  # frames shown of a clip
_LEAST_PIXELS = 128  # small frames are enlarged, so that 4:2:0 keeps their colours and browsers do not blur them
# Files up to this size stand in the page itself, as long as there is room for all of them.
_SMALL, _ROOM = 150_000, 3_000_000
_FLAGS = ("--json", "--dry-run")


@dataclass(frozen=True)
class Medium:
    """One video or picture of the page.

    Attributes:
        kind: ``mp4`` or ``png``.
        source: What the page loads: a data URI, or a path beside it.
        alt: What it is.
    """

    kind: str
    source: str
    alt: str


@dataclass
class Media:
    """Puts files into the page while they are small, and beside it otherwise.

    Attributes:
        folder: Where the page lies.
        used: Bytes that stand in the page by now.
    """

    folder: Path
    used: int = 0
    written: list[Path] = field(default_factory=list)

    def add(self, data: bytes, name: str, kind: str, alt: str) -> Medium:
        """Keeps one file.

        Args:
            data: Its bytes.
            name: What it is to be called where it lies beside the page; any text.
            kind: ``mp4`` or ``png``.
            alt: What it is, for those who cannot see it.
        """
        if len(data) <= _SMALL and self.used + len(data) <= _ROOM:
            self.used += len(data)
            mime = {"mp4": "video/mp4", "png": "image/png"}[kind]
            return Medium(kind, f"data:{mime};base64,{base64.b64encode(data).decode()}", alt)
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "clip"
        target = self.folder / "media" / f"{plain}.{kind}"
        with replacing(target) as temporary:
            temporary.write_bytes(data)
        self.written.append(target)
        return Medium(kind, f"media/{target.name}", alt)


@dataclass(frozen=True)
class Reading:
    """What may be read for a report.

    Attributes:
        clips: Clips of each model; 0 reads none.
        draws: Whether models are drawn from again, which takes minutes.
        pictures: Pictures that lie beside their records, by run.
    """

    clips: int
    draws: bool
    pictures: dict[str, Path]


@dataclass(frozen=True)
class Exhibit:
    """What is shown of one model, or of the real videos.

    Attributes:
        name: Its heading.
        media: What was found.
        said: A sentence where there is nothing to play.
    """

    name: str
    media: tuple[Medium, ...]
    said: str = ""


def exhibits_of(records: Sequence[RunRecord], reading: Reading, media: Media) -> tuple[Exhibit | None, list[Exhibit]]:
    """Clips of models scored against the same real videos, and of these.

    Args:
        records: One record a model, all with the same real side; a frozen twin after its model.
        reading: What may be read.
        media: Where files are kept.

    Returns:
        The real videos, None where none can be read; and one exhibit a record.
    """
    real: Exhibit | None = None
    shown = []
    jobs: dict[str, Job] = {}
    for record in records:
        try:
            base = jobs.get(record.model.removeprefix(TWIN)) if record.model.startswith(TWIN) else None
            # The twin of a model that is shown repeats that model's first frames: nothing is opened or drawn again.
            job = _job(record, reading) if base is None else replace(base, fake=static_of(base.fake))
            jobs[record.model] = job
            one = shortest(record)
            _check_same(job.real, one.real.digest)
            if real is None:
                real = Exhibit(f"real: {one.real.label}", _clips(job.real, job.plans[0].real, reading, media))
            _check_same(job.fake, one.fake.digest)
            found = _clips(job.fake, job.plans[0].fake, reading, media)
            shown.append(Exhibit(record.model, found, "" if found else "no clips were asked for."))
        except (VidmbenchError, OSError, ValueError) as error:  # a command may say anything
            shown.append(_instead(record, error, reading, media))
    return real, shown


def _instead(record: RunRecord, error: Exception, reading: Reading, media: Media) -> Exhibit:
    """The picture that was made with the record, or a sentence that says why there is nothing."""
    picture = reading.pictures.get(record.run_id)
    if picture is not None:
        alt = f"Clips of {record.model} beside real ones, as they were scored: a row a clip, first frame to last"
        return Exhibit(record.model, (media.add(picture.read_bytes(), record.run_id, "png", alt),))
    problem = error.problem if isinstance(error, VidmbenchError) else str(error).partition("\n")[0]
    return Exhibit(record.model, (), f"not shown: {problem}.")


def _job(record: RunRecord, reading: Reading) -> Job:
    """The job that the record's command describes.

    Raises:
        VidmbenchError: The command cannot be carried out here, or only at a cost that nobody asked for.
    """
    words, options = _parsed(record.command)
    needs_drawing = any(is_vidm(name.removeprefix(TWIN)) for name in (record.model, *words[1:]))
    if reading.clips == 0:
        raise ResultError("no clips were asked for (--videos)")
    if needs_drawing and record.model.startswith(TWIN):
        raise ResultError(f"the frozen twin repeats the first frame of each clip of {record.model[len(TWIN) :]}")
    if needs_drawing and not reading.draws:
        raise ResultError("its clips must be drawn again, which takes minutes: ask for it with --videos 2")
    choices = _choices(record, options, reading.clips)
    if words[:1] == ["run"] and {"model", "dataset"} <= options.keys():
        given = {name: options[name][-1] for name in ("samples", "layout") if name in options}
        return prepare_run(options["model"][-1], options["dataset"][-1], choices, **given)
    if words[:1] == ["score"] and len(words) == 3:
        return prepare_score(words[1], words[2], choices)
    raise ResultError(f"videos of vidmbench {words[0] if words else ''} are not kept with its record")


def _choices(record: RunRecord, options: dict[str, list[str]], clips: int) -> Choices:
    def number(*names: str) -> int | None:
        return next((int(options[name][-1]) for name in names if name in options), None)

    try:
        drawing = SamplingOptions(
            content=options.get("content", [None])[-1],
            sampler=options.get("sampler", [None])[-1],  # type: ignore[arg-type]
            steps=number("steps"),
            noise=options.get("noise", [None])[-1],  # type: ignore[arg-type]
            batch_size=max(1, clips),
        )
        return Choices(
            protocols=(options.get("protocol", [DEFAULT_PROTOCOL])[0],),
            frames=(shortest(record).frames,),
            stride=number("stride"),
            num_real=number("num-real", "num-videos"),
            num_fake=number("num-fake", "num-videos"),
            seed=number("seed"),
            on_bad="skip" if options.get("on-bad", ["stop"])[-1] == "skip" else "stop",
            data_root=Path(options["data-root"][-1]) if "data-root" in options else None,
            drawing=drawing,
        )
    except ValueError as error:
        raise ResultError("the record's command cannot be read", found=str(error)) from error


def _parsed(command: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The words of a command, and its options with all their values."""
    words, options = list[str](), dict[str, list[str]]()
    rest = iter(command[1:])
    for word in rest:
        if not word.startswith("--"):
            words.append(word)
        elif word not in (*_FLAGS, "--traceback"):
            name, equals, value = word.removeprefix("--").partition("=")
            options.setdefault(name, []).append(value if equals else next(rest, ""))
    return words, options


def shortest(record: RunRecord) -> Measurement:
    """The measurement of the shortest clips."""
    return min(record.measurements, key=lambda one: one.frames)


def _check_same(source: Source, digest: str) -> None:
    """Videos of another content are not shown beside the number: it says nothing about them."""
    if source.digest() != digest:
        raise DataError(f"what lies at its place ({source.label}) is no longer what was scored")


def _clips(source: Source, plan: ClipPlan, reading: Reading, media: Media) -> tuple[Medium, ...]:
    """Some clips as they were scored, those of the first videos."""
    chosen = sorted(plan.clips, key=lambda clip: clip.video)[: reading.clips]
    found = []
    for clip in chosen:
        frames = source.read(clip.video, list(clip.indices)[:_LONGEST])
        alt = f"{source.label}, {source.name(clip.video)}: {len(frames)} frames, looping"
        name = f"{source.label}-{source.digest()[:8]}-{clip.video}"
        found.append(media.add(_mp4(frames), name, "mp4", alt))
    return tuple(found)


def _mp4(frames: np.ndarray) -> bytes:
    from vidmbench.videos import write_mp4

    times = max(1, -(-_LEAST_PIXELS // max(frames.shape[1:3])))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "clip.mp4"
        write_mp4(target, frames.repeat(times, axis=1).repeat(times, axis=2), fps=8 if len(frames) <= 32 else 25)
        return target.read_bytes()
