"""The videos of a model that vidmbench does not sample itself: ``--samples`` and ``--layout`` of ``run``."""

from difflib import get_close_matches

from vidmbench.core.errors import UsageError
from vidmbench.core.files import expanded
from vidmbench.sources.baselines.samples import layouts_of, open_samples
from vidmbench.sources.datasets.opening import Reading
from vidmbench.sources.names import SourceName, baseline_names, parse_source
from vidmbench.sources.opening import ResolvedName, open_videos, refuse_pack, resolve
from vidmbench.videos.source import Source


def open_model_samples(
    label: str, name: SourceName, data: ResolvedName, reading: Reading, samples: str | None, layout: str | None
) -> Source:
    """Opens the videos of a labelled model, as its own code wrote them.

    Args:
        label: The label.
        name: What ``--model`` names, for messages.
        data: The real side, for messages.
        reading: How files are read.
        samples: ``--samples``.
        layout: ``--layout``, see :func:`vidmbench.sources.baselines.samples.layouts_of`.

    Raises:
        UsageError: There are no samples, or they are named by something that has no files.
        DataError: They cannot be read.
    """
    if samples is None:
        raise UsageError(
            f"the model {label!r} needs its videos",
            expected="vidm, vidm:PATH, control:NAME, dataset:NAME, or any label together with --samples PATH",
            found=f"--model {name.text} alone",
            fix=f"vidmbench run --model {name.text} --samples PATH --dataset {data.name.text}",
        )
    layouts = layouts_of(label, layout)
    if layouts is not None:
        return open_samples(layouts, expanded(samples), on_bad=reading.on_bad)
    source = open_videos(_samples_name(samples), reading=reading)
    near = get_close_matches(label.lower(), baseline_names(), n=1, cutoff=0.8) if layout is None else []
    if near:
        note = f"{label} is not a system that vidmbench knows, so its files were read as they are"
        source.notes = (*source.notes, f"{note}; did you mean {near[0]}?")
    return source


def _samples_name(text: str) -> ResolvedName:
    """What ``--samples`` names: files; those of a folder called ``vidm`` too.

    Raises:
        UsageError: Something that has no files.
    """
    name = parse_source(text)
    refuse_pack(name)
    if name.kind in ("vidm", "control", "static-of"):
        if not expanded(text).exists():
            raise UsageError(
                "--samples takes files", expected="a folder, tar, zip, npy, npz, .txt or video file", found=text,
                where="--samples", fix=f"vidmbench run --model {text}",
            )  # fmt: skip
        name = SourceName("path", text, path=text)
    return resolve(name)
