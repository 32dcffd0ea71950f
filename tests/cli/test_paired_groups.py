"""All full-reference protocols at once: ``--protocol paired-all``."""

import numpy as np
import pytest

from vidmbench.core.errors import WeightsError
from vidmbench.evaluation import optional
from vidmbench.protocols.protocol import members, protocol_names

CHANCE = np.random.default_rng(1)
PIXELS = [name for name in members("paired-all") if not name.startswith("lpips-")]


@pytest.fixture
def pair(folder):
    chance = np.random.default_rng(0)
    real = chance.integers(0, 256, (4, 8, 64, 64, 3), dtype=np.uint8)
    np.save(folder / "real.npy", real)
    np.save(folder / "fake.npy", np.clip(real + chance.integers(-9, 9, real.shape), 0, 255).astype(np.uint8))
    return "real.npy", "fake.npy"


@pytest.fixture
def no_lpips(monkeypatch):
    """A machine on which the weights of LPIPS are not to be had."""

    def refused(spec):
        raise WeightsError(f"the weights of {spec.name} are not on this machine", fix="ask for them")

    monkeypatch.setattr(optional, "get_weights", refused)


@pytest.mark.usefixtures("no_lpips")
def test_a_group_scores_what_can_be_scored_and_says_what_cannot(command, pair):
    done = command("score", *pair, "--protocol", "paired-all", "--frames", 8, "--context", 2)
    assert done.code == 0, done.err
    assert "8 frames, 2 given" in done.out
    assert all(f"  {name}" in done.out for name in PIXELS)
    assert "lpips" not in done.out
    assert "are not on this machine; ask for them: lpips-alex, lpips-common-metrics, " in done.err


@pytest.mark.usefixtures("no_lpips")
def test_what_was_named_beside_a_group_is_not_left_out(command, pair):
    command("score", *pair, "--protocol", "psnr-mcvd,paired-all,fid-frames", "--frames", 1).fails("fewer clips")
    done = command("score", *pair, "--protocol", "paired-all,psnr-mcvd,ssim-mcvd", "--frames", 8, "--json").json
    assert [one["protocol"] for one in done["measurements"]] == PIXELS
    assert {one["protocol"] for one in done["refused"]} == set(members("paired-all")) - set(PIXELS)


@pytest.mark.usefixtures("no_lpips")
def test_run_writes_a_record_that_a_table_shows_with_its_directions(command, pair, folder):
    words = ("--dataset", "folder:real.npy", "--protocol", "paired-all", "--frames", 8, "--context", 2)
    done = command("run", "--model", "my-world-model", "--samples", "fake.npy", *words)
    assert done.code == 0, done.err
    assert "note: paired in order, as arrays have no names" in done.err
    assert len(list((folder / "runs").glob("*.json"))) == 1
    assert command("run", "--model", "control:noise", *words).code == 0
    table = command("table", "--runs", "runs", "--format", "csv").out
    assert all(table.count(f",{name},") == 2 for name in PIXELS)
    told = command("table", "--runs", "runs").out
    assert "PSNR and SSIM (higher is better)" in told
    assert "2 frames given" in told
    assert "PSNR ↑, psnr-mcvd" in told


def test_a_dry_run_names_all_and_fetches_nothing(command, pair, monkeypatch):
    monkeypatch.setattr(optional, "get_weights", lambda spec: pytest.fail(spec.name))
    done = command("score", *pair, "--protocol", "paired-all", "--frames", 8, "--dry-run", "--json").json
    assert [one["protocol"] for one in done["measurements"]] == list(members("paired-all"))


def test_problems_of_the_request_are_no_reason_to_leave_a_protocol_out(command, pair, folder):
    command("score", *pair, "--protocol", "paired-all", "--frames", 8, "--context", 8).fails(
        "no frame is left to score"
    )
    command("score", *pair, "--protocol", "paired-all,fvd-tats", "--frames", 16, "--context", 2).fails("no rule")
    np.save(folder / "fewer.npy", np.zeros((3, 8, 64, 64, 3), np.uint8))
    command("score", "real.npy", "fewer.npy", "--protocol", "paired-all", "--frames", 8).fails("the counts differ")


@pytest.mark.usefixtures("no_lpips")
def test_sizes_that_differ_leave_the_convention_that_has_a_rule(command, pair, folder):
    np.save(folder / "small.npy", CHANCE.integers(0, 256, (4, 8, 32, 32, 3), dtype=np.uint8))
    done = command("score", pair[0], "small.npy", "--protocol", "paired-all", "--frames", 8, "--json").json
    assert [one["protocol"] for one in done["measurements"]] == ["psnr-irasim", "psnr-irasim-colour", "ssim-irasim"]


def test_where_one_protocol_belongs_a_group_is_refused(command, pair):
    command("explain", "paired-all", "psnr-mcvd", *pair).fails("paired-all stands for several protocols")
    command("score", *pair, "--protocol", "paired-al").fails("did you mean paired-all?")


def test_it_is_listed_and_shown(command):
    assert command("list", "protocols").out.startswith("paired-all ")
    assert list(command("list", "protocols", "--json").json) == protocol_names()
    shown = command("show", "paired-all", "--json").json
    assert (shown["kind"], shown["members"]) == ("group of protocols", list(members("paired-all")))
    assert set(shown["members"]) < set(protocol_names())


def test_a_list_of_protocols_may_be_longer_than_the_name_of_a_file(command, pair):
    done = command("score", *pair, "--protocol", ",".join(PIXELS), "--frames", 8, "--dry-run")
    assert done.code == 0, done.err
    assert len(",".join(PIXELS)) > 255
    done = command("compare-models", *pair, "real.npy", "--protocol", ",".join(PIXELS), "--frames", 8)
    assert done.code == 2
    assert "this command takes one protocol" in done.err
