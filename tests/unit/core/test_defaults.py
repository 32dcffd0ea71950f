"""Defaults from variables and files: which wins, what is refused, and that no file is read in vain."""

import os
from pathlib import Path

import pytest

from vidmbench.core import defaults, resources
from vidmbench.core.errors import VidmbenchError


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """A working folder below a project's, and a user's configuration folder; no variable is set."""
    for key in defaults.KEYS:
        monkeypatch.delenv(f"VIDMBENCH_{key.upper()}", raising=False)
    work = tmp_path / "project" / "deep" / "work"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    monkeypatch.setattr(defaults, "user_file", lambda: tmp_path / "user" / "vidmbench.toml")
    (tmp_path / "user").mkdir()
    return tmp_path


def test_nothing_is_replaced_where_nothing_is_said():
    assert defaults.defaults() == {}
    assert defaults.default_files() == ()
    assert resources.cache_dir().name == "vidmbench"


def test_environment_before_project_before_user_each_key_on_its_own(places, monkeypatch):
    project, user = places / "project" / "vidmbench.toml", places / "user" / "vidmbench.toml"
    user.write_text('device = "cpu"\ncache = "c"\nprotocol = "fvd-digan"\n')
    project.write_text('protocol = ["fvd-tats", "own.toml"]\ndata_root = "../data"\n')
    monkeypatch.setenv("VIDMBENCH_DATA_ROOT", "/sets")
    found = defaults.defaults()
    assert found["protocol"].values == ("fvd-tats", str(places / "project" / "own.toml"))
    assert found["protocol"].origin == str(project)
    assert (found["device"].text, found["device"].origin) == ("cpu", str(user))
    assert (found["data_root"].text, found["data_root"].origin) == ("/sets", "VIDMBENCH_DATA_ROOT")
    assert resources.cache_dir() == places / "user" / "c"
    monkeypatch.delenv("VIDMBENCH_DATA_ROOT")
    assert defaults.default_of("data_root").text == str(places / "data")  # relative to the file, not to the command


def test_the_nearest_file_counts_and_a_changed_one_is_read_again(places):
    (places / "vidmbench.toml").write_text('device = "cuda"\n')
    near = places / "project" / "vidmbench.toml"
    near.write_text('device = "cpu"\n')
    assert defaults.default_of("device").text == "cpu"
    near.write_text('device = "auto" # now\n')
    assert defaults.default_of("device").text == "auto"


def test_several_protocols_in_one_variable(monkeypatch):
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "fvd-tats, prdc-i3d")
    assert defaults.default_of("protocol").values == ("fvd-tats", "prdc-i3d")
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "")
    assert defaults.default_of("protocol") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('protocl = "fvd-tats"', ["unknown default 'protocl': did you mean protocol?"]),
        ('data-root = "x"', ["did you mean data_root?"]),
        ('[run]\ndevice = "cpu"', ["unknown default 'run'"]),
        ('device = "gpu"', ["wrong default of device", "auto, cpu or cuda", "'gpu'"]),
        ("protocol = 3", ["wrong default of protocol", "found: 3"]),
        ("protocol = []", ["wrong default of protocol"]),
        ('protocol = ["fvd-tats", 3]', ["wrong default of protocol"]),
        ('cache = ["a"]', ["wrong default of cache"]),
        ('cache = ""', ["wrong default of cache"]),
        ('cache = "a\\nb"', ["wrong default of cache"]),
        ("device = ", ["not a TOML file"]),
    ],
)
def test_what_a_file_may_not_say(places, content, words):
    file = places / "project" / "vidmbench.toml"
    file.write_text(content)
    with pytest.raises(VidmbenchError) as caught:
        defaults.defaults()
    for word in [*words, str(file)]:
        assert word in str(caught.value)


def test_a_folder_or_a_pipe_of_that_name_is_refused(places):
    place = places / "project" / "vidmbench.toml"
    place.mkdir()
    with pytest.raises(VidmbenchError, match="a folder"):
        defaults.defaults()
    place.rmdir()
    os.mkfifo(place)
    with pytest.raises(VidmbenchError, match=r"vidmbench\.toml"):
        defaults.defaults()


def test_a_variable_that_is_spelt_almost_right_is_refused(monkeypatch):
    monkeypatch.setenv("VIDMBENCH_BENCHMARK_CLIPS", "8")  # another program's
    assert defaults.defaults() == {}
    monkeypatch.setenv("VIDMBENCH_PROTOCOLS", "fvd-tats")
    with pytest.raises(VidmbenchError, match="did you mean VIDMBENCH_PROTOCOL"):
        defaults.defaults()


def test_a_variable_is_found_without_reading_a_broken_file(places, monkeypatch):
    (places / "project" / "vidmbench.toml").write_text("broken")
    monkeypatch.setenv("VIDMBENCH_CACHE", str(places / "cache"))
    assert resources.cache_dir() == places / "cache"
    monkeypatch.setattr(Path, "cwd", lambda: pytest.fail("looked for a file"))
    assert resources.cache_dir() == places / "cache"
