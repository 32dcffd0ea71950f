"""Loaders, data sets, generators, lists and functions: the same videos give the same source as an array of them."""

import h5py
import numpy as np
import pytest
import torch
from support.video_streams import CLIPS, SIGNED, Decoder, DecordReader, Mapped, Stream, Table, firsts, images
from torch.utils.data import DataLoader, TensorDataset

import vidmbench
from vidmbench import open_source
from vidmbench.core.errors import DataError, UsageError, WeightsError

DECLARED = {"value_range": (-1, 1), "layout": "NCTHW"}
LABELS = torch.arange(5)


WAYS = {
    "loader": lambda: (DataLoader(TensorDataset(SIGNED), batch_size=2), DECLARED),
    "loader with labels": lambda: (DataLoader(TensorDataset(SIGNED, LABELS), batch_size=2), DECLARED),
    "loader of single ones": lambda: (DataLoader(TensorDataset(SIGNED, LABELS), batch_size=None), DECLARED),
    "loader of dictionaries": lambda: (DataLoader([{"video": v, "name": "x"} for v in SIGNED], batch_size=3), DECLARED),
    "loader that does not stack": lambda: (DataLoader(Mapped(), batch_size=2, collate_fn=firsts), DECLARED),
    "loader of a stream": lambda: (DataLoader(Stream(), batch_size=2), DECLARED),
    "data set": lambda: (Mapped(), DECLARED),
    "iterable data set": lambda: (Stream(), DECLARED),
    "subset": lambda: (torch.utils.data.Subset(Mapped(), range(5)), DECLARED),
    "generator of batches": lambda: ((SIGNED[i : i + 2] for i in (0, 2, 4)), DECLARED),
    "generator of videos": lambda: (iter(CLIPS), {}),
    "generator of what needs a gradient": lambda: ((v.clone().requires_grad_() for v in SIGNED), DECLARED),
    "list of arrays": lambda: (list(CLIPS), {}),
    "tuple of tensors": lambda: (tuple(SIGNED), DECLARED),
    "list of one batch": lambda: ([SIGNED], DECLARED),
    "a batch with its labels": lambda: ({"videos": CLIPS, "labels": LABELS}, {}),
    "lists of images, as diffusers gives them": lambda: ([images(clip) for clip in CLIPS], {}),
    "lists of frames": lambda: ([list(clip) for clip in CLIPS], {}),
    "lists of tensors of frames": lambda: ([list(torch.from_numpy(clip)) for clip in CLIPS], {}),
    "decoders in a table": lambda: (Table(Decoder), {}),
    "images in a table": lambda: (Table(images), {}),
    "numbers in a table": lambda: (Table(lambda clip: clip.tolist()), {"value_range": (0, 255)}),
    "decord": lambda: ([DecordReader(clip) for clip in CLIPS], {}),
    "as torchvision reads": lambda: ([(torch.from_numpy(clip), torch.zeros(2, 99), {"fps": 8}) for clip in CLIPS], {}),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_source_does_not_depend_on_how_videos_are_given(way):
    videos, declared = WAYS[way]()
    found, plain = open_source(videos, **declared), open_source(CLIPS)
    assert [found.name(index) for index in range(len(found))] == [plain.name(index) for index in range(5)]
    for index in range(5):
        assert (found.read(index, range(10)) == CLIPS[index]).all()
    assert (found.read(3, [4, 1, 4]) == CLIPS[3][[4, 1, 4]]).all()
    assert (found.digest(), found.size, found.notes) == (plain.digest(), plain.size, ())


def test_a_function_of_seed_and_index():
    calls = []

    def sample(seed, index):
        calls.append((seed, index))
        return SIGNED[index]

    found = open_source(sample, num_videos=5, seed=7, **DECLARED)
    assert calls == [(7, index) for index in range(5)]
    assert found.digest() == open_source(CLIPS).digest()
    assert len(open_source(lambda seed, index: CLIPS[index : index + 1], num_videos=3)) == 3
    with pytest.raises(UsageError, match="num_videos is required for a function"):
        open_source(sample, **DECLARED)
    with pytest.raises(DataError, match="one video per call"):
        open_source(lambda seed, index: CLIPS, num_videos=3)
    for no_sampler in (lambda index: CLIPS[index], len, int, torch.nn.Linear(2, 2)):
        with pytest.raises(DataError, match="unsupported video source"):
            open_source(no_sampler, num_videos=3)


def test_a_sampler_is_scored_with_the_seed_of_the_request(fake_network):
    seeds = set()

    def sample(seed, index):
        seeds.add(seed)
        return CLIPS[(seed + index) % 5]

    options = {"frames": 9, "num_videos": 5, "seed": 2, "protocol": "fvd-tf-hub"}
    found = vidmbench.score(CLIPS, sample, **options)
    assert seeds == {2}
    assert found.value == vidmbench.score(CLIPS, np.roll(CLIPS, -2, axis=0), **options).value
    assert vidmbench.score(CLIPS, sample, frames=9, protocol="fvd-tf-hub").num_fake == 5  # as many as there are real


def test_nothing_is_sampled_where_there_are_too_few_real_videos(fake_network):
    def sample(seed, index):
        raise AssertionError("sampled")

    for asked in ({}, {"num_videos": 6}):
        with pytest.raises(DataError, match="fewer real videos than will be scored") as raised:
            vidmbench.score(CLIPS, sample, frames=9, **asked)
        assert "num_videos=5 works" in raised.value.fix


def test_nothing_is_sampled_where_the_weights_are_missing():
    def sample(seed, index):
        raise AssertionError("sampled")

    with pytest.raises(WeightsError, match="inception-v3"):
        vidmbench.score(CLIPS, sample, protocol="fid-frames", num_videos=5)


def test_of_a_stream_without_end_as_many_are_taken_as_asked_for(fake_network):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield CLIPS[:2]

    found = vidmbench.score(CLIPS, endless(), frames=9, num_videos=5)
    assert (found.num_fake, len(taken)) == (5, 3)
    assert not any("first" in warning for warning in found.warnings)  # samples are alike: the first are as good as any
    real = vidmbench.score(endless(), CLIPS, frames=9, num_videos=5)
    assert any("only the first 5 videos of the real side were read" in warning for warning in real.warnings)
    for sized in (list(CLIPS), DataLoader(TensorDataset(SIGNED), batch_size=5)):
        declared = {} if isinstance(sized, list) else DECLARED
        whole = vidmbench.score(sized, CLIPS, frames=9, num_videos=5, **declared)
        assert not any("only the first" in warning for warning in whole.warnings)
        part = vidmbench.score(sized, CLIPS, frames=9, num_videos=4, **declared)
        assert any("only the first 4 videos" in warning for warning in part.warnings)


def test_numbers_are_those_of_an_array(fake_network):
    options = {"frames": 9, "num_videos": 5}
    expected = vidmbench.score(CLIPS, CLIPS[::-1], **options)
    found = vidmbench.score(list(CLIPS), DataLoader(TensorDataset(SIGNED.flip(0)), batch_size=2), **options, **DECLARED)
    assert (found.value, found.signature) == (expected.value, expected.signature.replace("data:array", "data:stream"))
    assert found.signature_id == expected.signature_id
    seen = vidmbench.extract_features(iter(SIGNED), frames=9, num_videos=3, **DECLARED)
    assert (seen.features == vidmbench.extract_features(CLIPS[:3], frames=9).features).all()


def test_one_declaration_describes_the_side_that_needs_it(fake_network):
    options = {"frames": 9, "num_videos": 5}
    values = {
        vidmbench.score(real, fake, **options, **declared).value
        for real, fake, declared in [
            (CLIPS, CLIPS[::-1], {}),
            (CLIPS, SIGNED.flip(0), DECLARED),
            (SIGNED, SIGNED.flip(0), DECLARED),
            (SIGNED, CLIPS[::-1], DECLARED),
            (open_source(CLIPS), iter(SIGNED.flip(0)), DECLARED),
            (iter(CLIPS), SIGNED.flip(0), DECLARED),
            (torch.from_numpy(CLIPS).permute(0, 4, 1, 2, 3), CLIPS[::-1], {"layout": "NCTHW"}),
        ]
    }
    assert len(values) == 1
    assert vidmbench.score(CLIPS, CLIPS[::-1], value_range=(0, 255), layout="NTHWC", **options).value in values
    for sides in ((CLIPS, CLIPS), ("dataset:clevrer-mini", "control:static"), (open_source(CLIPS), CLIPS)):
        with pytest.raises(UsageError, match="these videos know their own"):
            vidmbench.score(*sides, **options, **DECLARED)


def test_videos_of_different_lengths(fake_network):
    videos = [clip[: 8 + index % 3] for index, clip in enumerate(CLIPS)]
    found = open_source(videos)
    assert [found.num_frames(index) for index in range(5)] == [8, 9, 10, 8, 9]
    for index in range(5):
        assert (found.read(index, range(found.num_frames(index))) == videos[index]).all()
    assert found.digest() == open_source(list(videos)).digest()
    assert found.digest() != open_source(CLIPS).digest()
    assert found.digest() != open_source([clip[:8] for clip in CLIPS]).digest()
    with pytest.raises(DataError, match="shorter than the clip"):
        vidmbench.score(CLIPS, videos, frames=9, num_videos=5)


def test_samples_that_stand_still_or_end_early_are_found_as_in_an_array(fake_network):
    still = np.repeat(CLIPS[:, :1], 10, axis=1)
    options = {"frames": 9, "num_videos": 5}
    assert any("stand still" in note for note in vidmbench.score(CLIPS, iter(still), **options).warnings)
    early = CLIPS.copy()
    early[:, 6:] = CLIPS[:, 5:6]
    for given in (early, iter(early)):
        with pytest.raises(DataError, match="show nothing new"):
            vidmbench.score(CLIPS, given, **options)


def test_progress_of_a_sampler_is_told(fake_network):
    from vidmbench.videos.in_memory.declared import Declared
    from vidmbench.videos.in_memory.opening import open_in_memory
    from vidmbench.videos.in_memory.samplers import Taking

    for videos, label in ((iter(CLIPS), "reading fake"), (lambda seed, index: CLIPS[index], "sampling fake")):
        ticks = []
        taking = Taking(3, progress=lambda *tick, ticks=ticks: ticks.append(tick))
        open_in_memory(videos, Declared(), "fake", taking=taking)
        assert ticks == [(1, 3, label), (2, 3, label), (3, 3, label)]


def test_stored_arrays_are_read_row_by_row(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        found = open_source(file.create_dataset("a", data=SIGNED.numpy()), **DECLARED)
        assert found.digest() == open_source(CLIPS).digest()
        assert found.label == "stream"
        assert len(open_source(file.create_dataset("b", data=CLIPS, chunks=(1, 10, 16, 16, 3)))) == 5
    np.savez(tmp_path / "x.npz", video=CLIPS, labels=LABELS)
    with np.load(tmp_path / "x.npz") as archive:
        assert open_source(archive).digest() == found.digest()
    lengths = np.empty(5, object)
    for index, clip in enumerate(CLIPS):
        lengths[index] = clip[: 8 + index % 3]
    assert open_source(lengths).num_frames(2) == 10


def test_workers_of_a_loader_and_one_loader_on_both_sides(fake_network):
    loader = DataLoader(TensorDataset(SIGNED, LABELS), batch_size=2, num_workers=1)
    found = vidmbench.score(loader, loader, frames=9, num_videos=5, **DECLARED)
    assert any("same videos" in warning for warning in found.warnings)
    videos = iter(CLIPS)
    with pytest.raises(DataError, match="can be read only once"):
        vidmbench.score(videos, videos, frames=9, num_videos=5)
