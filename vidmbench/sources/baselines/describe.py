"""Compared systems for people: a line in a list, and a page that tells how to produce and score their samples."""

from collections.abc import Sequence

from vidmbench.core import resources
from vidmbench.core.text import counted
from vidmbench.records.published import PublishedValue
from vidmbench.sources.baselines.layouts import exporter, published_rows
from vidmbench.sources.baselines.spec import BaselineSpec, LayoutSpec

_KINDS = {
    "videos": "one file per video",
    "frame-folders": "one folder of frames per video",
    "grid": "many videos in one image",
    "strips": "one film strip per video",
    "array": "one array of all videos",
    "arrays": "one array per video",
    "hdf5": "one HDF5 file",
}


def summary(spec: BaselineSpec) -> str:
    """A line: who, where, code, what its output looks like, what goes wrong first, what the paper printed."""
    written = list(dict.fromkeys(_KINDS[layout.kind] for layout in spec.layouts))
    printed = published_rows(spec)
    numbers = counted(len(printed), "printed number") if printed else "no printed number"
    code = spec.code or "no public code"
    return f"{spec.title}, {spec.venue}; {code}; {', '.join(written)}; {numbers}; beware: {spec.traps[0]}"


def page(spec: BaselineSpec) -> str:
    """Everything about a system, in plain text."""
    code = (
        f"github.com/{spec.code}" + (f", read at {spec.commit}" if spec.commit else "") if spec.code else "none public"
    )
    head = {
        "paper": f"{spec.paper.title} ({spec.paper.authors})",
        "venue": spec.venue,
        "code": code,
        "licence": spec.licence,
        "checkpoints": spec.checkpoints,
        "note": spec.note,
    }
    parts = [spec.title, *(f"{key + ':':13s}{text}" for key, text in head.items() if text), ""]
    parts += ["How to produce its samples", *_listed(_with_paths(spec), numbered=True)]
    parts += [
        "",
        "How to score them",
        f"  vidmbench run --model {spec.name} --samples SAMPLES --dataset D --frames N",
        "",
    ]
    parts += ["What is read (the first that fits; another with --layout NAME)", _layouts(spec.layouts), ""]
    parts += ["What can go wrong", *_listed(spec.traps), ""]
    printed = published_rows(spec)
    parts += ["What the paper printed for it", _printed(printed) if printed else "  nothing"]
    return "\n".join(parts)


def _with_paths(spec: BaselineSpec) -> list[str]:
    """The steps, with the folder of the exporters where it really is."""
    folder = str(resources.data_root() / "baselines")
    return [step.replace("BASELINES", folder) if exporter(spec.name) else step for step in spec.produce]


def _listed(lines: Sequence[str], *, numbered: bool = False) -> list[str]:
    return [f"  {f'{number}.' if numbered else '-'} {line}" for number, line in enumerate(lines, start=1)]


def _layouts(layouts: Sequence[LayoutSpec]) -> str:
    rows = [
        (
            layout.name,
            _KINDS[layout.kind],
            ", ".join(layout.files[:3]) + (" ..." if len(layout.files) > 3 else ""),
            layout.compression,
            layout.frames or "any",
            layout.fps or "",
        )
        for layout in layouts
    ]
    return _table(("layout", "what a file is", "files", "compression", "frames", "fps"), rows)


def _printed(values: Sequence[PublishedValue]) -> str:
    rows = [
        (
            value.table,
            f"{value.resolution}-{value.dataset}",
            value.frames,
            value.split,
            value.method,
            value.metric,
            value.printed,
            value.flag,
        )
        for value in values
    ]
    table = _table(("table", "data", "frames", "split", "as", "metric", "printed", "doubt"), rows)
    numbers = sorted({value.table.removeprefix("table") for value in values if value.flag})
    pages = ", ".join(f"vidmbench table {number}" for number in numbers)
    return table + (f"\n  why it is in doubt, in footnotes: {pages}" if pages else "")


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    from tabulate import tabulate  # slow to import, and a list needs none

    text: str = tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
