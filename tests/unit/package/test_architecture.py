"""docs/architecture.md lists the rooms and files that there are, and the contract names every room once."""

import re

from support import architecture


def test_the_page_lists_the_rooms_and_files_that_there_are():
    page = architecture.PAGE.read_text(encoding="utf-8")
    assert page.count(architecture.BEGIN) == page.count(architecture.END) == 1
    assert architecture.written(page) == page, (
        f"`{architecture.COMMAND}` writes these lines:\n\n{architecture.listing()}"
    )


def test_a_file_that_is_not_on_the_page_is_noticed():
    page = architecture.PAGE.read_text(encoding="utf-8")
    outdated = re.sub(r"\bfeature_cache\b", "", page, count=1)  # wherever in a line it stands
    assert outdated != page
    assert architecture.written(outdated) == page


def test_the_contract_names_every_room_once():
    named = [room for floor in architecture.floors() for room in floor]
    assert sorted(named) == sorted(architecture.rooms())


def test_the_package_holds_rooms_and_nothing_else():
    others = {path.name for path in architecture.PACKAGE.iterdir()} - architecture.rooms()
    assert others - {"__pycache__"} == {"__init__.py", "__main__.py", "py.typed"}


def test_every_room_says_what_it_is_for():
    for line in architecture.listing().splitlines():
        if line.split()[0].endswith("/") or line.strip()[:1].isdigit():
            assert line.rstrip().endswith("."), line
