"""The page of a report: every number with its signature and command, nothing from elsewhere, nothing unescaped."""

import re
import shlex
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from support.table_samples import measured, run_of

from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import prepare_run, prepare_score
from vidmbench.evaluation.request import request_of
from vidmbench.records.record import SideRecord, read_records, write_record
from vidmbench.reporting.page import clips as report_media
from vidmbench.reporting.page.clips import ClipOptions, Media, media_of_models
from vidmbench.reporting.page.write import _ranked, write_report
from vidmbench.sources.controls import static_of

VOID = {"meta", "link", "img", "br"}
NASTY = "<script>alert('x')</script> & \"quoted\""
FILE_NAMES = ["it's.mp4", 'say "hi".mp4', "a & b.mp4", "two\nlines.mp4", "<b>.mp4", "{{ x }} {% y %}.mp4"]


class Page(HTMLParser):
    """What stands in a page, and whether each tag is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.faults, self.words, self.rows, self.code = [], [], [], [], [], []
        self.feed(text)
        self.faults += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        if "style" in self.open or "script" in self.open:
            return
        self.words.append(data)
        if "tr" in self.open:
            self.rows[-1] += f" {data}"
        if "code" in self.open:
            self.code.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def made(records, out, **options):
    files = write_report(records, out, where="here", **{"clips": 0, **options})
    assert files[0] == out / "index.html"
    return Page(files[0].read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shipped():
    return read_records(resources.results_dir() / "measured")


@pytest.fixture(scope="module")
def page(shipped, tmp_path_factory):
    return made(shipped, tmp_path_factory.mktemp("site"))


def test_every_number_stands_with_its_signature_and_command(page, shipped):
    pairs = [(record, one) for record in shipped for one in record.measurements]
    rows = [row for row in page.rows if "Command" in row]
    assert len(rows) == len(pairs) > 30
    for row, (record, one) in zip(rows, pairs, strict=True):
        for expected in (
            record.model,
            f"#{one.signature_id}",
            one.signature,
            " ".join(record.command),
            repr(one.value),
        ):
            assert expected in row
        assert f"{one.num_real}/{one.num_fake}" in row
        assert record.run_id in row
        for note in one.warnings:
            assert note in row


def test_summary(page, shipped):
    assert f"{len(shipped)} records" in page.text
    assert f"2026-11-22 to {shipped[-1].created[:10]}" in page.text
    assert "clevrer-mini@test, 64 x 64 (2048 videos)" in page.text
    assert "Two numbers compare only where their signatures are equal." in page.text


def test_well_formed_and_nothing_from_elsewhere(page):
    assert page.faults == []
    sources = [attrs[key] for _, attrs in page.tags for key in ("src", "href", "poster", "data") if attrs.get(key)]
    assert sources
    assert [one for one in sources if not one.startswith(("data:", "#", "media/"))] == []
    assert not page.all("iframe")
    (policy,) = [
        attrs["content"] for attrs in page.all("meta") if "content-security" in str(attrs.get("http-equiv")).lower()
    ]
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|unsafe-eval|script-src 'unsafe", policy)


def test_style_and_script_name_no_address(page, shipped, tmp_path):
    made(shipped[:1], tmp_path)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    for part in re.findall(r"<(?:style|script)>(.*?)</", text, re.DOTALL):
        assert not re.search(r"https?://|@import|url\(", part)


def test_headings_in_order_ids_once_landmarks(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"][1:] for attrs in page.all("a") if attrs["href"].startswith("#")]
    assert set(links) <= set(ids)
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert [len(page.all(tag)) for tag in ("main", "nav", "header")] == [1, 1, 1]


def test_plots_say_their_numbers(page):
    alts = [attrs["alt"] for attrs in page.all("img")]
    assert len(alts) >= 5
    assert all(alts)
    ruler = next(alt for alt in alts if "#4b3d0db8" in alt)
    assert "vidm 307 ± 58" in ruler
    assert "control:real 185" in ruler
    frames = next(alt for alt in alts if alt.startswith("FVD against frames"))
    assert "503 ± 114 at 64 frames" in frames
    assert any(alt.startswith("Ablation") and "published" in alt for alt in alts)


def test_plots_without_records_are_named(tmp_path):
    page = made([run_of(measured())], tmp_path)
    assert not page.all("img")
    assert "Conventions: no record of several protocols" in page.text


def test_tables_that_records_join(page):
    assert {"table3", "vidm-mini"} <= {attrs.get("id") for attrs in page.all("section")}


def test_escaped(tmp_path):
    record = run_of(
        measured(warnings=(NASTY,), protocol=NASTY, engine=NASTY, signature_id='a"><b>'), model=NASTY, dataset=NASTY
    )
    record = record.model_copy(
        update={"command": ("vidmbench", "run", "--model", NASTY), "environment": {"commit": NASTY}}
    )
    page = made([record], tmp_path)
    assert page.faults == []
    assert page.text.count(NASTY) >= 6
    assert len(page.all("script")) == 1
    assert not page.all("b")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text


def test_the_day_is_escaped(tmp_path):
    """It is cut from a text of the record, which may hold a tag that short."""
    record = run_of(measured(), created="<i></i><b>")
    page = made([record], tmp_path)
    assert not page.all("b")
    assert "<i></i><b>" in page.text


@pytest.mark.parametrize("name", FILE_NAMES)
def test_file_names_are_printed_as_they_are(name, tmp_path):
    side = SideRecord(label=name, digest="0" * 64, num_videos=1, num_scored=1)
    record = run_of(measured(real=side, fake=side, warnings=(name,)), model=name, dataset=f"folder:{name}")
    page = made([record.model_copy(update={"command": ("vidmbench", "run", "--samples", name)})], tmp_path)
    assert page.faults == []
    assert not page.all("b")
    shown = name.replace("\n", r"\n")  # on one line
    assert "".join(page.words).count(shown) >= 6
    labels = [text for attrs in page.all("td") for text in attrs.values() if text == shown]
    assert labels == [], "names are in cells, not in attributes"
    assert shlex.join(["--samples", name]).replace("\n", r"\n") in "\n".join(page.code)


def test_clips_of_a_request(tmp_path):
    """A record that stores its request is not read by its command line."""
    command = ("vidmbench", "a command line of another version")
    choices = Choices(frames=(16,), num_real=4, num_fake=4)
    job = prepare_run("control:reversed", "clevrer-mini@test/32", choices)
    sides = {
        side: SideRecord(label=source.label, digest=source.digest(), num_videos=4, num_scored=4)
        for side, source in (("real", job.real), ("fake", job.fake))
    }
    record = run_of(measured(**sides), model="control:reversed").model_copy(update={"command": command})
    assert not made([record], tmp_path / "before", clips=1).all("video")
    record = record.model_copy(update={"request": job.request})
    assert len(made([record], tmp_path / "after", clips=1).all("video")) == 2


def test_a_failed_number_has_its_reason_and_sorts_last(tmp_path):
    bad = measured(value=None, interval=None, status="failed", reason="out of memory")
    page = made([run_of(bad, run_id="one"), run_of(measured(), run_id="two", model="other")], tmp_path)
    assert "failed: out of memory" in page.text
    assert "2 numbers, 1 failed" in page.text
    cells = [attrs for attrs in page.all("td") if attrs.get("data-label") == "Value"]
    assert [cell["data-sort"] for cell in cells] == ["", "90.04"]


def test_the_command_can_be_typed(tmp_path):
    record = run_of(measured()).model_copy(update={"command": ("vidmbench", "run", "--samples", "my videos/it's")})
    page = made([record], tmp_path)
    assert "vidmbench run --samples 'my videos/it'\"'\"'s'" in page.code


def test_the_same_records_give_the_same_page(shipped, tmp_path):
    some = [record for record in shipped if record.model in ("control:static", "vidm")]
    for name in ("a", "b"):
        write_report(some, tmp_path / name, where="here", clips=None)
    assert (tmp_path / "a/index.html").read_bytes() == (tmp_path / "b/index.html").read_bytes()


def test_clips_of_what_can_be_read(shipped, tmp_path):
    some = [
        record for record in shipped if record.model in ("control:static", "vidm", "static-of:vidm", "vidm-default")
    ]
    page = made(some, tmp_path, clips=None)
    videos = page.all("video")
    assert len(videos) == 8  # two of the real and two of the control, at 64 pixels and at 32
    for attrs in videos:
        assert {"controls", "loop", "muted", "playsinline"} <= attrs.keys()
        assert "autoplay" not in attrs  # the script plays them where motion is welcome
        assert re.fullmatch(r".+: \d+ frames, looping", attrs["aria-label"])
        assert attrs["src"].startswith("data:video/mp4;base64,")
    assert "not shown: its clips must be sampled again" in page.text
    assert "a static baseline repeats the first frame of each clip of vidm" in page.text
    assert "a record of vidmbench ablate does not say how to open its videos again" in page.text


def test_all_numbers_of_a_model_stand_with_its_clips(page):
    """A model has one place for each set of real videos, with its latest number of each signature."""
    (line,) = re.findall(r"vidm \(FVD 307[^)]*\)", page.text.replace("( ", "("))
    assert line == "vidm (FVD 307 ± 58, 16 frames; FVD 503 ± 114, 64 frames; FVD 360 ± 68, 128 frames)"


def test_other_videos_are_not_shown(shipped, tmp_path):
    """Clips that are no longer those that were scored say nothing about the number."""
    record = next(record for record in shipped if record.model == "control:static")
    one = record.measurements[0]
    other = one.model_copy(update={"fake": one.fake.model_copy(update={"digest": "f" * 64})})
    page = made([record.model_copy(update={"measurements": (other,)})], tmp_path, clips=1)
    assert "has changed since it was scored" in page.text
    assert len(page.all("video")) == 1  # the real one


def test_the_picture_beside_a_record_stands_in(tmp_path):
    record = run_of(measured())
    path = write_record(record, tmp_path / "runs")
    Image.new("RGB", (8, 8), "red").save(path.with_suffix(".png"))
    page = made([record], tmp_path / "site", files={record.run_id: path})
    (picture,) = [attrs for attrs in page.all("img") if attrs["src"].startswith("data:image/png")]
    assert picture["alt"].startswith("Clips of vidm beside real ones")


def test_large_files_lie_beside_the_page(tmp_path, monkeypatch):
    media = Media(tmp_path)
    assert media.add(b"x" * 150_000, "a", "mp4", "").source.startswith("data:video/mp4")
    assert media.add(b"x" * 150_001, "../../b <c>", "mp4", "").source == "media/b-c.mp4"
    assert (tmp_path / "media/b-c.mp4").stat().st_size == 150_001
    monkeypatch.setattr(report_media, "_MAX_EMBEDDED_BYTES", 150_001)  # the page is full
    assert media.add(b"xx", "d", "png", "").source == "media/d.png"
    assert [path.name for path in media.written] == ["b-c.mp4", "d.png"]


def test_nothing_to_report(tmp_path):
    with pytest.raises(ResultError, match="no records to report"):
        write_report([], tmp_path / "site", where="here")
    assert not (tmp_path / "site").exists()


ODD = [
    ("vidmbench",),
    ("vidmbench", "run", "--model"),
    ("vidmbench", "run", "--model", "x", "--dataset", "nowhere", "--num-videos", "many"),
    ("vidmbench", "run", "--model", "vidm", "--dataset", "clevrer-mini", "--frames", "16", "--sampler", "none"),
    ("vidmbench", "score", "gone/real", "gone/fake", "--frames", "16"),
    ("vidmbench", "run", "--model", "x", "--samples=gone", "--dataset", "clevrer-mini", "--protocol", "none"),
]


@pytest.mark.parametrize("command", ODD, ids=" ".join)
def test_a_command_may_say_anything(command, tmp_path):
    """Records of others are shown whatever their commands say; where clips cannot be read, a sentence says so."""
    record = run_of(measured(), model="x").model_copy(update={"command": command})
    page = made([record], tmp_path, clips=1)
    assert "not shown: " in page.text
    assert not page.all("video")


def test_names_that_plots_could_trip_over(tmp_path):
    """A dollar sign starts a formula in matplotlib, and a broken one is an error."""
    records = [
        run_of(measured(), run_id="a", model=r"a$\frac$b"),
        run_of(measured(), run_id="b", model="control:static"),
        run_of(measured(), run_id="c", model="$"),
    ]
    page = made(records, tmp_path)
    assert page.faults == []
    assert r"a$\frac$b" in page.text


def test_a_static_baseline_is_shown_without_opening_its_model_again(tmp_path, monkeypatch):
    clips = np.random.default_rng(0).integers(0, 256, (2, 4, 9, 32, 32, 3), dtype=np.uint8)
    job = prepare_score(*clips, Choices(frames=(9,), num_real=4, num_fake=4))
    prepared = []
    monkeypatch.setattr(report_media, "_job", lambda record, _: prepared.append(record.model) or job)

    def record(model, fake):
        sides = {
            side: SideRecord(label=side, digest=source.digest(), num_videos=4, num_scored=4)
            for side, source in (("real", job.real), ("fake", fake))
        }
        return run_of(measured(frames=9, **sides), model=model, run_id=model)

    records = [record("m", job.fake), record("static-of:m", static_of(job.fake))]
    _, (model, static) = media_of_models(records, ClipOptions(1, False, {}), Media(tmp_path))
    assert prepared == ["m"]
    assert (static.name, len(static.media)) == ("static-of:m", 1)
    assert static.media[0].source != model.media[0].source
    other = record("static-of:m", job.fake)  # of other videos than those of the model
    _, (_, unshown) = media_of_models([records[0], other], ClipOptions(1, False, {}), Media(tmp_path))
    assert "has changed since it was scored" in unshown.reason


def test_a_model_is_followed_by_its_static_baseline_and_controls_come_last():
    names = ["control:static", "static-of:b", "a", "static-of:c", "b", "control:real"]
    assert _ranked(names) == ["a", "static-of:c", "b", "static-of:b", "control:static", "control:real"]


@pytest.mark.parametrize("fake", ["vidm", "vidm:RUN", "static-of:vidm"])
@pytest.mark.parametrize("has_request", [False, True])
@pytest.mark.parametrize("command", ["run", "score"])
def test_a_model_is_not_sampled_again_unless_requested(fake, command, has_request, tmp_path):
    """Whatever label the record gives it."""
    real = "dataset:clevrer-mini@test/32"
    words = ("score", real, fake) if command == "score" else ("run", "--model", fake, "--dataset", real[8:])
    request = request_of(command, real, fake, Choices(frames=(16,))) if has_request else None
    update = {"command": ("vidmbench", *words, "--frames", "16"), "request": request}
    page = made([run_of(measured(), model="x").model_copy(update=update)], tmp_path, clips=None)
    assert "not shown: its clips must be sampled again" in page.text
