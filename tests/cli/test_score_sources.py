"""``score`` on everything that people keep videos in."""

import io
import shutil
import zipfile
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from vidmbench.videos import write_frames, write_gif, write_mp4, write_npz

COMMON = ("--protocol", "fvd-stylegan-v", "--frames", "16", "--num-videos", "5", "--json")


def encoded(target, frames, codec, layout, **options):
    """One file in any container; the suffix chooses it."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = layout
        stream.options = options
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=layout)))
        container.mux(stream.encode())


def each(root, suffix, clips, write):
    root.mkdir()
    for number, clip in enumerate(clips):
        write(root / f"{number}{suffix}", clip)
    return root


def picture(frame, form):
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, format=form, **({"quality": 95} if form == "JPEG" else {}))
    return stream.getvalue()


def unpadded(target, clip, form, suffix):
    """``frame8``, ``frame9``, ``frame10``: right only in natural order."""
    target.mkdir()
    for number, frame in enumerate(clip, start=8):
        (target / f"frame{number}.{suffix}").write_bytes(picture(frame, form))


def zipped(path, clips):
    with zipfile.ZipFile(path, "w") as archive:
        for video, clip in enumerate(clips):
            for number, frame in enumerate(clip, start=8):
                archive.writestr(f"samples/{video}/{number}.png", picture(frame, "PNG"))
    return path


def as_npy(root, clips):
    np.save(f"{root}.npy", clips)
    return f"{root}.npy"


def as_npz(root, clips):
    write_npz(root.with_suffix(".npz"), clips)
    return root.with_suffix(".npz")


LOSSLESS = {
    "npz": as_npz,
    "mp4": lambda root, clips: each(root, ".mp4", clips, lambda path, clip: write_mp4(path, clip, lossless=True)),
    "avi": lambda root, clips: each(root, ".avi", clips, lambda path, clip: encoded(path, clip, "ffv1", "bgr0")),
    "mkv": lambda root, clips: each(
        root, ".mkv", clips, lambda path, clip: encoded(path, clip, "libx264rgb", "rgb24", crf="0")
    ),
    "png folders, natural order": lambda root, clips: each(
        root, "", clips, lambda path, clip: unpadded(path, clip, "PNG", "png")
    ),
    "png folders": lambda root, clips: each(root, "", clips, write_frames),
    "zip": lambda root, clips: zipped(root.with_suffix(".zip"), clips),
}
LOSSY = {
    "webm": lambda root, clips: each(
        root, ".webm", clips, lambda path, clip: encoded(path, clip, "libvpx-vp9", "yuv420p", crf="10")
    ),
    "gif": lambda root, clips: each(root, ".gif", clips, write_gif),
    "mp4, high quality": lambda root, clips: each(root, ".mp4", clips, write_mp4),
    "avi, mjpeg": lambda root, clips: each(
        root, ".avi", clips, lambda path, clip: encoded(path, clip, "mjpeg", "yuvj420p", qscale="2")
    ),
    "jpg folders, natural order": lambda root, clips: each(
        root, "", clips, lambda path, clip: unpadded(path, clip, "JPEG", "jpg")
    ),
}


@pytest.fixture
def reference(command, fake_network, folder, real, clips):
    """The value of the very same clips as a plain array."""
    outcome = command("score", real, as_npy(folder / "plain", clips), *COMMON)
    assert outcome.code == 0, outcome.err
    return outcome.json["value"]


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_kinds_give_the_identical_value(kind, command, folder, real, clips, reference):
    found = command("score", real, LOSSLESS[kind](folder / "fake", clips), *COMMON)
    assert found.code == 0, found.err
    assert found.json["value"] == reference


def test_archives_lists_and_globs_score_as_the_folder(command, folder, real, clips, fake_network):
    root = each(folder / "set", ".mp4", clips, write_mp4)
    shutil.make_archive(str(folder / "a"), "tar", root)
    shutil.make_archive(str(folder / "a"), "zip", root)
    (folder / "a.txt").write_text("".join(f"set/{path.name}\n" for path in root.iterdir()))
    expected = command("score", real, root, *COMMON).json
    for fake in ("a.tar", "a.zip", "a.txt", "set/*.mp4", "folder:set/*"):
        found = command("score", real, fake, *COMMON).json
        same = ("value", "signature", "signature_id", "interval")
        assert [found[key] for key in same] == [expected[key] for key in same], fake


@pytest.mark.parametrize("kind", LOSSY)
def test_lossy_kinds_give_a_near_value(kind, command, folder, real, clips, reference):
    found = command("score", real, LOSSY[kind](folder / "fake", clips), *COMMON)
    assert found.code == 0, found.err
    assert found.json["value"] != reference  # they really were read from the lossy file
    assert found.json["value"] == pytest.approx(reference, rel=0.1)


def test_scrambled_frames_would_be_noticed(command, fake_network, folder, real, clips, reference):
    """The twin of the tests above: frames in the order 10, 11 ... 8, 9 give another value."""
    scrambled = np.concatenate([clips[:, 2:], clips[:, :2]], axis=1)
    assert command("score", real, as_npy(folder / "other", scrambled), *COMMON).json["value"] != reference


def test_the_built_in_data_set(command, fake_network, folder, real):
    found = command("score", "dataset:clevrer-mini@test", "dataset:clevrer-mini@train", *COMMON)
    assert found.code == 0, found.err
    assert found.json["real"]["label"] == "clevrer-mini@test"
    assert found.json["fake"]["label"] == "clevrer-mini@train"
    mixed = command("score", real, "dataset:clevrer-mini@test", *COMMON)
    assert mixed.code == 0, mixed.err
    unsplit = command("score", "dataset:clevrer-mini", "dataset:clevrer-mini@train", *COMMON)
    assert unsplit.json["value"] == found.json["value"]


@pytest.mark.parametrize("kind", ["static", "reversed", "shuffled", "blurred", "noise"])
def test_controls_of_a_bare_source_are_paired(kind, command, fake_network, real):
    found = command("score", real, f"control:{kind}", *COMMON)
    assert found.code == 0, found.err
    assert found.json["fake"]["label"] == f"control:{kind}"
    assert any(note.startswith("paired") for note in found.json["warnings"])
    assert "warning: paired" in found.err


@pytest.mark.parametrize("kind", ["real", "static", "noise"])
def test_controls_of_a_data_set_come_from_its_other_split(kind, command, fake_network):
    found = command("score", "dataset:clevrer-mini@test", f"control:{kind}", *COMMON)
    assert found.code == 0, found.err
    assert not any("paired" in note for note in found.json["warnings"])


def test_control_real_needs_two_splits(command, fake_network, real):
    command("score", real, "control:real", *COMMON).fails(
        "control:real needs a second split", "clevrer-mini", "what to do"
    )


def test_no_record_unless_asked_for(command, fake_network, folder, real, clips):
    fake = as_npy(folder / "plain", clips)
    plain = command("score", real, fake, *COMMON[:-1])
    assert plain.code == 0
    assert "record:" not in plain.out + plain.err
    assert "fvd-stylegan-v" in plain.out
    assert not (folder / "runs").exists()
    assert "record:  here" in command("score", real, fake, *COMMON[:-1], "--out", "here").err
    assert len(list((folder / "here").glob("*.json"))) == 1


def test_same_videos_on_both_sides_are_pointed_out(command, fake_network, real):
    found = command("score", real, real, *COMMON)
    assert "both sides hold the same videos" in found.err


@pytest.mark.weights
def test_through_the_script_with_the_real_network(script, command, network, folder, real, clips):
    """One command as users give it, and one in this process, on two kinds that hold the same pixels."""
    each(folder / "avi", ".avi", clips, lambda path, clip: encoded(path, clip, "ffv1", "bgr0"))
    of_files = script("score", real, "avi", *COMMON)
    assert of_files.code == 0, of_files.err
    of_array = command("score", real, as_npy(folder / "plain", clips), *COMMON)
    assert of_files.json["value"] == of_array.json["value"]
    assert of_files.json["signature_id"] == of_array.json["signature_id"]
