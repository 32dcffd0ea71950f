"""Every field that can move a number has a step between two protocols."""

import pytest
from pydantic import BaseModel

from vidmbench.evaluation.studies import explain
from vidmbench.evaluation.studies.explain import path_between
from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.clips_stage import SideSpec
from vidmbench.protocols.fields import field_groups
from vidmbench.protocols.protocol import load_protocol

EXAMPLES = ("fvd-stylegan-v", "kvd-tats", "prdc-i3d", "is-frames")
OTHER = {
    "detector": "mine.toml",
    "first_resize": FirstResize(size=9, resize="bicubic-pil"),
    "crop": "short-side-centre",
    "resize": "bilinear-antialias",
    "range": "0..255",
    "pre_resize": "squash-bicubic-pil",
    "real": SideSpec(videos=3, pick="random", start="random", stride=5),
    "fake": SideSpec(videos=4, pick="random", start="random", stride=5),
    "covariance": "n-1",
    "kernel": "gaussian",
    "diagonal": "kept",
    "rows": "unit-length",
    "ridge_in": "root",
}


def other(name, value):
    """Another value of a field; numbers are one larger."""
    return OTHER[name] if name in OTHER else (value or 0) + 1


def groups():
    for example in EXAMPLES:
        for stage, part in load_protocol(example):
            if isinstance(part, BaseModel) and (stage == "statistics" or example == EXAMPLES[0]):
                yield from ((example, stage, group.names) for group in field_groups(type(part)))


def changed(spec, stage, names):
    part = getattr(spec, stage)
    return spec.model_copy(
        update={
            "name": "other",
            stage: part.model_copy(update={name: other(name, getattr(part, name)) for name in names}),
        }
    )


@pytest.mark.parametrize(("example", "stage", "names"), list(groups()), ids=str)
def test_every_field_is_a_step_of_its_own(example, stage, names):
    start = load_protocol(example)
    end = changed(start, stage, names)
    path, changes = path_between(start, end)
    assert path == [start, end]
    assert [change.field for change in changes] == [", ".join(f"{stage}.{name}" for name in names)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_all_fields_at_once_are_as_many_steps(example):
    start = end = load_protocol(example)
    number = 0
    for stage, part in start:
        if isinstance(part, BaseModel):
            for group in field_groups(type(part)):
                end = changed(end, stage, group.names)
                number += 1
    path, changes = path_between(start, end)
    assert (path[0], path[-1]) == (start, end)
    assert len(path) == len(changes) + 1 == number + 1
    assert {spec.name for spec in path[:-1]} == {start.name}


def test_the_network_comes_first_and_the_statistics_last():
    start, end = (load_protocol(f"fvd-{name}").with_options(frames=16) for name in ("stylegan-v", "digan"))
    assert [change.field for change in path_between(start, end)[1]] == [
        "array.batch_norm_eps",
        "array.crop",
        "clips.real",
        "clips.fake",
        "statistics.covariance",
        "statistics.repeats",
        "statistics.seed",
    ]


def test_what_moves_no_number_is_no_step():
    start = load_protocol("fvd-stylegan-v")
    end = start.model_copy(
        update={
            "name": "other",
            "note": "other words",
            "clips": start.clips.model_copy(update={"frames_allowed": (16, 17)}),
        }
    )
    assert path_between(start, end) == ([start], [])


def test_a_forgotten_step_is_an_error(monkeypatch):
    monkeypatch.setattr(explain, "EXPLAIN_ORDER", tuple(pair for pair in explain.EXPLAIN_ORDER if "clips" not in pair))
    start = load_protocol("fvd-stylegan-v")
    with pytest.raises(AssertionError, match=r"no step that changes clips\.stride"):
        path_between(start, changed(start, "clips", ["stride"]))
    end = changed(changed(start, "clips", ["stride"]), "array", ["crop"])
    with pytest.raises(AssertionError, match=r"no step that changes clips\.stride"):
        path_between(start, end)
