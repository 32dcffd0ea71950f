"""The grammar of source names: every form, what a bare word means in each place, and that nothing else parses names."""

import ast
from pathlib import Path

import pytest

import vidmbench
from vidmbench.core.errors import UsageError
from vidmbench.sources.baselines.samples import layouts_of
from vidmbench.sources.names import (
    ANY_LABEL_LAYOUTS,
    SourceName,
    control_kind,
    control_label,
    is_reference,
    parse_source,
    static_baseline_of,
    static_label,
)

PACKAGE = Path(vidmbench.__file__).parent
PREFIXES = {"control:", "static-of:", "dataset:", "folder:", "vidm", "vidm:", "pack:", "grid:", "strips:", "@"}
#: Files that take other texts apart at these words: the label inside a packed file.
OTHER_TEXTS = {"videos/packed/reader.py"}


def named(kind, text, **fields):
    return SourceName(kind, text, **fields)


@pytest.mark.parametrize("bare", ["path", "dataset", "label"])
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dataset:clevrer-mini", named("dataset", "dataset:clevrer-mini", name="clevrer-mini")),
        ("dataset:ucf101@train", named("dataset", "dataset:ucf101@train", name="ucf101", split="train")),
        ("dataset:a/64", named("dataset", "dataset:a/64", name="a", resolution=64)),
        ("dataset:a@b/64", named("dataset", "dataset:a@b/64", name="a", split="b", resolution=64)),
        ("dataset:a@", named("dataset", "dataset:a@", name="a")),
        ("control:static", named("control", "control:static", name="static")),
        ("vidm", named("vidm", "vidm")),
        ("vidm:runs/a:b", named("vidm", "vidm:runs/a:b", path="runs/a:b")),
        (
            "static-of:static-of:vidm",
            named(
                "static-of",
                "static-of:static-of:vidm",
                inner=named("static-of", "static-of:vidm", inner=named("vidm", "vidm")),
            ),
        ),
    ],
)
def test_prefixes_mean_the_same_everywhere(text, bare, name):
    assert parse_source(text, bare=bare) == name
    assert str(name) == text


@pytest.mark.parametrize(
    ("text", "of_path", "of_dataset", "of_label"),
    [
        ("a/b", {"kind": "path", "path": "a/b"}, None, {"kind": "label", "name": "a/b"}),
        (
            "ucf101@test/32",
            {"kind": "path", "path": "ucf101@test/32"},
            {"kind": "dataset", "name": "ucf101", "split": "test", "resolution": 32},
            {"kind": "label", "name": "ucf101@test/32"},
        ),
        ("", {"kind": "path", "path": ""}, {"kind": "dataset", "name": ""}, {"kind": "label", "name": ""}),
        (
            "folder:/a/b@c/32",
            {"kind": "path", "path": "/a/b@c/32"},
            {"kind": "path", "path": "/a/b@c/32"},
            {"kind": "label", "name": "folder:/a/b@c/32"},
        ),
        (
            "grid:DIR",
            {"kind": "layout", "name": "grid", "path": "DIR"},
            {"kind": "layout", "name": "grid", "path": "DIR"},
            {"kind": "label", "name": "grid:DIR"},
        ),
        (
            "folder:strips:DIR",
            {"kind": "layout", "name": "strips", "path": "DIR"},
            {"kind": "layout", "name": "strips", "path": "DIR"},
            {"kind": "label", "name": "folder:strips:DIR"},
        ),
        (
            "digan:DIR",
            {"kind": "layout", "name": "digan", "path": "DIR"},
            {"kind": "layout", "name": "digan", "path": "DIR"},
            {"kind": "label", "name": "digan:DIR"},
        ),
        (
            "digan:videos:DIR",
            {"kind": "layout", "name": "digan:videos", "path": "DIR"},
            {"kind": "layout", "name": "digan:videos", "path": "DIR"},
            {"kind": "label", "name": "digan:videos:DIR"},
        ),
        (
            "my-gan:v2",
            {"kind": "path", "path": "my-gan:v2"},
            {"kind": "dataset", "name": "my-gan:v2"},
            {"kind": "label", "name": "my-gan:v2"},
        ),
    ],
)
def test_a_text_without_a_prefix(text, of_path, of_dataset, of_label):
    for bare, fields in (("path", of_path), ("dataset", of_dataset), ("label", of_label)):
        if fields is None:
            with pytest.raises(UsageError, match="the resolution must be a number"):
                parse_source(text, bare=bare)
            continue
        assert parse_source(text, bare=bare) == SourceName(text=text, **fields)
        if text or bare != "label":
            inner = parse_source(f"static-of:{text}", bare=bare).inner
            assert inner == SourceName(text=text, **fields)


def test_a_static_baseline_of_no_model():
    with pytest.raises(UsageError, match="static-of: without a model"):
        parse_source("static-of: ", bare="label")


def test_a_file_of_that_very_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("grid:a", "pack:a", "digan:b"):
        Path(name).touch()
        assert parse_source(name) == SourceName("path", name, path=name)
    Path("videos:c").touch()
    assert parse_source("digan:videos:c") == SourceName("layout", "digan:videos:c", name="digan", path="videos:c")


def test_a_model_comes_before_a_folder_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("vidm").mkdir()
    assert parse_source("vidm").kind == "vidm"
    assert parse_source("folder:vidm") == SourceName("path", "folder:vidm", path="vidm")
    assert parse_source("vidm:").kind == "path"


@pytest.mark.parametrize("text", ["dataset:a/x", "dataset:a/", "dataset:a@b/3/4", "static-of:dataset:a/-3"])
def test_a_resolution_must_be_a_number(text):
    with pytest.raises(UsageError, match="the resolution must be a number"):
        parse_source(text)


@pytest.mark.parametrize("bare", ["path", "dataset", "label"])
def test_a_pack_is_a_file_and_has_no_static_baseline(bare):
    assert parse_source("pack:~/a.pack", bare=bare) == SourceName("pack", "pack:~/a.pack", path="~/a.pack")
    for text, problem in (("pack:", "pack: without a file"), ("static-of:pack:a", "a pack holds no frames")):
        with pytest.raises(UsageError, match=problem) as caught:
            parse_source(text, bare=bare)
        assert caught.value.found == text


def test_the_source_without_static_of():
    assert parse_source("static-of:static-of:control:noise").base == parse_source("control:noise")
    assert parse_source("vidm").base.text == "vidm"


def test_labels_in_records():
    assert (control_label("noise"), static_label("my-gan")) == ("control:noise", "static-of:my-gan")
    assert [control_kind(label) for label in ("control:noise", "controls", "static-of:control:noise")] == [
        "noise", None, None,
    ]  # fmt: skip
    assert [static_baseline_of(label) for label in ("static-of:a:b", "static", "control:static")] == ["a:b", None, None]
    assert [is_reference(label) for label in ("control:a", "static-of:a", "vidm", "a:b")] == [True, True, False, False]
    for label in (control_label("noise"), static_label("vidm:RUN")):
        assert parse_source(label, bare="label").text == label


@pytest.mark.parametrize("name", ANY_LABEL_LAYOUTS)
def test_layouts_of_any_label_are_known_to_the_reader(name):
    layouts = layouts_of("", name)
    assert layouts is not None
    assert layouts.layouts[0].name == name


def constants(node):
    """Texts of an expression that stand whole, not as part of a longer one."""
    if isinstance(node, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for element in node.elts:
            yield from constants(element)


def parsed_elsewhere(tree):
    """Expressions that test a text for a prefix of the grammar, or cut it there."""
    cuts = {"startswith", "removeprefix", "partition", "rpartition", "split"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in cuts:
            sides = node.args
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Attribute) and side.attr == "kind" for side in sides):
                continue  # the kind of a parsed name
        else:
            continue
        if any(value in PREFIXES for side in sides for value in constants(side)):
            yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize(
    "code",
    [
        'text.startswith("dataset:")',
        'text.startswith(("a", "control:"))',
        'model.removeprefix("static-of:")',
        'name.partition("@")',
        'model == "vidm"',
        'model in ("vidm", "x")',
        'f"{text}".split("vidm:")',
        'kind == "vidm"',
    ],
)
def test_the_search_finds_what_it_is_for(code):
    assert list(parsed_elsewhere(ast.parse(code)))
    assert not list(parsed_elsewhere(ast.parse('name.kind == "vidm"; f"{name}@{split}" in names')))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_module_takes_names_apart(path):
    name = path.relative_to(PACKAGE).as_posix()
    if name == "sources/names.py" or name in OTHER_TEXTS:
        return
    assert not list(parsed_elsewhere(ast.parse(path.read_text(encoding="utf-8"))))
