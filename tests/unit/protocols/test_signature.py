import pytest

from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.clips_stage import ClipsSpec, SideSpec
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.protocols.kinds.inception_score import InceptionScoreStatistics
from vidmbench.protocols.kinds.kernel import KernelStatistics
from vidmbench.protocols.kinds.precision_recall import PrecisionRecallStatistics
from vidmbench.protocols.kinds.psnr import PsnrStatistics
from vidmbench.protocols.kinds.stream_s import StreamSpaceStatistics
from vidmbench.protocols.kinds.vmaf import VmafStatistics
from vidmbench.protocols.pair_stages import (
    FlowStage,
    LpipsStage,
    MotionMaskStage,
    PairStage,
    PixelStage,
    SsimStage,
    TemporalLpipsStage,
    VmafStage,
)
from vidmbench.protocols.paired_kind import PairedStatistics
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.protocols.sequence_kind import SequenceStatistics
from vidmbench.protocols.sequence_stages import SequenceStage, SitiStage
from vidmbench.protocols.signature import Signature, conflicts, metric_names, signature_of
from vidmbench.protocols.stages import ArrayStage, DatasetStage
from vidmbench.protocols.temporal_kind import TemporalStatistics

FACTS = {
    "num_real": 2048,
    "num_fake": 2048,
    "real_label": "clevrer-mini@test",
    "real_digest": "5f31c2aa" + "0" * 56,
    "fake_digest": "9b0e11d2" + "0" * 56,
    "precision": "fp32",
    "version": "0.1.0",
}


def signed(spec=None, **facts):
    return signature_of(spec or load_protocol("fvd-stylegan-v").with_options(), **{**FACTS, **facts})


def test_the_long_form():
    assert signed().long == (
        "fvd | proto:fvd-stylegan-v.1 | det:i3d-k400:af5c50f0 | eps:1e-3 | t:16 | s:1 | real:2048.sorted.rand"
        " | fake:2048.sorted.zero | crop:none | rs:bilinear-hp | range:pm1 | cov:n | prec:fp32"
        " | data:clevrer-mini@test:5f31c2aa | seed:0 | fakes:9b0e11d2 | v:0.1.0"
    )


def test_the_short_form():
    signature = signed(num_fake=12)
    assert signature.short == f"fvd-stylegan-v.1 t16 s1 n2048/12 fp32 #{signature.id}"
    assert len(signature.id) == 8
    assert set(signature.id) <= set("0123456789abcdef")


def test_what_is_not_known_is_a_question_mark():
    assert Signature("fvd", (("t", "16"),)).short.startswith("? t16 s? n?/? ? #")


@pytest.mark.parametrize(
    "fact",
    [
        {"fake_digest": "0" * 64},
        {"version": "9.9"},
        {"spec": load_protocol("fvd-stylegan-v").with_options().with_options(seed=5)},
    ],
)
def test_fakes_seed_and_version_do_not_part_numbers(fact):
    assert signed(**fact).long != signed().long
    assert signed(**fact).id == signed().id


@pytest.mark.parametrize(
    "fact",
    [
        {"num_real": 2047},
        {"num_fake": 2047},
        {"real_digest": "6" * 64},
        {"precision": "bf16"},
    ],
    ids=lambda fact: next(iter(fact)),
)
def test_facts_part_numbers(fact):
    assert signed(**fact).id != signed().id


def test_a_folder_of_another_name_holds_the_same_videos():
    assert signed(real_label="renamed").long != signed().long
    assert signed(real_label="renamed").id == signed().id


def test_no_name_can_pose_as_a_field():
    assert "data:a_cov_n-1_b:" in signed(real_label="a | cov:n-1\nb").long


# A second value for every field of a protocol; None for a field that cannot move a number by itself, and why.
OTHER: dict[tuple[type, str], object] = {
    (ProtocolSpec, "name"): "fvd-other",
    (ProtocolSpec, "version"): 2,
    (ProtocolSpec, "metric"): None,  # its name is the signature's first word; tested below
    (ProtocolSpec, "source"): None,  # words
    (ProtocolSpec, "note"): None,
    (ProtocolSpec, "family"): None,
    (DatasetStage, "pre_resize"): "centre-bilinear",
    (DatasetStage, "resolution"): 128,
    (DatasetStage, "splits"): None,  # in the digest of the real side
    (DatasetStage, "windows"): None,  # bound into clips.real
    (DatasetStage, "short_videos"): None,  # where a number exists, both rules gave the same clips
    (ClipsSpec, "frames"): 17,
    (ClipsSpec, "frames_allowed"): None,  # a guard
    (ClipsSpec, "stride"): 2,
    (ClipsSpec, "least_frames"): 128,
    (ClipsSpec, "prefixes_from"): 8,
    (ClipsSpec, "predictions"): "first",
    (ClipsSpec, "context"): 4,
    (SideSpec, "videos"): None,  # the number really scored stands there
    (SideSpec, "pick"): "random",
    (SideSpec, "start"): ...,  # the other of the two
    (SideSpec, "mirrored"): True,
    (SideSpec, "stride"): 3,
    (ArrayStage, "detector"): None,  # the only one there is
    (ArrayStage, "batch_norm_eps"): 1.2e-3,
    (ArrayStage, "time_pool"): 1,
    (ArrayStage, "wide_input"): "pool-7x13",
    (ArrayStage, "lengthen"): "each-twice",
    (ArrayStage, "truncate_uint8"): None,  # no other value: nothing to tell apart
    (ArrayStage, "first_resize"): {"size": 128, "resize": "bicubic-pil"},
    (FirstResize, "size"): 127,
    (FirstResize, "resize"): "bilinear-tf1",
    (FirstResize, "bottom_rows"): 60,
    (ArrayStage, "crop"): "short-side-centre",
    (ArrayStage, "resize"): "bilinear-tf1",
    (ArrayStage, "range"): "0..1",
    (FrechetStatistics, "covariance"): "n-1",
    (FrechetStatistics, "ridge"): 1e-6,
    (FrechetStatistics, "ridge_in"): "root",
    (FrechetStatistics, "mean_over"): "trajectories",
    (FrechetStatistics, "batch"): 2,
    (KernelStatistics, "kernel"): None,  # goes with sigma: test_kernel_statistics.py
    (KernelStatistics, "degree"): 2,
    (KernelStatistics, "coef0"): 0.0,
    (KernelStatistics, "sigma"): None,
    (KernelStatistics, "diagonal"): "kept",
    (KernelStatistics, "rows"): "unit-length",
    (KernelStatistics, "scale"): 100.0,
    (KernelStatistics, "subsets"): 100,
    (KernelStatistics, "subset_size"): 101,
    (PrecisionRecallStatistics, "neighbours"): 4,
    (StreamSpaceStatistics, "neighbours"): 4,
    (InceptionScoreStatistics, "splits"): 7,
    (InceptionScoreStatistics, "log_eps"): 1e-21,
    (InceptionScoreStatistics, "shuffle_seed"): 43,
    **{
        (stage, name): value
        for stage in (PixelStage, SsimStage, LpipsStage, TemporalLpipsStage, FlowStage, MotionMaskStage, VmafStage)
        for name, value in {
            "detector": None,  # tested above
            "batch_norm_eps": None,  # of a network that these do not run
            "time_pool": None,
            "wide_input": None,
            "lengthen": None,
            "truncate_uint8": None,
            "first_resize": None,
            "crop": None,
            "resize": None,
            "range": None,
            "levels": "exact" if stage is LpipsStage else "truncated",
            "cut": "multiples-of-32" if stage in (LpipsStage, VmafStage) else "none",
            "frame_size": 96,
            "colour": "rgb",
        }.items()
    },
    **{(MotionMaskStage, name): None for name in ("levels", "cut", "frame_size")},  # one value only
    (MotionMaskStage, "masks"): "none",
    (SsimStage, "window"): "gaussian-11",
    (SsimStage, "padding"): "zero",
    (SsimStage, "covariance"): "n",
    (SsimStage, "data_range"): "255",
    (LpipsStage, "spatial"): True,
    (TemporalLpipsStage, "spatial"): True,
    (VmafStage, "colour"): "grey-opencv",
    (VmafStage, "motion"): "none",
    **{
        (stage, name): None  # one value only, or tested above
        for stage in (SequenceStage, SitiStage)
        for name in ("detector", "batch_norm_eps", "truncate_uint8", "first_resize", "crop", "resize", "range")
    },
    (SitiStage, "mode"): "legacy",
    (SequenceStatistics, "over_time"): "max",
    **{
        (statistics, name): value
        for statistics in (PsnrStatistics, PairedStatistics, TemporalStatistics, VmafStatistics)
        for name, value in {
            "context": 4,
            "drop_first": 1,
            "drop_last": 1,
            "samples": ...,
            "num_samples": 3,
            "sizes": None,  # a rule counts where it was applied: tested below
            "resized_from": None,
            "lengths": None,
            "shortest": None,
        }.items()
    },
    (PsnrStatistics, "error_over"): "clip",
    (PsnrStatistics, "identical"): "opencv",
    (VmafStatistics, "clip"): "none",
    (VmafStatistics, "pool"): "harmonic-mean",
}
OF_ALL_STATISTICS = {"repeats": 7, "seed": None}  # of the seed: a choice among equals; tested above
# A protocol of each kind.
EXAMPLES = {
    "frechet": "fvd-stylegan-v",
    "kernel": "kvd-tats",
    "precision-recall": "prdc-i3d",
    "inception-score": "is-frames",
    "psnr": "psnr-tecogan",
    "ssim": "ssim-tecogan",
    "lpips": "lpips-mcvd",
    "stream-t": "stream-t",
    "stream-s": "stream-s",
    "tof": "tof-tecogan",
    "physics-iq": "physics-iq",
    "tlp": "tlp-tecogan",
    "vmaf": "vmaf-v0.6.1",
    "flicker": "flicker-vbench",
    "siti": "siti-itu-mean",
    "colour-similarity": "colour-similarity",
}


def models(content):
    """Every part of a protocol: its path, its model."""
    spec = ProtocolSpec.model_validate(content)
    yield (), ProtocolSpec
    for stage in ("dataset", "clips", "array", "statistics"):
        yield (stage,), type(getattr(spec, stage))
    yield ("clips", "real"), SideSpec
    yield ("clips", "fake"), SideSpec
    yield ("array", "first_resize"), FirstResize


def walk():
    for kind, name in EXAMPLES.items():
        content = load_protocol(name).model_dump(mode="json")
        for path, model in models(content):
            nested = ("dataset", "clips", "array", "statistics", "real", "fake")
            for field in model.model_fields:
                is_own = path == ("statistics",) or (path == ("array",) and issubclass(model, PairStage))
                if field not in nested and (kind == "frechet" or is_own):
                    yield kind, (*path, field), model


def _other_word(part, name):
    words = {"start": ("zero", "random"), "samples": ("mean", "best")}[name]
    return words[part[name] == words[0]]


def test_every_kind_is_walked():
    assert EXAMPLES.keys() == metric_kinds().keys()


@pytest.mark.parametrize(
    ("kind", "path", "model"), list(walk()), ids=lambda value: ".".join(value) if type(value) is tuple else ""
)
def test_every_field_of_a_protocol_that_moves_a_number_parts_numbers(kind, path, model):
    common = path[0] == "statistics" and path[-1] in OF_ALL_STATISTICS
    value = OF_ALL_STATISTICS[path[-1]] if common else OTHER[model, path[-1]]
    if value is None:
        return
    spec = load_protocol(EXAMPLES[kind])
    content = spec.with_options(stage=spec.dataset).model_dump(mode="json")
    if path[:2] == ("array", "first_resize") and len(path) == 3:
        content["array"]["first_resize"] = {"size": 64, "resize": "bicubic-pil"}
    if path[-1] == "ridge_in":
        content["statistics"]["ridge"] = 1e-6
    if path[-1] in ("subsets", "subset_size"):
        content["statistics"].update(subsets=9, subset_size=50)
    if path in (("clips", "context"), ("clips", "prefixes_from")):
        content["clips"]["real"]["start"] = content["clips"]["fake"]["start"] = "zero"
    before = ProtocolSpec.model_validate(content)
    part = content
    for name in path[:-1]:
        part = part[name]
    if value is ...:
        value = _other_word(part, path[-1])
    assert part.get(path[-1]) != value
    part[path[-1]] = value
    assert signed(ProtocolSpec.model_validate(content)).id != signed(before).id


@pytest.mark.parametrize(
    ("rule", "applied", "text"),
    [
        ({"sizes": "prediction-resized"}, {"resized_from": (32, 48)}, "sizes:prediction-resized.32x48"),
        ({"lengths": "shorter"}, {"shortest": 12}, "lengths:shorter.12"),
    ],
)
def test_rules_for_pairs_that_do_not_fit_part_numbers_where_they_were_applied(rule, applied, text):
    spec = load_protocol("psnr-opencv").with_options()
    found = [
        signed(spec.model_copy(update={"statistics": spec.statistics.model_copy(update=update)}))
        for update in ({}, rule, rule | applied)
    ]
    assert found[0].id == found[1].id != found[2].id
    assert f"| {text} |" in found[2].long


def test_the_size_of_subsets_parts_numbers():
    spec = load_protocol("kvd-tats").with_options()
    pair = [
        spec.model_copy(update={"statistics": spec.statistics.model_copy(update={"subsets": 9, "subset_size": size})})
        for size in (100, 1000)
    ]
    assert signed(pair[0]).id != signed(pair[1]).id


def test_numbers_of_one_protocol_differ_by_their_names():
    spec = load_protocol("prdc-i3d").with_options()
    assert metric_names(spec) == ("precision", "recall", "density", "coverage")
    signatures = [signed(spec, metric=name) for name in metric_names(spec)]
    assert [signature.long.split(" | ")[0] for signature in signatures] == list(metric_names(spec))
    assert len({signature.id for signature in signatures}) == 4
    assert metric_names(load_protocol("kvd-tats")) == ("kvd",)


def test_eps_keeps_all_its_digits():
    spec = load_protocol("fvd-stylegan-v").with_options()

    def shown(eps):
        array = spec.array.model_copy(update={"batch_norm_eps": eps})
        return dict(signed(spec.model_copy(update={"array": array})).fields)["eps"]

    assert [shown(eps) for eps in (1e-3, 1e-5, 1.5e-3, 2e-3)] == ["1e-3", "1e-5", "1.5e-3", "2e-3"]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("fvd | eps:1e-3 | cov:n", "fvd | eps:1e-5 | cov:n", ("eps (1e-3 against 1e-5)",)),
        ("fvd | eps:1e-3", "kvd | eps:1e-5", ()),
        ("fvd | proto:? | t:16/128", "fvd | proto:fvd-tats | t:16", ()),
        ("fvd | t:16/128", "fvd | t:64", ("t (16/128 against 64)",)),
        ("fvd | real:2048.?.?", "fvd | real:256.rand.zero", ("real (2048.?.? against 256.rand.zero)",)),
        ("fvd | real:2048.?.zero", "fvd | real:2048.rand.?", ()),
        ("fvd | cov:n", "fvd | range:01", ()),
        ("fvd | seed:1 | fakes:ab", "fvd | seed:2 | fakes:cd", ()),
    ],
)
def test_what_is_known_to_differ(first, second, found):
    assert conflicts(first, second) == found
    assert bool(conflicts(second, first)) == bool(found)


def test_an_inception_score_names_no_real_videos():
    spec = load_protocol("is-frames").with_options()
    planned, made = (signed(spec, num_real=count, real_label=label) for count, label in ((2048, "a"), (0, "b")))
    assert planned == made
    assert "real" not in dict(made.fields)
    assert " n2048 " in made.short
