"""Notebooks are stored without outputs, and they only plot. That they run is told by nbmake, which runs them all."""

import ast
import json
import re
from fnmatch import fnmatchcase

import nbformat
import pytest
from notebooks.stored import NOTEBOOKS, faults, stored

# What a notebook may import and what it may take of vidmbench itself: numbers and pictures of them. No torch, nothing
# that scores, and no pyplot, which would keep figures open.
ALLOWED = (
    "IPython.display.*",
    "numpy",
    "pandas",
    "pathlib.Path",
    "vidmbench",
    "vidmbench.check.golden.load_golden",
    "vidmbench.load_protocol",
    "vidmbench.load_results",
    "vidmbench.reporting.plots.*.*",
    "vidmbench.protocols.protocol.*",
    "vidmbench.records.published.*",
    "vidmbench.records.record.read_*",
    "vidmbench.core.resources.*",
    "vidmbench.reporting.tables.build.*",
)
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells_of(path):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def beyond_plotting(code):
    """What of a cell does more than plot, a line each."""
    commands = re.findall(r"^\s*[%!?].*", code, flags=re.MULTILINE)
    found = [command for command in commands if command != "%matplotlib inline"]
    for node in ast.walk(ast.parse(re.sub(r"^\s*[%!?].*", "", code, flags=re.MULTILINE))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "vidmbench":
            names = [f"vidmbench.{node.attr}"]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # A picture is made by a function, so that the style holds while it is made.
            found += [] if [ast.unparse(one) for one in node.decorator_list] == ["styled"] else [node.name]
        found += [name for name in names if not any(fnmatchcase(name, pattern) for pattern in ALLOWED)]
    return found


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"figures", "compare_two_models", "study_a_protocol"}


@every_notebook
def test_stored_without_outputs(path):
    found = faults(path.read_text(encoding="utf-8"))
    assert not found, f"{path.name}: {'; '.join(found)}. Mend it: make notebooks"


@every_notebook
def test_is_a_valid_notebook(path):
    nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))


@every_notebook
def test_only_plots(path):
    found = [
        f"cell {cell['id']}: {what}" for cell in cells_of(path) for what in beyond_plotting("".join(cell["source"]))
    ]
    assert not found, f"{path.name} does more than plot: {'; '.join(found)}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]}, "has outputs"),
        ({"execution_count": 3}, "has execution_count"),
        ({"metadata": {"execution": {"iopub.status.busy": "2026-01-01T00:00:00Z"}}}, "has metadata"),
    ],
    ids=["output", "count", "times"],
)
def test_what_a_run_leaves_is_found_and_mended(change, told):
    clean = NOTEBOOKS[0].read_text(encoding="utf-8")
    notebook = json.loads(clean)
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell.update(change)
    run = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    assert faults(run) == [f"cell {cell['id']} {told}"]
    assert stored(run) == clean


def test_metadata_of_another_kernel_and_another_form_are_found():
    clean = NOTEBOOKS[0].read_text(encoding="utf-8")
    notebook = json.loads(clean)
    assert faults(json.dumps(notebook)) == ["written in another form"]
    notebook["metadata"]["language_info"]["version"] = "3.11.7"
    assert faults(json.dumps(notebook, indent=1))[0].startswith("metadata other than")


@pytest.mark.parametrize(
    "code",
    [
        "import torch",
        "from torch import nn",
        "import matplotlib.pyplot as plt",
        "from vidmbench import score",
        "import vidmbench\nvidmbench.score('a', 'b')",
        "from vidmbench.evaluation.api import score_all",
        "from vidmbench.metrics import frechet_distance",
        "def distance(a, b):\n    return abs(a - b)",
        "class Helper:\n    pass",
        "%pip install seaborn",
        "!vidmbench run --model vidm --dataset clevrer-mini --frames 16",
    ],
)
def test_more_than_plotting_is_found(code):
    assert beyond_plotting(code)
