"""Every kind of figure with few and many models and long names: no words overlap, none are cut off."""

import numpy as np
import pytest
from support.figure_texts import caption_of, faults
from support.table_samples import measured, run_of

from vidmbench.reporting.plots.controls import rulers_caption, rulers_figure, rulers_of
from vidmbench.reporting.plots.conventions import conventions_figure, conventions_of
from vidmbench.reporting.plots.fvd_vs_frames import frames_figure, lines_against_frames
from vidmbench.reporting.plots.lettering import cut_to, label_of, labels_of, width_of, wrapped
from vidmbench.reporting.plots.samples import samples_figure, samples_video
from vidmbench.reporting.plots.selection import RecordFilter
from vidmbench.reporting.plots.timeline import timeline_figure
from vidmbench.reporting.plots.video_inputs import Shown

LONG = (
    "my-very-long-model-name-with-hyphens-and-version-2-finetuned-on-clevrer-256x256-step-400000",
    "my-very-long-model-name-with-hyphens-and-version-2-finetuned-on-clevrer-128x128-step-400000",
    "AnotherModelWithoutAnyHyphenWhoseNameIsVeryLongIndeedAndGoesOnAndOn",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "_folder/of/my/samples/generated_by_the_second_model_2026",
    "vidm",
)
VALUES = (2437.2, 3357.4, 2512.1, 812.3, 96.44, 120345.5)


def run(name, value, *lengths):
    numbers = [
        measured(f"{frames:08d}", value + frames, (value * 0.57, value * 1.44), frames,
                 signature=f"fvd | proto:p.1 | t:{frames} | data:d:ab", interval_kind="jackknife-20x20-95")
        for frames in lengths
    ]  # fmt: skip
    return run_of(*numbers, model=name, run_id=f"r-{name.replace('/', '-')}")


def test_a_ruler_of_six_models_with_long_names():
    runs = [run(name, value, 16) for name, value in zip((*LONG, "control:real"), (*VALUES, 184.9), strict=True)]
    rulers = rulers_of(runs, RecordFilter())
    figure = rulers_figure(rulers)
    assert faults(figure) == []
    names = [text.get_text() for text in figure.axes[0].texts][::2]
    assert len(set(names)) == 7
    assert names[-1] == "vidm"
    assert " vidm is" not in caption_of(figure)
    assert all(name in rulers_caption(rulers).replace("\n", " ") for name in LONG[:2])
    bare = rulers_figure(rulers, "")
    assert caption_of(bare) == ""
    assert bare.get_size_inches()[1] < figure.get_size_inches()[1]


def test_a_number_at_the_end_of_an_axis_is_whole_or_not_there():
    values = (165.0, 1500.0, 2000.0)
    rulers = rulers_of([run(name, value, 16) for name, value in zip("abc", values, strict=True)], RecordFilter())
    for widest in (1900.0, 1950.0, 1999.0, 2000.0, 2050.0):
        figure = rulers_figure(rulers, "")
        figure.axes[0].set_xlim(100.0, widest)
        assert faults(figure) == []


def test_models_without_controls_have_a_ruler():
    (ruler,) = rulers_of([run("a", 100.0, 16), run("b", 120.0, 16)], RecordFilter())
    figure = rulers_figure([ruler])
    assert faults(figure) == []
    assert [text.get_text() for text in figure.axes[0].texts][::2] == ["a", "b"]
    (alone,) = rulers_of([run("a", 100.0, 16)], RecordFilter())
    assert [point.model for point in alone.points] == ["a"]


def test_own_models_without_controls_stand_beside_others_with_controls():
    lone = run("lone", 90.0, 128)
    runs = [run("control:real", 50.0, 16), run("vidm", 80.0, 16), run("a", 100.0, 64), run("b", 120.0, 64), lone]
    assert [len(ruler.points) for ruler in rulers_of(runs, RecordFilter())] == [2, 2]


def test_lines_of_six_models_with_long_names():
    runs = [run(name, value, 16, 17, 18, 128) for name, value in zip(LONG, VALUES, strict=True)]
    figure = frames_figure(lines_against_frames(runs, RecordFilter()))
    assert faults(figure) == []
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(words) == 6  # also the name that begins with an underscore
    assert words[-1].startswith("_folder/of")


def test_conventions_with_long_names_and_counts_of_their_own():
    numbers = [
        measured(f"{index:08d}", 2437.25 + index, (1378.0, 123496.0), protocol=name, num_real=216 + index)
        for index, name in enumerate(("fvd-common-metrics", "fvd-tats", *LONG[:2]))
    ]
    assert faults(conventions_figure(conventions_of([run_of(*numbers)], "here"))) == []


@pytest.mark.parametrize("make", [samples_figure, timeline_figure])
def test_flat_videos_with_long_names(make):
    video = np.random.default_rng(0).integers(0, 256, (40, 8, 64, 3), dtype=np.uint8)
    figure = make([Shown(name, (video,)) for name in LONG], 1, "What this is. " * 20)
    assert faults(figure) == []


def test_a_label_without_end_does_not_widen_a_film_without_end():
    film = samples_video([Shown("x" * 5000, (np.zeros((1, 8, 8, 3), np.uint8),))])
    assert film.shape[2] < 400


def test_labels_keep_both_ends_and_differ():
    labels = labels_of([(name, 0.8) for name in LONG], 1)
    assert len(set(labels.values())) == len(LONG)
    assert labels[LONG[0]].startswith("my-")
    assert all(width_of(label) <= 0.8 for label in labels.values())
    assert label_of("short", 0.8) == "short"
    assert cut_to("abcdefghij", 5, len) == "ab…ij"


def test_lines_keep_their_width_and_all_their_letters():
    text = f"A caption. {' '.join(LONG)} The end."
    lines = wrapped(text, 3.0)
    assert all(width_of(line) <= 3.0 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
