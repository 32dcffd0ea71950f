"""Lists of paths, rows of tables that hold paths, and Video columns: read as the files they name."""

import numpy as np
import pytest

from vidmbench import open_source
from vidmbench.core.errors import DataError, UsageError
from vidmbench.videos.writing.writers import write_mp4

CLIPS = np.random.default_rng(0).integers(0, 256, (5, 10, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def paths(tmp_path):
    for index, clip in enumerate(CLIPS):
        write_mp4(tmp_path / f"{index}.mp4", clip)
    return sorted(tmp_path.iterdir())


def test_files_by_their_paths(paths, tmp_path, monkeypatch):
    expected = open_source(tmp_path)
    monkeypatch.chdir(tmp_path)
    for named in (paths, tuple(map(str, paths)), [path.name for path in paths]):
        found = open_source(named)
        assert (found.digest(), found.compression) == (expected.digest(), expected.compression)
    assert len(open_source(paths[:3])) == 3
    as_rows = ([{"video": {"path": str(path), "bytes": None}} for path in paths],
               [{"video": {"path": None, "bytes": path.read_bytes()}} for path in paths],
               [(str(path), 3) for path in paths], iter(paths))  # fmt: skip
    for rows in as_rows:
        found = open_source(rows)
        assert all((found.read(index, range(10)) == expected.read(index, range(10))).all() for index in range(5))
        assert found.compression == expected.compression
    paths[3].write_bytes(b"x")
    assert len(open_source(paths, on_bad="skip")) == 4
    for wrong, words in (
        ([*paths, tmp_path / "nowhere.mp4"], r"1 of the paths given not found: nowhere\.mp4"),
        ([paths[0], paths[0]], "more than once"),
        (paths, "cannot be used"),
        (["x.xyz"], "not found"),
    ):
        with pytest.raises(DataError, match=words):
            open_source(wrong)
    with pytest.raises(UsageError, match="paths of files"):
        open_source(paths[:2], value_range=(0, 1))


class Video:
    """As the feature of Hugging Face's tables."""

    def __init__(self, decode=True):
        self.decode = decode


class VideoTable:
    """A table of video files, which decodes them by a library that may not be installed."""

    def __init__(self, paths, *, decode=True):
        self.paths, self.features = paths, {"label": int, "video": Video(decode)}

    def __len__(self):
        return len(self.paths)

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    def cast_column(self, name, feature):
        assert name == "video"
        return VideoTable(self.paths, decode=feature.decode)

    def __getitem__(self, index):
        if self.features["video"].decode:
            raise ImportError("To support decoding videos, please install 'torchcodec'.")
        return {"label": 1, "video": {"path": str(self.paths[index]), "bytes": None}}


def test_a_video_column_is_read_as_its_files_are(paths, tmp_path):
    expected = open_source(tmp_path)
    found = open_source(VideoTable(paths))
    assert all((found.read(index, range(10)) == expected.read(index, range(10))).all() for index in range(5))
    assert found.compression == expected.compression


def test_the_real_tables_of_hugging_face(paths, tmp_path):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    table = datasets.Dataset.from_dict({"video": [str(path) for path in paths], "label": [1] * 5})
    found = open_source(table.cast_column("video", datasets.Video()))
    assert (found.read(3, range(10)) == open_source(tmp_path).read(3, range(10))).all()
