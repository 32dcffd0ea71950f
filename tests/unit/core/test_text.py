import pytest

from vidmbench.core.errors import VidmbenchError
from vidmbench.core.text import counted, file_name_problem, printable, shortened


def test_counts_with_their_nouns():
    assert [counted(count, "empty file") for count in (0, 1, 2)] == ["0 empty files", "1 empty file", "2 empty files"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("my gan v2 (ours) [red]", "my gan v2 (ours) [red]"),
        ("Größe 57.4 ± 3.1 → 動画", "Größe 57.4 ± 3.1 → 動画"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("a\nb\r\tc\x0b\x0c\0", r"a\nb\r\tc\x0b\x0c\x00"),
        ("\x9b31m \x85 \x7f", r"\x9b31m \x85 \x7f"),
        ("gan\u202egnp.4pm\u2066", r"gan\u202egnp.4pm\u2066"),
        ("a\u200bb\u2060c\ufeffd\xade", r"a\u200bb\u2060c\ufeffd\xade"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("a\u3164b\u115f\U000e0041", r"a\u3164b\u115f\U000e0041"),
        ("clip-\udcff.mp4 \ud800", r"clip-\xff.mp4 \ud800"),
    ],
)
def test_what_acts_on_a_terminal_or_is_hidden_is_spelled_out(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown


def test_lines_that_the_program_set_stay_lines():
    assert printable("a\n\x1bb", lines=True) == "a\n\\x1bb"


def test_no_name_passes_for_a_part_of_an_error_message():
    error = VidmbenchError(
        "bad \x1b[31m", found="x\n  what to do: remove everything", fix="one of:\n    1. this\n    2. that"
    )
    assert str(error).split("\n") == [
        r"bad \x1b[31m",
        r"  found: x\n  what to do: remove everything",
        "  what to do: one of:",
        "    1. this",
        "    2. that",
    ]


@pytest.mark.parametrize(
    "name", ["20261122T165622613685Z_a_b_t16_43b8129e", "static-of:vidm", "a b", "null", "模型", "x" * 200]
)
def test_names_of_files(name):
    assert file_name_problem(name) == ""


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".x", "a/b", "a\\b", "a\0", "a\n", "CON", "lpt1.json", " a", "a.", "é" * 101]
)
def test_names_that_no_file_should_have(name):
    assert file_name_problem(name)


LONG = "of which nobody needs to know more than this in one line of a log"


@pytest.mark.parametrize(
    ("sentence", "short"),
    [
        ("every value is 0: all frames are black", "every value is 0: all frames are black"),
        (f"no interval: {LONG}", "no interval"),
        (f"few clips (8); {LONG}", "few clips"),
        (f"the sides went through different compression, {LONG}", "the sides went through different compression"),
        (f"something\n {LONG}", "something of which nobody needs to know more than this in…"),
        ("x" * 99, "x" * 59 + "…"),
        ("", ""),
    ],
)
def test_a_long_warning_in_short(sentence, short):
    assert shortened(sentence) == short
    assert len(shortened(sentence)) <= 60
