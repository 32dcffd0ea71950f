"""What README and the pages of docs tell a reader to type, and how a command is made short enough to be run."""

import re
import shlex

from support.paths import ROOT

# A code that prints the numbers of fvd-stylegan-v on the golden sets of `vidmbench identify`.
MY_FVD = "import sys, numpy; print(866.35 if numpy.load(sys.argv[1]).shape[3] == 64 else 1262.89)"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_PROGRAMS = ("vidmbench", "python", "torchrun", "make", "pip")
# What a reader must bring, and what stands in for it here.
_BROUGHT = {"REAL": "REAL", "SAMPLES": "SAMPLES", "FAKE": "SAMPLES", "OTHER": "SAMPLES", "TRAIN": "REAL",
            "HELDOUT": "SAMPLES", "DIR": "DIR", "folder:REAL": "folder:REAL", "folder:MINE": "folder:REAL",
            "folder:CLEVRER": "folder:DIR/clevrer/train", "generate_videos.mp4": "generate_videos.mp4",
            "A": "SAMPLES", "B": "REAL", "C": "SAMPLES", "static-of:A": "static-of:SAMPLES", "list.txt": "list.txt",
            "shards/samples-{000000..000063}.tar": "shards/samples-{000000..000001}.tar",
            "real.tar": "real.tar"}  # fmt: skip
_MANY = {"REAL": "dataset:clevrer-mini@test", "SAMPLES": "dataset:clevrer-mini@train"}
_DRAWS = re.compile(r"(static-of:)?vidm(:RUN)?$")
_DRY = ("run", "score", "rollout", "motion", "compare", "infinity", "train", "ablate", "data prepare")
_SHORT = {
    "sample": ["--num-videos", "1", "--frames", "2", "--steps", "2"],
    "plot samples": ["--frames", "2", "--steps", "2"],
    "check": ["--weights", "without", "--protocol", "fvd-digan"],
    "report": ["--videos", "0"],
    "explain": ["--num-videos", "4"],
    "compare": ["--num-videos", "2"],
    "compare-models": ["--num-videos", "4"],
    "memorisation": ["--num-videos", "40"],
    "ablate": ["--num-videos", "4"],
    "run": ["--num-videos", "4"],
    "score": ["--num-videos", "4"],
    "rollout": ["--num-videos", "4"],
    "motion": ["--num-videos", "4", "--dry-run"],
}


def commands(text: str) -> list[str]:
    """The commands of a page: lines of indented blocks and of blocks of sh, comments cut off, in order."""
    shell = "".join(re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)).replace("\\\n", " ")
    text = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [*re.findall(r"^    (\S.*)$", text, flags=re.MULTILINE), *shell.splitlines()]
    found = []
    for line in lines:
        for part in re.split(r" {4,}(?=vidmbench )", line):
            command = re.sub(r"\s+#.*$", "", part).strip()
            if command.split(" ")[0] in _PROGRAMS:
                found.append(command)
    return found


def of_vidmbench(line: str) -> list[str] | None:
    """The words after ``vidmbench``, also where torchrun starts it; None for other programs."""
    words = shlex.split(line)
    if words[0] == "torchrun":
        words = words[words.index("-m") + 1 :]
    return words[1:] if words[0] == "vidmbench" else None


def name_of(words: list[str]) -> str:
    """The command, without its arguments."""
    return " ".join(words[:2]) if words[0] in ("data", "plot", "results", "weights") else words[0]


def adapted(words: list[str]) -> list[str]:
    """A command with what the reader brings filled in, its long work made short, or with --dry-run."""
    name = name_of(words)
    is_brought = any(word in _BROUGHT for word in words)
    is_long = name in ("train", "ablate", "infinity") or any(map(_DRAWS.match, words))
    sides = _MANY if name == "infinity" else _BROUGHT
    words = [sides.get(word, word) for word in words]
    if name in ("train", "ablate") and "--out" in words:
        words[words.index("--out") + 1] = "NEW"
    words += _SHORT.get(name, [])
    return words + ["--dry-run"] * (name in _DRY and (is_brought or is_long) and "--dry-run" not in words)
