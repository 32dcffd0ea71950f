"""``vidmbench memorisation``: copies are found and named, the picture shows them, mistakes are said."""

import numpy as np
import pytest
from PIL import Image

import vidmbench.evaluation.studies.memorisation
import vidmbench.evaluation.studies.memorisation_plan
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.studies.memorisation import carry_out_memorisation
from vidmbench.evaluation.studies.memorisation_plan import prepare_memorisation
from vidmbench.reporting.plots.memorisation import headline, memorisation_sheet
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import write_frames

MEMORISATION = ("memorisation", "train.npy", "heldout.npy", "fake.npy", "--frames", "16")


def toy(split, indices, frames=range(16)):
    videos = ToyVideos(split, resolution=32)
    return np.stack([videos.read(index, frames) for index in indices])


@pytest.fixture(scope="module")
def videos():
    """Ten training videos of 32 frames, twenty held-out and eight other clips."""
    return toy("train", range(10), range(32)), toy("test", range(20)), toy("test", range(20, 28))


@pytest.fixture
def three(folder, videos):
    """Three files; generated clips 3 and 6 are training clips 1 and 8."""
    train, heldout, fake = videos[0][:, :16], videos[1], videos[2].copy()
    fake[[3, 6]] = train[[1, 8]]
    for name, clips in (("train", train), ("heldout", heldout), ("fake", fake)):
        np.save(folder / f"{name}.npy", clips)
    return train, heldout, fake


def test_copies_are_found_and_named(command, fake_network, three, folder):
    found = command(*MEMORISATION, "--top", 3, "--json")
    assert found.code == 0, found.err
    content = found.json
    assert (content["num_train"], content["num_heldout"], content["num_fake"]) == (10, 20, 8)
    assert fake_network.scored == 38
    pairs = [(pair["generated"], pair["training"], pair["distance"], pair["is_copy"]) for pair in content["nearest"]]
    assert pairs[:2] == [("clip000003", "clip000001", 0.0, True), ("clip000006", "clip000008", 0.0, True)]
    assert pairs[2][2] > 0.0
    assert len(pairs) == 3
    assert content["copies"] == [pair[0] for pair in pairs[:2]]
    assert content["value"] >= 2 / 8
    assert content["expected"] == pytest.approx(1 / 21)
    assert content["interval"][0] < content["value"] < content["interval"][1]
    assert content["distances"]["heldout"]["0"] == content["threshold"]
    assert content["distances"]["generated"]["0"] == 0.0
    assert "figure: runs/memorisation.png" in found.err
    with Image.open(folder / "runs" / "memorisation.png") as picture:
        assert picture.width == 1430


def test_the_table_says_the_same(command, fake_network, three):
    content = command(*MEMORISATION, "--json").json
    loads = len(fake_network)
    shown = command(*MEMORISATION)
    assert len(fake_network) == loads  # all features were in the cache
    assert shown.code == 0
    value = f"{100 * content['value']:.1f} %"
    (line,) = (line for line in shown.out.splitlines() if line.startswith("| generated clips nearer than"))
    assert value in line
    assert f"p = {content['p_value']:.2g}" in line
    (line,) = (line for line in shown.out.splitlines() if line.startswith("| exact copies of training clips"))
    assert "2 of 8" in line
    assert shown.out.count("|       copy |") == 2
    assert shown.out.splitlines()[-1] == f"{value}  {content['signature']}  #{content['signature_id']}"


def test_the_signature_names_all_that_moves_the_number(command, fake_network, three, folder):
    signed = command(*MEMORISATION, "--json").json
    fields = dict(field.split(":", 1) for field in signed["signature"].split(" | ")[1:])
    assert signed["signature"].startswith("memorisation | q:0.05 | proto:fvd-vidm-paper.1 | det:i3d-k400:af5c50f0 ")
    assert (fields["eps"], fields["t"], fields["s"]) == ("1e-3", "16", "1")
    assert (fields["train"], fields["heldout"], fields["fake"]) == ("10.rand.rand", "20.rand.rand", "8.rand.rand")
    assert "cov" not in fields
    digests = {fields["train-data"], fields["data"].rpartition(":")[2], fields["fakes"]}
    assert all(len(digest) == 8 for digest in digests)
    assert len(digests) == 3

    def other(*words):
        return command(*MEMORISATION, *words, "--json").json

    assert other("--quantile", "0.1")["signature_id"] != signed["signature_id"]
    assert other("--num-train", "9")["signature_id"] != signed["signature_id"]
    np.save(folder / "fake.npy", three[2][::-1])
    assert other()["signature_id"] == signed["signature_id"]
    np.save(folder / "train.npy", three[0][::-1])
    assert other()["signature_id"] != signed["signature_id"]


def test_a_copy_from_the_middle_of_a_video_needs_all_its_clips(command, fake_network, three, folder, videos):
    train = videos[0]
    np.save(folder / "train.npy", train)
    fake = three[2].copy()
    fake[3], fake[6] = train[1, 16:], train[8, 5:21]
    np.save(folder / "fake.npy", fake)
    found = {pick: command(*MEMORISATION, "--train-clips", pick, "--json") for pick in ("random", "chunks", "windows")}
    copies = {
        pick: [pair["training"] for pair in one.json["nearest"] if pair["is_copy"]] for pick, one in found.items()
    }
    assert copies["chunks"] == ["clip000001 from 16"]
    assert copies["windows"] == ["clip000001 from 16", "clip000008 from 5"]
    assert {pick: one.json["num_train"] for pick, one in found.items()} == {"random": 10, "chunks": 20, "windows": 170}
    assert "train:20.all.chunks" in found["chunks"].json["signature"]
    assert "--train-clips chunks or windows searches more" in found["random"].err
    assert "--train-clips" not in found["windows"].err


def test_all_clips_of_some_videos_are_those_of_the_videos_picked(three, folder, videos):
    np.save(folder / "train.npy", videos[0])

    def searched(pick):
        job = prepare_memorisation(
            "train.npy", "heldout.npy", "fake.npy", Choices(frames=(16,)), num_train=3, train_clips=pick
        )
        return [(clip.video, clip.start) for clip in job.train.plan.clips]

    picked = [video for video, _ in searched("random")]
    assert picked != [0, 1, 2]
    assert searched("chunks") == [(video, start) for video in picked for start in (0, 16)]
    assert searched("windows") == [(video, start) for video in picked for start in range(17)]


def test_a_control_is_made_from_the_training_videos(command, fake_network, three):
    words = ("memorisation", "train.npy", "heldout.npy", "control:real", "--frames", "16", "--json")
    copied = command(*words)
    assert (copied.json["value"], copied.json["area"], len(copied.json["copies"])) == (1.0, 1.0, 10)
    assert copied.json["p_value"] < 1e-5


def test_few_videos_of_each(command, fake_network, three):
    found = command(*MEMORISATION, "--num-videos", "4", "--quantile", "0.2", "--json")
    assert (found.json["num_train"], found.json["num_heldout"], found.json["num_fake"]) == (4, 4, 4)
    assert "4 of 10 training videos were searched: copies of others are not seen" in found.err
    more = command(*MEMORISATION, "--num-videos", "4", "--num-train", "9", "--quantile", "0.2", "--json")
    assert (more.json["num_train"], more.json["num_heldout"], more.json["num_fake"]) == (9, 4, 4)


def test_videos_that_are_too_short_are_left_out_when_asked(command, fake_network, three, folder):
    for number, clip in enumerate(three[2]):
        write_frames(folder / "frames" / f"{number}", clip[: 12 if number == 3 else 16])
    words = ("memorisation", "train.npy", "heldout.npy", "frames", "--frames", "16")
    command(*words).fails("1 of 8 videos of generated: frames are shorter than the clip", "--on-bad skip")
    found = command(*words, "--on-bad", "skip", "--json")
    assert found.json["num_fake"] == 7
    assert found.json["copies"] == ["6"]
    assert "skipped in frames: 3: has 12 frames, a clip needs 16" in found.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--num-videos", "4"], ["too few held-out clips for their 5 % quantile", "at least 19", "--quantile 0.2",
                                 "take more with --num-videos"]),
        (["--quantile", "0.01"], ["for their 1 % quantile", "at least 99", "found: 20", "--quantile 0.048"]),
        (["--quantile", "0"], ["a quantile is between 0 and 1", "--quantile"]),
        (["--frames", "16,32"], ["takes one clip length", "16, 32"]),
        (["--frames", "20"], ["shorter than the clip", "training: ", "--frames 16"]),
        (["--out", "sheet.txt"], ["unknown figure format", ".png, .svg or .pdf", "sheet.txt"]),
        (["--protocol", "fvd-vidm-papr"], ["unknown protocol", "did you mean fvd-vidm-paper"]),
    ],
)  # fmt: skip
def test_mistakes_are_found_before_the_network_runs(words, said, command, fake_network, three, folder):
    command(*MEMORISATION, *words).fails(*said)
    assert len(fake_network) == 0
    assert not (folder / "runs").exists()


def test_mistakes_in_the_sources(command, fake_network, three, monkeypatch):
    command("memorisation", "train.npy", "heldout.npy", "control:reel").fails("unknown control", "did you mean real")
    command("memorisation", "train.npy", "nowhere.npy", "fake.npy").fails("nowhere.npy")
    command("memorisation", "heldout.npy", "heldout.npy", "fake.npy").fails(
        "held-out clips are in the training set",
        "20: clip000000, clip000001, clip000002 and 17 more",
        "that the generator was not trained on",
    )
    refused = ("features of clips or frames", "fvd-vidm-paper")
    command(*MEMORISATION, "--protocol", "flicker-vbench").fails(*refused, "temporal flickering")
    command(*MEMORISATION, "--protocol", "psnr-opencv").fails(*refused, "PSNR")


def test_features_that_are_not_finite(command, fake_network, three, monkeypatch):
    real = vidmbench.evaluation.studies.memorisation.features_of

    def broken(jobs, **options):
        sets = real(jobs, **options)
        sets[2].features[5] = np.nan
        return sets

    monkeypatch.setattr(vidmbench.evaluation.studies.memorisation, "features_of", broken)
    command(*MEMORISATION).fails("no finite features for 1 of 8 generated clips", "clip000005")


def test_held_out_videos_that_were_trained_on(command, fake_network, three, folder):
    heldout = np.concatenate([three[1], three[1][::-1, :, :, ::-1]])  # forty, so that one is not the threshold
    heldout[30] = three[0][2]
    np.save(folder / "heldout.npy", heldout)
    found = command(*MEMORISATION, "--json")
    assert "1 held-out clip is in the training set: " in found.err
    assert found.json["heldout_copies"] == ["clip000030"]


def test_sources_of_other_sizes(command, fake_network, three, folder):
    np.save(folder / "fake.npy", np.repeat(np.repeat(three[2], 2, axis=2), 2, axis=3))
    found = command(*MEMORISATION)
    assert "sources differ in size" in found.err
    assert "32x32" in found.err
    assert "64x64" in found.err


@pytest.fixture
def finding(fake_network, three):
    return carry_out_memorisation(prepare_memorisation("train.npy", "heldout.npy", "fake.npy", Choices(frames=(16,))))


def test_the_sheet_shows_the_pairs(finding, three):
    figure = memorisation_sheet(finding, top=2)
    assert len(figure.axes) == 7
    for row, (ours, theirs) in enumerate(((3, 1), (6, 8))):
        left, between, right = figure.axes[3 * row : 3 * row + 3]
        for axis, clip in ((left, three[2][ours]), (right, three[0][theirs])):
            strip = np.asarray(axis.images[0].get_array())
            assert strip.shape == (34, 6 * 34, 3)
            np.testing.assert_array_equal(strip[1:33, 1:33], clip[0])
            np.testing.assert_array_equal(strip[1:33, -33:-1], clip[15])
        assert between.texts[0].get_text() == "copy"
    titles = [axis.get_title(loc="left") for axis in figure.axes[:3]]
    assert titles == ["generated: fake.npy\nclip000003", "", "training: train.npy\nclip000001"]
    assert figure.get_suptitle() == headline(finding)
    assert finding.signature.id in figure.get_supxlabel().replace("\n", "")


def test_the_histogram_holds_every_clip(finding):
    axis = memorisation_sheet(finding).axes[-1]
    assert [text.get_text().split(":")[0] for text in axis.get_legend().get_texts()] == [
        "20 held-out clips", "8 generated clips", "threshold",
    ]  # fmt: skip
    assert axis.lines[0].get_xdata()[0] == finding.result.threshold
    drawn = {patch.get_fill(): patch.get_xy()[:, 1] for patch in axis.patches}
    assert drawn.keys() == {True, False}
    for heights in drawn.values():  # two corners a bin, or as many again along the bottom
        assert heights.max() <= 100.0
        assert heights.sum() == pytest.approx(2 * 100.0)


def test_more_pairs_than_clips(finding):
    assert len(memorisation_sheet(finding, top=50).axes) == 3 * 8 + 1
