"""Every form of a source on the command line: what each command opens, and what it says where a form makes no sense."""

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("fake_network")

FRAMES = ("--frames", 16)
COUNTS = (*FRAMES, "--num-videos", 5)
# What stands around FAKE in each command.
COMMANDS = {
    "score": ("score", "real.npy", "FAKE", *COUNTS, "--json"),
    "compare": ("compare", "real.npy", "FAKE", *COUNTS, "--protocol", "fvd-digan", "--json"),
    "explain": ("explain", "fvd-stylegan-v", "fvd-vidm-release", "real.npy", "FAKE", *COUNTS, "--json"),
    "compare-models": ("compare-models", "real.npy", "FAKE", "fake.npy", *COUNTS, "--json"),
    "memorisation": ("memorisation", "real.npy", "fake.npy", "FAKE", *COUNTS, "--quantile", 0.4, "--json"),
}


@pytest.fixture
def films(real, folder, clips):
    np.save(folder / "fake.npy", clips)


def label_of(command, content):
    side = content["a" if command == "compare-models" else "fake"]
    return side if isinstance(side, str) else side["label"]


@pytest.mark.parametrize("command_name", COMMANDS)
@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("folder:fake.npy", "fake.npy"),
        ("dataset:clevrer-mini@train", "clevrer-mini@train"),
        ("control:shuffled", "control:shuffled"),
        ("static-of:fake.npy", "static-of:fake.npy"),
        ("static-of:control:shuffled", "static-of:control:shuffled"),
    ],
)
def test_every_command_takes_every_form(command_name, text, label, command, films):
    words = [text if word == "FAKE" else word for word in COMMANDS[command_name]]
    done = command(*words)
    assert done.code == 0, done.err
    content = done.json
    assert label_of(command_name, content) == label


@pytest.mark.parametrize("text", ["vidm", "static-of:vidm"])
@pytest.mark.parametrize("command_name", ["score", "compare"])
def test_a_model_is_sampled_as_often_and_as_long_as_the_protocols_take(command_name, text, command, films):
    words = [text if word == "FAKE" else word for word in COMMANDS[command_name]]
    plan = command(*words, "--dry-run").json
    assert plan["fake"] == f"{text} (5 videos)"
    assert plan["measurements"][0]["num_fake"] == 5


def test_a_fit_to_many_videos_opens_all_forms(command, films):
    for text in ("control:noise", "static-of:fake.npy", "static-of:vidm"):
        done = command("infinity", "real.npy", text, *COUNTS, "--dry-run")
        done.fails("too few videos to extrapolate", "found: 5 real and 5 generated")


@pytest.mark.parametrize("command_name", COMMANDS)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pack:x.tar", ("it serves as the real side of a score and as nothing else",)),
        ("control:statik", ("unknown control 'statik': did you mean static",)),
        ("static-of:control:statik", ("unknown control 'statik'",)),
        ("dataset:clevrer-mimi", ("unknown data set 'clevrer-mimi'",)),
        ("static-of:dataset:clevrer-mini/x", ("the resolution must be a number",)),
        ("static-of:", ("a source without a path",)),
        ("static-of:gone", ("path not found: gone",)),
    ],
)
def test_nonsense_is_refused_in_a_sentence(command_name, text, words, command, films):
    command(*[text if word == "FAKE" else word for word in COMMANDS[command_name]]).fails(*words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--model", "my-gan", "--dataset", "vidm", "--samples", "fake.npy"), "--dataset takes real videos"),
        (("--model", "my-gan", "--dataset", "control:static", "--samples", "fake.npy"), "--dataset takes real videos"),
        (("--model", "pack:x", "--dataset", "clevrer-mini"), "it serves as the real side"),
        (("--model", "grid:DIR", "--dataset", "clevrer-mini"), "the model 'grid:DIR' needs its videos"),
        (("--model", "x", "--dataset", "clevrer-mini", "--samples", "static-of:fake.npy"), "--samples takes files"),
    ],
)
def test_what_run_refuses(words, expected, command, films):
    command("run", *words, *COUNTS).fails(expected)


def test_dataset_takes_the_prefixes_of_sources(command, films):
    values = set()
    for dataset in ("clevrer-mini@test", "dataset:clevrer-mini@test"):
        done = command("run", "--model", "m", "--samples", "fake.npy", "--dataset", dataset, *COUNTS, "--json")
        assert done.code == 0, done.err
        values.add((done.json["value"], done.json["dataset"], done.json["signature_id"]))
    assert len(values) == 1


@pytest.mark.parametrize("text", ["control:blurred", "dataset:clevrer-mini@train"])
def test_a_file_of_the_name_of_something_else_is_noted(text, command, films, folder):
    (folder / text).mkdir()
    done = command("score", "real.npy", text, *COUNTS, "--json")
    kind = "control" if text.startswith("control") else "data set"
    assert f"{text} names a {kind}; the file or folder of that name here was not read: folder:{text} reads it" in (
        " ".join(" ".join([done.err, *map(str, done.json["warnings"])]).split())
    )


def test_a_folder_called_vidm_is_noted(folder, monkeypatch):
    from vidmbench import open_source

    monkeypatch.chdir(folder)
    (folder / "vidm").mkdir()
    source = open_source("vidm", num_videos=1, num_frames=2)
    assert any(note.startswith("vidm names a model; the file or folder of that name here") for note in source.notes)
