"""Every field of a protocol says what it decides, and a field that does not is an error."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from vidmbench.check import stage_keys as check
from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.clips_stage import ClipsSpec, SideSpec
from vidmbench.protocols.fields import (
    FieldGroup,
    GoesWith,
    NoEffect,
    ProtocolField,
    field_groups,
    field_names,
    golden_texts,
    signature_texts,
    words_of,
)
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.protocols.paired_kind import PairedStatistics
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.protocols.stages import ArrayStage, DatasetStage, StatisticsStage

STAGES = (DatasetStage, ClipsSpec, ArrayStage, SideSpec, *(kind.statistics for kind in metric_kinds().values()))
#: Fields that move no number by themselves; their reasons are in the models.
WITHOUT_EFFECT = {
    DatasetStage: {"splits", "windows", "short_videos"},
    ClipsSpec: {"frames_allowed"},
    ArrayStage: {"truncate_uint8"},
}


class Toy(BaseModel):
    size: Annotated[int, ProtocolField("array", "size", "px{}".format, golden="g{}".format, words="{} pixels".format)]
    low: Annotated[
        float | None, ProtocolField("statistics", "range", "{}..{}".format, words="from {} to {}".format)
    ] = None
    high: Annotated[float | None, GoesWith("low")] = None
    comment: Annotated[str, NoEffect("words")] = ""


class Child(Toy):
    extra: Annotated[int, ProtocolField("array", None)] = 0


def test_groups_hold_the_fields_that_move_numbers():
    assert [group.names for group in field_groups(Toy)] == [("size",), ("low", "high")]
    assert field_names(Toy, "array") == ("size",)
    assert field_names(Toy, "array", "statistics") == ("size", "low", "high")


def test_fields_of_a_base_come_last():
    assert field_names(Child, "array") == ("extra", "size")


def test_texts_of_what_has_a_value():
    toy = Toy(size=3)
    assert signature_texts(toy, "array", "statistics") == [("size", "px3")]
    assert signature_texts(Toy(size=3, low=0, high=1), "statistics") == [("range", "0.0..1.0")]
    assert golden_texts(toy, "array") == {"size": "g3"}
    assert golden_texts(toy, "statistics") == {}
    assert words_of(Toy, {"size": 3}) == ["3 pixels"]
    assert words_of(Toy, {"size": 3, "low": 0, "high": 1}) == ["3 pixels", "from 0 to 1"]


def test_a_field_without_a_declaration_is_an_error():
    class Forgotten(BaseModel):
        size: int

    class Twice(BaseModel):
        size: Annotated[int, ProtocolField("array", "size"), NoEffect("none")]

    for model in (Forgotten, Twice):
        with pytest.raises(TypeError, match=rf"{model.__name__}\.size needs one declaration of what it decides"):
            field_groups(model)


@pytest.mark.parametrize("model", STAGES, ids=lambda model: model.__name__)
def test_every_field_of_every_stage_is_declared(model):
    decisive = {name for group in field_groups(model) for name in group.names}
    assert set(model.model_fields) - decisive == WITHOUT_EFFECT.get(model, set())


def test_all_stages_are_walked_here():
    parts = {type(part) for _, part in load_protocol("fvd-digan") if isinstance(part, BaseModel)}
    assert parts <= set(STAGES)


@pytest.mark.parametrize("model", STAGES, ids=lambda model: model.__name__)
def test_keys_of_a_signature_are_unique(model):
    keys = [group.rule.key for group in field_groups(model) if group.rule.key is not None]
    assert len(keys) == len(set(keys))
    without = {group.names for group in field_groups(model) if group.rule.key is None}
    assert without == ({("seed",)} if issubclass(model, StatisticsStage) else set())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"array": {"detector": "c3d-prob-tgan"}}, check.detector_key),
        ({"array": {"batch_norm_eps": 1e-5}}, check.detector_key),
        ({"array": {"time_pool": 1}}, check.detector_key),
        ({"array": {"wide_input": "pool-7x13"}}, check.detector_key),
        ({"array": {"lengthen": "each-twice"}}, check.detector_key),
        ({"array": {"first_resize": FirstResize(size=9, resize="bicubic-pil")}}, check.array_key),
        ({"array": {"crop": "short-side-centre"}}, check.array_key),
        ({"array": {"resize": "bicubic-pil"}}, check.array_key),
        ({"array": {"range": "0..1"}}, check.array_key),
        ({"dataset": {"pre_resize": "squash-lanczos"}}, check.framing_key),
        ({"dataset": {"resolution": 65}}, check.framing_key),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else value.__name__,
)
def test_a_field_that_decides_golden_arrays_is_in_their_keys(change, key):
    spec = load_protocol("fvd-stylegan-v")
    ((stage, values),) = change.items()
    other = spec.model_copy(update={stage: getattr(spec, stage).model_copy(update=values)})
    keys = (check.framing_key, check.array_key, check.detector_key)
    moved = {function for function in keys if function(other) != function(spec)}
    assert key in moved
    assert check.features_key(other) != check.features_key(spec)


def test_the_test_above_walks_all_of_them():
    marks = test_a_field_that_decides_golden_arrays_is_in_their_keys.pytestmark
    walked = {(stage, name) for change, _ in marks[0].args[1] for stage, values in change.items() for name in values}
    assert walked == {
        *(("array", name) for name in field_names(ArrayStage, "detector", "array")),
        *(("dataset", name) for name in field_names(DatasetStage, "framing")),
    }


def test_a_group_gives_its_values():
    group = FieldGroup(("low", "high"), ProtocolField("statistics", None))
    assert group.values(Toy(size=1, low=2, high=3)) == (2, 3)


def test_records_hold_the_kinds_own_fields_first():
    content = load_protocol("kvd-tats").model_dump(mode="json", exclude_none=True)
    assert list(content["statistics"]) == ["degree", "repeats", "seed"]
    assert ProtocolSpec.model_validate(content) == load_protocol("kvd-tats")


def test_json_has_null_for_the_fields_of_other_kinds():
    content = load_protocol("kvd-tats").model_dump(mode="json")
    assert list(content["statistics"]) == [
        *("covariance", "degree", "subsets", "subset_size", "neighbours", "splits", "log_eps", "shuffle_seed"),
        *("repeats", "seed"),
    ]
    assert content["statistics"]["covariance"] is None
    assert ProtocolSpec.model_validate(content) == load_protocol("kvd-tats")
    content["statistics"]["covariance"] = "n"
    with pytest.raises(ValidationError, match="covariance"):
        ProtocolSpec.model_validate(content)


def test_frames_that_a_convention_never_scores_are_counted_and_not_numbered():
    said = words_of(PairedStatistics, {"drop_first": 1, "drop_last": 2})
    assert {"without the first frame", "without the last 2 frames"} <= set(said)
