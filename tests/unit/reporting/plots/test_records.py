"""Pictures of records: which numbers are drawn, where, and with which words."""

import itertools
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from support.figure_texts import caption_of
from support.table_samples import measured, run_of

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.protocols.signature import recipe_without
from vidmbench.records.record import SideRecord
from vidmbench.reporting.plots.controls import rulers_figure, rulers_of
from vidmbench.reporting.plots.fvd_vs_frames import frames_figure, lines_against_frames
from vidmbench.reporting.plots.lettering import label_of, wrapped
from vidmbench.reporting.plots.selection import RecordFilter, chosen_points, level_of
from vidmbench.reporting.plots.style import _COLOURS, COLUMN, look, new_figure, save_figure


def one(value, frames=16, count=64, data="aa", size=32, proto="fvd-vidm-paper", **changes):
    """A measurement whose signature says what it is."""
    real = SideRecord(label="d@test", digest=data, num_videos=count, num_scored=count, size=(size, size))
    long = f"fvd | proto:{proto}.1 | t:{frames} | real:{count} | data:d@test/{size}:{data} | seed:0 | fakes:f | v:1"
    key = f"{proto[-3:]}{frames}-{count}-{data}"
    return measured(key, value, (value - 10, value + 20), frames, signature=long, real=real, num_real=count,
                    num_fake=count, protocol=proto, interval_kind="jackknife-20x20-95",
                    signature_short=f"{proto}.1 t{frames} s1 n{count}/{count} fp32 #{key}", **changes)  # fmt: skip


def run(model, *measurements, number=0, split="test"):
    return run_of(*measurements, model=model, dataset="d", run_id=f"{model}-{number}", split=split)


def bars(axis):
    """Every marker with its bar: label, x, y, half bars below and above, in x or y."""
    found = []
    for drawn in axis.containers:
        line, _, (segments,) = drawn.lines
        for (x, y), ends in zip(np.column_stack(line.get_data()), segments.get_segments(), strict=True):
            along = 0 if ends[0][0] != ends[1][0] else 1
            found.append((float(x), float(y), float(ends[0][along]), float(ends[1][along])))
    return found


def texts(axis):
    return [text.get_text() for text in axis.texts]


def test_the_latest_number_of_a_model_and_signature():
    old, new, other = run("m", one(100)), run("m", one(110), number=1), run("m", one(300, count=256), number=2)
    found = chosen_points([old, new, other], RecordFilter())
    assert [(point.value, point.measurement.num_real) for point in found] == [(110, 64), (300, 256)]
    assert found[0].error == (10, 20)
    assert found[0].data == "d@test, 32 x 32 pixels"


@pytest.mark.parametrize(
    ("wanted", "models"),
    [
        ({"models": ("v*",)}, ["vidm", "vidm-2"]),
        ({"dataset": "d@test/64"}, ["gan"]),
        ({"dataset": "d"}, ["vidm", "vidm-2", "gan"]),
        ({"frames": (64,)}, ["vidm-2"]),
        ({"protocols": ("fvd-digan",)}, ["gan"]),
    ],
)
def test_what_was_asked_for(wanted, models):
    records = [run("vidm", one(1)), run("vidm-2", one(2, frames=64)), run("gan", one(3, size=64, proto="fvd-digan"))]
    assert [point.model for point in chosen_points(records, RecordFilter(**wanted))] == models


def test_failed_numbers_are_not_drawn():
    failed = measured(value=None, interval=None, status="failed", reason="x")
    with pytest.raises(UsageError, match="unknown metric in the records 'fvd'"):
        chosen_points([run("m", failed)], RecordFilter())


def test_nothing_to_draw():
    with pytest.raises(ResultError, match="no records to plot") as error:
        chosen_points([], RecordFilter(where="here"))
    assert (error.value.where, "vidmbench run" in error.value.fix) == ("here", True)
    with pytest.raises(ResultError, match="no record fits this plot") as error:
        chosen_points([run("m", one(1))], RecordFilter(frames=(17,)))
    assert error.value.expected == "metric fvd; frames 17"
    for wanted, name in (({"models": ("mm",)}, "model"), ({"dataset": "e"}, "dataset"), ({"metric": "kvd"}, "metric")):
        with pytest.raises(UsageError, match=f"unknown {name} in the records"):
            chosen_points([run("m", one(1))], RecordFilter(**wanted))


def test_recipes_are_equal_but_for_what_is_named():
    long = "fvd | proto:p.1 | t:16 | data:d@test:ab | seed:0 | fakes:1 | v:1"
    assert recipe_without(long, "t") == "fvd | proto:p.1 | data:ab"
    assert recipe_without(long) == "fvd | proto:p.1 | t:16 | data:ab"
    assert recipe_without(long.replace("d@test", "other"), "t") == recipe_without(long.replace("t:16", "t:64"), "t")
    assert recipe_without(long.replace(":ab", ":cd"), "t") != recipe_without(long, "t")


def test_what_the_bars_are():
    assert level_of(["jackknife-20x20-95", None, "jackknife-20x20-95"]) == "95 % jackknife intervals"
    assert level_of([None]) == "no interval"


def framewise():
    return [
        run("a", one(1000, 16), one(2000, 64), one(3000, 128)),
        run("b", one(100, 16, count=256), one(200, 64), one(300, 128)),
        run("once", one(50, 16)),
        run("a", one(7, 16, data="bb", size=64), number=1),
    ]


def test_lines_break_where_the_recipe_changes():
    plot = lines_against_frames(framewise(), RecordFilter())
    assert [(line.model, [point.value for point in line.points]) for line in plot.lines] == [
        ("a", [1000, 2000, 3000]),
        ("b", [100]),
        ("b", [200, 300]),
    ]
    assert "another data set, not shown: d@test, 64 x 64 pixels (--dataset d@test/64 shows it)" in plot.notes
    assert any("not shown: once" in note for note in plot.notes)


def test_the_points_stand_at_their_frames_and_values():
    figure = frames_figure(lines_against_frames(framewise(), RecordFilter()))
    (axis,) = figure.axes
    found = sorted((round(np.log2(x)), y, low, high) for x, y, low, high in bars(axis))
    assert found == [(4, 100, 90, 120), (4, 1000, 990, 1020), (6, 200, 190, 220), (6, 2000, 1990, 2020),
                     (7, 300, 290, 320), (7, 3000, 2990, 3020)]  # fmt: skip
    assert [text.get_text() for text in axis.get_xticklabels()] == ["16", "64", "128"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("frames of a clip", "FVD (log scale)")
    fills = [drawn.lines[0].get_fillstyle() for drawn in axis.containers]
    assert fills == ["full", "none", "full"]
    caption = caption_of(figure)
    assert "Filled: fvd-vidm-paper.1 s1 n64/64 fp32, d@test, 32 x 32 pixels" in caption
    assert "Open: fvd-vidm-paper.1 s1 n256/256 fp32" in caption
    assert "t64 #per64-64-aa" in caption
    assert "95 % jackknife intervals" in caption
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_other_protocols_are_other_lines():
    records = [run("a", one(100, 16), one(200, 64, proto="fvd-digan"))]
    assert [len(line.points) for line in lines_against_frames(records, RecordFilter()).lines] == [1, 1]


def test_a_model_that_is_named_may_have_one_length():
    plot = lines_against_frames(framewise(), RecordFilter(models=("once", "a")))
    assert [line.model for line in plot.lines] == ["a", "once"]


def test_no_model_at_two_lengths():
    """All are shown, as points without lines, and a note says what would give lines."""
    plot = lines_against_frames([run("a", one(1)), run("b", one(2))], RecordFilter())
    assert sorted(line.model for line in plot.lines) == ["a", "b"]
    assert plot.notes == ("one length only, so no lines: vidmbench run --frames 16,64,128",)


def test_recipes_of_one_length_would_lie_on_each_other():
    records = [run("a", one(1), one(2, proto="fvd-digan")), run("b", one(3))]
    plot = lines_against_frames(records, RecordFilter())
    assert [(line.model, line.points[0].value) for line in plot.lines] == [("b", 3), ("a", 1)]
    assert "not shown: fvd-digan (--protocol shows one)" in plot.notes[-1]
    (asked,) = lines_against_frames(records, RecordFilter(protocols=("fvd-digan",))).lines
    assert asked.points[0].value == 2


def ruled():
    return [
        run("control:real", one(100)),
        run("control:static", one(900)),
        run("vidm", one(300)),
        run("static-of:vidm", one(800)),
        run("lone", one(5000)),
        run("control:noise", one(1500, count=256)),  # another signature: no model there
        run("far", one(40, frames=64)),  # and there no control
    ]


def test_only_one_signature_on_a_ruler():
    (ruler,) = rulers_of(ruled(), RecordFilter())
    assert ruler.signature_id == "per16-64-aa"
    assert [point.model for point in ruler.controls] == ["control:real", "control:static"]
    assert [(model.model, twin and twin.model) for model, twin in ruler.models] == [
        ("vidm", "static-of:vidm"),
        ("lone", None),
    ]
    assert {point.measurement.signature_id for point in ruler.points} == {ruler.signature_id}


def test_marks_markers_and_words_of_a_ruler():
    figure = rulers_figure(rulers_of(ruled(), RecordFilter()))
    (axis,) = figure.axes
    rows = [(y, x, low, high) for x, y, low, high in bars(axis)]
    assert sorted(rows) == [(0, 900, 890, 920), (1, 100, 90, 120), (2, 300, 290, 320), (3, 800, 790, 820),
                            (4, 5000, 4990, 5020)]  # fmt: skip
    assert texts(axis)[::2] == ["static", "real", "vidm", "its static baseline", "lone"]
    assert texts(axis)[1::2] == ["900 [890, 920]", "100 [90, 120]", "300 [290, 320]",
                                 "800 [790, 820]", "5000 [4990, 5020]"]  # fmt: skip
    assert axis.get_title(loc="left") == "16 frames, 64 against 64 clips"
    assert axis.get_xlabel() == "FVD (log scale)"
    fills = {drawn.lines[0].get_ydata()[0]: drawn.lines[0].get_fillstyle() for drawn in axis.containers}
    assert (fills[2], fills[3], fills[4]) == ("full", "none", "full")
    marks = [line for line in axis.lines if line.get_color() == "0.75"]
    assert [tuple(line.get_data()[0]) for line in marks] == [(100, 100), (900, 900)]
    assert "#per16-64-aa" in caption_of(figure)


def test_models_that_are_named_keep_all_controls():
    (ruler,) = rulers_of(ruled(), RecordFilter(models=("lone",)))
    assert [point.model for point in ruler.points] == ["control:real", "control:static", "lone"]


def test_one_ruler_asked_for_by_its_signature():
    (ruler,) = rulers_of(ruled(), RecordFilter(), ["#per64-64-aa"])
    assert [point.model for point in ruler.points] == ["far"]
    with pytest.raises(ResultError, match="no ruler can be made"):
        rulers_of(ruled(), RecordFilter(), ["nothing"])


def test_an_axis_is_linear_where_values_are_near_or_negative():
    near = rulers_of([run("control:real", one(100)), run("m", one(120))], RecordFilter())
    assert rulers_figure(near).axes[0].get_xscale() == "linear"
    negative = rulers_of([run("control:real", one(-1)), run("m", one(120))], RecordFilter())
    assert rulers_figure(negative).axes[0].get_xscale() == "linear"


def test_everything_is_told_apart_without_colour():
    looks = [look(place) for place in range(8)]
    assert len({(one.marker) for one in looks}) == 8
    assert len({(one.colour, one.marker) for one in map(look, range(56))}) == 56


def test_neighbouring_colours_differ_in_grey():
    def grey(colour):
        return float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)))

    lightness = [grey(colour) for colour in _COLOURS]
    assert min(abs(a - b) for a, b in itertools.pairwise(lightness)) > 0.02
    assert max(lightness) < 0.75  # none vanishes on white paper


def test_no_text_is_smaller_than_eight_points():
    from matplotlib.text import Text

    for figure in (
        frames_figure(lines_against_frames(framewise(), RecordFilter())),
        rulers_figure(rulers_of(ruled(), RecordFilter())),
    ):
        assert figure.get_size_inches()[0] == COLUMN
        sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text()]
        assert min(sizes) >= 8


def test_users_settings_neither_change_a_picture_nor_are_changed(monkeypatch):
    import matplotlib

    with matplotlib.rc_context({"font.size": 3.0, "axes.spines.top": True}):
        figure = rulers_figure(rulers_of(ruled(), RecordFilter()))
        assert matplotlib.rcParams["font.size"] == 3.0
    assert figure.axes[0].texts[0].get_fontsize() == 8
    assert not figure.axes[0].spines["top"].get_visible()


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_picture_is_the_same_file(tmp_path, suffix):
    for name in ("a", "b"):
        save_figure(rulers_figure(rulers_of(ruled(), RecordFilter())), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_words_are_broken_at_the_width():
    assert wrapped("one two\nthree", 0.4) == ["one", "two", "three"]
    assert label_of("a-long-name/of_a_model", 0.7) == "a-long-\nname/of_a_\nmodel"
    assert label_of("begin" + "x" * 100 + "end", 0.7, 1) == "begin…xend"
    assert new_figure(2.0, 1.0).get_size_inches().tolist() == [2.0, 1.0]


def test_a_name_with_dollars_is_no_formula(tmp_path):
    name = r"a$\frac$b"
    figure = frames_figure(lines_against_frames([run(name, one(1, frames=16), one(2, frames=64))], RecordFilter()))
    save_figure(figure, tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_a_name_of_controls_and_a_name_without_end(suffix, tmp_path):
    """An escape character makes no XML; a long name is cut off."""
    for number, name in enumerate(("a\x1b[2J\u202e\nb", "x" * 5000)):
        figure = frames_figure(lines_against_frames([run(name, one(1, frames=16), one(2, frames=64))], RecordFilter()))
        save_figure(figure, tmp_path / f"{number}{suffix}")
        data = (tmp_path / f"{number}{suffix}").read_bytes()
        assert b"\x1b[2J" not in data
    if suffix == ".svg":
        for path in tmp_path.glob("*.svg"):
            ElementTree.fromstring(path.read_bytes())
