"""The numbers and the score of Physics-IQ as users ask for them, and the messages."""

import numpy as np
import pytest

pytest.importorskip("cv2")


@pytest.fixture
def takes(folder):
    """Five videos of a square that moves, the same a frame late, and still ones: 12 frames of 48 x 48."""
    videos = np.full((5, 12, 48, 48, 3), 40, np.uint8)
    for number in range(5):
        for frame in range(12):
            left = 4 + 2 * frame + number
            videos[number, frame, 12:28, left : left + 14] = 220
    np.save(folder / "take1.npy", videos)
    np.save(folder / "take2.npy", np.concatenate([videos[:, :1], videos[:, :-1]], axis=1))
    np.save(folder / "still.npy", np.repeat(videos[:, :1], 12, axis=1))
    return videos


def test_the_score_beside_a_second_take(command, takes):
    asked = ("--protocol", "physics-iq,physics-iq-lossless", "--frames", 12)
    outcome = command("score", "take1.npy", "take1.npy", "still.npy", *asked, "--second-take", "take2.npy", "--json")
    assert outcome.code == 0, outcome.err
    found = {(model["model"], item["protocol"], item["metric"]): item for model in outcome.json["models"]
             for item in model["measurements"]}  # fmt: skip
    assert {model for model, _, _ in found} == {"take1.npy", "still.npy"}
    for protocol in ("physics-iq", "physics-iq-lossless"):
        perfect, still = (found[model, protocol, "physics-iq-score"] for model in ("take1.npy", "still.npy"))
        assert perfect["value"] > 100  # nearer to the first take than the second is; published codes clip
        assert still["value"] < 60
        assert still["interval"][0] < still["value"] < still["interval"][1]
        assert still["interval_kind"] == "jackknife-5-videos-95"
        assert "take2:" in still["signature"]
        assert found["take1.npy", protocol, "spatiotemporal-iou"]["value"] == 1
        assert found["take1.npy", protocol, "mse"]["value"] == 0
    ids = {item["signature_id"] for item in found.values()}
    assert len(ids) == 10  # five numbers, with and without the video file
    assert "neither side moves, which counts as full agreement" in outcome.err


def test_two_still_videos_agree(command, takes):
    asked = ("--protocol", "physics-iq", "--frames", 12, "--json")
    outcome = command("score", "still.npy", "still.npy", *asked)
    assert [item["value"] for item in outcome.json["measurements"]] == [1, 1, 1, 0]
    assert "in 60 of 60 frames neither side moves" in outcome.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--protocol", "psnr-scikit-image", "--second-take", "take2.npy"), ("--second-take is for the score",)),
        (("--protocol", "physics-iq", "--second-take", "take1.npy"), ("the same videos as the first",)),
        (("--protocol", "physics-iq", "--second-take", "nowhere.npy"), ("nowhere.npy",)),
        (("--protocol", "physics-iq", "--frames", 1), ("cannot score clips of 1 frame", "choose --frames 2")),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_mistakes(command, takes, words, said):
    command("score", "take1.npy", "still.npy", "--frames", 12, *words).fails(*said)


def test_whole_videos_alone(command, takes):
    outcome = command("score", "take1.npy", "still.npy", "--protocol", "physics-iq", "--frames", 12, "--context", 4)
    assert outcome.code == 2
    assert "Physics-IQ looks at whole videos" in outcome.err
    np.save("tiny.npy", np.load("take1.npy")[:, :, :12, :12])
    command("score", "tiny.npy", "tiny.npy", "--protocol", "physics-iq", "--frames", 12).fails("16 x 16", "12 x 12")
    command("compare-models", "take1.npy", "take2.npy", "still.npy", "--protocol", "physics-iq", "--frames", 12).fails(
        "physics-iq measures no distance that models can be compared by"
    )
