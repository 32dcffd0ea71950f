"""The committed tables are what the data give."""

import pytest

from vidmbench.core import resources
from vidmbench.reporting.tables.build import SUFFIXES, layout_names, write_all_tables

COMMITTED = resources.results_dir() / "tables"
REGENERATE = "run `python -m vidmbench.reporting.tables.build` and commit results/tables"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_all_tables(folder)
    return folder


@pytest.mark.parametrize("suffix", SUFFIXES.values())
@pytest.mark.parametrize("name", layout_names())
def test_committed_table_is_up_to_date(name, suffix, fresh):
    committed = COMMITTED / f"{name}.{suffix}"
    assert committed.is_file(), f"{committed.name} is missing: {REGENERATE}"
    same = committed.read_bytes() == (fresh / committed.name).read_bytes()
    assert same, f"{committed.name} does not follow from the data: {REGENERATE}"


def test_no_table_is_left_over(fresh):
    left_over = {path.name for path in COMMITTED.iterdir()} - {path.name for path in fresh.iterdir()}
    assert not left_over, f"no layout makes {left_over}: remove them, or {REGENERATE}"


@pytest.mark.parametrize("name", ["table1", "table2", "table3"])
def test_grids_fit_a_terminal_of_100_columns(name, fresh):
    grid = [line for line in (fresh / f"{name}.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert grid
    assert max(map(len, grid)) <= 100
