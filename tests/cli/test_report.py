"""``vidmbench report``: what it writes, and what it refuses."""

import json
import shutil

import pytest
from support.table_samples import measured, run_of

from vidmbench.records.record import read_records, write_record


def written(folder, name="lab", value=90.0, **changes):
    return write_record(run_of(measured(value=value), **changes), folder / name)


def test_own_records_alone(command, folder):
    written(folder, model="only-mine")
    done = command("report", "--runs", "lab", "--own", "--out", "deep/site")
    assert (done.code, done.out) == (0, "deep/site/index.html\n")
    page = (folder / "deep/site/index.html").read_text(encoding="utf-8")
    assert "only-mine" in page
    assert "control:real" not in page
    assert [path.name for path in (folder / "deep/site").iterdir()] == ["index.html"]  # no temporary file is left
    assert "MB" in done.err


def test_with_what_comes_with_vidmbench(command, folder):
    done = command("report", "--videos", "0", "--out", "site")
    assert done.code == 0, done.err
    assert "control:real" in (folder / "site/index.html").read_text(encoding="utf-8")


def test_two_labs(command, folder):
    written(folder, "ours", run_id="a", model="model-of-ours")
    written(folder, "theirs", run_id="b", model="model-of-theirs")
    (folder / "theirs/copy").mkdir()
    shutil.copy(folder / "ours/a.json", folder / "theirs/copy")  # the same record twice is no contradiction
    done = command("report", "--runs", "ours", "--runs", "theirs", "--own", "--out", "site")
    assert done.code == 0, done.err
    page = (folder / "site/index.html").read_text(encoding="utf-8")
    assert "model-of-ours" in page
    assert "model-of-theirs" in page
    assert "2 records, 2 numbers" in page


def test_labs_that_disagree(command, folder):
    written(folder, "ours", run_id="same", value=90.0)
    written(folder, "theirs", run_id="same", value=80.0)
    done = command("report", "--runs", "ours", "--runs", "theirs", "--own", "--out", "site")
    done.fails("two different records claim the run same", "ours/same.json", "theirs/same.json", "move the one")
    assert not (folder / "site").exists()


def test_clips_from_a_folder_of_ones_own(command, folder, fake_network):
    """Samples that still lie where the record says are shown; others are told."""
    from vidmbench.sources.clevrer_mini import ToyVideos
    from vidmbench.videos import write_mp4

    clips = ToyVideos("test")
    for side in ("real", "fake"):
        for number in range(3):
            write_mp4(folder / side / f"{number}.mp4", clips.read(number + 3 * (side == "fake"), range(16)))
    scored = command("run", "--model", "my gan", "--samples", "fake", "--dataset", "folder:real", "--frames", "16",
                     "--num-videos", "3", "--out", "lab")  # fmt: skip
    assert scored.code == 0, scored.err
    done = command("report", "--runs", "lab", "--own", "--out", "site", "--videos", "2")
    assert done.code == 0, done.err
    page = (folder / "site/index.html").read_text(encoding="utf-8")
    assert page.count("<video ") == 4
    (record,) = read_records(folder / "lab")
    assert (record.request.real, record.request.fake, record.request.samples) == ("folder:real", "my gan", "fake")
    shutil.rmtree(folder / "fake")
    done = command("report", "--runs", "lab", "--own", "--out", "site")
    assert done.code == 0, done.err
    page = (folder / "site/index.html").read_text(encoding="utf-8")
    assert "<video " not in page
    assert "Clips of my gan beside real ones" in page  # the picture that `run` wrote
    for picture in (folder / "lab").glob("*.png"):
        picture.unlink()
    assert command("report", "--runs", "lab", "--own", "--out", "site", "--videos", "2").code == 0
    assert "not shown: " in (folder / "site/index.html").read_text(encoding="utf-8")


def test_vidm_is_sampled_only_if_requested(command, folder, fake_network):
    scored = command("run", "--model", "vidm", "--dataset", "clevrer-mini", "--frames", "9", "--num-videos", "2",
                     "--steps", "2", "--batch-size", "2", "--out", "lab")  # fmt: skip
    assert scored.code == 0, scored.err
    for picture in (folder / "lab").glob("*.png"):
        picture.unlink()
    for words, count in (((), 0), (("--videos", "0"), 0), (("--videos", "1"), 2)):
        done = command("report", "--runs", "lab", "--own", "--out", "site", *words)
        assert done.code == 0, done.err
        page = (folder / "site/index.html").read_text(encoding="utf-8")
        assert page.count("<video ") == count
        assert ("request them with --videos" in page) == (words == ())


def test_no_records(command, folder):
    (folder / "empty").mkdir()
    command("report", "--runs", "empty", "--own", "--out", "site").fails(
        "no records to report", "expected:", "where: empty", "what to do: measure something: vidmbench run"
    )
    assert not (folder / "site").exists()


def test_the_output_is_a_file(command, folder):
    written(folder)
    (folder / "site").write_text("mine")
    command("report", "--runs", "lab", "--own", "--out", "site").fails(
        "the output folder is a file", "expected: a folder", "where: site", "what to do:"
    )
    assert (folder / "site").read_text() == "mine"


def test_no_such_runs(command, folder):
    command("report", "--runs", "nowhere", "--out", "site").fails("no such folder of records", "nowhere", "--out")
    assert not (folder / "site").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "better"}, "a record that was changed after it was written"),
        ({"schema_version": 99}, "a record of a newer vidmbench"),
    ],
)
def test_records_that_cannot_be_trusted(change, said, command, folder):
    """They are named, on stderr and on the page, and the others are shown."""
    path = written(folder)
    written(folder, run_id="run-2", model="another-model")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    done = command("report", "--runs", "lab", "--own", "--out", "site")
    assert done.code == 0, done.err
    page = (folder / "site/index.html").read_text(encoding="utf-8")
    assert "another-model" in page
    assert "<li>better</li>" not in page
    for text in (done.err, page):
        assert f"not shown: lab/{path.name}: {said}" in text


def test_videos_is_a_count(command):
    assert command("report", "--videos", "-1", "--out", "site").code == 2
