"""Tables in HTML: one page without scripts, readable in light and dark, footnotes linked both ways."""

import re
from collections.abc import Sequence
from html import escape

from vidmbench.reporting.tables.marks import legend
from vidmbench.reporting.tables.values import EMPTY, PROTOCOLS, Cell, Panel, Span, Table, numbered_notes, spans

# Colours are the reader's own: text and background of the browser in either scheme, lines in the colour of the text.
_STYLE = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
  background: Canvas; color: CanvasText; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1.2rem 0; border-top: 2px solid; border-bottom: 2px solid; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th { font-weight: 500; }
tr > :first-child { text-align: left; }
thead tr:last-child > * { border-bottom: 1px solid; }
thead .venue { font-size: .8em; opacity: .8; }
td strong { font-weight: 750; }
td u { text-underline-offset: .2em; }
td.measured, td.reproduced { background: color-mix(in srgb, LinkText 9%, Canvas); }
td.failed { opacity: .75; font-style: italic; }
sup { line-height: 0; } sup a, .back { text-decoration: none; }
code { font-size: .88em; overflow-wrap: anywhere; }
.notes, .protocols { font-size: .9em; }
.protocols code { display: block; }
li:target, sup a:target { outline: 2px solid LinkText; outline-offset: 2px; }"""


def to_html(*tables: Table) -> str:
    """One page with the tables, and nothing to load from elsewhere."""
    title = tables[0].title if len(tables) == 1 else "vidmbench tables"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{_STYLE}\n</style>",
            "</head>",
            "<body>",
            *(html_section(table) for table in tables),
            "</body>",
            "</html>\n",
        ]
    )


def html_section(table: Table) -> str:
    """One table as a section of a page, without style; its ids start with the table's name."""
    notes = numbered_notes(table)
    name = re.sub(r"[^A-Za-z0-9-]+", "-", table.name)
    places: dict[int, list[str]] = {}
    lines = [f'<section id="{name}">', f"<h2>{_html(table.title)}</h2>"]
    lines += [f"<p>{_html(text)}</p>" for text in table.legend]
    if table.has_marks:
        lines.append(f"<p>{_html(legend()).replace('Bold', '<strong>Bold</strong>', 1)}</p>")
    if any(cell.kind in ("measured", "reproduced") for panel in table.panels for line in panel.cells for cell in line):
        lines.append("<p>Cells measured by vidmbench are tinted; their signature is shown when pointed at.</p>")
    for panel in table.panels:
        lines += _panel(panel, notes, name, places)
    if not table.panels:
        lines.append(f"<p>{EMPTY}</p>")
    if notes:
        lines.append('<ol class="notes">')
        lines += [_note(text, f"{name}-note-{number}", places[number]) for text, number in notes.items()]
        lines.append("</ol>")
    return "\n".join([*lines, "</section>"])


def _panel(panel: Panel, notes: dict[str, int], name: str, places: dict[int, list[str]]) -> list[str]:
    heads = "".join(f'<th scope="col">{_html(label)}</th>' for label in panel.columns)
    lines = [
        '<div class="scroll"><table>',
        f"<caption>{_html(panel.title)}</caption>",
        "<thead>",
        f"<tr><td></td>{heads}</tr>",
    ]
    if panel.venues:
        cells = "".join(f'<td class="venue">{_html(venue)}</td>' for venue in panel.venues)
        lines.append(f'<tr><th scope="row" class="venue">Venue</th>{cells}</tr>')
    lines += ["</thead>", "<tbody>"]
    for label, row in zip(panel.rows, panel.cells, strict=True):
        cells = "".join(_cell(cell, notes, name, places) for cell in row)
        lines.append(f'<tr><th scope="row">{_html(label)}</th>{cells}</tr>')
    lines += ["</tbody>", "</table></div>"]
    if panel.protocols:
        lines += [f"<p>{_html(PROTOCOLS)}</p>", '<ul class="protocols">']
        lines += [*(f"<li>{_html(text)}</li>" for text in panel.protocols), "</ul>"]
    return lines


def _cell(cell: Cell, notes: dict[str, int], name: str, places: dict[int, list[str]]) -> str:
    if cell.kind == "none":
        return "<td></td>"
    text = _html(cell.text)
    text = {"best": f"<strong>{text}</strong>", "second": f"<u>{text}</u>", "": text}[cell.mark]
    links = []
    for number in sorted(notes[note] for note in cell.notes):
        here = places.setdefault(number, [])
        here.append(f"{name}-ref-{number}-{len(here) + 1}")
        links.append(f'<a id="{here[-1]}" href="#{name}-note-{number}">{number}</a>')
    marks = f"<sup>{','.join(links)}</sup>" if links else ""
    title = f' title="{escape(cell.signature)}"' if cell.signature else ""
    return f'<td class="{cell.kind}"{title}>{text}{marks}</td>'


def _note(text: str, ident: str, places: Sequence[str]) -> str:
    """A note with links to all its marks; a signature is folded away behind what stands before it."""
    back = " ".join(
        f'<a class="back" href="#{place}" aria-label="back to mark {at}">↩{at if len(places) > 1 else ""}</a>'
        for at, place in enumerate(places, start=1)
    )
    before, parted, signature = text.partition(": `")
    if parted and signature.endswith("`"):
        folded = f"<details><summary>{_html(before)}</summary><code>{escape(signature[:-1])}</code></details>"
        return f'<li id="{ident}">{folded} {back}</li>'
    return f'<li id="{ident}">{_html(text)} {back}</li>'


def _html(text: str) -> str:
    return "".join(_span(span) for span in spans(text))


def _span(span: Span) -> str:
    inner = escape(span.text)
    return {"plain": inner, "code": f"<code>{inner}</code>", "raised": f"<sup>{inner}</sup>"}[span.kind]
