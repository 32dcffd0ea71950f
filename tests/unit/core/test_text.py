from vidmbench.core.text import counted


def test_counts_with_their_nouns():
    assert [counted(count, "empty file") for count in (0, 1, 2)] == ["0 empty files", "1 empty file", "2 empty files"]
