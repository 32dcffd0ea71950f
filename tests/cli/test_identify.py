"""``vidmbench identify``: the golden sets as files, numbers, codes that are run, and everything that can go wrong."""

import json
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from vidmbench.evaluation.studies import identify_own
from vidmbench.evaluation.studies.identify import candidates
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources import golden_writing
from vidmbench.sources.golden_sets import SETS, golden_set


def value_of(protocol, name):
    return next(
        each.values[name]
        for each in candidates((name,))
        if protocol in each.names and each.fields["frames"] == "first 16"
    )


@pytest.fixture
def few_files(monkeypatch):
    """Golden sets are written as arrays alone: thousands of PNG files take a second."""

    def write(golden, folder):
        folder.mkdir(parents=True)
        for side in ("real", "fake"):
            np.save(folder / f"{side}.npy", getattr(golden, side))
        return golden.digest

    monkeypatch.setattr(golden_writing, "_write_set", write)
    monkeypatch.setattr(golden_writing, "_pictures", lambda folder: np.load(folder.with_suffix(".npy")))


def code(folder, body):
    """A command that runs some Python with the arrays real and fake."""
    (folder / "my_fvd.py").write_text(
        "import sys\nimport numpy as np\nreal, fake = (np.load(path) for path in sys.argv[1:3])\n" + body
    )
    return f"{sys.executable} my_fvd.py {{real}} {{fake}}"


def prints(protocol):
    """Python that prints the numbers of one convention, having looked at the arrays."""
    square, wide = (value_of(protocol, name) for name in SETS)
    return f"assert real.shape[:2] == (24, 20)\nprint('FVD_16f:', {square!r} if real.shape[3] == 64 else {wide!r})\n"


def test_a_published_convention(command):
    value = value_of("fvd-videogpt", "wide")
    outcome = command("identify", f"{value:.2f}", "--on", "wide")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(f"{value:.2f} on wide: fvd-videogpt, fvd-digan at 16 frames\n")
    assert "by chance" in outcome.out
    assert "vidmbench identify VALUE --on square" in outcome.out


def test_a_slip_has_its_name(command):
    value = value_of("fvd-stylegan-v", "square")
    outcome = command("identify", f"{value**0.5:.5f}")
    assert "no published convention, but" in outcome.out
    assert "fvd-stylegan-v with square root of the distance" in outcome.out


def test_none_is_never_the_nearest(command):
    outcome = command("identify", "31234.567", "--json")
    content = outcome.json
    assert (outcome.code, content["answer"], content["found"], content["protocols"]) == (0, "none", [], [])
    assert content["nearest"]["values"]["square"] > 0
    text = command("identify", "31234.567").out
    assert "31234.567 on square: none\n" in text
    assert "Nearest, and not the answer: " in text


def test_a_claim(command):
    value = f"{value_of('fvd-tf-hub', 'wide'):.3f}"
    right = command("identify", value, "--on", "wide", "--claims", "fvd-tf-hub", "--json")
    assert (right.code, right.json["holds"]) == (0, True)
    wrong = command("identify", value, "--on", "wide", "--claims", "fvd-videogpt")
    assert wrong.code == 1
    assert wrong.out.endswith("claims fvd-videogpt: no, this is the number of fvd-tf-hub, fvd-srvp at 16 frames\n")


@pytest.mark.usefixtures("few_files")
def test_a_code_is_run_on_both_sets(command, folder):
    words = code(folder, prints("fvd-stylegan-v"))
    outcome = command("identify", "--run", words, "--claims", "fvd-stylegan-v", "--junit", "made.xml")
    assert outcome.code == 0, outcome.err + outcome.out
    assert "on square and" in outcome.out
    assert "fvd-stylegan-v, fvd-ivideogpt, fvd-latte, fvd-vidm-paper at 16 frames\n" in outcome.out
    case = ElementTree.parse(folder / "made.xml").find(".//testcase")
    assert case is not None
    assert (case.get("name"), list(case)) == ("follows fvd-stylegan-v", [])
    outcome = command("identify", "--run", words, "--claims", "fvd-tats", "--junit", "made.xml", "--json")
    assert (outcome.code, outcome.json["holds"], outcome.json["answer"]) == (1, False, "protocol")
    failure = ElementTree.parse(folder / "made.xml").find(".//testcase/failure")
    assert failure is not None
    assert "claims fvd-tats: no, this is the number of fvd-stylegan-v" in failure.get("message", "")
    assert sorted(path.name for path in folder.iterdir()) == ["made.xml", "my_fvd.py"]


BAD_CODE = {
    "several": ("print(1.5)\nprint(2.5)", "the command prints several numbers", "found: 1.5, 2.5"),
    "none": ("print('done, see fvd_16f.json')", "the command prints no number", "done, see fvd_16f.json"),
    "nan": ("print(float('nan'))", "NaN is what a code prints that failed"),
    "negative": ("print('fvd = -0.5')", "a Fréchet distance is never negative"),
    "fails": ("print(3.5)\nraise SystemExit('no GPU')", "the command failed", "exit code 1", "no GPU"),
    "slow": ("import time\ntime.sleep(60)", "the command takes too long", "still running after 0.7 s", "--timeout"),
    "endless": ("print('x' * 30_000_000)\nimport time\ntime.sleep(60)", "the command prints without end"),
    "changes": ("np.save(sys.argv[2], fake // 2)\nprint(3.5)", "these are not the golden set", "digest"),
}


@pytest.mark.usefixtures("few_files")
@pytest.mark.parametrize("kind", BAD_CODE)
def test_a_code_that_gives_no_number(command, folder, kind):
    body, *words = BAD_CODE[kind]
    limit = 0.7 if kind == "slow" else 60
    given = command("identify", "--run", code(folder, body), "--on", "square", "--timeout", limit, "--junit", "x.xml")
    given.fails(*words)
    assert not (folder / "x.xml").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.usefixtures("few_files")
def test_what_a_code_leaves_running_ends_with_it(command, folder):
    sleeping = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    body = f"import subprocess\nopen('pid', 'w').write(str(subprocess.Popen({sleeping}).pid))\nprint(3.5)"
    assert command("identify", "--run", code(folder, body), "--on", "square").code < 2
    stat = Path("/proc", (folder / "pid").read_text(), "stat")
    for _ in range(100):
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    raise AssertionError("it is still running")


def test_a_command_that_cannot_be_run(command):
    command("identify", "--run", "no-such-code {real} {fake}", "--on", "nothing").fails("unknown golden set 'nothing'")
    command("identify", "--run", "python my_fvd.py {real}").fails("takes no videos of one side or both")
    command("identify", "--run", "python 'my_fvd.py {real} {fake}").fails("cannot be split into words")


@pytest.mark.usefixtures("few_files")
def test_files_written_before(command, folder):
    written = command("identify", "--write", "golden", "--json")
    assert written.json["sets"] == list(SETS)
    words = code(folder, prints("fvd-tf-hub"))
    both = command("identify", "--run", words, "--on", "golden", "--json")
    assert set(both.json["values"]) == set(SETS)
    assert "fvd-tf-hub" in both.json["protocols"]
    command("identify", "12.5", "--on", "golden").fails("this folder holds several", "--on square or --on wide")
    damaged = golden_set("wide").fake.copy()
    damaged[0, 0, 0, 0, 0] ^= 1
    np.save(folder / "golden" / "wide" / "fake.npy", damaged)
    command("identify", "--run", words, "--on", "golden").fails(
        "these are not the golden set", "digest", "write them again"
    )
    command("identify", "--run", words, "--on", "./my_fvd.py").fails("this is not a folder of golden sets")
    command("identify", "--write", folder).fails("not empty and is not one of golden sets", "my_fvd.py")


REFUSED = {
    "nothing": ((), "identify needs a number, or a code that prints one"),
    "two": (("5", "--write", "x"), "one thing at a time", "VALUE and --write"),
    "nan": (("nan",), "NaN"),
    "negative": (("-3.5", "--on", "wide"), "never negative", "found: -3.5"),
    "minus infinity": (("-inf",), "infinite"),
    "text": (("fvd",), "this is not a number"),
    "underscore": (("866_35",), "this is not a number"),
    "set": (("5", "--on", "sky"), "unknown golden set 'sky'", "square, wide"),
    "one side": (("5", "REAL"), "REAL without FAKE"),
    "own and golden": (("5", "a", "b", "--on", "wide"), "REAL, FAKE and --on"),
    "unknown claim": (("5", "--claims", "fvd-tatz"), "unknown protocol 'fvd-tatz': did you mean fvd-tats"),
    "claim of another metric": (("5", "--claims", "psnr-srvp"), "Fréchet distances on I3D alone", "psnr-srvp"),
    "frames": (("5", "--frames", "9"), "no tables for clips of this length", "--frames"),
    "junit": (("5", "--junit", "."), "--junit names a file"),
    "write and claims": (("--write", "x", "--claims", "fvd-tats"), "--write writes both sets"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused(command, folder, kind):
    words, *said = REFUSED[kind]
    command("identify", *words).fails(*said)
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("fake_network")
def test_videos_of_ones_own(command, folder, clips, real, monkeypatch):
    few = tuple(load_protocol(name) for name in ("fvd-tf-hub", "fvd-latte"))  # all of them take 15 s
    monkeypatch.setattr(identify_own, "conventions", lambda: few)
    monkeypatch.setattr("vidmbench.metrics.frechet_interval", lambda *_, **__: None)
    np.save(folder / "fake.npy", np.flip(clips, axis=1).copy())
    scored = command("score", real, "fake.npy", "--protocol", "fvd-tf-hub", "--frames", 16, "--num-videos", 5, "--json")
    outcome = command("identify", f"{scored.json['value']:.6g}", real, "fake.npy", "--frames", 16, "--json")
    assert outcome.code == 0, outcome.err
    assert "fvd-tf-hub" in outcome.json["protocols"]
    assert "fvd-latte" in outcome.json["skipped"]
    assert "your videos" in command("identify", "1e12", real, "fake.npy", "--frames", 16).out
    json.dumps(outcome.json)
