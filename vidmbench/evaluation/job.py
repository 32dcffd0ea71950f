"""From a request to a job: sources and the plans to score them by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from vidmbench.core.errors import UsageError
from vidmbench.core.progress import Progress
from vidmbench.evaluation.choices import Choices, common_stage
from vidmbench.evaluation.given import Videos, given_pair, open_pair
from vidmbench.evaluation.missing import BUILT_IN, check_present, check_weights
from vidmbench.evaluation.model_samples import open_model_samples
from vidmbench.evaluation.opening import OpeningOptions, control_maker, given_frames, open_named
from vidmbench.evaluation.optional import Refused, plan_each
from vidmbench.evaluation.packs import bound_to_pack
from vidmbench.evaluation.plan import Planned, Short, check_both_counts, checked_counts, plan
from vidmbench.evaluation.request import request_of
from vidmbench.evaluation.scenes import scenes_of
from vidmbench.protocols.clips_stage import MANY_A_VIDEO
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.records.request import RunRequest
from vidmbench.sources.names import SourceName, parse_source
from vidmbench.sources.opening import ResolvedName, open_videos, refuse_pack, resolve, resolve_dataset
from vidmbench.videos.in_memory.declared import Declared
from vidmbench.videos.in_memory.opening import is_read_once
from vidmbench.videos.source import Source
from vidmbench.vidm.sampling.opening import load_model

if TYPE_CHECKING:
    from vidmbench.vidm.checkpoints.checkpoint import Vidm


@dataclass(frozen=True)
class Job:
    """Two sources and the plans to score them by; the request is checked.

    Attributes:
        model: The scored side as the user named it.
        dataset: The real side as the user named it.
        split: Split of the real side, where it has splits.
        real: The real videos.
        fake: The videos to score.
        plans: What will be measured.
        choices: The options.
        request: What the record stores of the request; None where it cannot be repeated from a record.
        refused: Members of a group of protocols that cannot score these videos.
    """

    model: str
    dataset: str
    split: str | None
    real: Source
    fake: Source
    plans: tuple[Planned, ...]
    choices: Choices
    request: RunRequest | None = None
    refused: tuple[Refused, ...] = ()

    def __post_init__(self) -> None:
        """Refuses a rule that gives no scenes, before videos are scored for hours.

        Raises:
            VidmbenchError: There is none for a video, or no protocol has intervals over scenes.
        """
        if self.choices.scenes is None:
            return
        if not any(item.spec.kind.reads_pairs for item in self.plans):
            raise UsageError(
                "--scenes is for the intervals of full-reference protocols",
                expected="psnr-..., ssim-... or lpips-...",
                found=", ".join(dict.fromkeys(item.spec.name for item in self.plans)),
                where="--scenes",
                fix="omit --scenes",
            )
        scenes_of(self.choices.scenes, [self.real.name(index) for index in range(len(self.real))])


def prepare_run(
    model: str, dataset: str, choices: Choices, *, samples: str | None = None, layout: str | None = None
) -> Job:
    """Resolves ``vidmbench run``.

    Args:
        model: ``vidm``, ``vidm:PATH``, ``control:NAME``, ``dataset:NAME``, or any label, which needs ``samples``;
            ``static-of:`` before any of them scores its static baseline.
        dataset: A data set's name or ``folder:PATH``.
        choices: The options.
        samples: The model's videos.
        layout: The layout of these, see :func:`vidmbench.sources.baselines.samples.layouts_of`; None takes a
            baseline's own.

    Returns:
        The job, ready to be carried out.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    if not model.strip():
        raise UsageError("the model has no name", expected="a label", found="nothing", where="--model")
    if not model.isprintable():
        raise UsageError(
            "the model's name has characters that cannot be printed", expected="a label on one line, in UTF-8",
            found=ascii(model), where="--model",
        )  # fmt: skip
    name = parse_source(model, bare="label")
    data = resolve_dataset(dataset, takes_pack=True)
    specs = _bound(data, choices)
    refuse_pack(name)
    _check_run(name, choices, samples, layout)
    on_built_in = ("vidmbench", "run", "--model", name.text if name.base.path is None else "vidm")
    check_present(name, data, choices, (*on_built_in, "--dataset", BUILT_IN))
    vidm = load_model(name.base, data, choices.device) if name.base.kind == "vidm" else None

    def open_label(label: str) -> Source:
        return open_model_samples(label, name, data, choices.reading, samples, layout)

    job = _against_dataset(name, data, specs, choices, vidm=vidm, open_label=open_label)
    return replace(job, request=request_of("run", dataset, model, choices, samples=samples, layout=layout))


def vidm_job(vidm: "Vidm", model: str, dataset: str, choices: Choices) -> Job:
    """A VIDM against a data set, scored at the model's resolution where the data set can be made at it.

    Args:
        vidm: The model.
        model: Its label in the record.
        dataset: A data set's name or ``folder:PATH``.
        choices: The options.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    data = resolve_dataset(dataset)
    specs = choices.bound_protocols(data.dataset, data.name.resolution)
    return _against_dataset(SourceName("vidm", model), data, specs, choices, vidm=vidm)


def prepare_score(
    real: Videos,
    fake: Videos,
    choices: Choices,
    *,
    protocols: Sequence[ProtocolSpec] | None = None,
    declared: Declared | None = None,
    progress: Progress | None = None,
) -> Job:
    """Resolves ``vidmbench score``: two sources, named as on the command line, or arrays in memory.

    Args:
        real: The real videos, see :func:`vidmbench.open_source`.
        fake: The videos to score.
        choices: The options.
        protocols: Those of the choices, where they are loaded already.
        declared: What is declared about the numbers of videos in memory.
        progress: Called with videos taken, videos in all, and a label, of what is in memory.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    if protocols is None and choices.protocols:
        protocols = choices.load_protocols()
    real_side, fake_side = given_pair(real, fake, declared or Declared())
    if fake_side.named is not None:
        command = ("vidmbench", "score", f"dataset:{BUILT_IN}", "vidm")
        check_present(fake_side.named.name, real_side.data, choices, command)
    data = real_side.data
    dataset = None if data is None else data.dataset
    if real_side.pack is not None:
        specs = bound_to_pack(real_side.pack, choices, protocols)
    else:
        specs = choices.bound_protocols(dataset, is_cropped=False, protocols=protocols)
    if any(side.named is None and is_read_once(side.videos) for side in (real_side, fake_side)):
        for spec in specs:  # before videos are read or sampled for hours
            check_weights(spec)
    whole = [spec.clips.real for spec in specs if spec.kind.reads_real and spec.clips.real.start not in MANY_A_VIDEO]
    source, other = open_pair(
        real_side,
        fake_side,
        choices,
        specs,
        least_real=max((side.videos or 0 for side in whole), default=0),
        progress=progress,
    )
    job = _planned_job(
        model=other.label,
        dataset=source.label if dataset is None else dataset.name,
        split=None if data is None else data.split(),
        sources=(source, other),
        specs=specs,
        choices=choices,
        are_named=(data is not None, fake_side.kind in ("dataset", "control")),
    )
    has_names = real_side.named is not None and fake_side.named is not None
    return replace(job, request=request_of("score", str(real), str(fake), choices) if has_names else None)


def prepare_scores(real: str, fakes: Sequence[str], choices: Choices) -> list[Job]:
    """Resolves ``vidmbench score`` of several models, each once.

    Args:
        real: The real videos, as the command line names them.
        fakes: The videos to score.
        choices: The options.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    protocols = choices.load_protocols() if choices.protocols else None
    jobs = [prepare_score(real, fake, choices, protocols=protocols) for fake in dict.fromkeys(fakes)]
    labels = [job.model for job in jobs]
    # Folders of one name at several places, as a/samples and b/samples, are told apart by their paths.
    return [
        replace(job, model=fake) if labels.count(job.model) > 1 else job
        for job, fake in zip(jobs, dict.fromkeys(fakes), strict=True)
    ]


def _bound(data: ResolvedName, choices: Choices) -> list[ProtocolSpec]:
    """The protocols as they are bound to a data set, or as a pack holds them."""
    if data.pack is not None:
        return bound_to_pack(data.pack, choices, choices.load_protocols() if choices.protocols else None)
    return choices.bound_protocols(data.dataset, data.name.resolution)


def _check_run(name: SourceName, choices: Choices, samples: str | None, layout: str | None) -> None:
    """Refuses options of ``run`` that do not go together."""
    base = name.base
    has_videos = {
        "vidm": ("a VIDM is sampled by vidmbench itself", "or give the samples another label"),
        "control": ("a control has no samples of its own", ""),
        "dataset": ("a data set has its own videos", "or give the samples another label"),
    }
    if samples is not None and base.kind in has_videos:
        problem, way_out = has_videos[base.kind]
        raise UsageError(
            problem,
            found=f"--model {name.text} with --samples {samples}",
            fix=", ".join(filter(None, ("omit --samples", way_out))),
        )
    if layout is not None and samples is None:
        raise UsageError(
            "--layout is the layout of --samples", found="no --samples", fix="give --samples PATH, or omit --layout"
        )
    if base.kind != "vidm" and not choices.drawing.is_default:
        raise UsageError(
            "--content, --sampler, --steps, --noise and --sampling-precision are for models that vidmbench samples",
            expected="--model vidm or vidm:PATH",
            found=f"--model {name.text}",
            fix="omit these options",
        )


def _against_dataset(
    name: SourceName,
    data: ResolvedName,
    specs: Sequence[ProtocolSpec],
    choices: Choices,
    *,
    vidm: "Vidm | None" = None,
    open_label: Callable[[str], Source] | None = None,
) -> Job:
    """The job of a model against a data set; a VIDM is scored at its own resolution where that can be had."""
    stage = common_stage(specs, data.dataset if data.pack is None else None)
    resolution = None if vidm is None else vidm.spec.resolution
    real = open_videos(data, reading=choices.reading, resolution=resolution, stage=stage)
    seed = choices.seed or 0
    options = OpeningOptions(
        reading=choices.reading,
        seed=seed,
        stage=stage,
        make_control=control_maker(specs, real, data, choices.reading, seed, stage),
        open_label=open_label,
        real=data,
        num_videos=max(spec.clips.fake.videos or len(real) for spec in specs),
        num_frames=max(spec.clips.span_of(spec.clips.fake) for spec in specs),
        sampling=choices.drawing,
        device=choices.device,
        given=given_frames(specs, choices.context),
        vidm=vidm,
    )
    fake = open_named(resolve(name, data), options)
    is_dataset = data.dataset is not None
    is_named = name.base.kind in ("vidm", "dataset") or (name.kind == "control" and is_dataset)
    return _planned_job(
        model=name.text,
        dataset=data.name.text if data.dataset is None else data.dataset.name,
        split=data.split(stage),
        sources=(real, fake),
        specs=specs,
        choices=choices,
        are_named=(is_dataset, is_named),
    )


def _planned_job(
    *,
    model: str,
    dataset: str,
    split: str | None,
    sources: tuple[Source, Source],
    specs: Sequence[ProtocolSpec],
    choices: Choices,
    are_named: tuple[bool, bool],
) -> Job:
    """Chooses the clips: protocols say what happens to short videos of named data sets, ``on_bad`` of all others."""
    real, fake = sources
    checked_counts(real, fake, specs)
    is_asked = choices.num_real is not None, choices.num_fake is not None
    check_both_counts(real, fake, specs, is_asked=any(is_asked))
    bare: Short = "drop" if choices.on_bad == "skip" else "error"
    make_plans = partial(
        plan,
        real,
        fake,
        short_real=None if are_named[0] else bare,
        short_fake=None if all(are_named) else bare,
        is_asked=is_asked,
    )
    plans, refused = plan_each(specs, choices.optional, make_plans)
    return Job(
        model=model, dataset=dataset, split=split, real=real, fake=fake, plans=tuple(plans), choices=choices,
        refused=tuple(refused),
    )  # fmt: skip
