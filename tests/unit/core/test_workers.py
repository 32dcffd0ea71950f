"""--shard, and what launchers say in the environment."""

import os
import sys
from types import SimpleNamespace

import pytest

from vidmbench.core import workers
from vidmbench.core.errors import UsageError
from vidmbench.core.workers import Share, Worker, share_of, take_device, this_worker


@pytest.mark.parametrize(
    ("text", "share"), [(None, None), ("1/1", Share()), ("3/16", Share(3, 16)), (" 2 / 4", Share(2, 4))]
)
def test_a_share(text, share):
    assert share_of(text) == share


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0/4", "I from 1 to 4: 1/4 is the first, 4/4 the last"),
        ("5/4", "I from 1 to 4"),
        ("1/0", "at least one part"),
        ("-1/4", "two whole numbers I/N"),
        ("1.5/4", "two whole numbers I/N"),
        ("first", "two whole numbers I/N"),
        ("3", "two whole numbers I/N"),
        ("3/", "two whole numbers I/N"),
        ("", "two whole numbers I/N"),
        ("1/4/8", "two whole numbers I/N"),
        ("٣/٤", "two whole numbers I/N"),
        ("1/" + "9" * 5000, "two whole numbers I/N"),
    ],
)
def test_what_is_no_share(text, expected):
    with pytest.raises(UsageError) as refused:
        share_of(text)
    assert refused.value.expected.startswith(expected)
    assert refused.value.where == "--shard"


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_every_block_belongs_to_one_share(parts):
    for block in range(20):
        assert sum(Share(part, parts).takes(block) for part in range(1, parts + 1)) == 1


@pytest.fixture
def said(monkeypatch):
    def say(**values):
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "TORCHELASTIC_RUN_ID"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return say


def test_a_process_without_a_launcher_is_alone(said):
    said()
    assert this_worker().is_alone
    said(WORLD_SIZE="8")  # as some clusters set it
    assert this_worker().is_alone


def test_a_process_of_torchrun(said):
    said(RANK="9", WORLD_SIZE="16", LOCAL_RANK="1", LOCAL_WORLD_SIZE="8", TORCHELASTIC_RUN_ID="x")
    assert this_worker() == Worker(9, 16, 1, 8, is_shown_together=True)
    said(RANK="1", WORLD_SIZE="2")
    assert this_worker() == Worker(1, 2, 1, 2)


@pytest.mark.parametrize(
    "values",
    [
        {"RANK": "2", "WORLD_SIZE": "2"},
        {"RANK": "-1", "WORLD_SIZE": "2"},
        {"RANK": "one", "WORLD_SIZE": "2"},
        {"RANK": "0", "WORLD_SIZE": "0"},
        {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "4", "LOCAL_WORLD_SIZE": "2"},
        {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"},
    ],
)
def test_variables_that_contradict_each_other(said, values):
    said(**values)
    with pytest.raises(UsageError, match="does not say which of several processes") as refused:
        this_worker()
    assert f"RANK={values['RANK']}" in refused.value.found


@pytest.fixture
def gpus(monkeypatch):
    """A PyTorch that sees some GPUs; gives back which were taken."""

    def see(count):
        taken = []
        cuda = SimpleNamespace(device_count=lambda: count, set_device=taken.append)
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        monkeypatch.setattr("importlib.metadata.version", lambda _: "2.13.0+cu130")
        return taken

    return see


def test_each_process_of_a_machine_takes_a_gpu_of_its_own(gpus):
    taken = gpus(8)
    for rank in range(8, 16):
        take_device(Worker(rank, 16, rank - 8, 8), "auto")
    assert taken == list(range(8))


def test_two_processes_on_one_gpu_are_refused(gpus):
    taken = gpus(1)
    with pytest.raises(
        UsageError, match=r"two processes would share one GPU(\n.*)*--nproc-per-node 1, or --device cpu"
    ):
        take_device(Worker(1, 2, 1, 2), "auto")
    assert taken == []


@pytest.mark.parametrize(
    ("count", "worker", "device"),
    [
        (1, Worker(1, 2, 1, 2), "cpu"),
        (0, Worker(1, 2, 1, 2), "auto"),
        (1, Worker(), "auto"),
        (1, Worker(3, 4, 0, 1), "cpu"),
    ],
)
def test_where_no_gpu_is_taken(gpus, count, worker, device):
    taken = gpus(count)
    take_device(worker, device)
    assert taken == []


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, 6),
        ({"OMP_NUM_THREADS": "4"}, 4),
        ({"OMP_NUM_THREADS": "4,2"}, 4),
        ({"OMP_NUM_THREADS": "16"}, 6),
        ({"OMP_NUM_THREADS": "0"}, 6),
        ({"OMP_NUM_THREADS": "few"}, 6),
        # torchrun sets OMP_NUM_THREADS itself, and its processes share the machine.
        ({"OMP_NUM_THREADS": "1", "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}, 3),
        ({"RANK": "0", "WORLD_SIZE": "8", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "8"}, 1),
    ],
)
def test_cores_of_a_process(monkeypatch, variables, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    for name in ("OMP_NUM_THREADS", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert workers.cores() == expected
