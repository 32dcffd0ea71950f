"""Real processes on two hosts: torchrun of ``sample`` across both, and shards in caches of their own."""

import shutil
import sys
from pathlib import Path

import numpy as np
from support.two_hosts import ADDRESSES, run_on_two_hosts

from vidmbench.videos import open_source

MODULE = [sys.executable, "-m", "vidmbench"]


def frames_in(folder):
    source = open_source(Path(folder))
    return [source.read(index, range(source.num_frames(index))) for index in range(len(source))]


def test_torchrun_of_sample_draws_the_videos_of_one_process(trained, folder, command):
    words = ["sample", "--model", "vidm:RUN", "--num-videos", "3", "--frames", "2", "--batch-size", "1"]
    assert command(*words, "--format", "png", "--out", "whole").code == 0

    def node(rank):
        return [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", str(rank),
                "--nproc-per-node", "1", "--master-addr", ADDRESSES[0], "--master-port", "29511",
                "-m", "vidmbench", *words, "--format", "png", "--out", "parts"]  # fmt: skip

    first, second = run_on_two_hosts(folder, (node(0), node(1)))
    assert "3 videos of 2 frames in parts\n" in first
    assert "videos of" not in second
    np.testing.assert_array_equal(frames_in("parts"), frames_in("whole"))
    assert sorted(path.name for path in Path("parts").iterdir() if path.name.startswith(".")) == []


def test_shards_in_caches_of_two_hosts_are_merged_by_copying(folder, command, tmp_path, monkeypatch):
    for seed, name in enumerate(("real", "fake")):
        np.save(f"{name}.npy", np.random.default_rng(seed).integers(0, 256, (20, 16, 8, 8, 3), dtype=np.uint8))
    score = ["score", "real.npy", "fake.npy", "--protocol", "stream-t", "--frames", "16", "--num-videos", "20"]
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "alone"))
    alone = command(*score, "--json").json

    caches = {name: tmp_path / name for name in ("first", "second")}
    shards = tuple([*MODULE, *score, "--shard", f"{part}/2"] for part in (1, 2))
    own = {name: {"VIDMBENCH_CACHE": str(cache)} for name, cache in caches.items()}
    for said in run_on_two_hosts(folder, shards, **own):
        assert "0 missing" in said
    shutil.copytree(caches["second"] / "features", caches["first"] / "features", dirs_exist_ok=True)
    monkeypatch.setenv("VIDMBENCH_CACHE", str(caches["first"]))
    assert command(*score, "--shard", "1/1", "--json").json["computed"] == 0
    together = command(*score, "--json").json
    for record in (alone, together):
        del record["seconds"], record["run_id"]
    assert together == alone
