"""From a parsed name to a source: files, data sets, packs and controls. Models are opened a floor above."""

import os
from dataclasses import dataclass, replace

from vidmbench.core.errors import DataError, UsageError, unknown
from vidmbench.core.files import expanded
from vidmbench.core.vocabulary import OnBad
from vidmbench.protocols.stages import DatasetStage
from vidmbench.sources.control_kinds import KINDS
from vidmbench.sources.controls import control
from vidmbench.sources.datasets.opening import DEFAULT_READING, Reading, open_dataset, other_split_of, split_of
from vidmbench.sources.datasets.spec import DatasetSpec, dataset_names, load_dataset
from vidmbench.sources.names import SourceName, parse_source
from vidmbench.sources.packs.contents import NO_PIXELS, Pack, PackSource
from vidmbench.videos.source import Source


@dataclass(frozen=True)
class ResolvedName:
    """A source's name together with what its data set declares; nothing is opened yet.

    Attributes:
        name: The name.
        dataset: The declaration; None where the name is not a data set's, nor a pack's made of one.
        pack: What a pack holds; None of all other sources.
    """

    name: SourceName
    dataset: DatasetSpec | None = None
    pack: Pack | None = None

    def split(self, stage: DatasetStage | None = None) -> str | None:
        """The split that is taken; None where it is not a data set.

        Args:
            stage: A protocol's, which may take another split than the data set's default.
        """
        return (self.name.split or split_of(self.dataset, stage)) if self.dataset is not None else None


def resolve(name: SourceName, known: ResolvedName | None = None) -> ResolvedName:
    """Loads the declaration of a named data set, or a pack.

    Args:
        name: Any source's name.
        known: Another resolved name; of the same data set, its declaration is taken.

    Raises:
        ProtocolError: Unknown data set, or a declaration with mistakes.
        DataError: A pack that is missing or damaged.
    """
    if name.kind == "pack":
        return _resolved_pack(name)
    if name.kind != "dataset":
        return ResolvedName(name)
    if known is not None and known.dataset is not None and known.dataset.name == name.name:
        return ResolvedName(name, known.dataset)
    return ResolvedName(name, load_dataset(name.name))


def _resolved_pack(name: SourceName) -> ResolvedName:
    """A pack's name with the data set, split and resolution that its videos were named by."""
    from vidmbench.sources.packs.files import read_pack

    pack = read_pack(name.path or "")
    origin = pack.header.origin
    dataset = load_dataset(origin.dataset) if origin.dataset in dataset_names() else None
    name = replace(name, name=origin.dataset, split=origin.split, resolution=origin.resolution)
    return ResolvedName(name, dataset, pack)


def refuse_pack(name: SourceName) -> None:
    """Refuses a pack where videos are needed.

    Raises:
        UsageError: It is one.
    """
    if name.base.kind == "pack":
        raise UsageError(
            f"{NO_PIXELS}: it serves as the real side of a score and as nothing else",
            expected="REAL of score, compare, compare-models and infinity, or --dataset of run",
            found=name.text,
            fix="give the videos in place of the pack",
        )


def resolve_dataset(text: str, *, takes_pack: bool = False) -> ResolvedName:
    """What ``--dataset`` names: a data set or files of real videos.

    Args:
        text: As it was typed.
        takes_pack: Whether a pack will do.

    Raises:
        UsageError: It names a model or a control, or a pack where videos are needed.
        ProtocolError: Unknown data set.
        DataError: A pack that is missing or damaged.
    """
    name = parse_source(text, bare="dataset")
    if not takes_pack:
        refuse_pack(name)
    if name.kind not in ("dataset", "path", "layout", "pack"):
        raise UsageError(
            "--dataset takes real videos, which models and controls are scored against",
            expected="NAME[@SPLIT][/PIXELS], or folder:PATH",
            found=text,
            where="--dataset",
            fix=f"--model {text}, or vidmbench score, which takes any two sources",
        )
    return resolve(name)


def open_videos(
    data: ResolvedName,
    *,
    reading: Reading = DEFAULT_READING,
    resolution: int | None = None,
    stage: DatasetStage | None = None,
) -> Source:
    """Opens a data set, a pack or files.

    Args:
        data: Whose name is that of a data set, a pack, a path, or a path with a layout.
        reading: How files are read.
        resolution: The model's; taken where the name gives none and the data set can be made at it.
        stage: See :func:`vidmbench.sources.datasets.opening.open_dataset`.

    Raises:
        UsageError: There is no such file, but something else of that name.
        DataError: The videos cannot be used.
    """
    name, dataset = data.name, data.dataset
    if data.pack is not None:
        return PackSource(data.pack)
    if dataset is None:
        return _open_files(name, reading.on_bad)
    pixels = resolution if name.resolution is None and resolution in dataset.resolutions else name.resolution
    return open_dataset(dataset, name.split, reading=reading, resolution=pixels, stage=stage)


def open_control(
    kind: str,
    *,
    real: Source,
    data: ResolvedName | None = None,
    reading: Reading = DEFAULT_READING,
    seed: int = 0,
    stage: DatasetStage | None = None,
) -> Source:
    """A control made from the other split of the real side's data set, or from the real side where there is no other.

    Args:
        kind: A control's name, such as ``static``.
        real: The real side.
        data: Its name; None where it has none.
        reading: How files are read.
        seed: Seed of the control's random choices.
        stage: See :func:`vidmbench.sources.datasets.opening.open_dataset`.

    Raises:
        UsageError: Unknown control.
        DataError: ``real`` of a source with one split: it would be scored against itself.
    """
    _check_control(kind)
    if data is not None and data.dataset is not None:
        other = other_split_of(data.dataset, data.split(stage) or "", reading.data_root)
        if other is not None:
            base = open_dataset(data.dataset, other, reading=reading, resolution=data.name.resolution, stage=stage)
            return control(kind, base, seed=seed, is_paired=False)
    if isinstance(real, PackSource):
        raise UsageError(
            f"{NO_PIXELS}, so control:{kind} cannot be made from it",
            expected="videos, or a pack of a data set whose other split can be read here",
            found=f"control:{kind} of {real.pack.name}",
            fix="give the real videos in place of the pack",
        )
    if kind == "real":
        text = real.label if data is None else data.name.text
        is_dataset = data is not None and data.dataset is not None
        raise DataError(
            "control:real needs a second split of the real data",
            expected="a data set with two splits, such as clevrer-mini",
            found=f"{text}, of which this copy holds no other split" if is_dataset else f"{text}, which has one",
            fix="score another control, or give the other half as a folder of its own",
        )
    return control(kind, real, seed=seed, is_paired=True)


def copied_control(kind: str, base: Source, *, seed: int = 0, context: int = 0) -> Source:
    """A control made from these very videos; ``real`` are the videos themselves, as copies.

    Args:
        kind: A control's name, such as ``static``.
        base: The videos.
        seed: Seed of the control's random choices.
        context: Frames at the start of each clip that a model was given.

    Raises:
        UsageError: Unknown control.
    """
    _check_control(kind)
    return control(kind, base, seed=seed, context=context, is_paired=True)


def check_named(name: SourceName) -> None:
    """Refuses a name that cannot be opened, as far as that is known without opening it.

    Args:
        name: Any source's name.

    Raises:
        VidmbenchError: Unknown data set or control, or a path where nothing is.
    """
    base = name.base
    if base.kind in ("dataset", "pack"):
        resolve(base)
    elif base.kind == "control":
        _check_control(base.name)
    elif base.kind == "path" and not os.path.exists(expanded(base.path or "")):
        from vidmbench.videos.files.patterns import is_pattern, matching

        if is_pattern(base.path or ""):
            matching(base.path or "")
        else:
            _open_files(base, "stop")  # which says that nothing is there


def _check_control(kind: str) -> None:
    if kind not in KINDS:
        raise unknown("control", kind, KINDS, error=UsageError, fix="see them all: vidmbench list models")


def _open_files(name: SourceName, on_bad: OnBad) -> Source:
    from vidmbench.sources.baselines.samples import layouts_of, open_samples
    from vidmbench.videos import open_source
    from vidmbench.videos.grids.suspicion import grid_notes

    text = name.path or ""
    path = expanded(text)
    if not text.strip():
        raise UsageError(
            "a source without a path",
            expected="a folder, tar, zip, npy, npz or video file, a .txt list of paths, or a glob",
            found=name.text.strip() or "nothing",
        )
    layouts = layouts_of("", name.name) if name.kind == "layout" else None
    if layouts is not None:
        return open_samples(layouts, path, on_bad=on_bad)
    if not path.exists():
        named = [f"dataset:{text}"] if text in dataset_names() else [f"control:{text}"] if text in KINDS else []
        if named:
            raise UsageError(f"path not found: {text}", found=text, fix=f"did you mean {named[0]}?")
    source = open_source(path, on_bad=on_bad, progress=True)
    source.notes = (*source.notes, *grid_notes(source))
    return source
