import tomllib

import pytest
from pydantic import ValidationError

from vidmbench.core import resources
from vidmbench.core.declarations import load_toml, validated
from vidmbench.core.errors import ProtocolError, UsageError
from vidmbench.protocols.clips_stage import SideSpec
from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names

WHOLE = (resources.protocols_dir() / "metrics" / "fvd-stylegan-v.toml").read_text()


@pytest.fixture
def own_file(tmp_path):
    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def own_protocols(tmp_path, monkeypatch):
    """A data root of one's own with one protocol in it."""
    (tmp_path / "protocols" / "metrics").mkdir(parents=True)
    detectors = resources.protocols_dir() / "detectors.toml"
    (tmp_path / "protocols" / "detectors.toml").write_bytes(detectors.read_bytes())
    monkeypatch.setattr(resources, "data_root", lambda: tmp_path)
    return tmp_path / "protocols" / "metrics"


def test_the_three_protocols_are_there():
    assert {"fvd-vidm-paper", "fvd-stylegan-v", "fvd-tf-hub"} <= set(protocol_names())


@pytest.mark.parametrize("name", protocol_names())
def test_every_file_loads_and_comes_back_from_its_own_words(name):
    spec = load_protocol(name)
    assert spec.name == name
    assert ProtocolSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert ProtocolSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.with_options(stage=spec.dataset) == spec


@pytest.mark.parametrize("path", sorted(resources.protocols_dir().rglob("*.toml")), ids=lambda path: path.stem)
def test_every_declaration_is_toml(path):
    assert tomllib.loads(path.read_text(encoding="utf-8"))


def test_the_protocols_differ_where_their_codes_do():
    paper, stylegan, original = (load_protocol(f"fvd-{name}") for name in ("vidm-paper", "stylegan-v", "tf-hub"))
    assert (paper.array, paper.statistics) == (stylegan.array, stylegan.statistics)
    assert (paper.clips.real.pick, stylegan.clips.real.pick, original.clips.real.pick) == (
        "random",
        "sorted-first",
        "all",
    )
    assert (stylegan.array.resize, original.array.resize) == ("bilinear-half-pixel", "bilinear-tf1")
    assert (stylegan.statistics.covariance, original.statistics.covariance) == ("n", "n-1")
    assert (stylegan.clips.real.start, stylegan.clips.fake.start, original.clips.real.start) == (
        "random",
        "zero",
        "zero",
    )


def test_all_mistakes_of_a_file_in_one_error(own_file):
    text = WHOLE.replace('covariance = "n"', 'covariance = "n-2"').replace("version = 1", "version = 0")
    text = text.replace('crop = "none"', 'crop = "none"\ncropp = "x"').replace("stride = 1\n", 'stride = "1"\n')
    text = text.replace('short_videos = "drop"\n', "")
    with pytest.raises(ProtocolError) as caught:
        load_protocol(own_file(text))
    said = str(caught.value)
    assert said.startswith("5 mistakes in mine.toml")
    for words in (
        "statistics.covariance: input should be 'n' or 'n-1', found 'n-2'",
        "version: input should be greater than 0, found 0",
        "array.cropp: unknown key",
        "clips.stride: input should be a valid integer, found '1'",
        "dataset.short_videos: missing",
    ):
        assert words in said
    assert caught.value.where is not None
    assert caught.value.where.endswith("mine.toml")


def test_one_mistake_is_one_mistake(own_file):
    with pytest.raises(ProtocolError, match=r"^1 mistake in mine\.toml\n"):
        load_protocol(own_file(WHOLE + "nonsense = 1\n"))


@pytest.mark.parametrize(
    "side", ['{ pick = "sorted-first", start = "zero" }', '{ videos = 3, pick = "all", start = "zero" }']
)
def test_a_count_goes_with_a_pick(own_file, side):
    text = WHOLE.replace('{ videos = 2048, pick = "sorted-first", start = "zero" }', side)
    with pytest.raises(ProtocolError, match=r"clips\.fake: videos must be given unless pick = 'all'"):
        load_protocol(own_file(text))


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe"])
def test_what_is_no_toml_is_named(tmp_path, content):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ProtocolError, match="not a TOML file") as caught:
        load_protocol(str(path))
    assert caught.value.where == str(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ProtocolError, match="no such file"):
        load_protocol(str(tmp_path / "gone.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ProtocolError, match="not a TOML file"):
        load_protocol(str(tmp_path / "folder.toml"))


def test_an_unknown_name_proposes_the_nearest():
    with pytest.raises(ProtocolError, match=r"unknown protocol 'fvd-stylgan-v': did you mean fvd-stylegan-v"):
        load_protocol("fvd-stylgan-v")


def test_a_protocol_is_named_as_its_file(own_protocols):
    (own_protocols / "fvd-other.toml").write_text(WHOLE)
    with pytest.raises(ProtocolError, match="must be named as its file") as caught:
        load_protocol("fvd-other")
    assert (caught.value.expected, caught.value.found) == ("fvd-other", "fvd-stylegan-v")


def test_an_unknown_detector_is_refused(own_file):
    with pytest.raises(ProtocolError, match=r"unknown detector 'i3d-kinetics40': did you mean i3d-kinetics400"):
        load_protocol(own_file(WHOLE.replace('"i3d-kinetics400"', '"i3d-kinetics40"')))


@pytest.mark.parametrize("frames", [1, 8, 1025])
def test_lengths_the_network_or_the_protocol_refuses(frames):
    with pytest.raises(UsageError) as caught:
        load_protocol("fvd-stylegan-v").with_options(frames=frames)
    assert "9 to 1024 frames" in str(caught.value)
    assert caught.value.fix == f"choose --frames {9 if frames < 9 else 1024}"


@pytest.mark.parametrize("frames", [9, 16, 128, 1024])
def test_lengths_that_work(frames):
    assert load_protocol("fvd-stylegan-v").with_options(frames=frames).clips.frames == frames


def test_a_file_cannot_pose_as_a_built_in_protocol(own_file):
    assert load_protocol(own_file(WHOLE)) == load_protocol("fvd-stylegan-v")
    with pytest.raises(ProtocolError, match="has the name of a built-in one"):
        load_protocol(own_file(WHOLE.replace('covariance = "n"', 'covariance = "n-1"')))


def test_the_network_has_the_last_word_on_short_clips(own_file):
    spec = load_protocol(own_file(WHOLE.replace("[9, 1024]", "[2, 1024]").replace('"fvd-stylegan-v"', '"mine"')))
    with pytest.raises(UsageError, match="cannot score clips of 8 frames"):
        spec.with_options(frames=8)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stride": 0}, "--stride 0 is too small"),
        ({"num_real": 1}, "--num-real 1 is too small"),
        ({"num_fake": 0}, "--num-fake 0 is too small"),
        ({"seed": -1}, "a seed cannot be negative"),
    ],
)
def test_options_that_cannot_be(options, words):
    with pytest.raises(UsageError, match=words):
        load_protocol("fvd-vidm-paper").with_options(**options)


def test_binding_gives_a_copy():
    spec = load_protocol("fvd-vidm-paper")
    before = spec.model_dump_json()
    bound = spec.with_options(frames=32, stride=2, num_real=5, num_fake=7, seed=9)
    assert spec.model_dump_json() == before
    clips = bound.clips
    assert (clips.frames, clips.stride, clips.real.videos, clips.fake.videos) == (32, 2, 5, 7)
    assert bound.statistics.seed == 9
    assert (clips.real.pick, clips.real.start) == (spec.clips.real.pick, spec.clips.real.start)
    assert bound.array == spec.array


def test_a_count_turns_all_into_the_first():
    side = load_protocol("fvd-tf-hub").with_options(num_real=5).clips.real
    assert side == SideSpec(videos=5, pick="sorted-first", start="zero")


def test_nothing_can_be_changed_after_loading():
    spec = load_protocol("fvd-tf-hub")
    with pytest.raises(ValidationError, match="frozen"):
        spec.version = 2
    with pytest.raises(ValidationError, match="frozen"):
        spec.clips.real.pick = "random"


def test_detectors_are_declared_whole():
    detector = load_detectors()["i3d-kinetics400"]
    assert (detector.num_features, detector.min_frames, detector.input_size) == (400, 9, 224)
    assert detector.measures == {"frechet": "fvd", "kernel": "kvd", "precision-recall": "prdc"}
    assert detector.weights_sha256.startswith("af5c50f0")


def test_other_declarations_report_their_mistakes_too(tmp_path):
    path = tmp_path / "side.toml"
    path.write_text('pick = "some"\n')
    with pytest.raises(ProtocolError, match=r"2 mistakes in side\.toml"):
        load_toml(path, SideSpec)
    with pytest.raises(ProtocolError, match=r"\(file\)"):
        validated([], SideSpec, where="list")
