"""``sample``: what a folder says of itself, what is kept, drawn again or refused, and which files serve."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.minute_recipe import RECIPE

from vidmbench.core import resources
from vidmbench.core.files import sha256_of
from vidmbench.videos import open_source

pytestmark = pytest.mark.usefixtures("recipe")
MANIFEST = "made-by-vidmbench.json"
WORDS = ("sample", "--model", "vidm:RUN", "--num-videos", 3, "--frames", 3)


def frames_in(folder):
    source = open_source(Path(folder))
    return [source.read(index, range(source.num_frames(index))) for index in range(len(source))]


def test_a_folder_says_in_words_what_was_drawn(trained, command):
    assert command(*WORDS, "--out", "drawn").code == 0
    said = json.loads(Path("drawn", MANIFEST).read_text())
    assert said["checkpoint"] == "RUN/vidm.safetensors"
    assert said["checkpoint_sha256"] == sha256_of(trained / "vidm.safetensors")
    wanted = {"sampler": "dpm-solver", "steps": 2, "content_steps": 2, "noise": "frame", "seed": 0, "frames": 3,
              "content": "generated", "resolution": 32}  # fmt: skip
    assert {key: said[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("more", "expected", "found"),
    [
        (("--seed", 1), "seed = 1", "seed = 0"),
        (("--steps", 3, "--sampler", "ddim"), "sampler = ddim, steps = 3, content_steps = 3", "dpm-solver, steps = 2"),
        (("--content", "scene.png"), "content_steps = none, content = one picture", "content = generated"),
        (("--noise", "video"), "noise = video", "noise = frame"),
        (("--frames", 4), "frames = 4", "frames = 3"),
        (("--sampling-precision", "bf16"), "precision = bf16", "precision = fp32"),
    ],
    ids=lambda words: str(words[0]),
)
def test_a_folder_of_other_settings_is_refused_by_their_names(more, expected, found, trained, command):
    Image.new("RGB", (40, 40)).save("scene.png")
    assert command(*WORDS, "--out", "drawn").code == 0
    other = command(*WORDS, "--out", "drawn", *more)
    other.fails("already holds something else", f"expected: {expected}", "found: ", found, "where: drawn")
    assert " digest = " not in other.err  # it would say no more than the words


def test_a_folder_that_kept_a_digest_alone_is_still_accepted(trained, command):
    assert command(*WORDS, "--out", "drawn").code == 0
    manifest = Path("drawn", MANIFEST)
    whole = manifest.read_text()
    old = {key: json.loads(whole)[key] for key in ("model", "digest", "frames", "format", "fps")}
    manifest.write_text(json.dumps(old, indent=2) + "\n")
    command(*WORDS, "--out", "drawn", "--seed", 1).fails("digest = ", "no settings in words")
    assert json.loads(manifest.read_text()) == old
    assert "(3 were there already)" in command(*WORDS, "--out", "drawn").out
    assert manifest.read_text() == whole  # and says more from now on
    shutil.copytree("RUN", "MOVED")
    assert "(3 were there already)" in command("sample", "--model", "vidm:MOVED", *WORDS[3:], "--out", "drawn").out


@pytest.mark.parametrize("form", ["mp4", "gif", "png"])
def test_broken_files_are_drawn_again(form, trained, command):
    words = (*WORDS, "--format", form, "--out", "drawn")
    assert command(*words).code == 0
    whole = frames_in("drawn")
    names = sorted(path for path in Path("drawn").iterdir() if "made-by-vidmbench" not in path.name)
    if form == "png":
        names[0].joinpath("frame00002.png").unlink()
        os.truncate(names[1] / "frame00001.png", 60)
    else:
        names[0].write_bytes(names[0].read_bytes()[:5])
        shutil.copy(names[2], names[1])
        os.truncate(names[1], names[1].stat().st_size * 2 // 3)
    again = command(*words)
    assert again.code == 0, again.err
    assert "(1 were there already)" in again.out
    assert f"damaged, so sampled again: {names[0].name}, {names[1].name}" in again.err
    for old, new in zip(whole, frames_in("drawn"), strict=True):
        assert np.array_equal(old, new)
    assert "(3 were there already)" in command(*words).out


def test_an_array_of_fewer_videos_or_a_broken_one_is_drawn_again(trained, command):
    words = ("sample", "--model", "vidm:RUN", "--frames", 3, "--format", "npz", "--out", "drawn", "--num-videos")
    assert command(*words, 2).code == 0
    more = command(*words, 3)
    assert "already" not in more.out
    assert len(frames_in("drawn/vidm.npz")) == 3
    os.truncate("drawn/vidm.npz", 5)
    assert "already" not in command(*words, 3).out
    assert "(3 were there already)" in command(*words, 3).out


def test_longer_than_trained_is_said_before_drawing(trained, command, monkeypatch):
    def stopped(*_args):
        raise OSError("drawing has begun")

    monkeypatch.setattr("vidmbench.vidm.sampling.source.VidmVideos.read", stopped)
    done = command("sample", "--model", "vidm:RUN", "--num-videos", 1, "--frames", 100_000, "--out", "drawn")
    assert "drawing has begun" in done.err
    assert "note: drawn to 100000 frames, trained for 16: later frames are extrapolated" in done.err


def test_the_folder_of_a_run_gives_first_frames(trained, command):
    assert command("train", "--recipe", "minute.toml", "--out", "OTHER", "--part", "content", "--seed", 9).code == 0
    for given, out in (("OTHER", "by-run"), ("OTHER/vidm.safetensors", "by-file")):
        assert command(*WORDS, "--format", "npz", "--content", given, "--out", out).code == 0
    assert np.array_equal(frames_in("by-run/vidm.npz"), frames_in("by-file/vidm.npz"))
    assert command("train", "--recipe", "minute.toml", "--out", "MOTION", "--part", "motion").code == 0
    command(*WORDS, "--content", "MOTION", "--out", "x").fails(
        "no content generator", "where: MOTION/vidm.safetensors", "what to do"
    )
    Path("empty").mkdir()
    command(*WORDS, "--content", "empty", "--out", "x").fails("vidm.safetensors", "an empty folder", "what to do")
    command(*WORDS, "--content", "gone.png", "--out", "x").fails("unknown first frame", "what to do")


def test_a_half_trained_run_is_told_what_it_lacks(command):
    words = ("train", "--recipe", "minute.toml", "--out", "RUN", "--part")
    done = command(*words, "content")
    assert done.code == 0, done.err
    assert "score it" not in done.out
    assert "no motion generator yet" in done.out
    assert "--part motion" in done.out
    whole = command(*words, "motion")
    assert "score it: vidmbench run --model vidm:RUN --dataset clevrer-mini" in whole.out
    other = command(*words[:3], "--out", "MOTION", "--part", "motion")
    assert "no content generator yet" in other.out
    assert "--model vidm:MOTION --dataset clevrer-mini --content real" in other.out


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("vidm.json", b'{"format": 1, "model": {"resolution": 32}}', "a JSON file"),
        ("scene.png", None, "a PNG image"),
        ("mine.toml", RECIPE.encode(), "a TOML file"),
        ("notes.txt", b"only some words about = this [ and that", "a text file"),
        ("noise", bytes(range(128, 256)) * 8, "a pickle"),
    ],
)
def test_other_files_are_no_checkpoints(name, data, kind, command):
    Path("other").mkdir()
    if data is None:
        Image.new("RGB", (40, 40)).save(f"other/{name}")
    else:
        Path("other", name).write_bytes(data)
    done = command("sample", "--model", f"vidm:other/{name}", "--out", "x")
    done.fails("not a safetensors file of a VIDM", f"found: {kind}", f"where: other/{name}", "what to do")
    assert "cut off" not in done.err


def test_the_header_beside_the_weights_leads_to_them(trained, command):
    command("sample", "--model", "vidm:RUN/vidm.json", "--out", "x").fails("what to do", "RUN/vidm.safetensors")


def test_folders_that_are_no_run(command):
    Path("other").mkdir()
    words = ("sample", "--out", "x", "--model", "vidm:other")
    command(*words).fails("no finished model", "found: an empty folder", "vidmbench train --out wrote")
    assert "go on with it" not in command(*words).err
    Path("other/thesis.tex").write_text("x")
    command(*words).fails("found: no training run: thesis.tex")
    Path("other/mine.safetensors").write_bytes(b"")
    command(*words).fails("give the file: other/mine.safetensors")
    Path("other/content.state.safetensors").write_bytes(b"")
    command(*words).fails("unfinished run", "resume it: vidmbench train --out other")


def test_a_flipped_bit_is_one_clear_error(trained, command):
    path = trained / "vidm.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    wanted = json.loads((trained / "vidm.json").read_text())["sha256"]
    words = (*WORDS, "--out", "x")
    command(*words).fails("not the file that vidm.json beside it describes", f"expected: sha256 {wanted}",
                          f"found: sha256 {sha256_of(path)}", "damaged", "what to do")  # fmt: skip
    (trained / "vidm.json").unlink()
    command(*words).fails("the file is damaged", f"where: {Path('RUN', 'vidm.safetensors')}", "from a copy")


def test_where_no_model_is_shipped_the_way_out_is_named(command):
    np.savez("clips.npz", clips=np.zeros((3, 4, 32, 32, 3), np.uint8))
    words = ("sample", "--content", "real", "--dataset", "folder:clips.npz", "--num-videos", 1, "--frames", 1)
    shipped = sorted((resources.results_dir() / "checkpoints").glob("*.safetensors"))
    named = f"--model vidm:{shipped[0].stem}"
    command(*words, "--model", "vidm", "--out", "x").fails("no VIDM for folder:clips.npz", named)
    for number, path in enumerate(shipped):
        for text in (path, path.stem):
            assert command(*words, "--model", f"vidm:{text}", "--out", f"x{number}").code == 0


def test_a_dry_run_shows_the_notes_of_the_run(trained, command, fake_network):
    words = ("run", "--model", "vidm:RUN", "--dataset", "clevrer-mini/64", "--frames", 9, "--num-videos", 4)
    planned, done = command(*words, "--dry-run", "--json"), command(*words, "--json")
    assert planned.json["notes"] == done.json["warnings"]
    note = "the sides differ in size: real 64x64, scored 32x32 pixels"
    assert note in planned.json["notes"]
    assert f"note: {note}" in command(*words, "--dry-run").out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", groups = 4 }", " }", ("groups = 32 does not divide the 8 channels", "keys groups and head_channels",
                                  "groups = 8, head_channels = 8")),
        ("head_channels = 8", "head_channels = 6", ("head_channels = 6 does not divide", "keys groups and head")),
    ],
)  # fmt: skip
def test_sizes_that_do_not_divide_name_the_keys(old, new, said, command, recipe):
    recipe.write_text(RECIPE.replace(old, new))
    command("train", "--recipe", "minute.toml", "--out", "x", "--dry-run").fails(*said)


def test_shards_of_a_folder_are_the_videos_of_one_process(trained, command, monkeypatch):
    """In any order; also where a launcher starts them, and another number of them goes on."""
    words = (*WORDS, "--batch-size", 1, "--format", "png")
    assert command(*words, "--out", "whole").code == 0
    said = command(*words, "--out", "parts", "--shard", "3/3")
    assert (said.code, said.out) == (0, "shard 3/3 of 3 videos of 3 frames in parts\n")
    assert [path.name for path in sorted(Path("parts").glob("sample*"))] == ["sample_00002"]
    with monkeypatch.context() as patch:
        for rank in (1, 0):  # process 0 draws what is left
            for name, value in {"RANK": rank, "WORLD_SIZE": 3, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": 3}.items():
                patch.setenv(name, str(value))
            process = command(*words, "--out", "parts")
            assert process.code == 0, process.err
            assert process.out == ("" if rank else "3 videos of 3 frames in parts\n")
    np.testing.assert_array_equal(frames_in("parts"), frames_in("whole"))
    assert command(*words, "--out", "parts").out == "3 videos of 3 frames in parts (3 were there already)\n"


def test_one_file_of_all_videos_has_no_shards(trained, command):
    command(*WORDS, "--out", "drawn", "--format", "npz", "--shard", "1/2").fails("not written in shards", "--shard")
    assert not Path("drawn").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--content", "real", "--dataset", "folder:clips.npz", "--num-videos", 5), ("at least 5 videos", "found: 3")),
        (("--frames", 10**14), ("do not fit", "expected: at most", "fewer --frames")),
        (("--num-videos", 10**10, "--format", "npz"), ("do not fit", "expected: at most", "--format png")),
        (("--num-videos", 10**23, "--shard", "2/2"), ("--num-videos is too large", "expected: at most")),
        (("--frames", 10**23), ("--frames is too large", "expected: at most")),
        (("--seed", 2**63), ("seed", "expected: a whole number from 0 to 2^63 - 1")),
    ],
    ids=["first frames", "frames", "array", "videos", "frame numbers", "seed"],
)
def test_what_cannot_be_drawn_is_refused_before_the_folder_is_claimed(more, words, trained, command):
    np.savez("clips.npz", clips=np.zeros((3, 4, 32, 32, 3), np.uint8))
    command(*WORDS, "--out", "drawn", *more).fails(*words, "what to do")
    assert not Path("drawn").exists()
