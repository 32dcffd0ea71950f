"""Bad input: exit code 2, one message that says what was expected, found, where and what to do; nothing is written."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from vidmbench.core.resources import protocols_dir
from vidmbench.videos import write_mp4

RUN = ("run", "--model", "control:static", "--dataset", "clevrer-mini")


@pytest.fixture(autouse=True)
def no_network(fake_network, folder):
    """What is wrong is found before the network is loaded, and leaves no output behind."""
    yield
    assert fake_network == []
    assert not list(folder.rglob("*.json"))
    assert not (folder / "runs").is_dir()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*RUN[:2], "control:statik", *RUN[3:]), ["unknown control 'statik'", "did you mean static?", "list models"]),
        ((*RUN[:4], "clevrer-min"), ["unknown data set", "did you mean clevrer-mini", "list datasets"]),
        ((*RUN[:4], "clevrer-mini@tset"), ["unknown split of clevrer-mini", "did you mean test?"]),
        ((*RUN, "--protocol", "fvd-styleganv"), ["unknown protocol", "did you mean fvd-stylegan-v?", "list protocols"]),
        (("score", "dataset:clevrer-mini", "control:nois"), ["unknown control", "did you mean noise?"]),
        (("score", "dataset:clevrermini", "control:noise"), ["unknown data set", "did you mean clevrer-mini"]),
        (("show", "i3d-kinetics40"), ["unknown name", "did you mean i3d-kinetics400?"]),
        (("show", "control:statc"), ["unknown name", "did you mean control:static"]),
        (("weights", "get", "i3d-kinetics"), ["unknown weights", "did you mean i3d-kinetics400?", "weights status"]),
        (("weights", "add", "i3d", "x"), ["unknown weights", "i3d-kinetics400"]),
        (("data", "make", "clevrermini"), ["unknown data set", "did you mean clevrer-mini"]),
        (("data", "make", "clevrer-mini", "--split", "tain"), ["unknown split", "did you mean train?"]),
        (("table", "tabel2"), ["unknown table", "did you mean table2 or"]),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, tuple) else "",
)
def test_unknown_names(words, said, command):
    command(*words).fails(*said, "expected:", "found:")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--frames", "8"), ["cannot score clips of 8 frames", "9 to 1024", "--frames 9"]),
        (("--frames", "16,8"), ["cannot score clips of 8 frames"]),
        (("--frames", "129"), ["shorter than the clip", "at least 129 frames", "has 128 frames", "--frames 128"]),
        (("--frames", "65", "--stride", "2"), ["at least 129 frames", "--stride 2", "--frames 64"]),
        (("--num-videos", "3000"), ["fewer videos than asked", "expected: 3000", "found: 2048", "--num-videos 2048"]),
        (("--num-fake", "3000"), ["on the fake side", "found: 2048", "--num-fake 2048"]),
        (("--num-videos", "4", "--num-real", "4"), ["--num-videos sets both sides", "both ways at once"]),
        (("--num-videos", "1"), ["--num-videos 1 is too small", "at least 2"]),
        (("--num-videos", "0"), ["too small"]),
        (("--num-videos", "-3"), ["too small"]),
        (("--num-fake", "0"), ["--num-fake 0 is too small"]),
        (("--stride", "0"), ["--stride 0 is too small"]),
        (("--seed", "-1"), ["a seed cannot be negative"]),
        (("--frames", "abc"), ["--frames takes whole numbers", "16,64,128", "found: abc"]),
        (("--frames", "16,"), ["--frames takes whole numbers"]),
        (("--frames", "16.5"), ["--frames takes whole numbers"]),
        (("--frames", ""), ["--frames takes whole numbers"]),
        (("--samples", "x"), ["a control has no samples of its own", "omit --samples"]),
        (("--data-root", "nowhere"), ["--data-root does not exist", "found: nowhere"]),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_options_that_cannot_work(options, said, command):
    command(*RUN, *options).fails(*said, "expected:" if "--samples" not in options else "found:")


def test_labels_need_samples(command):
    command("run", "--model", "my-gan", "--dataset", "clevrer-mini").fails(
        "the model 'my-gan' needs its videos", "--samples PATH", "vidmbench run --model my-gan --samples PATH"
    )
    command("run", "--model", "static-of:my-gan", "--dataset", "clevrer-mini").fails("--samples PATH")


def test_options_nobody_knows(command):
    command(*RUN, "--num-video", "4").fails("No such option", "--num-videos")
    command(*RUN, "--device", "tpu").fails("--device", "auto, cpu or cuda")
    command(*RUN, "--precision", "fp16").fails("--precision", "bf16")
    command("rum").fails("No such command")
    command("run").fails("Missing option", "--model")


def test_sources_that_are_not_there(command, folder, real):
    (folder / "empty").mkdir()
    command("score", real, "empty").fails("no videos in empty", "an empty folder", "where: empty", "what to do")
    command("score", real, "nothing").fails("path not found: nothing", "an existing folder or file", "where: nothing")
    command("score", "real.npz", "real.npy").fails("path not found: real.npz", "did you mean real.npy?")
    command("run", "--model", "a", "--samples", "emty", "--dataset", "folder:real.npy").fails("did you mean empty?")
    command("run", "--model", "a", "--samples", "real.npy", "--dataset", "folder:").fails("a source without a path")
    command("score", "", real).fails("REAL is empty")
    command("score", real, "static").fails("did you mean control:static?")
    for text in ("grid:", "strips:", "digan:", "static-of:grid:"):
        command("score", real, text).fails("a source without a path", f"found: {text.removeprefix('static-of:')}")
    command("score", real, "~nobody-of-this-name/x").fails("path not found: ~nobody-of-this-name")
    command("score", real, "grid:~nobody-of-this-name/x").fails("~nobody-of-this-name")
    (folder / "text.md").write_text("x")
    command("score", real, "text.md").fails("not a supported video source", "ends in .md")
    (folder / "list.txt").write_text("x.mp4\ny.mp4\n")
    command("score", real, "list.txt").fails("2 lines of list.txt cannot be used", "x.mp4 (line 1), y.mp4 (line 2)")
    command("score", real, "*.mp4").fails("no file matches the pattern", "where: *.mp4")


def test_numbers_and_names_beyond_all_measure(command, real):
    digits = "9" * 5000
    command("score", real, f"dataset:clevrer-mini/{digits}").fails("the resolution must be a number")
    command("score", real, real, "--frames", digits).fails("--frames takes whole numbers")
    command("score", real, "static-of:" * 2000 + "real.npy").fails("static-of: more than 32 times")
    command("plot", "samples", real, "--fps", "inf", "--out", "a.mp4").fails("--fps")


@pytest.mark.parametrize("label", [" ", "a\nb", "caf\udce9", "a\x00b"])
def test_labels_that_cannot_be_printed(label, command, real):
    command("run", "--model", label, "--samples", real, "--dataset", "folder:real.npy").fails("the model", "--model")


def test_a_folder_without_its_prefix_is_recognised(command, folder, real):
    """``--dataset PATH`` is an easy slip: the message shows the right spelling."""
    command("run", "--model", "a", "--samples", "real.npy", "--dataset", "real.npy").fails("folder:")


def test_mixed_sizes(command, folder, real, clips):
    for number, clip in enumerate(clips):
        write_mp4(folder / "mixed" / f"{number}.mp4", clip[:, : 64 - 32 * (number == 3)], lossless=True)
    command("score", real, "mixed", "--num-videos", "4").fails(
        "differ in size", "64x64: 4 videos", "32x64: 1 video, such as 3.mp4", "--on-bad skip"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.astype(np.float32) / 255, ["range is not declared", "float32", "values from", "0..1"]),
        (lambda x: x.astype(np.float64) / 127.5 - 1, ["range is not declared", "-1..1"]),
        (lambda x: x.astype(np.int64), ["int64", 'astype("uint8")']),
        (lambda x: x.transpose(0, 4, 1, 2, 3), ["does not have the shape", "transpose(0, 2, 3, 4, 1)"]),
        (lambda x: x[0], ["does not have the shape", "(16, 64, 64, 3)"]),
        (lambda x: x[..., :1], ["does not have the shape"]),
        (lambda x: x[:0], ["empty"]),
        (lambda x: x[:1], ["has 1 video", "at least 2 videos per side", "found: 1"]),
        (lambda x: x[:, :9], ["shorter than the clip", "--frames 9"]),
    ],
    ids=["0..1", "-1..1", "int64", "channels second", "four axes", "grey", "no clips", "one clip", "short clips"],
)
def test_arrays_that_are_refused(change, said, command, folder, real, clips):
    np.save(folder / "bad.npy", change(clips))
    command("score", real, "bad.npy", "--num-videos", "5").fails(*said, "expected:", "where: bad.npy")


def test_fewer_videos_than_asked_names_a_count_that_works(command, folder, real, clips):
    np.save(folder / "few.npy", clips[:3])
    for sides in (("few.npy", real), (real, "few.npy")):
        command("score", *sides).fails(
            "fewer videos than are taken by default", "2048", "on both sides", "--num-videos 3 works"
        )
        one = command("score", *sides, "--num-videos", "5")
        one.fails("fewer videos than asked", "expected: 5", "found: 3", "--num-videos 3 works", "where: few.npy")


def test_protocol_file_with_three_mistakes(command, folder):
    text = (protocols_dir() / "metrics" / "fvd-stylegan-v.toml").read_text()
    for old, new in (("version = 1", 'version = "one"'), ("stride = 1", "strid = 1"), ('"n"', '"n-2"')):
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "mine.toml").write_text(text)
    command(*RUN, "--protocol", "mine.toml", "--num-videos", "4").fails(
        "3 mistakes in mine.toml", "version:", "clips.strid: unknown key", "statistics.covariance:", "n-2", "where:"
    )
    command("show", "mine.toml").fails("3 mistakes in mine.toml")


def test_protocol_files_that_are_none(command, folder):
    command(*RUN, "--protocol", "gone.toml").fails("no such file", "where: gone.toml")
    (folder / "bad.toml").write_text("a = = 1")
    command(*RUN, "--protocol", "bad.toml").fails("not a TOML file", "line 1")
    (folder / "other.toml").write_text(
        (protocols_dir() / "metrics" / "fvd-tf-hub.toml").read_text().replace("i3d-kinetics400", "i3d-kinetics600")
    )
    command(*RUN, "--protocol", "other.toml").fails("unknown detector", "did you mean i3d-kinetics400?")


def test_something_in_the_place_of_the_output_folder(command, folder):
    (folder / "taken").write_text("x")
    for out in ("taken", "taken/deeper"):
        command(*RUN, "--num-videos", "4", "--out", out).fails("folder", "expected: a folder", f"where: {out}")
    command(*RUN, "--num-videos", "4", "--out", "taken", "--dry-run").fails("the output folder is a file")
    command("score", "dataset:clevrer-mini", "control:noise", "--out", "taken", "--num-videos", "4").fails("is a file")
    command("data", "make", "clevrer-mini", "--out", "taken").fails("the output folder is a file")
    assert (folder / "taken").read_text() == "x"


def test_read_only_output_folder(command, folder):
    if os.geteuid() == 0:
        pytest.skip("permissions do not bind the user root")
    (folder / "closed").mkdir(mode=0o555)
    command(*RUN, "--num-videos", "4", "--out", "closed/runs").fails("cannot write", "Permission denied", "--out")


def test_something_in_the_place_of_the_cache(command, folder, monkeypatch):
    (folder / "taken").write_text("x")
    monkeypatch.setenv("VIDMBENCH_CACHE", str(folder / "taken"))
    command(*RUN, "--num-videos", "4", "--out", "out").fails("cannot be written", "VIDMBENCH_CACHE")


def test_weights_that_are_others(command, folder):
    (folder / "w.ckpt").write_bytes(b"not weights")
    command("weights", "add", "i3d-kinetics400", "w.ckpt").fails(
        "not the weights file of i3d-kinetics400", "af5c50f0", "11 bytes with sha256", "where: w.ckpt", "weights get"
    )
    command("weights", "add", "i3d-kinetics400", "gone.ckpt").fails("no such weights file", "where: gone.ckpt")
    for name in ("w.safetensors", "w.tar.gz"):
        (folder / name).write_bytes(b"not weights")
        command("weights", "add", "i3d-kinetics400", name).fails("not the weights file", name)


def test_records_that_are_none(command, folder):
    (folder / "x.jso").write_text("{}")
    (folder / "deep.jso").write_text("[" * 100_000)
    command("results", "import", "deep.jso").fails("not a record", "where: deep.jso")
    command("results", "import", "x.jso").fails("record", "where: x.jso")
    command("results", "import", "gone.json").fails("gone.json")
    command("table", "1", "--runs", "gone").fails("no such folder of records", "where: gone")
    command("table", "1", "--measured-only").fails("no measured number fits")


def test_device_that_is_not_there(command):
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    for more in ((), ("--dry-run",)):
        command(*RUN, "--num-videos", "4", "--device", "cuda", "--out", "out", *more).fails(
            "no CUDA device", "--device cuda", "--device auto"
        )


@pytest.mark.parametrize("place", ["front", "end"])
def test_traceback_on_demand(place, script):
    words = ("show", "nothing-of-that-kind")
    asked = script("--traceback", *words) if place == "front" else script(*words, "--traceback")
    assert asked.code != 0
    assert "Traceback (most recent call last)" in asked.err
    assert "UsageError: unknown name" in asked.err


def test_through_the_script(script, folder):
    """The same messages reach a user of the script: stderr, exit code 2, nothing on stdout."""
    script(*RUN, "--frames", "8").fails("error: fvd-vidm-paper cannot score clips of 8 frames", "expected:")
    script("score", "a", "b").fails("error: 2 problems", "path not found: a", "path not found: b")
    script(*RUN, "--json", "--num-videos", "3000").fails("fewer videos than asked")
    assert not list(Path().iterdir())
