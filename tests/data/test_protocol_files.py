"""Every declaration in protocols/: it loads, is named as its file, and says where it comes from."""

import re
import tomllib

import pytest
from support.paths import ROOT

from vidmbench.core import resources
from vidmbench.evaluation.studies.ablation import load_ablation
from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.protocol import load_protocol, protocol_names
from vidmbench.reporting.tables.layout import layout_names, load_layout
from vidmbench.sources.datasets.opening import open_dataset
from vidmbench.sources.datasets.spec import (
    DiskDatasetSpec,
    ProceduralDatasetSpec,
    dataset_names,
    load_dataset,
    load_spec,
)
from vidmbench.vidm.recipes import load_recipe

FILES = sorted(resources.protocols_dir().rglob("*.toml"))
PROTOCOLS = sorted((resources.protocols_dir() / "metrics").glob("*.toml"))
# A commit, a file in a repository, a paper: something a reader can look up.
CITATION = re.compile(r"@[0-9a-f]{7,}|[\w.-]+/[\w.-]+:[\w./-]+|\(\w+ \d{4}\)|arXiv:\d{4}\.\d{4,5}")


def test_there_are_files():
    assert {path.stem for path in PROTOCOLS} >= {"fvd-vidm-paper", "fvd-stylegan-v", "fvd-tf-hub"}
    assert {path.parent.name for path in FILES} >= {"metrics", "datasets", "tables"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_read_by_somebody(path):
    """A TOML file that no loader takes is dead: it would look like a setting and do nothing."""
    kind = path.relative_to(resources.protocols_dir()).parts[0]
    readers = {
        "metrics": lambda: load_protocol(path.stem),
        "datasets": lambda: load_dataset(path.stem),
        "tables": lambda: load_layout(path.stem),
        "detectors.toml": load_detectors,
        "recipes": lambda: load_recipe(path.stem),
        "ablations": lambda: load_ablation(path.stem),
    }
    assert kind in readers, f"nothing reads {path.name}"
    loaded = readers[kind]()
    if kind != "detectors.toml":
        assert loaded.name == path.stem
    assert all(line == line.rstrip() for line in path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_protocols(path):
    spec = load_protocol(path.stem)
    assert spec.name == path.stem
    assert CITATION.search(spec.source), f"{spec.source!r} names nothing that a reader can look up"
    assert len(spec.note) > 20
    assert spec.family, "compare groups protocols by it"
    detector = load_detectors()[spec.array.detector]
    assert spec.kind.numbers or spec.metric in detector.measures
    assert spec.clips.frames_allowed[0] >= spec.array.least_frames(detector.min_frames)
    assert spec.clips.frames_allowed[0] <= spec.clips.frames <= spec.clips.frames_allowed[1]
    assert load_protocol(str(path)) == spec
    # Every field is written out: a default that changes must not move a published number.
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    for stage in ("dataset", "clips", "array", "statistics"):
        fields = getattr(spec, stage).model_dump(exclude_none=True)
        assert set(written[stage]) == set(fields), f"[{stage}] leaves a field to its default"


def test_the_page_shows_the_families():
    """docs/protocols.md: every protocol that scores with I3D is in the table, in the family that its file names."""
    table = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8").partition("| family |")[2].partition("\n\n")[0]
    shown, family = {}, ""
    for line in table.splitlines()[2:]:
        first, protocols, *_ = (cell.strip() for cell in line.strip("|").split(" | "))
        family = first or family
        shown |= dict.fromkeys(re.findall(r"`([\w-]+)`", protocols), family)
    specs = [load_protocol(name) for name in protocol_names()]
    wanted = [
        spec for spec in specs if spec.array.detector == "i3d-kinetics400" and spec.metric in ("frechet", "kernel")
    ]
    assert shown == {spec.name: spec.family for spec in wanted}


def test_a_family_moves_nothing(tmp_path):
    """Files of one's own may leave it out: neither signatures nor records have it."""
    path = resources.protocols_dir() / "metrics" / "fvd-tats.toml"
    text = path.read_text(encoding="utf-8")
    (tmp_path / "x.toml").write_text(text.replace('family = "VideoGPT"\n', ""))
    spec = load_protocol(str(tmp_path / "x.toml"))
    assert spec.family == ""
    assert spec.model_dump() == load_protocol("fvd-tats").model_dump()


@pytest.mark.parametrize("name", load_detectors())
def test_detectors(name):
    spec = load_detectors()[name]
    assert spec.measures
    assert spec.licence
    assert spec.title
    assert len({other.short for other in load_detectors().values()}) == len(load_detectors())
    if spec.package:
        assert "==" in spec.package
        assert re.fullmatch(r"[0-9a-f]{64}", spec.package_sha256 or "")
        assert spec.member is not None
        assert spec.member.endswith(spec.weights_file)


@pytest.mark.parametrize("name", dataset_names())
def test_datasets(name):
    spec = load_dataset(name)
    assert spec.default_split in spec.splits
    assert spec.default_num_videos >= 2
    assert spec.licence
    if isinstance(spec, DiskDatasetSpec):
        assert CITATION.search(spec.source), f"{spec.source!r} names nothing that a reader can look up"
        assert spec.holds
        assert spec.get
        return
    assert isinstance(spec, ProceduralDatasetSpec)
    assert spec.default_num_videos <= spec.videos
    source = open_dataset(spec)
    assert (len(source), source.num_frames(0), source.size) == (spec.videos, spec.frames, (spec.resolution,) * 2)
    for split in spec.splits:
        assert open_dataset(spec, split).label == f"{name}@{split}"


def test_names_are_unique_over_all_kinds():
    """``vidmbench show NAME`` takes any of them."""
    names = [*protocol_names(), *dataset_names(), *load_detectors(), *layout_names()]
    assert len(set(names)) == len(names)


def test_a_file_with_a_mistake_is_refused(tmp_path):
    """The twin of the tests above: loading does look at the content."""
    text = (resources.protocols_dir() / "datasets" / "clevrer-mini.toml").read_text(encoding="utf-8")
    (tmp_path / "x.toml").write_text(text.replace("videos = 2048", "videos = 0"))
    with pytest.raises(Exception, match=r"1 mistake in x\.toml"):
        load_spec(tmp_path / "x.toml")
