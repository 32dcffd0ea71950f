"""Tables in LaTeX: escaping, structure, and, where there is a pdflatex, that they compile."""

import re
import shutil
import subprocess

import pytest
from support.own_records import own, two_models
from support.table_samples import layout_of, measured, run_of

from vidmbench.core import resources
from vidmbench.reporting.tables.build import build_table, layout_names, load_layout, printed
from vidmbench.reporting.tables.latex import to_latex
from vidmbench.reporting.tables.latex_text import escaped
from vidmbench.reporting.tables.own import own_table
from vidmbench.reporting.tables.values import Cell, Panel, Table


def lacking():
    """Why nothing can be compiled here; empty where it can."""
    if not (shutil.which("pdflatex") and shutil.which("kpsewhich")):
        return "no pdflatex on this machine"
    found = subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True)
    return "" if found.returncode == 0 else "pdflatex without booktabs on this machine"


needs_latex = pytest.mark.skipif(bool(lacking()), reason=lacking() or "all is there")
HOSTILE = (
    r"""[a] * 50% & x_y #1 $ {b} \c ~ "q" | < > ± † ‡ ↓ ↑ → – — … ¿ é Ø ß ŋ 漢 --opt FVD^16 `code_1 | a:b --c^2` ^ `"""
)


def compiled(folder, *fragments, columns="onecolumn"):
    """The log of a run, in the plainest document there is."""
    body = "\n\\clearpage\n".join(fragments)
    head = f"\\documentclass[{columns}]{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n"
    text = f"{head}{body}\n\\end{{document}}\n"
    (folder / "x.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "x.tex"],
        cwd=folder,
        capture_output=True,
        timeout=120,
    )
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    assert (folder / "x.pdf").is_file()
    return log


def own_tables():
    """Two models; and many of long names, with everything that can differ, over several columns."""
    long = "a_model_whose_name_holds_its_whole_configuration_and_then_some_epoch_00012000"
    records = [
        own(f"{long}_{at}" if at % 2 else f"m{at}", 500.0 + at, None if at % 3 == 0 else 50.0, count=20 + at % 4,
            frames=frames, signature_id=f"{frames}{at % 4:06d}", protocol=protocol, warnings=(f"{long} {at}",))
        for at in range(3) for frames in (16, 64) for protocol in ("fvd-vidm-paper", "a-protocol-of-a-long-name.toml")
    ]  # fmt: skip
    return [own_table(two_models()), own_table(records)]


@needs_latex
@pytest.mark.parametrize("columns", ["onecolumn", "twocolumn"])
def test_all_tables_compile_and_fit_one_column_and_two(columns, tmp_path):
    folder = resources.results_dir() / "tables"
    texts = [(folder / f"{name}.tex").read_text(encoding="utf-8") for name in layout_names()]
    texts += [to_latex(table, signatures=True) for table in own_tables()]
    log = compiled(tmp_path, *texts, columns=columns)
    assert "Overfull" not in log
    assert "Float too large" not in log
    assert "undefined" not in log.replace("There were undefined references", "")


def test_floats_hold_their_notes_and_no_paragraph_is_empty():
    for table in (*own_tables(), *(build_table(load_layout(name)) for name in layout_names())):
        text = to_latex(table) if table.panels else ""
        floats = re.findall(r"\\begin\{table\*?\}.*?\\end\{table\*?\}", text, flags=re.S)
        assert len(floats) == len(table.panels)
        assert all("\n\n" not in one and not re.search(r"^\s*\\par$", one, flags=re.M) for one in floats)
        outside = re.sub(r"\\begin\{table\*?\}.*?\\end\{table\*?\}", "", text, flags=re.S)
        assert all(line.startswith("%") for line in outside.splitlines() if line), "all is in the floats"
        assert not re.search(r"\\caption\{Table \d", text)


@needs_latex
def test_hostile_texts_compile(tmp_path):
    cell = Cell("published", HOSTILE, (HOSTILE,), mark="best")
    panel = Panel(HOSTILE, (HOSTILE, "*", "[x]"), (HOSTILE,), ((HOSTILE, (HOSTILE,)),), ((cell,),) * 3, (HOSTILE,))
    compiled(tmp_path, to_latex(Table("n_1", HOSTILE, (HOSTILE,), (panel,))), to_latex(Table("e", "E", (), ())))


@needs_latex
def test_the_compiler_would_complain(tmp_path):
    """The twin: text that is not escaped is refused, and a wide line is seen."""
    with pytest.raises(AssertionError):
        compiled(tmp_path, "50 & x_y")
    assert "Overfull" in compiled(tmp_path, r"\noindent\begin{tabular}{l}" + "W" * 90 + r"\end{tabular}")


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("50% & x_y #1 $", r"50\% \& x\_y \#1 \$"),
        ("a{b}\\", r"a\{b\}\textbackslash{}"),
        ("FVD^16 ↓", r"FVD\textsuperscript{16}~$\downarrow$"),
        ("8.31±.09", r"8.31$\pm$.09"),
        ("VIDM†, DIGAN‡", r"VIDM$\dagger$, DIGAN$\ddagger$"),
        ("see `a_b | c`", r"see \texttt{a\_b | c}"),
        ("[54.0, 62.0]", "{[}54.0, 62.0]"),
        ("--frames", "-{}-frames"),
        ("2–3", "2--3"),
        ("漢", "U+6F22"),
    ],
)
def test_escaping(text, latex):
    assert escaped(text) == latex


def grids(text):
    """The lines of each tabular, cut at the ampersands."""
    found = re.findall(r"\\begin\{tabular\}.*?\\end\{tabular\}", text, flags=re.S)
    return [
        [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in grid.splitlines() if line.endswith(r"\\")]
        for grid in found
    ]


@pytest.mark.parametrize("name", ["table1", "table2", "table3"])
def test_all_numbers_stand_as_printed_and_lines_are_of_one_length(name):
    table = build_table(load_layout(name))
    text = to_latex(table)
    assert len(grids(text)) > len(table.panels) if name != "table3" else len(grids(text)) == len(table.panels)
    for grid in grids(text):
        assert len({len(line) for line in grid}) == 1
    cells = [part for grid in grids(text) for line in grid for part in line]
    plain = sorted(re.sub(r"\\textsuperscript\{[^}]*\}|\\textbf|\\underline|[{} ]", "", part) for part in cells)
    for panel in table.panels:
        for line in panel.cells:
            for cell in line:
                assert cell.text.replace("±", r"$\pm$").replace(" ", "") in plain
    assert text.count(r"\textbf{") == sum(
        cell.mark == "best" for panel in table.panels for line in panel.cells for cell in line
    )


def test_every_mark_has_its_note_in_reading_order():
    text = to_latex(build_table(load_layout("table1")))
    notes = [int(number) for number in re.findall(r"^    \\textsuperscript\{(\d+)\}\\,", text, flags=re.M)]
    assert notes == [1, 2, 3, 4]
    used = [
        int(n) for grid in grids(text) for line in grid for part in line[1:] for n in re.findall(r"script\{(\d+)", part)
    ]
    assert list(dict.fromkeys(used)) == notes


def test_measured_numbers_with_interval_and_signature(tmp_path):
    one = measured()
    table = build_table(layout_of(tmp_path), [run_of(one, measured(value=90.0, interval=(85.0, 95.0), frames=128))])
    text = to_latex(table, signatures=True).replace(r"\allowbreak{}", "")
    assert one.signature not in to_latex(table)
    assert "90.0 {[}85.0, 99.0]" in text
    assert r"90.0 $\pm$ 5.0" in text
    assert escaped(f"`{one.signature}`") in text
    assert "vidm (measured)" in text


def test_many_notes_are_given_as_ranges():
    cells = ((Cell("published", "1", tuple("abcd")), Cell("published", "2", tuple("abdef"))),)
    text = to_latex(Table("t", "T", (), (Panel("p", ("r",), ("c", "d"), (), cells, ()),)))
    assert r"1\textsuperscript{1--4} & 2\textsuperscript{1,2,4--6}" in text


def test_the_only_package_is_named():
    text = to_latex(build_table(load_layout("table1")))
    assert re.findall(r"\\usepackage\{(\w+)\}", text) == ["booktabs"]
    assert r"\documentclass" not in text
    assert printed([build_table(load_layout(name)) for name in ("1", "2")], "latex").count("\\usepackage") == 2
