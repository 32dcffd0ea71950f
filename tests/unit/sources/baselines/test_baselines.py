"""Declarations of compared systems, and the choice of their files by name."""

import re
from collections import Counter

import pytest

from vidmbench.core import resources
from vidmbench.core.declarations import validated
from vidmbench.core.errors import DataError, ProtocolError
from vidmbench.records.published import published_values
from vidmbench.sources.baselines.layouts import (
    BaselineSpec,
    SkippedFile,
    baseline_names,
    choose_layout,
    exporter,
    load_baseline,
    published_rows,
)

FOLDER = resources.data_root() / "baselines"
OF_THE_PAPER = {
    *("vgan", "tgan", "tganv2", "mocogan", "mocogan-sg2", "progressive-vgan", "dvd-gan", "ldvd-gan", "mocogan-hd"),
    *("videogpt", "digan", "stylegan-v", "vdm", "tats", "vidm-official"),
}
OTHERS = {"video-diffusion-pytorch", "fdm", "pvdm", "latte"}
COMPARED = [value for table in ("table1", "table2") for value in published_values(table)]


# Declarations


def test_all_systems_of_the_paper_are_there():
    assert set(baseline_names()) == OF_THE_PAPER | OTHERS
    claimed = Counter(name for system in baseline_names() for name in load_baseline(system).published_as)
    assert claimed == dict.fromkeys({value.method for value in COMPARED}, 1), "each column belongs to one system"


@pytest.mark.parametrize("name", sorted(OF_THE_PAPER | OTHERS))
def test_every_declaration_loads_and_says_enough(name):
    spec = load_baseline(name)
    assert spec == load_baseline(str(FOLDER / name / "baseline.toml"))
    assert spec.traps
    assert spec.produce
    assert spec.licence
    assert bool(spec.published_as) == (name in OF_THE_PAPER)
    text = (FOLDER / name / "baseline.toml").read_text(encoding="utf-8")
    assert not re.search(r"https?://|pypi|conda", text)
    assert any("export.py" in step for step in spec.produce) == (exporter(name) is not None or name == "mocogan-sg2")
    has_exported = any(layout.name == "exported" for layout in spec.layouts)
    assert has_exported == (exporter(name) is not None or name == "mocogan-sg2")
    for layout in spec.layouts:
        assert layout.lossy or layout.compression == "none"
        assert layout.kind != "array" or layout.array.axes == "nthwc"


@pytest.mark.parametrize("name", ["progressive-vgan", "ldvd-gan", "dvd-gan", "vdm"])
def test_systems_without_code_say_so_and_take_plain_files(name):
    spec = load_baseline(name)
    assert (spec.code, spec.commit, spec.checkpoints) == ("", "", "none")
    assert {layout.kind for layout in spec.layouts} == {"array", "frame-folders", "videos"}


def test_unknown_names():
    with pytest.raises(ProtocolError, match=r"unknown baseline 'stylegan': did you mean stylegan-v"):
        load_baseline("stylegan")
    with pytest.raises(ProtocolError, match=r"unknown layout of digan 'gird': did you mean grid"):
        load_baseline("digan").layout("gird")
    assert exporter("vgan") is None


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text((FOLDER / "latte" / "baseline.toml").read_text().replace('"latte"', '"mine"'))
    assert load_baseline(str(path)).name == "mine"
    path.write_text(path.read_text().replace('licence = "', 'license = "').replace('kind = "videos"', 'kind = "film"'))
    with pytest.raises(ProtocolError) as caught:
        load_baseline(str(path))
    assert all(words in str(caught.value) for words in ("license: unknown key", "licence: missing", "layouts.0.kind"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "grid"}, "kind = 'grid' goes with grid"),
        ({"grid": {}}, "kind = 'videos' goes without grid"),
        ({"kind": "arrays", "array": {"axes": "nthwc", "range": "0..1"}}, "an order of 'thwc'"),
        ({"kind": "array", "array": {"axes": "tchw", "range": "0..1"}}, "an order of 'nthwc'"),
        ({"kind": "hdf5"}, "kind = 'hdf5' goes with array"),
        ({"files": []}, "at least 1 item"),
        ({"fsp": 25}, "layouts.0.fsp: unknown key"),
    ],
)
def test_layouts_that_contradict_themselves(change, words):
    content = load_baseline("latte").model_dump()
    content["layouts"] = [{**content["layouts"][0], **change}]
    with pytest.raises(ProtocolError, match=re.escape(words)):
        validated(content, BaselineSpec, where="latte.toml")


def test_layouts_need_names_of_their_own():
    content = load_baseline("latte").model_dump()
    content["layouts"] *= 2
    with pytest.raises(ProtocolError, match="two layouts share a name"):
        validated(content, BaselineSpec, where="latte.toml")


def test_published_rows():
    rows = published_rows(load_baseline("tats"))
    assert [(row.dataset, row.frames, row.metric, row.printed) for row in rows] == [
        ("UCF-101", 16, "FVD", "332"),
        ("SkyTimelapse", 16, "FVD", "132"),
    ]
    assert all(row.source and row.notes for row in rows)
    assert {row.method for row in published_rows(load_baseline("digan"))} == {"DIGAN", "DIGAN (class-cond)"}
    assert published_rows(load_baseline("fdm")) == []
    printed = [value for value in COMPARED if value.value is not None]
    assert sum(len(published_rows(load_baseline(name))) for name in baseline_names()) == len(printed)


# The choice of a layout


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


FRAMES = [f"{video}/{frame:06d}.jpg" for video in ("000000", "000001") for frame in (0, 1)]
PNG = [name.replace("jpg", "png") for name in FRAMES]
PICKS = [  # system, files there, layout taken, files or folders read, files skipped and words of the reason
    ("vgan", ["gen.gif", "video.gif", "videomask.gif", "mask.gif", "static.jpg"], "grid", ["gen.gif"], 4),
    ("vgan", ["vis/gen.gif", "vis/mask.gif"], "grid", ["vis/gen.gif"], {"vis/mask.gif": "the mask"}),
    ("vgan", ["gen.gif", "gen.npy"], "array", ["gen.npy"], {"gen.gif": "previews"}),
    ("tgan", ["r_seed-0.avi", "r_seed-0_10.png", "r_seed-0_2.png"], "strips", ["r_seed-0_2.png", "r_seed-0_10.png"], 1),
    ("tgan", ["r_seed-0.avi"], "grid", ["r_seed-0.avi"], {}),
    ("tganv2", ["out.mp4", "log.txt"], "grid", ["out.mp4"], {"log.txt": "matches no pattern of the layout grid"}),
    ("mocogan", ["10.avi", "9.avi", "9.gif"], "videos", ["9.avi", "10.avi"], {"9.gif": "second family"}),
    ("mocogan", ["0.gif"], "gifs", ["0.gif"], {}),
    ("mocogan-sg2", FRAMES, "frame-folders", ["000000", "000001"], {}),
    ("progressive-vgan", ["a/0.png", "b/0.png"], "frame-folders", ["a", "b"], {}),
    ("ldvd-gan", ["a.npy"], "array", ["a.npy"], {}),
    ("dvd-gan", ["a.mp4", "b.gif"], "videos", ["a.mp4", "b.gif"], {}),
    ("vdm", ["a.webm"], "videos", ["a.webm"], {}),
    ("mocogan-hd", ["u_0_1.mp4", "u_0_1_noise.mp4"], "videos", ["u_0_1.mp4"], {"u_0_1_noise.mp4": "same latent"}),
    ("mocogan-hd", ["u_0_1_noise.mp4"], "with-noise", ["u_0_1_noise.mp4"], {}),
    ("mocogan-hd", [*PNG, "index.json"], "exported", ["000000", "000001"], {"index.json": "describes the run"}),
    ("videogpt", ["samples.mp4"], "grid", ["samples.mp4"], {}),
    ("digan", ["generate_videos.gif", "generate_videos.mp4"], "grid", ["generate_videos.mp4"], 1),
    ("digan", ["generate_videos.gif"], "gif-grid", ["generate_videos.gif"], {}),
    ("stylegan-v", [*FRAMES, "000000.mp4"], "frame-folders", ["000000", "000001"], {"000000.mp4": "a grid"}),
    ("stylegan-v", ["000000.mp4", "000001.mp4"], "videos", ["000000.mp4", "000001.mp4"], {}),
    ("stylegan-v", PNG, "exported", ["000000", "000001"], {}),
    ("tats", ["numpy_files/ucf101/topp0.80_topk2048_run0_eval.npy", "videos/ucf101/generation_0_0.avi"], "array", 1, 1),
    ("tats", ["a_eval.npy", "temp_16_1_topp0.92_eval.npy"], "array", ["a_eval.npy"], 1),
    ("tats", ["temp_16_1_eval.npy"], "long-array", ["temp_16_1_eval.npy"], {}),
    ("tats", ["generated_1_0_0/frame_2.png", "generated_1_0_0/frame_10.png"], "long-frames", ["generated_1_0_0"], {}),
    ("tats", ["generation_0.avi", "generation_1.avi"], "grid", 2, {}),
    ("vidm-official", ["video_000000.npy", "video_000000.gif"], "arrays", ["video_000000.npy"], 1),
    ("vidm-official", ["video_000001.gif"], "gifs", ["video_000001.gif"], {}),
    ("video-diffusion-pytorch", ["7.gif", "model-7.pt"], "grid", ["7.gif"], {"model-7.pt": "weights"}),
    ("fdm", ["samples/sample_0000-0.npy", "model_config.json"], "arrays", ["samples/sample_0000-0.npy"], 1),
    ("pvdm", ["generated_9.mp4", "generated_9.gif", "real_9.mp4", "predicted_9.mp4"], "grid", ["generated_9.mp4"], 3),
    ("latte", ["0000.mp4", "0001.mp4"], "videos", ["0000.mp4", "0001.mp4"], {}),
]


@pytest.mark.parametrize(("system", "there", "layout", "files", "skipped"), PICKS, ids=lambda value: str(value)[:30])
def test_which_files_count(system, there, layout, files, skipped, tmp_path):
    choice = choose_layout(load_baseline(system), touch(tmp_path, *there, ".hidden.mp4", ".000002.partial/000000.png"))
    assert choice.layout.name == layout
    names = [path.relative_to(tmp_path).as_posix() for path in choice.files]
    assert (len(names) if isinstance(files, int) else names) == files
    reasons = dict(choice.skipped)
    if isinstance(skipped, int):
        assert len(reasons) == skipped
    else:
        assert reasons.keys() == skipped.keys()
        assert all(words in reasons[name] for name, words in skipped.items())
    assert all(isinstance(file, SkippedFile) and file.reason for file in choice.skipped)


def test_every_system_is_picked_from():
    assert {system for system, *_ in PICKS} == OF_THE_PAPER | OTHERS


def test_a_layout_by_name(tmp_path):
    spec = load_baseline("stylegan-v")
    touch(tmp_path, "000000.mp4")
    assert choose_layout(spec, tmp_path).layout.kind == "videos"
    assert choose_layout(spec, tmp_path, "grid").layout.kind == "grid"
    with pytest.raises(ProtocolError, match="unknown layout of stylegan-v 'grids': did you mean grid"):
        choose_layout(spec, tmp_path, "grids")


def test_a_single_file(tmp_path):
    path = touch(tmp_path, "topp0.92_topk2048_run0_eval.npy", "other_eval.npy") / "topp0.92_topk2048_run0_eval.npy"
    choice = choose_layout(load_baseline("tats"), path)
    assert (choice.layout.name, choice.files, choice.skipped) == ("array", [path], [])


def test_a_list_and_a_glob(tmp_path):
    touch(tmp_path, "a/000000.mp4", "a/000001.mp4", "b/000002.mp4", "b/readme.md")
    (tmp_path / "list.txt").write_text("a/000001.mp4\nb")
    spec = load_baseline("stylegan-v")
    for path, names in ((tmp_path / "list.txt", ["a/000001.mp4", "b/000002.mp4"]), (tmp_path / "a*" / "*.mp4", None)):
        choice = choose_layout(spec, path, "videos")
        assert [str(file.relative_to(choice.root)) for file in choice.files] == (names or ["000000.mp4", "000001.mp4"])
    with pytest.raises(DataError, match="no file matches the pattern"):
        choose_layout(spec, tmp_path / "*.avi")
    with pytest.raises(DataError, match="archives are not read in the layouts of StyleGAN-V"):
        choose_layout(spec, touch(tmp_path, "x.tar") / "x.tar")


def test_links_are_followed_once(tmp_path):
    touch(tmp_path, "real/9.avi", "real/10.avi")
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "up").symlink_to(tmp_path / "samples")
    choice = choose_layout(load_baseline("mocogan"), tmp_path / "samples")
    assert [path.name for path in choice.files] == ["9.avi", "10.avi"]


def test_several_runs_are_refused(tmp_path):
    touch(tmp_path, "topp0.80_topk2048_run0_eval.npy", "topp0.92_topk2048_run0_eval.npy")
    with pytest.raises(DataError, match="holds the samples of several runs") as caught:
        choose_layout(load_baseline("tats"), tmp_path)
    assert caught.value.fix == "give one of them by its own path"
    with pytest.raises(DataError, match="holds the samples of several runs"):
        choose_layout(load_baseline("pvdm"), touch(tmp_path, "generated_1.mp4", "generated_2.mp4"))


def test_nothing_that_fits_is_refused(tmp_path):
    touch(tmp_path, *(f"{number}.txt" for number in range(12)))
    with pytest.raises(DataError) as caught:
        choose_layout(load_baseline("digan"), tmp_path)
    error = caught.value
    assert error.problem == f"{tmp_path.name} holds no samples in a known layout of DIGAN"
    assert "*generate_videos.mp4 (grid); *generate_videos.gif (gif-grid)" in error.expected
    assert error.found == "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 7 more"
    assert error.where == str(tmp_path)
    assert error.fix.startswith("give the folder that the system's own script wrote, or read it as a plain folder")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="an empty folder"):
        choose_layout(load_baseline("digan"), tmp_path / "empty")
    with pytest.raises(DataError, match="no such file or folder"):
        choose_layout(load_baseline("digan"), tmp_path / "nowhere")


def test_only_noise_files_are_not_taken_for_the_other_family(tmp_path):
    """A family asked for by name is taken or refused, never replaced."""
    touch(tmp_path, "u_0_1_noise.mp4")
    with pytest.raises(DataError, match="holds no samples in a known layout of MoCoGAN-HD"):
        choose_layout(load_baseline("mocogan-hd"), tmp_path, "videos")
