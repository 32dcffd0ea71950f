"""Sections of the report's page: the page itself, the summary, and every number with its signature and command."""

import base64
import hashlib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidmbench.core.text import counted
from vidmbench.records.record import Measurement, RunRecord, SideRecord
from vidmbench.reporting.jinja import render, verbatim
from vidmbench.reporting.tables.rows import interval_legend

if TYPE_CHECKING:
    from markupsafe import Markup

_PACKAGE = "vidmbench.reporting.page"


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes:
        id: The id of its element.
        name: What the list of contents calls it.
        html: The element.
    """

    id: str
    name: str
    html: "Markup"


def page(title: str, sections: Sequence[Section]) -> str:
    """One whole page that loads nothing from elsewhere; a policy in its head holds browsers to that.

    Args:
        title: The title.
        sections: The sections, in order.
    """
    script = verbatim(_PACKAGE, "script.js")
    # The policy admits the text of the script element, which starts with a line break.
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: file: 'self'; "
        f"media-src data: file: 'self'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    style = verbatim(_PACKAGE, "style.css")
    html = render(_PACKAGE, "page.html", title=title, policy=policy, style=style, script=script, sections=sections)
    return f"{html}\n"


def summary_section(records: Sequence[RunRecord], missing: Sequence[str] = ()) -> Section:
    """What was measured, when, and on what.

    Args:
        records: The records, oldest first; at least one.
        missing: What could not be read, one per line.
    """
    pairs = [(record, measurement) for record in records for measurement in record.measurements]
    measurements = [measurement for _, measurement in pairs]
    num_failed = sum(measurement.status == "failed" for measurement in measurements)
    failed = f", {num_failed} failed" if num_failed else ""
    days = [record.created[:10] for record in records]
    texts = [
        ("Measured", f"{counted(len(records), 'record')}, {counted(len(pairs), 'number')}{failed}"),
        ("When", days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"),
    ]
    lists = [
        ("Models", _unique(record.model for record in records)),
        ("Data sets", _unique(f"{data_of(*pair)} ({pair[1].real.num_videos} videos)" for pair in pairs)),
        ("Metrics", _unique(measurement.metric.upper() for measurement in measurements)),
        ("Protocols", _unique(measurement.protocol for measurement in measurements)),
        ("vidmbench", _unique(str(_packages(record).get("vidmbench", "unknown")) for record in records)),
        ("Machines", _unique(_machine(record.environment) for record in records)),
        ("Not shown", list(missing)),
    ]
    num_signatures = len({measurement.signature_id for measurement in measurements})
    html = render(_PACKAGE, "summary.html", texts=texts, lists=lists, num_signatures=num_signatures)
    return Section("summary", "Summary", html)


def numbers_section(records: Sequence[RunRecord]) -> Section:
    """Every measurement as a row; its signature and the command that reproduces it are folded away in its last cell."""
    pairs = [(record, measurement) for record in records for measurement in record.measurements]
    legend = interval_legend([measurement for _, measurement in pairs])
    html = render(_PACKAGE, "numbers.html", numbers=[_number(*pair) for pair in pairs], legend=legend)
    return Section("numbers", "Every number", html)


def _number(record: RunRecord, measurement: Measurement) -> dict[str, Any]:
    """What the template prints of one measurement."""
    engine = f"{measurement.engine}, {measurement.precision}, seed {measurement.seed}, {measurement.seconds:.1f} s"
    value = "" if measurement.value is None else repr(measurement.value)
    weights = ", ".join(f"{name} {digest[:16]}" for name, digest in measurement.weights.items())
    return {
        "model": record.model,
        "data": data_of(record, measurement),
        "metric": measurement.metric.upper(),
        "frames": measurement.frames,
        "has_failed": measurement.status == "failed" or measurement.value is None,
        "value": value,
        "text": measurement.text(),
        "counts": f"{measurement.num_real}/{measurement.num_fake}",
        "protocol": measurement.protocol,
        "created": record.created,
        "signature_id": measurement.signature_id,
        "code": [("Signature", measurement.signature), ("Command", command_of(record)), ("Value", value)],
        "facts": [
            ("Interval", _interval(measurement)),
            ("Real", _side(measurement.real)),
            ("Scored", _side(measurement.fake)),
            ("Computed by", f"{engine}; {_machine(record.environment)}"),
            ("Weights", weights),
        ],
        "notes": measurement.warnings,
        "run_id": record.run_id,
        "commit": record.environment.get("commit"),
    }


def _interval(measurement: Measurement) -> str:
    if measurement.interval is None:
        return ""
    low, high = measurement.interval
    return f"{low:.6g} to {high:.6g} ({measurement.interval_kind})"


def _side(side: SideRecord) -> str:
    size = f", {side.size[0]} x {side.size[1]} pixels" if side.size else ""
    skipped = f", {len(side.skipped)} skipped" if side.skipped else ""
    return (
        f"{side.label}: {side.num_scored} clips of {side.num_videos} videos{size}{skipped}; digest {side.digest[:16]}"
    )


def command_of(record: RunRecord) -> str:
    """The command line as it would be typed."""
    return shlex.join(record.command)


def data_of(record: RunRecord, measurement: Measurement) -> str:
    """The real side in a few words: data set, split and pixels."""
    name = f"{record.dataset}@{record.split}" if record.split else record.dataset
    size = measurement.real.size
    # Spaces that do not break: a size stays on one line.
    return f"{name}, {size[0]}\u00a0x\u00a0{size[1]}" if size else name


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _machine(environment: dict[str, Any]) -> str:
    cores = environment.get("cores")
    facts = [environment.get("processor"), f"{cores} cores" if cores else None, environment.get("system")]
    return ", ".join(str(fact) for fact in facts if fact) or "unknown"


def _packages(record: RunRecord) -> dict[str, Any]:
    packages = record.environment.get("packages")
    return packages if isinstance(packages, dict) else {}
