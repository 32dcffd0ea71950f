"""What is remembered of files that were inspected, and files that change or cannot be read."""

import json

import pytest
from support.stored_videos import CLIPS, as_frames, as_mp4, png

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source, write_mp4
from vidmbench.videos.files import first_look
from vidmbench.videos.files import inspection as survey


def test_a_second_opening_decodes_nothing(tmp_path, own_cache, monkeypatch):
    as_mp4(tmp_path / "set")
    first = open_source(tmp_path / "set")
    looks = []
    real = first_look.opened
    monkeypatch.setattr(first_look, "opened", lambda path: looks.append(path.name) or real(path))

    second = open_source(tmp_path / "set")

    assert looks == []
    assert (second.digest(), second.size) == (first.digest(), first.size)
    write_mp4(tmp_path / "set" / "v2.mp4", CLIPS[2], lossless=True)
    third = open_source(tmp_path / "set")
    assert looks == ["v2.mp4"]
    assert third.digest() != first.digest()
    assert len(list((own_cache / "index").iterdir())) == 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"reader": "other", "videos": {}}', '{"videos": 3}', '{"reader": READER, "videos": [1]}'],
)
def test_an_unreadable_index_is_built_again(content, tmp_path, own_cache):
    as_mp4(tmp_path / "set")
    digest = open_source(tmp_path / "set").digest()
    (index,) = (own_cache / "index").iterdir()
    index.write_text(content.replace("READER", json.dumps(json.loads(index.read_text())["reader"])))

    assert open_source(tmp_path / "set").digest() == digest
    assert len(json.loads(index.read_text())["videos"]) == 3


@pytest.mark.parametrize("key", ["num_frames", "sha256", "frame_times", "notes", "height"])
def test_unsound_facts_are_not_believed(key, tmp_path, own_cache):
    as_mp4(tmp_path / "set")
    digest = open_source(tmp_path / "set").digest()
    (index,) = (own_cache / "index").iterdir()
    content = json.loads(index.read_text())
    for entry in content["videos"].values():
        entry["facts"][key] = -1.5
    index.write_text(json.dumps(content))

    source = open_source(tmp_path / "set")

    assert (source.digest(), source.num_frames(0), source.size) == (digest, 5, (16, 24))


def test_a_cache_that_cannot_be_written_breaks_nothing(tmp_path, monkeypatch):
    (tmp_path / "blocked").write_text("a file where the cache should be")
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "blocked"))
    as_mp4(tmp_path / "set")

    assert len(open_source(tmp_path / "set")) == 3


def test_files_that_change_under_a_source(tmp_path):
    as_frames(tmp_path / "set")
    source = open_source(tmp_path / "set")
    (tmp_path / "set" / "v1" / "frame00000.png").write_bytes(png(CLIPS[0][0][:4]))
    (tmp_path / "set" / "v2" / "frame00000.png").unlink()

    with pytest.raises(DataError, match="changed while it was read"):
        source.read(0, [0])
    with pytest.raises(DataError, match="v2 cannot be read"):
        source.read(1, [0])


def test_unreadable_files_are_named(tmp_path, monkeypatch):
    as_frames(tmp_path / "set")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(survey, "FactsIndex", lambda where: pytest.fail("not reached") if where is None else _Blank())
    monkeypatch.setattr("vidmbench.videos.files.video_files.FrameFolder.stamp", refuse)
    with pytest.raises(
        DataError, match=r"3 of 3 videos.*\n.*\n.*the same in each, such as v1: v1 cannot be read: Permission denied"
    ):
        open_source(tmp_path / "set")


class _Blank:
    def look_at(self, item):
        return item.stamp(), item.inspect()

    def save(self, facts):
        assert facts == {}


def test_a_flipped_digit_of_what_is_remembered_is_noticed(tmp_path, own_cache, capsys):
    as_mp4(tmp_path / "set")
    digest = open_source(tmp_path / "set").digest()
    (index,) = (own_cache / "index").iterdir()
    text = index.read_text()
    position = text.index('"sha256": "', text.index('"facts"')) + len('"sha256": "')
    index.write_text(text[:position] + ("0" if text[position] != "0" else "1") + text[position + 1 :])

    assert open_source(tmp_path / "set").digest() == digest
    assert "is damaged in" in capsys.readouterr().err
    assert open_source(tmp_path / "set").digest() == digest
    assert not capsys.readouterr().err


def test_what_a_version_without_checksums_remembered_is_found_out_again_in_silence(tmp_path, own_cache, capsys):
    as_mp4(tmp_path / "set")
    open_source(tmp_path / "set")
    (index,) = (own_cache / "index").iterdir()
    content = json.loads(index.read_text())
    index.write_text(json.dumps({"reader": "1 " + content["reader"].split(" ", 1)[1], "videos": {}}))
    assert len(open_source(tmp_path / "set")) == 3
    assert not capsys.readouterr().err
