"""``vidmbench plot horizon``, from videos to the figure, the tables and the messages."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

PROTOCOLS = "psnr-common-metrics,ssim-scikit-image"
_WRITTEN: dict[str, str] = {}  # by the first test that needs them


@pytest.fixture
def scored(command, folder, real):
    """Records of two models and a control against five videos, the first four frames given."""
    targets = np.load(real)
    noise = np.random.default_rng(0).normal(size=targets.shape)
    for name, growth in (("good", 1), ("bad", 8)):
        frames = np.arange(16)[:, None, None, None]
        np.save(folder / f"{name}.npy", np.clip(targets + growth * (frames + 1) * noise, 0, 255).astype(np.uint8))
    runs = folder / "runs"
    if not _WRITTEN:
        for fake in ("good.npy", "bad.npy", "control:static"):
            outcome = command("score", real, fake, "--protocol", PROTOCOLS, "--context", 4, "--out", "runs")
            assert outcome.code == 0, outcome.err
        _WRITTEN.update({path.name: path.read_text() for path in runs.glob("*.json")})
    runs.mkdir(exist_ok=True)
    for name, text in _WRITTEN.items():
        (runs / name).write_text(text)
    return sorted(_WRITTEN)


def test_from_videos_to_the_figure_and_its_numbers(command, folder, scored):
    outcome = command("plot", "horizon", *(f"runs/{name}" for name in scored), "--out", "new/h.png")
    assert outcome.code == 0, outcome.err
    assert outcome.out.endswith("\nnew/h.png\n")
    assert "PSNR ↑ · real.npy · frames 5 to 16 of 16 (4 given) · N = 5 · psnr-common-metrics #" in outcome.out
    assert "Worse than static" in outcome.out
    assert outcome.err == ""
    whole = command("plot", "horizon", "runs", "--json", "--out", "whole.svg").json
    panel = whole["panels"][0]
    assert [panel["metric"] for panel in whole["panels"]] == ["psnr", "ssim"]
    assert [curve["model"] for curve in panel["curves"]] == ["good.npy", "bad.npy", "control:static"]
    assert panel["frame_numbers"] == list(range(5, 17))
    records = [json.loads((folder / "runs" / name).read_text()) for name in scored]
    for record, curve in zip(records, panel["curves"], strict=True):
        (item,) = (item for item in record["measurements"] if item["metric"] == "psnr")
        assert curve["values"] == item["by_frame"]["values"]
        assert curve["mean"]["value"] == pytest.approx(item["value"], rel=1e-6)
        assert curve["mean"]["interval"] == pytest.approx(item["interval"], rel=1e-5)
    worse = [curve["first_worse_than_static"] for curve in panel["curves"]]
    assert worse[1] is not None
    assert worse[1] <= (worse[0] or 16)
    assert whole["picture"] == "whole.svg"


def test_tables_of_all_frames(command, folder, scored):
    outcome = command("plot", "horizon", "runs", "--protocol", "psnr-*", "--out", "h.csv")
    assert (outcome.code, outcome.err) == (0, "")
    lines = list(csv.DictReader((folder / "h.csv").read_text().splitlines()))
    assert len(lines) == 3 * 12
    assert {line["metric"] for line in lines} == {"psnr"}
    assert all(float(line["low"]) < float(line["value"]) < float(line["high"]) for line in lines)
    assert command("plot", "horizon", "runs", "--out", "h.md").code == 0
    text = (folder / "h.md").read_text()
    assert "| Frame |" in text
    assert text.count("\n|    16 |") == 2
    assert command("plot", "horizon", "runs", "--json", "--out", "h.md").json["file"] == "h.md"


def test_a_caption_for_a_paper(command, folder, scored):
    whole = command("plot", "horizon", "runs", "--out", "whole.png")
    bare = command("plot", "horizon", "runs", "--no-caption", "--out", "bare.png")
    assert (whole.err, bare.code) == ("", 0)
    assert "caption: Bands: 95 % t intervals of the mean over videos." in bare.err
    with Image.open(folder / "whole.png") as high, Image.open(folder / "bare.png") as low:
        assert high.height > low.height


def test_records_that_do_not_compare(command, folder, real, scored):
    command("score", real, "good.npy", "--protocol", "psnr-common-metrics", "--out", "other")
    command("plot", "horizon", "runs", "other").fails("do not compare", "--context 4 against none")
    command("score", "good.npy", "bad.npy", "--protocol", PROTOCOLS, "--context", 4, "--out", "third")
    command("plot", "horizon", "runs", "third").fails("do not compare", "real videos")
    path = folder / "runs" / scored[0]
    content = json.loads(path.read_text())
    for item in content["measurements"]:
        del item["by_frame"]
    del content["digest"]
    (folder / "old.json").write_text(json.dumps(content))
    command("plot", "horizon", "old.json").fails("made before curves were stored", "where: old.json", "vidmbench score")
    path.write_text(path.read_text().replace('"first_frame": 5', '"first_frame": 4', 1))
    command("plot", "horizon", "runs").fails("changed after it was written")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ("RECORD",)),
        (("nowhere.json",), ("nowhere.json",)),
        (("nowhere",), ("nowhere",)),
        (("empty",), ("a folder without records of full-reference metrics", "0 other records", "vidmbench score")),
        (("x.json", "--out", "h.jpg"), ("unknown figure format", ".pdf, .csv or .md", "h.jpg")),
        (("x.json", "--out", "empty.csv"), ("--out must be a file",)),
        (("x.json", "--out", "h.csv", "--no-caption"), ("--no-caption is for figures",)),
        (("x.json", "--frames", "many"), ("--frames takes whole numbers",)),
        (("x.json", "--runs", "nowhere"), ("no such folder of records",)),
    ],
    ids=" ".join,
)
def test_mistakes(command, folder, words, said):
    (folder / "empty").mkdir()
    (folder / "empty.csv").mkdir()
    command("plot", "horizon", *words).fails(*said)


def test_the_difference_of_two_records_names_no_curve_number_by_number(command, scored):
    outcome = command("results", "diff", *(f"runs/{name}" for name in scored[:2]))
    assert outcome.out.count("value by_frame: the curves differ; vidmbench plot horizon A B shows them") == 2
    assert "half_widths" not in outcome.out
