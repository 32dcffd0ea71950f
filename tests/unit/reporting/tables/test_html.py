"""Tables in HTML: well-formed, labelled for screen readers, footnotes linked both ways, nothing from elsewhere."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError
from support.table_samples import layout_of, measured, run_of

from vidmbench.core import resources
from vidmbench.records.record import read_records
from vidmbench.reporting.jinja import render
from vidmbench.reporting.tables.build import build_table, layout_names, load_layout
from vidmbench.reporting.tables.html import to_html
from vidmbench.reporting.tables.values import Cell, Panel, Table

VOID = {"meta"}


class Page(HTMLParser):
    """Tags in order, and whether each is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.faults, self.text = [], [], [], []
        self.feed(text)
        self.faults += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def tables():
    records = read_records(resources.results_dir() / "measured")
    return [build_table(load_layout(name), records) for name in layout_names()]


@pytest.fixture(scope="module")
def page():
    return Page(to_html(*tables()))


def test_well_formed_and_alone(page):
    assert page.faults == []
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("img")
    assert "html" in dict.fromkeys(tag for tag, _ in page.tags)
    assert [page.all(tag) != [] for tag in ("html", "title", "style")] == [True] * 3
    assert len(page.all("html")) == 1, "several tables make one page"
    assert "color-scheme: light dark" in "".join(page.text)
    assert Page("<p><b></p>").faults, "the check can fail"


def test_every_table_is_labelled(page):
    whole = tables()
    assert len(page.all("table")) == len(page.all("caption")) == len(page.all("thead"))
    assert len(page.all("table")) == sum(len(table.panels) for table in whole)
    assert {head.get("scope") for head in page.all("th")} == {"col", "row"}
    columns = sum(len(panel.columns) for table in whole for panel in table.panels)
    assert sum(head["scope"] == "col" for head in page.all("th")) == columns


def test_footnotes_are_linked_both_ways(page):
    idents = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(idents) == len(set(idents))
    links = [attrs["href"] for attrs in page.all("a")]
    assert all(link.startswith("#") and link[1:] in idents for link in links)
    marks = [attrs for attrs in page.all("a") if "id" in attrs]
    notes = [attrs["id"] for attrs in page.all("li") if "id" in attrs]
    assert marks
    assert {attrs["href"][1:] for attrs in marks} == set(notes), "each note has a mark, each mark a note"
    back = [attrs["href"][1:] for attrs in page.all("a") if attrs.get("class") == "back"]
    assert sorted(back) == sorted(attrs["id"] for attrs in marks), "and each mark is linked from its note, once"


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.name)
def test_marks_kinds_and_signatures(table):
    found = Page(to_html(table))
    cells = [cell for panel in table.panels for line in panel.cells for cell in line]
    of = [attrs for attrs in found.all("td") if attrs.get("class") in ("published", "measured", "reproduced", "failed")]
    assert [attrs["class"] for attrs in of] == [cell.kind for cell in cells if cell.kind != "none"]
    assert [attrs.get("title", "") for attrs in of] == [
        cell.signature if cell.signature_id else "" for cell in cells if cell.kind != "none"
    ]
    legend = table.has_marks
    assert len(found.all("strong")) - legend == sum(cell.mark == "best" for cell in cells)
    assert len(found.all("u")) == sum(cell.mark == "second" for cell in cells)


def test_texts_are_escaped():
    evil = '<script>x</script> & "q"'
    cell = Cell("measured", evil, (evil, f"Measured, #x: `{evil}`"), signature=evil)
    text = to_html(
        Table("n 1", evil, (evil,), (Panel(evil, (evil,), (evil,), ((evil, (evil,)),), ((cell,),), (evil,)),))
    )
    assert "<script>" not in text
    assert Page(text).faults == []
    assert evil in unescape(re.sub(r"<[^>]*>", "", text))


@pytest.mark.parametrize("name", ["it's.mp4", 'say "hi".mp4', "a & b.mp4", "two\nlines.mp4", "<b>.mp4", "{{ x }}.mp4"])
def test_file_names_are_printed_as_they_are(name):
    shown = name.replace("\n", r"\n")  # on one line
    cell = Cell("measured", "1.0", (name,), signature=name, signature_id="a")
    page = Page(to_html(Table(name, name, (), (Panel(name, (name,), (name,), (), ((cell,),), ()),))))
    assert page.faults == []
    assert not page.all("b")
    assert [text for text in map(str.strip, page.text) if text == shown] == [
        shown
    ] * 7  # title, heading, caption, row, column, note, signature
    assert [attrs["title"] for attrs in page.all("td") if "title" in attrs] == [shown]


def test_a_template_without_its_values_is_an_error():
    with pytest.raises(UndefinedError, match="'title' is undefined"):
        render("vidmbench.reporting.tables", "page.html", style="", sections=[])


def test_signatures_are_folded_away(tmp_path):
    one = measured()
    text = to_html(build_table(layout_of(tmp_path), [run_of(one)]))
    assert text.index("<details") < text.index(f"<code>{one.signature}</code>") < text.index("</details>")
    assert "VIDM, " not in text.partition("<details")[0]
    assert "Signature: #aaaaaaaa." in text
    assert "vidm (measured): 90.04 [85.0, 99.0]; 256 real and 200 scored clips" in text.replace("16, ", "")
    assert "90.0 [85.0, 99.0]" in text


def test_without_numbers():
    assert "No measured number fits this table." in to_html(Table("t", "T", (), ()))
