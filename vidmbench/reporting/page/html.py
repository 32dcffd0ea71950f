"""The page of a report in HTML: its frame, the summary, and every number with its signature and command."""

import base64
import hashlib
import shlex
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources as packaged
from typing import Any

from vidmbench.records.record import Measurement, RunRecord, SideRecord
from vidmbench.reporting.tables.text import interval_legend


def page(title: str, sections: Sequence[tuple[str, str, str]]) -> str:
    """One whole page that loads nothing from elsewhere; a policy in its head holds browsers to that.

    Args:
        title: The title, unescaped.
        sections: Id, name for the list of contents (unescaped; none where empty), and HTML of each.
    """
    style = _part("style.css")
    script = _part("script.js")
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: file: 'self'; "
        f"media-src data: file: 'self'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    links = "".join(f'<li><a href="#{ident}">{escape(name)}</a></li>' for ident, name, _ in sections if name)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{style}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#main">Skip to the report</a>',
            f"<header><h1>{escape(title)}</h1>",
            f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>',
            '<main id="main" tabindex="-1">',
            *(text for _, _, text in sections),
            "</main>",
            f"<script>\n{script}</script>",
            "</body>",
            "</html>\n",
        ]
    )


def _part(name: str) -> str:
    return (packaged.files("vidmbench.reporting.page") / name).read_text(encoding="utf-8")


def summary_section(records: Sequence[RunRecord]) -> str:
    """What was measured, when, and on what.

    Args:
        records: The records, oldest first; at least one.
    """
    numbers = [(record, one) for record in records for one in record.measurements]
    failed = sum(one.status == "failed" for _, one in numbers)
    signatures = {one.signature_id for _, one in numbers}
    days = [record.created[:10] for record in records]
    data = dict.fromkeys(f"{data_of(record, one)} ({one.real.num_videos} videos)" for record, one in numbers)
    count = f"{_count(len(records), 'record')}, {_count(len(numbers), 'number')}"
    facts = [
        ("Measured", f"{count}{f', {failed} failed' if failed else ''}"),
        ("When", days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"),
        ("Models", _names(record.model for record in records)),
        ("Data sets", _names(data)),
        ("Metrics", _names(one.metric.upper() for _, one in numbers)),
        ("Protocols", _names(one.protocol for _, one in numbers)),
        ("vidmbench", _names(str(_packages(record).get("vidmbench", "unknown")) for record in records)),
        ("Machines", _names(_machine(record.environment) for record in records)),
    ]
    rows = "".join(
        f"<dt>{name}</dt><dd>{text if text.startswith('<') else escape(text)}</dd>" for name, text in facts if text
    )
    rule = (
        f"There {'is one signature' if len(signatures) == 1 else f'are {len(signatures)} signatures'} among the "
        "numbers. Two numbers compare only where their signatures are equal."
    )
    return f'<section id="summary"><h2>Summary</h2><dl>{rows}</dl><p>{rule}</p></section>'


def numbers_section(records: Sequence[RunRecord]) -> str:
    """Every measurement as a row; its signature and the command that reproduces it folded away in its last cell."""
    pairs = [(record, one) for record in records for one in record.measurements]
    heads = [("Model", 1), ("Data", 1), ("Metric", 1), ("Frames", 0), ("Value", 0), ("Clips", 0)]
    heads += [("Protocol", 1), ("Day", 1), ("Signature", 1)]
    row = "".join(
        f'<th scope="col" role="columnheader"{" class=words" if words else ""}>{name}</th>' for name, words in heads
    )
    rows = [_number(record, one) for record, one in pairs]
    legend = interval_legend([one for _, one in pairs])
    return "\n".join(
        [
            '<section id="numbers"><h2>Every number</h2>',
            "<p>Press a column's name to sort by it. Press a signature for its long form, the counts "
            "(real/scored) and the command.</p>",
            f"<p>{escape(legend)}</p>" if legend else "",
            '<div class="scroll" role="region" aria-label="Every number" tabindex="0">',
            '<table class="numbers" role="table">',
            f'<thead role="rowgroup"><tr role="row">{row}</tr></thead>',
            '<tbody role="rowgroup">',
            *rows,
            "</tbody></table></div></section>",
        ]
    )


def _number(record: RunRecord, one: Measurement) -> str:
    has_failed = one.status == "failed" or one.value is None
    value = "" if has_failed else repr(one.value)
    name = f"{record.model}, {one.metric.upper()} of {one.frames} frames"
    cells = [
        _cell("Data", data_of(record, one), "words name"),
        _cell("Metric", one.metric.upper(), "words"),
        _cell("Frames", str(one.frames)),
        _cell("Value", one.text(), "failed" if has_failed else "", value),
        _cell("Clips", f"{one.num_real}/{one.num_fake}"),
        _cell("Protocol", one.protocol, "words name"),
        _cell("Day", record.created[:10], "words", record.created),
    ]
    about = (
        f'<td role="cell" class="words about" data-sort="{escape(one.signature_id)}"><details>'
        f'<summary>#{escape(one.signature_id)}<span class="unseen"> of {escape(name)}</span></summary>'
        f"{_about(record, one)}</details></td>"
    )
    return f'<tr role="row"><th scope="row" role="rowheader">{escape(record.model)}</th>{"".join(cells)}{about}</tr>'


def _cell(label: str, text: str, kind: str = "", key: str | None = None) -> str:
    sort = "" if key is None else f' data-sort="{escape(key)}"'
    return f'<td role="cell" class="{kind}" data-label="{label}"{sort}>{escape(text)}</td>'


def _about(record: RunRecord, one: Measurement) -> str:
    """All that is needed to judge a number, and to make it again."""
    commit = record.environment.get("commit")
    engine = f"{one.engine}, {one.precision}, seed {one.seed}, {one.seconds:.1f} s"
    facts = [
        ("Signature", _code(one.signature)),
        ("Command", _code(command_of(record))),
        ("Value", "" if one.value is None else _code(repr(one.value))),
        ("Interval", _interval(one)),
        ("Real", escape(_side(one.real))),
        ("Scored", escape(_side(one.fake))),
        ("Computed by", escape(f"{engine}; {_machine(record.environment)}")),
        ("Weights", escape(", ".join(f"{name} {digest[:16]}" for name, digest in one.weights.items()))),
        ("Notes", "".join(f"{escape(text)}<br>" for text in one.warnings).removesuffix("<br>")),
        ("Record", _code(record.run_id) + (f" at commit {escape(str(commit))}" if commit else "")),
    ]
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts if text) + "</dl>"


def _interval(one: Measurement) -> str:
    if one.interval is None:
        return ""
    return escape(f"{one.interval[0]:.6g} to {one.interval[1]:.6g} ({one.interval_kind})")


def _side(side: SideRecord) -> str:
    size = f", {side.size[0]} x {side.size[1]} pixels" if side.size else ""
    skipped = f", {len(side.skipped)} left out" if side.skipped else ""
    return (
        f"{side.label}: {side.num_scored} clips of {side.num_videos} videos{size}{skipped}; digest {side.digest[:16]}"
    )


def command_of(record: RunRecord) -> str:
    """The command line as it would be typed."""
    return shlex.join(record.command)


def data_of(record: RunRecord, one: Measurement) -> str:
    """The real side in a few words: data set, split and pixels."""
    named = f"{record.dataset}@{record.split}" if record.split else record.dataset
    # Spaces that do not break: a size stays on one line.
    return f"{named}, {one.real.size[0]}\u00a0x\u00a0{one.real.size[1]}" if one.real.size else named


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _names(names: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(name)}</li>" for name in dict.fromkeys(names))
    return f'<ul class="names">{items}</ul>' if items else ""


def _machine(environment: dict[str, Any]) -> str:
    cores = environment.get("cores")
    known = [environment.get("processor"), f"{cores} cores" if cores else None, environment.get("system")]
    return ", ".join(str(word) for word in known if word) or "unknown"


def _packages(record: RunRecord) -> dict[str, Any]:
    found = record.environment.get("packages")
    return found if isinstance(found, dict) else {}


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
