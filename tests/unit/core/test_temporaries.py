import os
import subprocess
import sys
import time

import pytest

from vidmbench.core import temporaries
from vidmbench.core.files import replacing
from vidmbench.core.temporaries import clear_stale, temporary_file, temporary_folder

# Makes one temporary of each kind in a folder, says so, and waits to be killed.
_LEAVES = """
import sys, tempfile, time
from pathlib import Path
from vidmbench.core.temporaries import temporary_file, temporary_folder
folder = Path(sys.argv[1])
tempfile.tempdir = str(folder)
temporary_file(folder / "features.npz").write_text("half")
with temporary_folder() as unpacked:
    (unpacked / "archive.tar.gz").write_text("half")
    print("made", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def looks_again(monkeypatch):
    monkeypatch.setattr(temporaries, "_cleared", set())


@pytest.fixture
def other_process(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", _LEAVES, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"made\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_what_a_killed_process_left_goes_away_at_the_next_start(tmp_path, other_process):
    (tmp_path / ".mine").touch()
    assert len(os.listdir(tmp_path)) == 3
    clear_stale(tmp_path)
    assert len(os.listdir(tmp_path)) == 3  # it still runs
    other_process.kill()
    other_process.wait()
    clear_stale(tmp_path)
    assert len(os.listdir(tmp_path)) == 3  # looked at once
    temporaries._cleared.clear()
    with replacing(tmp_path / "other.txt") as temporary:
        temporary.write_text("x")
    assert sorted(os.listdir(tmp_path)) == [".mine", "other.txt"]


def test_temporary_folders_go_away_where_they_are_made(tmp_path, other_process, monkeypatch):
    other_process.kill()
    other_process.wait()
    monkeypatch.setattr(temporaries.tempfile, "tempdir", str(tmp_path))
    with temporary_folder() as folder:
        assert os.listdir(tmp_path) == [folder.name]
    assert os.listdir(tmp_path) == []


def test_temporaries_of_other_machines_stay_for_a_week(tmp_path, monkeypatch):
    monkeypatch.setattr(temporaries, "_machine", lambda: "0123abcd")
    left = temporary_file(tmp_path / "x.npz")
    monkeypatch.setattr(temporaries, "_machine", lambda: "4567cdef")
    temporaries._cleared.clear()
    clear_stale(tmp_path)
    assert left.exists()
    os.utime(left, (time.time() - 8 * 24 * 3600,) * 2)
    temporaries._cleared.clear()
    clear_stale(tmp_path)
    assert not left.exists()


def test_temporaries_of_a_copy_of_this_machine_stay_for_a_day(tmp_path, monkeypatch):
    """Cloned machines have one name and one identity; their processes have the same numbers."""
    monkeypatch.setattr(temporaries, "_start", lambda: "0123abcd.")
    left = temporary_file(tmp_path / "x.npz")
    monkeypatch.setattr(temporaries, "_start", lambda: "4567cdef.")
    monkeypatch.setattr(temporaries, "_is_running", lambda process: False)
    old = tmp_path / f".x.tmp-{temporaries._machine()}-1-abc"  # as earlier versions named them
    old.touch()
    temporaries._cleared.clear()
    clear_stale(tmp_path)
    assert left.exists()
    assert not old.exists()
    os.utime(left, (time.time() - 25 * 3600,) * 2)
    temporaries._cleared.clear()
    clear_stale(tmp_path)
    assert not left.exists()


def test_a_long_name_fits(tmp_path):
    with replacing(tmp_path / ("ü" * 120 + ".txt")) as temporary:
        temporary.write_text("x")
    assert os.listdir(tmp_path) == ["ü" * 120 + ".txt"]


def test_a_link_to_a_folder_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(temporaries, "_is_running", lambda process: False)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    link = tmp_path / f".x.tmp-{temporaries._machine()}-1-abc"
    link.symlink_to(tmp_path / "kept")
    clear_stale(tmp_path)
    assert not link.is_symlink()
    assert (tmp_path / "kept" / "file").exists()
