"""``vidmbench plot``: every kind writes its picture, and every mistake is told in one message."""

import numpy as np
import pytest
from PIL import Image

from vidmbench.videos import inspect_video

FROM_RECORDS = ("fvd-vs-frames", "controls", "ablation")


@pytest.fixture
def fakes(folder, clips):
    np.save(folder / "fake.npy", clips[:3])
    return folder / "fake.npy"


@pytest.mark.parametrize("kind", FROM_RECORDS)
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_committed_records_are_drawn_in_every_format(command, folder, kind, suffix):
    outcome = command("plot", kind, "--out", f"new/{kind}.{suffix}")  # the folder is made, as by other commands
    assert (outcome.code, outcome.out) == (0, f"new/{kind}.{suffix}\n")
    begin = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert (folder / "new" / f"{kind}.{suffix}").read_bytes().startswith(begin)
    assert [path.name for path in (folder / "new").iterdir()] == [f"{kind}.{suffix}"]


@pytest.mark.parametrize("kind", FROM_RECORDS)
def test_no_caption_and_json(command, folder, kind):
    whole = command("plot", kind, "--json", "--out", "whole.png")
    bare = command("plot", kind, "--no-caption", "--out", "bare.png")
    assert (whole.code, bare.code, bare.out) == (0, 0, "bare.png\n")
    assert whole.json["picture"] == "whole.png"
    assert whole.json["caption"].replace("\n", "\ncaption: ") in bare.err
    with Image.open(folder / "whole.png") as high, Image.open(folder / "bare.png") as low:
        assert high.height > low.height
    text = str(whole.json)
    assert "control:real" in text or kind == "ablation"
    assert "interval" in text


def test_what_is_left_out_is_told(command):
    outcome = command("plot", "fvd-vs-frames")
    assert outcome.out == "runs/fvd-vs-frames.png\n"
    assert "note: another data set, not shown: clevrer-mini@test, 64 x 64 pixels" in outcome.err
    outcome = command("plot", "controls", "--frames", "64", "--model", "vidm*")
    assert "without a static baseline: vidm-motion-no-implicit-condition" in outcome.err
    assert command("plot", "controls", "--frames", "16", "--model", "vidm").err == ""


@pytest.mark.usefixtures("fake_network")
def test_own_records_are_drawn_beside_committed_ones(command, real, fakes, monkeypatch):
    import vidmbench.reporting.plots.conventions as drawn

    asked = []
    make = drawn.conventions_figure
    monkeypatch.setattr(drawn, "conventions_figure", lambda plot, text: asked.append(plot) or make(plot, text))
    given = ("compare", real, fakes, "--frames", 16, "--protocol", "fvd-stylegan-v", "--protocol", "kvd-tats")
    assert command(*given, "--out", "pair").code == 0
    outcome = command("plot", "conventions", "--runs", "pair", "--out", "pair.svg")
    assert (outcome.code, outcome.out) == (0, "pair.svg\n")
    assert [(scale.title, len(scale.bars)) for scale in asked[0].scales] == [("FVD", 1), ("KVD", 1)]
    assert (asked[0].real, asked[0].fake) == ("real.npy", "fake.npy")


def test_a_contact_sheet(command, folder, real, fakes):
    outcome = command("plot", "samples", real, f"gan={fakes}", "control:static", "--videos", "0,2", "--out", "s.png")
    assert (outcome.code, outcome.out, outcome.err) == (0, "s.png\n", "")
    listed = command("plot", "timeline", real, fakes, "--frames", 9, "--json", "--out", "t.png")
    assert [len(source["change_since_frame_0"]) for source in listed.json["sources"]] == [8, 8]
    assert listed.json["sources"][0]["videos"][0]["frames"] == 9
    with Image.open(folder / "s.png") as picture:
        assert picture.width == 1540  # seven inches


@pytest.mark.parametrize("suffix", ["mp4", "gif"])
def test_a_labelled_video(command, folder, real, fakes, suffix):
    outcome = command("plot", "samples", real, fakes, "--frames", 12, "--fps", 5, "--out", f"new/s.{suffix}")
    assert (outcome.code, outcome.out) == (0, f"new/s.{suffix}\n")
    facts = inspect_video(folder / "new" / f"s.{suffix}")
    assert facts.num_frames == 12
    assert (facts.height, facts.width) == (28 + 2 * 140, 2 * 140)


def test_a_timeline_says_where_a_video_is_short(command, folder, real, fakes):
    outcome = command("plot", "timeline", real, fakes, "--frames", 32, "--video", 1, "--out", "t.png")
    assert (outcome.code, outcome.out) == (0, "t.png\n")
    assert "note: real.npy has only 16 of 32 frames" in outcome.err
    assert (folder / "t.png").is_file()


def test_the_fit_in_one_over_n_is_that_of_infinity(command, folder):
    sources = ("dataset:clevrer-mini@test", "dataset:clevrer-mini@train", "--frames", 16)
    plans = [command(*words, *sources, "--dry-run").out for words in (("plot", "fvd-vs-n"), ("infinity",))]
    assert plans[0] == plans[1] != ""
    command("plot", "fvd-vs-n", *sources, "--num-videos", 8).fails("1024")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("control",), ("unknown kind of plot 'control'", "did you mean controls?", "expected: one of ablation")),
        (("controls", "--out", "x.jpg"), ("unknown figure format", ".png, .svg or .pdf", "x.jpg")),
        (("samples", "REAL", "--out", "x.avi"), ("unknown figure format", ".pdf, .mp4 or .gif")),
        (("timeline", "REAL", "--out", "x.mp4"), ("unknown figure format",)),
        (("controls", "--out", "file/x.png"), ("the output folder is a file", "where: file")),
        (("samples", "REAL", "--out", "file/x.png"), ("the output folder is a file",)),
        (("ablation", "--out", "folder.png"), ("--out must be a file, not a folder",)),
        (("controls", "--own"), ("no records to plot", "where: runs", "vidmbench run")),
        (("controls", "--runs", "nowhere"), ("no such folder of records", "nowhere")),
        (("conventions",), ("no record of several protocols", "vidmbench compare REAL FAKE")),
        (("controls", "--frames", "17"), ("no record fits this plot", "frames 17")),
        (("controls", "--frames", "many"), ("--frames takes whole numbers", "many")),
        (("controls", "--signature", "12345678"), ("no ruler can be made of these records", "12345678")),
        (("fvd-vs-frames", "--model", "vdm"), ("unknown model in the records 'vdm': did you mean vidm?",)),
        (("fvd-vs-frames", "--dataset", "clever-mini"), ("did you mean clevrer-mini",)),
        (("fvd-vs-frames", "--metric", "fdv"), ("unknown metric in the records 'fdv': did you mean fvd?",)),
        (("samples", "nowhere"), ("nowhere",)),
        (("samples", "REAL", "--videos", "0,5"), ("no such video", "videos 0 to 4", "found: 5")),
        (("samples", "REAL", "--videos", "-1"), ("--videos takes whole numbers",)),
        (("samples", "REAL", "--every", "2", "--out", "x.gif"), ("--every is for figures",)),
        (("samples", "control:static"), ("a control is made from the real side",)),
        (("samples", "REAL", "control:statik"), ("unknown control 'statik': did you mean static",)),
        (("timeline", "x=", "REAL"), ("expected LABEL=SOURCE",)),
    ],
    ids=" ".join,
)
def test_mistakes(command, folder, real, words, said):
    (folder / "file").touch()
    (folder / "folder.png").mkdir()
    command("plot", *(real if word == "REAL" else word for word in words)).fails(*said)
    assert not list(folder.rglob("*.png.*"))


def test_records_of_another_kind_only(command, folder, real):
    """None of a user's own records fits; the message says what would."""
    from support.table_samples import measured, run_of

    from vidmbench.records.record import write_record

    write_record(run_of(measured(metric="kvd")), folder / "runs")
    command("plot", "controls", "--own").fails("unknown metric in the records 'fvd'", "expected: one of kvd")
    command("plot", "ablation", "--own").fails("no record is of a row of the ablation", "vidm-motion-vanilla")
    lone = command("plot", "controls", "--own", "--metric", "KVD")
    assert lone.code == 0
    assert "note: without controls, which would say what a number means: #aaaaaaaa" in lone.err


def test_a_score_map_and_its_numbers(command, folder, real, fake_network, clips):
    np.save(folder / "six.npy", np.concatenate([clips, clips[:1]]))
    np.save(folder / "twelve.npy", np.concatenate([np.load(real), clips[:, ::-1], np.load(real)[:2, ::-1]]))
    asked = ("plot", "score-map", "twelve.npy", "six.npy", "--frames", "16", "--num-real", "12", "--num-fake", "6")
    outcome = command(*asked, "--out", "map.png", "--json")
    assert outcome.code == 0, outcome.err
    shares = [video["realism"] is None or video["realism"] >= 1 for video in outcome.json["videos"]]
    assert sum(shares) / 6 == outcome.json["value"]
    assert (folder / "map.png").stat().st_size > 10_000
    assert command(*asked, "--out", "map.svg").out == "map.svg\n"
    command(*asked, "--protocol", "fvd-tats").fails("no score for each video", "--protocol prdc-i3d")
