import errno
import os
import stat

import numpy as np
import pytest
from support.full_disk import full_disk

from vidmbench.core.errors import ResultError
from vidmbench.core.files import (
    checked_output,
    expanded,
    is_leftover,
    natural_key,
    replacing,
    sha256_of,
    sha256_of_parts,
    visible,
    write_errors,
    write_text,
)


def test_a_home_folder_that_nobody_has_stays_as_it_is():
    assert str(expanded("~nobody-of-this-name/x")) == "~nobody-of-this-name/x"
    assert expanded("~/x").is_absolute()


def test_text_from_a_file_name_that_is_no_utf8_is_written(tmp_path):
    write_text(tmp_path / "a.html", "caf\udce9")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == "caf?"


def test_a_file_takes_its_place_when_the_block_ends(tmp_path):
    target = tmp_path / "deep" / "er" / "new.txt"
    with replacing(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".txt"
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert os.listdir(target.parent) == ["new.txt"]


def test_a_failure_leaves_the_old_file_and_no_temporary(tmp_path):
    target = tmp_path / "kept.txt"
    target.write_text("old")

    def fail_halfway():
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail_halfway()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept.txt"]


def test_ctrl_c_leaves_no_temporary_either(tmp_path):
    def interrupt():
        with replacing(tmp_path / "never.txt"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "way").write_text("")
    with pytest.raises(ResultError) as caught:
        write_text(tmp_path / "way" / "x.txt", "text")
    assert caught.value.where == str(tmp_path / "way")
    assert "cannot write to the folder" in str(caught.value)


def test_written_files_are_as_readable_as_others(tmp_path):
    write_text(tmp_path / "a", "grüße")
    (tmp_path / "b").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"]
    assert modes[0] == modes[1]
    assert (tmp_path / "a").read_bytes() == "grüße".encode()


def test_hashes(tmp_path):
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty").startswith("e3b0c44298fc1c14")
    assert sha256_of_parts("ab", "c") != sha256_of_parts("a", "bc") != sha256_of_parts("abc")
    assert sha256_of_parts("ab") == sha256_of_parts(b"ab")
    # a name that is not UTF-8, as Python spells it, and the letter that another encoding reads there
    assert len({sha256_of_parts("caf\udce9"), sha256_of_parts("caf\xe9"), sha256_of_parts("caf?")}) == 3


def test_natural_order():
    names = ["v10", "v2", "a", "v2b", "10", "9", "v02", "V1", ""]
    assert sorted(names, key=natural_key) == ["", "9", "10", "V1", "a", "v02", "v2", "v2b", "v10"]


def test_numbers_longer_than_python_reads_are_in_order():
    names = [f"v{'9' * 4999}{number}" for number in range(3)]
    assert sorted(reversed(names), key=natural_key) == names


@pytest.mark.parametrize("name", ["x²", "²", "٣", "①7", "v½1"])
def test_signs_that_only_look_like_digits_are_text(name):
    assert sorted([name, "x1"], key=natural_key) == sorted(["x1", name], key=natural_key)
    assert natural_key(name) != natural_key("x1")


def test_an_output_folder_is_made_and_proven(tmp_path):
    folder = checked_output(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []
    assert checked_output(folder) == folder


def test_an_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(ResultError, match="the output folder is a file"):
        checked_output(tmp_path / "out")
    with pytest.raises(ResultError, match="cannot write to the folder"):
        checked_output(tmp_path / "out" / "deeper")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_output_folder(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(ResultError, match="cannot write to the folder") as caught:
        checked_output(tmp_path)
    assert caught.value.fix is not None
    assert "--out" in caught.value.fix


@pytest.mark.parametrize(
    "name", [".DS_Store", "._a.mp4", ".a.tmp-01234567-1-x.json", "Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir"]
)
def test_hidden_names_and_those_of_operating_systems_are_passed_over(tmp_path, name):
    assert is_leftover(name)
    for made in (name, "b.mp4", "a.mp4"):
        (tmp_path / made).touch()
    assert [path.name for path in visible(tmp_path.iterdir())] == ["a.mp4", "b.mp4"]


def _write_bytes(path):
    path.write_bytes(bytes(10**6))


def _save_numpy(path):
    np.save(path, np.zeros(10**6, np.uint8))


def _save_safetensors(path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(10**6, np.uint8)}, path)


def _save_picture(path):
    from PIL import Image

    Image.fromarray(np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)).save(path)


def _write_video(path):
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264rgb", rate=25)
        stream.width = stream.height = 256
        stream.pix_fmt, stream.options = "rgb24", {"crf": "0"}
        for frame in np.random.default_rng(0).integers(0, 256, (8, 256, 256, 3), np.uint8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


_WRITERS = [
    (_write_bytes, ".bin"),
    (_save_numpy, ".npy"),
    (_save_safetensors, ".safetensors"),
    (_save_picture, ".png"),
    (_write_video, ".mp4"),
]


@pytest.mark.parametrize(("write", "suffix"), _WRITERS)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_full_disk_is_one_message_and_the_old_file_stays(tmp_path, write, suffix, is_there):
    with full_disk(tmp_path, kilobytes=200) as folder:
        target = folder / f"kept{suffix}"
        if is_there:
            target.write_text("old")
        with pytest.raises(ResultError) as caught, replacing(target) as temporary:
            write(temporary)
        assert caught.value.where == str(target)
        assert "cannot be written" in caught.value.problem
        assert caught.value.found is not None
        assert "unchanged" if is_there else "kept" in (caught.value.fix or "")
        assert os.listdir(folder) == ([target.name] if is_there else [])
        assert not is_there or target.read_text() == "old"


def test_an_error_while_the_bytes_reach_the_disk_is_one_message(tmp_path, monkeypatch):
    def fail(handle):
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "x").write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ResultError, match="x cannot be written"):
        write_text(tmp_path / "x", "new")
    assert (tmp_path / "x").read_text() == "old"
    assert os.listdir(tmp_path) == ["x"]


def test_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(sorted(os.listdir(tmp_path))))
    write_text(tmp_path / "x", "new")
    assert len(done) == 2
    assert "x" not in done[0]
    assert done[1] == ["x"]


def test_errors_of_reading_pass_through_a_block_that_writes(tmp_path):
    with pytest.raises(FileNotFoundError), write_errors(tmp_path / "x"):
        (tmp_path / "y").read_text()
