"""Two hosts on one machine: network namespaces of their own, joined by a cable, with a hostname each."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_INSIDE = ("unshare", "--user", "--map-root-user", "--net", "--uts")
ADDRESSES = ("10.77.0.1", "10.77.0.2")
# The first namespace makes the second, gives it one end of the cable, and runs a command in each.
_SCRIPT = """
set -e
hostname first
ip link set lo up
unshare --net --uts sleep 600 & other=$!
trap 'kill $other' EXIT
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
there="nsenter --target $other --net --uts"
$there hostname second
ip link add name cable0 type veth peer name cable1
ip link set cable1 netns $other
ip addr add {first}/24 dev cable0
ip link set cable0 up
$there ip addr add {second}/24 dev cable1
$there ip link set cable1 up
$there ip link set lo up
"""


def run_on_two_hosts(folder: Path, commands: tuple[list[str], list[str]], **more: dict[str, str]) -> list[str]:
    """Runs a command on each host, both at once.

    Args:
        folder: Where they are given; what they print goes there, too.
        commands: One for each host.
        more: ``first`` and ``second``: variables of that host alone.

    Returns:
        What each of them printed. The test is skipped where the system makes no namespaces.
    """
    _skip_without_namespaces()
    lines = [_SCRIPT.format(first=ADDRESSES[0], second=ADDRESSES[1])]
    for name, command, enter in zip(("first", "second"), commands, ("", "$there "), strict=True):
        variables = [f"{key}={value}" for key, value in more.get(name, {}).items()]
        words = " ".join(_quoted(word) for word in ["env", *variables, *command])
        lines.append(f"{enter}{words} > {name}.log 2>&1 & {name}=$!\n")
    lines.append("failed=0; wait $first || failed=1; wait $second || failed=1; exit $failed\n")
    done = subprocess.run(
        [*_INSIDE, "bash", "-c", "".join(lines)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = [(folder / f"{name}.log").read_text() for name in ("first", "second")]
    assert done.returncode == 0, (done.stderr, *said)
    return said


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _skip_without_namespaces() -> None:
    missing = [name for name in ("unshare", "nsenter", "ip", "hostname") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no program {', '.join(missing)} on this system")
    tried = subprocess.run([*_INSIDE, "ip", "link", "add", "name", "a", "type", "veth"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"the system makes no network namespaces: {tried.stderr.strip()}")
