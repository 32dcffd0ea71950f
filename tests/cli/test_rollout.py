"""``vidmbench rollout`` and ``plot rollout``: known drifts, tables, figures, records and messages."""

import csv
import json
import re
from functools import cache

import numpy as np
import pytest
from PIL import Image

FRAMES, ONSET, WINDOW, VIDEOS = 36, 18, 9, 5
# Where each drift must be seen to begin, and by which curves.
SEEN_BY = {
    "bright": ("fvd", "feature-similarity", "colour-similarity"),
    "zoom": ("fvd",),
    "freeze": ("flicker",),
    "noise": ("flicker",),
}


@cache
def videos(seed):
    """Five videos of bars that move to the right, uint8 (5, 36, 24, 24, 3)."""
    random = np.random.default_rng(seed)
    across = np.arange(24)[None, None, None, :, None]
    frame = np.arange(FRAMES)[None, :, None, None, None]
    phase = random.uniform(0, 6, (VIDEOS, 1, 1, 1, 3))
    down = random.uniform(0.5, 1.0, (VIDEOS, 1, 24, 1, 1))
    return (100 + 60 * down * np.sin(across / 3 - frame / 2 + phase)).astype(np.uint8)


def drifted(name):
    """Other videos whose frames from ONSET on drift more and more."""
    frames = videos(1).astype(float)
    since = np.maximum(np.arange(FRAMES) - ONSET + 1, 0)
    by_frame = since[None, :, None, None, None]
    if name == "bright":
        frames += 3 * by_frame
    elif name == "noise":
        frames += by_frame * np.random.default_rng(2).normal(size=frames.shape)
    elif name == "freeze":
        frames = frames[:, np.minimum(np.arange(FRAMES), ONSET)]
    elif name == "zoom":
        for number, steps in enumerate(since):
            places = np.round(12 + (np.arange(24) - 12) / (1 + steps)).astype(int)
            frames[:, number] = frames[:, number][:, places][:, :, places]
    return np.clip(frames, 0, 255).astype(np.uint8)


@pytest.fixture
def sides(folder, fake_network):
    np.save(folder / "real.npy", videos(0))
    for name in SEEN_BY:
        np.save(folder / f"{name}.npy", drifted(name))
    np.save(folder / "steady.npy", videos(1))
    return fake_network


RECORDS: dict[str, str] = {}


@pytest.fixture
def runs(command, sides, folder):
    """Records of all drifts; measured by the first test that needs them."""
    if not RECORDS:
        for names, protocols in (
            ("bright zoom steady", "fvd-vidm-paper,flicker-vbench"),
            ("freeze noise", "flicker-vbench"),
        ):
            fakes = [f"{name}.npy" for name in names.split()]
            asked = ("--protocol", protocols, "--window", WINDOW, "--out", "runs", "--json")
            outcome = command("rollout", "real.npy", *fakes, *asked)
            assert outcome.code == 0, outcome.err
            RECORDS.setdefault("said", outcome.out)
        RECORDS.update({path.name: path.read_text() for path in (folder / "runs").glob("*.json")})
    (folder / "runs").mkdir(exist_ok=True)
    for name in RECORDS.keys() - {"said"}:
        (folder / "runs" / name).write_text(RECORDS[name])
    return sorted(f"runs/{name}" for name in RECORDS.keys() - {"said"})


def curves_of(path):
    record = json.loads(path.read_text())
    return record["model"].removesuffix(".npy"), {
        (curve["metric"], curve["side"]): curve for curve in record["rollout"]["curves"]
    }


def test_drifts_begin_where_they_were_made_to(folder, runs):
    found = dict(curves_of(folder / name) for name in runs)
    for drift, metrics in SEEN_BY.items():
        for metric in metrics:
            begins = found[drift][metric, "fake"]["departs_at"]
            assert begins is not None, (drift, metric)
            assert ONSET < begins <= ONSET + WINDOW, (drift, metric, begins)
    steady = {metric: curve["departs_at"] for (metric, _), curve in found["steady"].items()}
    assert not any(steady.values()), steady
    for curves in found.values():
        numbers = curves["flicker", "fake"]
        assert numbers["values"][0] == pytest.approx(found["steady"]["flicker", "fake"]["values"][0], abs=1e-9)
    # Without any reference: the ends of a drifting video are farther apart than those of real ones.
    assert found["bright"]["fvd", "fake"]["drift"][0] > 3 * found["bright"]["fvd", "fake"]["real_drift"][0]
    assert found["steady"]["fvd", "fake"]["drift"][0] < 1.5 * found["steady"]["fvd", "fake"]["real_drift"][0]


def test_the_first_window_is_what_score_says(command, folder, runs):
    record = json.loads((folder / runs[0]).read_text())
    fvd = next(item for item in record["measurements"] if item["metric"] == "fvd")
    assert fvd["value"] == pytest.approx(record["rollout"]["curves"][0]["values"][0], rel=1e-6)
    np.save(folder / "start.npy", np.load(folder / record["model"])[:, :WINDOW])
    np.save(folder / "real_start.npy", videos(0)[:, :WINDOW])
    alone = command("score", "real_start.npy", "start.npy", "--frames", WINDOW, "--num-videos", VIDEOS, "--json").json
    assert fvd["value"] == pytest.approx(alone["value"], rel=1e-9)
    assert fvd["interval"] == pytest.approx(alone["interval"], rel=1e-9)


def test_the_same_numbers_as_json_csv_and_markdown(command, folder, runs):
    whole = command("plot", "rollout", *runs[:3], "--json", "--out", "r.svg").json
    panels = whole["panels"]
    assert [panel["metric"] for panel in panels] == ["fvd", "flicker", "feature-similarity", "colour-similarity"]
    assert panels[0]["places"] == [[1, 9], [10, 18], [19, 27], [28, 36]]
    assert len(panels[3]["places"]) == FRAMES
    assert [curve["label"] for curve in panels[1]["curves"]][-1] == "real videos"
    assert json.loads(RECORDS["said"])["rollout"]["panels"][0]["curves"][0]["values"] == next(
        curve["values"] for curve in panels[0]["curves"] if curve["model"] == "bright.npy"
    )
    assert command("plot", "rollout", *runs[:3], "--out", "r.csv").code == 0
    rows = list(csv.DictReader((folder / "r.csv").read_text().splitlines()))
    fvd = [row for row in rows if row["metric"] == "fvd" and row["model"] == "bright.npy"]
    assert [row["quantity"] for row in fvd] == ["value"] * 4 + [
        "change",
        "first against last",
        "real first against last",
    ]
    bright = next(curve for curve in panels[0]["curves"] if curve["model"] == "bright.npy")
    assert [float(row["value"]) for row in fvd[:4]] == bright["values"]
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in fvd)
    assert command("plot", "rollout", *runs[:3], "--out", "r.md").code == 0
    text = (folder / "r.md").read_text()
    assert len(re.findall(r"^\| +19-27 \|", text, re.MULTILINE)) == 3
    assert "| departs at |" in text


def test_the_figure(command, folder, runs):
    outcome = command("plot", "rollout", *runs, "--out", "new/r.png")
    assert "note: not shown, as not all records have it: fvd-vidm-paper" in outcome.err
    assert outcome.code == 0, outcome.err
    assert "4 windows of 9 frames, every 9 of 36 · N = 5+5" in outcome.out
    bare = command("plot", "rollout", *runs, "--no-caption", "--out", "bare.png")
    assert "caption: Bands: 95 % t intervals over videos." in bare.err
    with Image.open(folder / "new" / "r.png") as whole, Image.open(folder / "bare.png") as other:
        assert whole.height > other.height


def test_records_of_rollouts_in_other_commands(command, runs):
    shown = command("results", "show", runs[0])
    assert "4 of 9 frames, every 9 of 36" in shown.out
    assert command("results", "diff", *runs[:2]).out.count("rollout.curves") == 1
    assert command("results", "list", "--runs", "runs", "--own").code == 0
    table = command("table", "--runs", "runs")
    assert (table.code, "bright.npy" in table.out) == (0, True)


def test_controls_are_changed_as_whole_videos(command, sides):
    asked = ("--protocol", "flicker-vbench", "--window", WINDOW, "--step", 8, "--json")
    curves = command("rollout", "real.npy", "control:static", *asked).json["rollout"]["panels"][-1]["curves"]
    assert set(curves[0]["values"]) == {1.0}  # frame 1 to the end, not each window's first frame
    reversed_ones = command("rollout", "real.npy", "control:reversed", *asked).json["rollout"]["panels"][-1]
    assert reversed_ones["curves"][0]["values"][-1] != 1.0
    noisy = command("rollout", "real.npy", "control:noise", *asked).json["rollout"]["panels"][0]["curves"][0]
    assert max(noisy["values"]) < 0.99


def test_videos_that_end_early_count_nowhere(command, folder, sides):
    asked = ("--protocol", "flicker-vbench", "--window", WINDOW, "--on-bad", "skip", "--json")
    many = folder / "many"
    many.mkdir()
    for number, video in enumerate(drifted("bright")):
        np.save(many / f"{number}.npy", video[: FRAMES - 20 * (number == 2)])
    found = command("rollout", "real.npy", "many", *asked)
    assert found.code == 0, found.err
    panel = found.json["rollout"]["panels"][0]
    assert panel["frames"] == FRAMES
    assert panel["curves"][0]["num_videos"] == 4
    assert "skipped in many: 1 video" in found.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--window", 30), ("5 of 5 videos of real.npy hold no two windows", "at least 60 frames", "has 36 frames")),
        (("--frames", 20), ("hold no two windows", "--frames 32 or more", "where: --frames")),
        (("--frames", 90), ("shorter than the clip", "at least 90 frames")),
        (("--step", 0), ("--step 0 is too small", "1 or more")),
        (("--window", 0), ("--window 0 is too small",)),
        (("--window", 4), ("cannot score clips of 4 frames", "found: --window 4", "choose --window 9")),
        (("--protocol", "psnr-scikit-image"), ("has no windows", "plot horizon")),
        (("--protocol", "fvd-srvp"), ("has no windows", "given")),
        (("--protocol", "fvd-open-sora-plan"), ("has no windows", "prefixes")),
        (("--format", "csv", "--json"), ("--json and --format",)),
        (("--num-videos", 7), ("fewer videos than asked for", "found: 5")),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_mistakes(command, sides, words, said):
    command("rollout", "real.npy", "steady.npy", *words).fails(*said)


def test_videos_that_are_too_short_or_unlike(command, folder, sides):
    np.save(folder / "one.npy", videos(1)[:, :1])
    command("rollout", "real.npy", "one.npy").fails("5 of 5 videos of one.npy hold no two windows", "has 1 frame")
    command("rollout", "real.npy", "vidm").fails("videos of any length", "--frames 128")
    np.save(folder / "short.npy", videos(1)[:, :30])
    asked = ("--protocol", "flicker-vbench", "--window", 12, "--num-videos", 4, "-v")
    outcome = command("rollout", "real.npy", "short.npy", *asked)
    assert "N = 4+4" in outcome.out
    assert "videos differ in length: real 36 frames, scored 30 frames; the first 30 of each" in outcome.err
    assert "1-12" in outcome.out


def test_records_that_do_not_compare(command, folder, runs):
    flicker = ("--protocol", "flicker-vbench", "--out")
    command("score", "real.npy", "steady.npy", *flicker, "others")
    name = next((folder / "others").glob("*.json"))
    command("plot", "rollout", name).fails("a record of another command has no windows", "one of vidmbench score")
    command("plot", "rollout", "others").fails("a folder without records of vidmbench rollout", "1 other record")
    command("plot", "rollout", "nowhere.json").fails("nowhere.json")
    command("plot", "rollout", runs[0], "--out", "r.jpg").fails("unknown figure format", ".csv or .md")
    command("plot", "rollout", runs[0], "--out", "r.csv", "--no-caption").fails("--no-caption is for figures")
    command("plot", "horizon", runs[0]).fails("a record without full-reference metrics")
    command("rollout", "real.npy", "steady.npy", *flicker, "wide", "--window", WINDOW, "--step", 14)
    command("plot", "rollout", runs[0], "wide").fails("do not compare", "--step 9 against 14")


def test_tracks_that_all_leave_name_their_videos(command, folder):
    pytest.importorskip("cv2")
    np.save("wild.npy", np.random.default_rng(0).integers(0, 256, (3, 32, 16, 16, 3), dtype=np.uint8))
    command("rollout", "wild.npy", "wild.npy", "--protocol", "fvmd-klt").fails(
        "all tracks leave the frame in clip00000", "omit these videos, or the protocol fvmd-klt"
    )
