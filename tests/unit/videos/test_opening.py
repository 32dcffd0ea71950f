"""Every storage opened as a source: the same clips, and a digest of content and names."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.stored_videos import CLIPS, STORAGES, as_frames, as_mp4, png

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source, write_gif
from vidmbench.videos.source import Source


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.__name__)
def test_every_storage_gives_the_same_clips(storage, tmp_path):
    path = storage(tmp_path / "set")

    source = open_source(path)

    assert isinstance(source, Source)
    assert (len(source), source.size, source.label) == (3, (16, 24), path.name)
    assert source.skipped == ()
    for index in range(3):  # natural order: v1, v2, v10
        assert source.num_frames(index) == 5
        np.testing.assert_array_equal(source.read(index, [4, 0, 0]), CLIPS[index][[4, 0, 0]])
    assert len({source.name(index) for index in range(3)}) == 3
    assert source.read(0, []).shape == (0, 16, 24, 3)
    with pytest.raises(DataError, match="has no frame 5"):
        source.read(0, [5])
    with pytest.raises(DataError, match="has no frame -1"):
        source.read(0, [-1])


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.__name__)
def test_threads_may_share_a_source(storage, tmp_path):
    source = open_source(storage(tmp_path / "set"))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda k: (k % 3, source.read(k % 3, [k % 5]), k % 5), range(30)))

    assert all((frames[0] == CLIPS[index][frame]).all() for index, frames, frame in results)


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.__name__)
def test_digest_is_of_content_and_names(storage, tmp_path):
    path = storage(tmp_path / "set")
    first = open_source(path).digest()

    path.rename(tmp_path / f"moved{path.suffix}")

    assert open_source(tmp_path / f"moved{path.suffix}").digest() == first
    assert len(bytes.fromhex(first)) == 32


def test_digest_changes_with_a_pixel_and_with_a_name(tmp_path):
    as_frames(tmp_path / "set")
    first = open_source(tmp_path / "set").digest()
    (tmp_path / "set" / "v1").rename(tmp_path / "set" / "v3")
    renamed = open_source(tmp_path / "set").digest()
    changed = CLIPS[0][2].copy()
    changed[0, 0, 0] ^= 1
    (tmp_path / "set" / "v3" / "frame00002.png").write_bytes(png(changed))

    assert len({first, renamed, open_source(tmp_path / "set").digest()}) == 3


def test_one_video_file_is_a_source(tmp_path):
    as_mp4(tmp_path / "set")
    write_gif(tmp_path / "a.gif", CLIPS[0])

    assert len(open_source(tmp_path / "set" / "v2.mp4")) == 1
    assert open_source(str(tmp_path / "a.gif")).num_frames(0) == 5


def test_missing_path_names_its_neighbours(tmp_path):
    (tmp_path / "ucf101").mkdir()

    with pytest.raises(DataError, match="path not found: ucf10l") as raised:
        open_source(tmp_path / "ucf10l" / "train")

    assert raised.value.fix == "did you mean ucf101?"


def test_progress_is_silent_without_a_terminal(tmp_path, capfd):
    open_source(as_mp4(tmp_path / "set"), progress=True)

    assert capfd.readouterr() == ("", "")
