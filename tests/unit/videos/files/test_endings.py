"""The list of endings, and the page that shows it."""

import re

from support.paths import ROOT

from vidmbench.videos.files.endings import (
    ANIMATION_SUFFIXES,
    ARCHIVE_SUFFIXES,
    ARRAY_SUFFIXES,
    CONTAINER_SUFFIXES,
    LIST_SUFFIXES,
    MAYBE_ANIMATED_SUFFIXES,
    PICTURE_SUFFIXES,
)


def test_the_page_lists_what_is_read():
    page = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
    rows = {
        "one video per file": CONTAINER_SUFFIXES,
        "animations, one video per file": ANIMATION_SUFFIXES | MAYBE_ANIMATED_SUFFIXES,
        "one frame per file, a video per folder": PICTURE_SUFFIXES,
        "all videos in one file": ARRAY_SUFFIXES | ARCHIVE_SUFFIXES,
        "paths, one in each line": LIST_SUFFIXES,
    }
    for row, suffixes in rows.items():
        (cells,) = re.findall(rf"^\| {row} \| (.*) \|$", page, flags=re.MULTILINE)
        assert set(re.findall(r"\.[a-z0-9]+", cells)) == suffixes
