"""``run --samples``: what other systems wrote, read as they wrote it."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import write_gif, write_mp4

FRAMES, SIZE, COUNT = 16, 64, 6


@pytest.fixture
def clips():
    source = ToyVideos("train", num_videos=COUNT, resolution=SIZE)
    return np.stack([source.read(index, range(FRAMES)) for index in range(COUNT)])


@pytest.fixture
def run(command, fake_network, folder):
    def given(model, *more):
        return command(
            "run", "--model", model, "--dataset", "clevrer-mini", "--frames", FRAMES, "--num-videos", COUNT, *more
        )

    return given


def grid(clips, rows, columns, padding=0, border=0):
    """Clips side by side, black between; missing ones are black."""
    num_frames, size = clips.shape[1], clips.shape[2]
    step = size + padding
    height, width = (count * step - padding + 2 * border for count in (rows, columns))
    whole = np.zeros((num_frames, height, width, 3), np.uint8)
    for index, clip in enumerate(clips):
        top, left = border + index // columns * step, border + index % columns * step
        whole[:, top : top + size, left : left + size] = clip
    return whole


def scored(done):
    assert done.code == 0, done.err
    return done.json


def test_a_baselines_own_files_are_read_without_being_told_how(run, clips, folder):
    write_mp4(folder / "S/generate_videos.mp4", grid(clips, 2, 3))
    write_gif(folder / "S/generate_videos.gif", grid(clips, 2, 3))
    done = run("digan", "--samples", "S", "-v")
    assert done.code == 0, done.err
    assert "read as DIGAN: layout grid (h264 yuv420p)" in done.err
    assert "cut into 2 x 3 tiles of 64x64" in done.err
    assert "(first generate_videos.gif)" in done.err
    assert "different compression" in done.err
    assert "real none, scored h264 yuv420p" in done.err
    assert "digan vs " in done.out
    other = run("digan", "--samples", "S", "--layout", "gif-grid", "-v")
    assert other.code == 0, other.err
    assert "scored gif, 256 colours" in other.err


def test_a_file_may_have_been_renamed(run, clips, folder):
    write_gif(folder / "sky.gif", grid(clips, 2, 3))
    done = run("digan", "--samples", "sky.gif")
    assert "layout gif-grid" in done.err, done.err
    done = run("digan", "--samples", "sky.gif", "--layout", "grid")
    assert "layout grid (gif, 256 colours)" in done.err, done.err


def test_another_label_is_read_as_a_baseline_writes(run, clips, folder):
    for index, clip in enumerate(clips):
        (folder / f"S/{index:06d}").mkdir(parents=True)
        for number, frame in enumerate(clip):
            Image.fromarray(frame).save(folder / f"S/{index:06d}/{number:06d}.png")
        write_mp4(folder / f"T/x_0_{index}.mp4", clip)
        write_mp4(folder / f"T/x_0_{index}_noise.mp4", clip[::-1])
    assert (
        "skipped 6 files: the same latent once more, with noise inputs"
        in run("mine", "--samples", "T", "--layout", "mocogan-hd", "-v").err
    )
    assert "layout with-noise" in run("mine", "--samples", "T", "--layout", "mocogan-hd:with-noise").err
    plain = scored(run("mine", "--samples", "S", "--json"))
    exported = scored(run("mine", "--samples", "S", "--layout", "digan:exported", "--json"))
    assert plain["value"] == exported["value"]
    assert scored(run("digan", "--samples", "S", "--layout", "plain", "--json"))["value"] == plain["value"]


def test_grids_and_strips_of_anybody(run, clips, folder):
    write_mp4(folder / "grid.mp4", grid(clips, 2, 3, 2, 2), lossless=True)
    (folder / "strips").mkdir()
    for index, clip in enumerate(clips):
        Image.fromarray(np.concatenate(list(clip), axis=1)).save(folder / f"strips/{index}.png")
        write_mp4(folder / f"single/{index}.mp4", clip, lossless=True)
    values = [
        scored(run("mine", "--samples", path, *layout, "--json"))["value"]
        for path, layout in (("single", ()), ("grid.mp4", ("--layout", "grid")), ("strips", ("--layout", "strips")))
    ]
    assert values == [values[0]] * 3


def test_a_layout_of_ones_own(run, clips, folder):
    floats = np.transpose(clips / 127.5 - 1, (0, 4, 1, 2, 3)).astype(np.float32)
    np.save(folder / "mine.npy", floats)
    (folder / "mine.toml").write_text(
        'name = "mine"\nfiles = ["*.npy"]\nkind = "array"\ncompression = "none"\nlossy = false\n'
        'array = { axes = "ncthw", range = "-1..1" }\n'
    )
    np.savez(folder / "plain.npz", clips=clips)
    declared = scored(run("mine", "--samples", "mine.npy", "--layout", "mine.toml", "--json"))
    assert declared["value"] == scored(run("mine", "--samples", "plain.npz", "--json"))["value"]
    run("mine", "--samples", "mine.npy").fails("does not have the shape of clips", "(6, 3, 16, 64, 64)")


def test_frozen_twins_of_baselines(run, clips, folder):
    write_mp4(folder / "S/generate_videos.mp4", grid(clips, 2, 3))
    done = run("static-of:digan", "--samples", "S")
    assert done.code == 0, done.err
    assert "static-of:digan vs " in done.out


def test_requests_that_cannot_be_met(run, clips, folder, command):
    write_mp4(folder / "S/generate_videos.mp4", grid(clips, 2, 3))
    run("digan", "--samples", "S", "--layout", "gird").fails("unknown layout 'gird'", "grid, gif-grid of digan")
    run("mine", "--samples", "S", "--layout", "digan:gird").fails(
        "unknown layout of digan", "did you mean grid or gif-grid?"
    )
    run("mine", "--layout", "digan").fails("--layout is the layout of --samples")
    run("tats", "--samples", "S").fails("holds no samples in a known layout of TATS", "_eval.npy", "--layout plain")
    run("digan", "--samples", "nowhere").fails("path not found", "nowhere")
    (folder / "bad.toml").write_text('name = "bad"\n')
    run("mine", "--samples", "S", "--layout", "bad.toml").fails("mistakes in bad.toml")


def test_a_grid_that_does_not_divide(run, clips, folder):
    write_mp4(folder / "generation_0.mp4", grid(clips, 2, 3)[:, :, :-2])
    (folder / "mine.toml").write_text(
        'name = "mine"\nfiles = ["*.mp4"]\nkind = "grid"\ncompression = "h264"\nlossy = true\n'
        "grid = { rows = 2, columns = 3, padding = 0, border = 0 }\n"
    )
    run("mine", "--samples", "generation_0.mp4", "--layout", "mine.toml").fails(
        "cannot be cut into", "tiles of 63.3333 pixels", "--layout FILE.toml"
    )


def test_other_lengths_and_sizes_than_the_real_side(run, clips, folder):
    for index, clip in enumerate(clips):
        write_mp4(folder / f"short/{index}.mp4", clip[:9])
        write_mp4(folder / f"small/{index}.mp4", clip[:, ::2, ::2])
    run("mine", "--samples", "short").fails("shorter than", "9", "16")
    done = run("mine", "--samples", "small")
    assert "the sides differ in size: real 64x64, scored 32x32 pixels" in done.err


@pytest.mark.parametrize("kind", ["jpeg-75", "gif"])
def test_compressions_are_controls(kind, run):
    done = run(f"control:{kind}")
    assert done.code == 0, done.err
    assert "the sides went through different compression" in done.err
    assert "docs/compression.md" in done.err


def test_a_name_close_to_a_system_s_is_asked_about_and_a_dry_run_says_what_was_read(run, clips, folder):
    for index, clip in enumerate(clips):
        write_mp4(folder / f"S/{index}.mp4", clip)
    done = run("digann", "--samples", "S", "--dry-run")
    assert done.code == 0
    assert "note: digann is not a system that vidmbench knows" in done.out
    assert "did you mean digan?" in done.out
    assert "did you mean" not in run("mine", "--samples", "S", "--dry-run").out


@pytest.mark.parametrize("member", ["/abs/video/0.png", "../video/0.png"])
def test_an_archive_that_leads_out_of_its_folder(member, run, folder):
    with zipfile.ZipFile(folder / "S.zip", "w") as archive:
        archive.writestr(member, b"")
    run("mine", "--samples", "S.zip").fails("S.zip holds paths that lead out of it", member, "do not unpack it")


def test_grids_under_the_names_of_single_videos_are_noticed(run, clips, folder):
    for index in range(2):
        write_mp4(folder / f"S/{index:06d}.mp4", grid(clips, 2, 3, padding=2, border=2))
    words = "000000.mp4 looks like a grid of 2 x 3 videos and was read as one video: --layout grid cuts it"
    few = ("--num-videos", "2", "--dry-run")
    assert words in " ".join(run("stylegan-v", "--samples", "S", *few).out.split())
    assert "looks like a grid" not in run("stylegan-v", "--samples", "S", "--layout", "grid", *few).out
    for index, clip in enumerate(clips):
        write_mp4(folder / f"single/{index:06d}.mp4", clip)
    assert "looks like a grid" not in run("stylegan-v", "--samples", "single", *few).out


def test_grids_of_any_label_are_noticed_wherever_single_videos_are_expected(run, clips, folder):
    for index in range(2):
        write_mp4(folder / f"S/{index}.mp4", grid(clips, 2, 3))
    words = "0.mp4 looks like a grid of 2 x 3 videos and was read as one video: --layout grid cuts it"
    few = ("--num-videos", "2")
    assert words in " ".join(run("mine", "--samples", "S", *few, "--dry-run").out.split())
    done = run("mine", "--samples", "S", *few)
    assert words in " ".join(done.err.split())
    assert words in run("mine", "--samples", "S", *few, "--json").out
    assert "looks like a grid" not in run("mine", "--samples", "S", "--layout", "grid", *few, "--dry-run").out
    run("mine", "--samples", "S/0.mp4").fails("0.mp4 has 1 video", words, "--layout grid")


def test_single_videos_are_not_taken_for_grids(run, clips, folder):
    for index, clip in enumerate(clips):
        write_mp4(folder / f"S/{index}.mp4", clip)
    assert "looks like a grid" not in run("mine", "--samples", "S", "--dry-run").out


def test_layout_grid_finds_what_the_picture_shows_under_any_name(run, clips, folder):
    write_mp4(folder / "S/mine.mp4", grid(clips, 2, 3, padding=2, border=2))
    done = run("digan", "--samples", "S", "--layout", "grid", "--dry-run")
    assert "2 x 3 tiles of 64x64, padding 2, border 2" in " ".join(done.out.split()), done.err
    write_mp4(folder / "T/generate_videos.mp4", grid(clips, 2, 3, padding=2, border=2))
    done = run("digan", "--samples", "T", "--dry-run")
    assert "2 x 3 tiles of 64x64, padding 2, border 2" in " ".join(done.out.split()), done.err
    assert "differs from what the system usually writes" in " ".join(done.out.split())


# --- frames that show nothing new -------------------------------------------------------------------------------------

LAYOUT = """
name = "mine"
files = ["*.mp4"]
kind = "{kind}"
compression = "h264"
lossy = true
drop_frames = {drop}
{more}
"""


def test_blank_frames_at_the_end_of_a_grid_stop_the_work(run, clips, folder):
    white = np.full_like(clips[:, :6], 255)
    write_mp4(folder / "a.mp4", grid(np.concatenate([clips[:, :10], white], axis=1), 2, 3))
    read = ("--samples", "a.mp4", "--layout")

    run("mine", *read, "grid").fails(
        "show nothing new", "frames 10 to 15", "--frames 10", 'drop_frames = ["10-15"]', "--layout FILE.toml"
    )
    (folder / "drop.toml").write_text(LAYOUT.format(kind="grid", drop='["10-15"]', more="grid = {}"))
    run("mine", *read, "drop.toml").fails("shorter than the clip", "--frames")
    (folder / "keep.toml").write_text(LAYOUT.format(kind="grid", drop="[]", more="grid = {}"))
    assert run("mine", *read, "keep.toml", "--dry-run").code == 0


def test_frames_that_a_grid_repeats_can_be_left_out(run, clips, folder):
    kept = [0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 14, 15]
    write_mp4(folder / "a.mp4", grid(clips[:, kept], 2, 3))

    run("mine", "--samples", "a.mp4", "--layout", "grid").fails("2 of the frames", "frames 3 and 10", '["3", "10"]')
    (folder / "drop.toml").write_text(LAYOUT.format(kind="grid", drop="[3, 10]", more="grid = {}"))
    done = run("mine", "--samples", "a.mp4", "--layout", "drop.toml", "--dry-run")
    assert "omitted as declared: frames 3 and 10 of every video" in " ".join(done.out.split()), done.err


def test_single_videos_that_all_end_in_a_still_stop_too(run, clips, folder):
    for index, clip in enumerate(clips):
        still = np.repeat(clip[9:10], 6, axis=0)
        write_mp4(folder / f"S/{index}.mp4", np.concatenate([clip[:10], still]), lossless=True)
        write_mp4(folder / f"T/{index}.mp4", np.concatenate([clip[:10], still]) if index else clip, lossless=True)
        write_mp4(folder / f"U/{index}.mp4", np.repeat(clip[:1], FRAMES, axis=0), lossless=True)

    run("mine", "--samples", "S").fails("show nothing new", "frames 10 to 15", "--frames 10")
    for accepted, is_still in (("T", False), ("U", True)):  # some move on; all stand still from the first frame on
        done = run("mine", "--samples", accepted, "--dry-run")
        assert done.code == 0
        assert ("the scored videos stand still: in all 6 clips" in " ".join(done.out.split())) is is_still
    control = run("control:static", "--dry-run")
    assert control.code == 0
    assert "stand still" not in control.out
    (folder / "keep.toml").write_text(LAYOUT.format(kind="videos", drop="[]", more=""))
    assert run("mine", "--samples", "S", "--layout", "keep.toml", "--dry-run").code == 0


@pytest.mark.parametrize("form", ["mp4", "frames", "npy", "grid"])
def test_the_layout_that_is_proposed_can_be_used_as_it_is_printed(form, run, clips, folder):
    still = np.concatenate([clips[:, :12], np.repeat(clips[:, 11:12], 8, axis=1)], axis=1)
    samples, layout = "S", ()
    for index, clip in enumerate(still):
        if form == "mp4":
            write_mp4(folder / f"S/{index}.mp4", clip, lossless=True)
        elif form == "frames":
            (folder / f"S/{index}").mkdir(parents=True)
            for number, frame in enumerate(clip):
                Image.fromarray(frame).save(folder / f"S/{index}/{number:03d}.png")
    if form == "npy":
        samples = "S.npy"
        np.save(folder / samples, still)
    elif form == "grid":
        samples, layout = "S.mp4", ("--layout", "grid")
        write_mp4(folder / samples, grid(still, 2, 3), lossless=True)

    refused = run("mine", "--samples", samples, *layout)
    assert refused.code == 2
    lines = refused.err.split("as they are", 1)[1].splitlines()
    (folder / "FILE.toml").write_text("\n".join(line for line in lines if line.startswith("    ")))
    done = run("mine", "--samples", samples, "--layout", "FILE.toml", "--frames", "12", "--dry-run")
    assert done.code == 0, done.err
    assert "omitted as declared: frames 12 to " in " ".join(done.out.split())
