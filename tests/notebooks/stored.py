"""How notebooks are stored: without outputs, and with no more metadata than a kernel needs.

``python tests/notebooks/stored.py``, or ``make notebooks``, writes those of results/notebooks so.
"""

import json
from pathlib import Path

NOTEBOOKS = sorted((Path(__file__).parents[2] / "results" / "notebooks").glob("*.ipynb"))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def stored(text: str) -> str:
    """A notebook as it is stored."""
    notebook = json.loads(text)
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = {}
        cell.setdefault("id", f"cell-{number}")
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    notebook |= {"metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def faults(text: str) -> list[str]:
    """What of a notebook is not as it is stored, a line a fault."""
    notebook = json.loads(text)
    found = []
    for cell in notebook["cells"]:
        name = f"cell {cell.get('id', 'without an id')}"
        found += [f"{name} has {key}" for key in ("outputs", "execution_count", "metadata") if cell.get(key)]
    if notebook["metadata"] != METADATA:
        found.append(f"metadata other than {METADATA}")
    if not found and text != stored(text):
        found.append("written in another form")
    return found


if __name__ == "__main__":
    for path in NOTEBOOKS:
        path.write_text(stored(path.read_text(encoding="utf-8")), encoding="utf-8")
