"""Files with odd names and of odd sizes: a number, and nothing on stderr but messages and notes."""

import json
import os
import sys

import numpy as np
import pytest
from PIL import Image

from vidmbench.videos import write_frames, write_mp4

pytestmark = [
    pytest.mark.usefixtures("fake_network"),
    pytest.mark.skipif(sys.platform != "linux", reason="other systems keep names as Unicode"),
]
_CAFE = os.fsdecode(b"caf\xe9")


def _videos(root, clips):
    for number, clip in enumerate(clips):
        write_mp4(root / f"{number}.mp4", clip)
        os.rename(root / f"{number}.mp4", root / f"{_CAFE}_{number}.mp4")


def _frames(root, clips):
    for number, clip in enumerate(clips):
        write_frames(root / f"{number}", clip)
        os.rename(root / f"{number}", root / f"{_CAFE}_{number}")
        for file in list((root / f"{_CAFE}_{number}").iterdir()):
            file.rename(file.with_name(f"{_CAFE}_{file.name}"))


def _gifs(root, clips):
    for number, clip in enumerate(clips):
        pictures = [Image.fromarray(picture) for picture in clip]
        pictures[0].save(root / f"{_CAFE}_{number}.webp", save_all=True, append_images=pictures[1:], lossless=True)


@pytest.mark.parametrize("store", [_videos, _frames, _gifs])
def test_videos_are_scored(store, command, folder, real, clips):
    (folder / _CAFE).mkdir()
    store(folder / _CAFE, clips)

    outcome = command("score", real, _CAFE, "--frames", 16, "--num-videos", 5, "--json", "--out", "runs")

    assert outcome.code == 0, outcome.err
    assert np.isfinite(outcome.json["value"])
    assert outcome.out.isascii() or r"caf\xe9" in outcome.out
    (record,) = (folder / "runs").glob("*.json")
    json.loads(record.read_text(encoding="utf-8"))
    table = command("table", "--runs", "runs")
    assert table.code == 0, table.err
    report = command("report", "--runs", "runs", "--out", "page.html")
    assert report.code == 0, report.err


def test_a_bad_one_is_named_by_its_bytes(command, folder, real, clips):
    (folder / "fake").mkdir()
    _videos(folder / "fake", clips)
    (folder / "fake" / f"{_CAFE}_9.mp4").write_bytes(b"")

    command("score", real, "fake", "--frames", 16, "--num-videos", 5).fails(r"caf\xe9_9.mp4", "0 bytes")
    skipped = command("score", real, "fake", "--frames", 16, "--num-videos", 5, "--on-bad", "skip", "--out", "runs")
    assert skipped.code == 0, skipped.err
    assert r"caf\xe9_9.mp4" in skipped.err


def test_a_run_with_samples_of_such_a_name(command, folder, real, clips):
    (folder / _CAFE).mkdir()
    _videos(folder / _CAFE, clips)

    outcome = command(
        "run", "--model", "x", "--samples", _CAFE, "--dataset", f"folder:{real}", "--frames", 16, "--num-videos", 5
    )

    assert outcome.code == 0, outcome.err


def test_large_images_are_read_without_a_warning(command, folder, real, clips, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", clips[0, 0, ..., 0].size - 1)
    for number, clip in enumerate(clips):
        write_frames(folder / "fake" / f"{number}", clip)

    outcome = command("score", real, "fake", "--frames", 16, "--num-videos", 5)

    assert outcome.code == 0, outcome.err
    assert "Warning" not in outcome.err


@pytest.mark.parametrize("name", ["run:1", "2024-05-01T12:30"])
def test_a_folder_with_a_colon_is_no_protocol_of_the_decoder(name, command, folder, real, clips):
    (folder / name).mkdir()
    for number, clip in enumerate(clips):
        write_mp4(folder / f"{number}.mp4", clip)
        os.rename(folder / f"{number}.mp4", folder / name / f"{number}.mp4")

    outcome = command("score", real, f"./{name}", "--frames", 16, "--num-videos", 5)

    assert outcome.code == 0, outcome.err
