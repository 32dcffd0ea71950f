"""Inputs that were made to harm: each command ends soon, with a result or one message, and nothing leaks."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from attack.program import Arena, Failure, Scenario, run
from support.paths import ROOT

_SECRET = "a private word"
_TIMEOUT = 120


def _clips(folder: Path, name: str = "clips") -> Path:
    import numpy as np

    target = folder / name
    target.mkdir(parents=True)
    for number in range(3):
        np.save(target / f"{number}.npy", np.full((9, 32, 32, 3), 40 * number, np.uint8))
    return target


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "in")


def _pipe_inside(folder: Path) -> None:
    os.mkfifo(_clips(folder, "in") / "x.mp4")


def _deep_json(folder: Path) -> None:
    (folder / "runs").mkdir()
    (folder / "runs" / "x.json").write_text('{"schema_version": 1, "run_id": ' + "[" * 200_000)


def _strange_record(folder: Path) -> None:
    """A record whose every text would act on a terminal, and whose image is a link to a private file."""
    (folder / "runs").mkdir()
    (folder / "secret").write_text(_SECRET)
    content = json.loads(sorted((ROOT / "results" / "measured").rglob("*.json"))[0].read_text())
    content |= {"model": "\x1b[2J\u202e\n| x |", "run_id": "x"}
    content["measurements"][0] |= {"warnings": ["\x9b31m <script>alert(1)</script> [red]"], "engine": "\x07"}
    content["request"] = None
    content["command"] = ["vidmbench", "score", str(folder / "secret"), str(folder / "secret")]
    content.pop("digest")
    (folder / "runs" / "x.json").write_text(json.dumps(content))
    (folder / "runs" / "x.png").symlink_to(folder / "secret")


def _mutated_record(folder: Path) -> None:
    """A real record with some bytes changed at random."""
    (folder / "runs").mkdir()
    source = random.choice(sorted((ROOT / "results" / "measured").rglob("*.json")))
    data = bytearray(source.read_bytes())
    for _ in range(random.choice((1, 3, 30))):
        data[random.randrange(len(data))] = random.randrange(256)
    (folder / "runs" / "x.json").write_bytes(data[: random.choice((len(data), random.randrange(len(data))))])


def _names(folder: Path) -> None:
    """File names that are no UTF-8, or act on a terminal."""
    target = _clips(folder, "in")
    for number, name in enumerate((b"\xff\xfe.npy", b"\x1b[2J.npy", b"a\nb.npy", "\u202egnp.npy".encode())):
        shutil.copy(target / f"{number % 3}.npy", os.path.join(os.fsencode(target), name))


def _bomb(folder: Path) -> None:
    """A zip that says it holds a gigabyte, and a npy header that does."""
    import zipfile

    with zipfile.ZipFile(folder / "in", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0/0.png", bytes(50_000_000))
        archive.writestr("../../escaped.npy", b"x")


def _tar_that_leads_out(folder: Path) -> None:
    """A tar with a link to a private file, a device, and a path that leads out."""
    import tarfile

    (folder / "secret").write_text(_SECRET)
    with tarfile.open(folder / "in.tar", "w") as archive:
        for kind, name, target in (
            (tarfile.SYMTYPE, "0.mp4", str(folder / "secret")),
            (tarfile.CHRTYPE, "1.mp4", ""),
            (tarfile.REGTYPE, random.choice(("../../escaped.npy", "2.mp4")), ""),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)


def _list_of_a_stranger(folder: Path) -> None:
    """A list that names a private file, a device, a pipe, and acts on a terminal."""
    (folder / "secret").write_text(_SECRET)
    os.mkfifo(folder / "x.mp4")
    lines = ("/dev/zero", "secret", "x.mp4", "\x1b[2J.mp4", "../" * 50 + "etc/passwd", "a" * 10_000)
    (folder / "in.txt").write_text("\n".join(lines))


_SCORE = ("score", "in", "control:static", "--frames", "9", "--num-videos", "3")
_CASES: tuple[tuple[str, tuple[str, ...], Callable[[Path], None]], ...] = (
    ("a named pipe", _SCORE, _pipe),
    ("a named pipe in a folder", _SCORE, _pipe_inside),
    ("names of files", _SCORE, _names),
    ("an archive", _SCORE, _bomb),
    ("a tar", ("score", "in.tar", *_SCORE[2:]), _tar_that_leads_out),
    ("a list", ("score", "in.txt", *_SCORE[2:]), _list_of_a_stranger),
    ("deep JSON", ("results", "list", "--own", "--runs", "runs"), _deep_json),
    ("a record of a stranger, listed", ("results", "list", "--own", "--runs", "runs"), _strange_record),
    ("a record of a stranger, as a page", ("report", "--own", "--runs", "runs", "--out", "out/site"), _strange_record),
    ("a mutated record, listed", ("results", "list", "--own", "--runs", "runs"), _mutated_record),
    ("a mutated record, in a table", ("table", "controls", "--runs", "runs"), _mutated_record),
    ("a mutated record, imported", ("results", "import", "runs/x.json"), _mutated_record),
)
NUM_CASES = len(_CASES)


def hostile(arena: Arena, number: int) -> str:
    """One of the cases."""
    name, words, prepare = _CASES[number % NUM_CASES]
    random.seed(arena.random.random())
    scenario = Scenario(name, words, prepare, lambda *_: None)
    folder = arena.fresh(scenario)
    ended = run(scenario, folder, timeout=_TIMEOUT)
    ended.check()
    for path in (folder / "out").rglob("*"):
        if path.is_file() and _SECRET in path.read_text(errors="replace"):
            raise Failure(f"{path.name} holds what a link led to")
    if (folder.parent / "escaped.npy").exists():
        raise Failure("an archive wrote outside its folder")
    shutil.rmtree(folder)
    return f"{name}, exit code {ended.code}"
