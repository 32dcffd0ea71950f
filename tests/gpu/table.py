"""From results/benchmarks/gpu-NAME.json to the tables of docs/accuracy.md.

PYTHONPATH=.:tests python -m gpu.table writes the page's tables anew.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from gpu.measuring import in_words
from support.paths import ROOT

PAGE = ROOT / "docs" / "accuracy.md"
BENCHMARKS = ROOT / "results" / "benchmarks"
#: What the page shows, in this order; whatever else a file holds stays in the file.
PARTS = ("machine", "parity", "network", "command", "sampling", "training")
_BLOCK = re.compile(r"<!-- (gpu-[a-z0-9-]+): written by `make gpu` -->\n.*?<!-- end -->\n", re.DOTALL)


def table(found: dict[str, Any]) -> str:
    """A line on the card and its program, and one row for each measurement.

    Args:
        found: The file's content.
    """
    about, lines = found["environment"], []
    facts = [about["card"], f"driver {about['driver']}" if about.get("driver") else "", f"PyTorch {about['torch']}"]
    facts += [f"CUDA {about['CUDA']}" if about.get("CUDA") else "", found["date"], f"vidmbench {found['commit']}"]
    lines = [", ".join(fact for fact in facts if fact) + f": {found['command']}. {found.get('note', '')}".rstrip(), ""]
    lines += ["| part | what | found |", "| :-- | :-- | :-- |"]
    for part in PARTS:
        for line, figures in found["parts"].get(part, {}).items():
            lines.append(f"| {part} | {line} | {in_words(figures)} |")
    left_out = [f"{each['part']}, {each['line']} ({each['why']})" for each in found["left_out"]]
    if left_out:
        lines += ["", f"Not measured: {'; '.join(left_out)}."]
    return "\n".join(lines)


def page_with_tables(page: str) -> str:
    """The page with every table of it written anew from its file."""
    return _BLOCK.sub(lambda block: block_of(block[1]), page)


def block_of(name: str) -> str:
    """What the page holds of one file, such as ``gpu-h100``."""
    found = json.loads((BENCHMARKS / f"{name}.json").read_text(encoding="utf-8"))
    assert found["is_measurement"], f"{name} is a rehearsal"
    return f"<!-- {name}: written by `make gpu` -->\n{table(found)}\n<!-- end -->\n"


def shown(page: str) -> list[str]:
    """The files whose tables are on the page."""
    return _BLOCK.findall(page)


def write_page(path: Path = PAGE) -> None:
    """Writes the tables of the page anew."""
    path.write_text(page_with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_page()
    sys.stdout.write(f"{', '.join(shown(PAGE.read_text(encoding='utf-8')))}: {PAGE}\n")
