"""PyAV works the same where the program has imported decord before."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

_ENCODES = """
import sys
if sys.argv[1] == "after decord":
    import decord
from vidmbench.videos.files.pyav import load_pyav
load_pyav()
from hashlib import sha256
from pathlib import Path
from support.encoded_video import encode, moving
from vidmbench.videos import decode
for codec in ("libvpx", "libvpx-vp9", "libx264"):
    given = {"x264-params": "asm=0"} if codec == "libx264" else {"cpu-used": "8"}
    path = encode(Path(sys.argv[2]) / f"{codec}.mkv", moving(4), codec=codec, options=given)
    print(codec, sha256(decode(path, range(4)).tobytes()).hexdigest())
"""


def _encoded(when, folder):
    folder.mkdir()
    done = subprocess.run([sys.executable, "-c", _ENCODES, when, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(find_spec("decord") is None, reason="decord has no wheel for this machine")
def test_encoders_are_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    alone = _encoded("alone", tmp_path / "alone")
    assert len(alone) == 3
    assert _encoded("after decord", tmp_path / "after") == alone
