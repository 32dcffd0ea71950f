"""What users rely on is what it was when it was frozen; ``freeze.py`` beside this file says how and what."""

import copy

import pytest
from contract import freeze

HOW_TO = "If that is meant: python tests/contract/freeze.py --write, and say so in CHANGELOG.md."


@pytest.fixture(scope="module")
def now(tmp_path_factory):
    """Everything as it is now, collected once."""
    return freeze.collected(tmp_path_factory.mktemp("contract"))


@pytest.mark.parametrize("name", ["public_names", "commands", "json_keys", "signatures", "records"])
def test_what_was_frozen_holds(now, name):
    lines = freeze.problems(name, now)
    assert not lines, "\n".join([*lines, HOW_TO])


def test_the_frozen_state_is_whole(now):
    """The files are not empty, and every command with --json has an output among them."""
    assert len(freeze.frozen("public_names")) >= 18
    commands = freeze.frozen("commands")
    with_json = {path.removeprefix("vidmbench ") for path, one in commands.items() if "--json" in one["options"]}
    outputs = freeze.frozen("json_keys").keys()
    assert with_json == {title.partition(",")[0] for title in outputs} - {"a record's file"}
    assert outputs == {*freeze.OUTPUTS, "a record's file"}
    signatures = freeze.frozen("signatures")
    assert len(signatures["arrays"]) >= 20
    too_long = {"fvd-128f-subsample8", "fvd-longvideogan-128f"}
    assert signatures["arrays"].keys() - too_long == signatures["data set on disk"].keys()
    assert len(freeze.frozen("records")) >= 25
    assert now.keys() == {path.stem for path in freeze.HERE.glob("*.json")}


def parent(content, path):
    for key in path[:-1]:
        content = content[key]
    return content, path[-1]


SCORE = ("vidmbench score",)
STATIC = ("models", "control:static")


@pytest.mark.parametrize(
    ("name", "path", "value", "said"),
    [
        ("public_names", ("score_all",), None, "vidmbench.score_all: is gone"),
        ("public_names", ("score", 4), None, "vidmbench.score: no parameter protocol= any more"),
        ("public_names", ("score", 4), "protocol", "vidmbench.score: a new parameter protocol that must be given"),
        ("commands", SCORE, None, "vidmbench score: is gone"),
        ("commands", (*SCORE, "options", "--seed"), None, "vidmbench score --seed: is gone"),
        ("commands", (*SCORE, "options", "--seed", "takes"), "text", "--seed: takes: was integer, is text"),
        ("commands", (*SCORE, "options", "--seed", "default"), 1, "--seed: default: was None, is 1"),
        ("commands", (*SCORE, "options", "--device", "choices", 2), None, "--device: no longer takes cuda"),
        ("commands", (*SCORE, "options", "--new"), {"takes": "text", "required": True}, "--new: is new and required"),
        (
            "commands",
            (*SCORE, "arguments", 0),
            "VIDEOS",
            "arguments were REAL FAKE [MORE...], are VIDEOS FAKE [MORE...]",
        ),
        ("commands", (*SCORE, "arguments"), ["REAL", "FAKE", "THIRD", "[MORE...]"], "are REAL FAKE THIRD"),
        ("json_keys", ("score", "fake", "digest"), None, "score > fake > digest: is gone"),
        ("json_keys", ("score", "value"), "text", 'score > value: was "number", is "text"'),
        ("json_keys", ("score", "interval"), [], 'score > interval: was ["number"], is []'),
        ("json_keys", ("doctor", "checks", 0, "said"), None, "doctor > checks > [0] > said: is gone"),
        ("json_keys", ("doctor", "checks", 0), "text", "was an object with name, said, state, is"),
        ("signatures", ("arrays", "fvd-tats", 1), "00000000", "arrays > fvd-tats: was"),
        ("signatures", STATIC, None, "models > control:static: is gone"),
        ("records", (next(iter(freeze.frozen("records"))), "sha256"), "0", "sha256: was"),
        ("records", (next(iter(freeze.frozen("records"))),), None, "is gone"),
    ],
)
def test_a_change_is_noticed(now, name, path, value, said):
    """None stands for what is taken away."""
    changed = copy.deepcopy(now)
    place, key = parent(changed[name], path)
    if value is None:
        del place[key]
    else:
        place[key] = value
    assert any(said in line for line in freeze.problems(name, changed)), freeze.problems(name, changed)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("public_names", ("score_more",), ["real"]),
        ("public_names", ("load_protocol",), ["name", "folder="]),
        ("commands", ("vidmbench later",), {"arguments": ["REAL"], "options": {}}),
        ("commands", (*SCORE, "options", "--new"), {"takes": "text"}),
        ("commands", (*SCORE, "arguments"), ["REAL", "FAKE", "[MORE...]", "[LAST]"]),
        ("commands", (*SCORE, "options", "--device", "choices"), ["cuda", "mps", "cpu", "auto"]),
        ("json_keys", ("score", "new"), "text"),
        ("json_keys", ("score", "warnings"), ["text"]),
        ("json_keys", ("check", "first_digits"), "text"),
        ("signatures", ("arrays", "fvd-new"), ["fvd", "00000000"]),
        ("records", ("other.json",), {}),
    ],
)
def test_an_addition_is_welcome(now, name, path, value):
    changed = copy.deepcopy(now)
    place, key = parent(changed[name], path)
    place[key] = value
    assert freeze.problems(name, changed) == []
