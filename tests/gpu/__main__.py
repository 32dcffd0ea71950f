"""What one GPU gives: parity with the CPU, rates and their share of the card's own, memory; in under eight minutes.

``make gpu`` runs it, without network, and writes results/benchmarks/gpu-NAME.json. Exit code 1: a number is not within
its limit, or a measurement failed; 2: there is no GPU, or the file cannot be written.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.paths import ROOT

from vidmbench.core.errors import UsageError, VidmbenchError

#: All of it, with some room below eight minutes for what has to be finished.
SECONDS = 450
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_COMMAND = "make gpu"


def main(words: Sequence[str]) -> int:
    """Measures, prints the table, writes the file; returns the exit code."""
    asked = _parser().parse_args(words)
    try:
        return _measured(
            asked, shlex.join(["PYTHONPATH=.:tests", "python", "-m", "gpu", *words]) if words else _COMMAND
        )
    except VidmbenchError as error:
        print(error, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"{error}: make demo sets up a Python that has everything", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted: nothing was written", file=sys.stderr)
        return 130


def _measured(asked: argparse.Namespace, command: str) -> int:
    _check(asked)
    import torch
    from gpu.measuring import Measuring
    from gpu.table import BENCHMARKS, PARTS, table

    from vidmbench.core.files import replacing

    began = time.monotonic()
    measuring = Measuring(torch.device(asked.device), asked.small, began + asked.seconds)
    environment = _environment(measuring)
    parts = _parts()
    for part in asked.parts or PARTS:
        why = _why_not(part, measuring)
        if why is None:
            measuring.run(part, parts[part])
        else:
            measuring.leave_out(part, "all of it", why)
    found = {
        "is_measurement": not asked.small,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": command,
        "seconds": round(time.monotonic() - began, 1),
        "environment": environment,
        "commit": environment.pop("commit") or "without a checkout",
        "parts": measuring.parts,
        "left_out": measuring.left_out,
    }
    if asked.small:
        print("a rehearsal in tiny sizes with random weights: these numbers measure nothing\n")
    print(table(found))
    if asked.out or not asked.small:
        target = asked.out or BENCHMARKS / f"gpu-{asked.name or _name_of(environment['card'])}.json"
        with replacing(target) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"\nwritten: {target}", file=sys.stderr)
    return int(measuring.failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--name", help="results/benchmarks/gpu-NAME.json; the card's name otherwise")
    parser.add_argument("--out", type=Path, help="another file")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: with --small alone")
    parser.add_argument("--small", action="store_true", help="a rehearsal: every part in tiny sizes; no file but --out")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"for everything; {SECONDS} otherwise")
    parser.add_argument("--parts", nargs="+", choices=tuple(_parts()), metavar="PART", help=", ".join(_parts()))
    return parser


def _parts() -> dict[str, Callable[[Any], None]]:
    """Each part by its name; what it needs is imported once it is run."""

    def later(module: str, function: str) -> Callable[[Any], None]:
        def run(measuring: Any) -> None:
            from importlib import import_module

            getattr(import_module(f"gpu.{module}"), function)(measuring)

        return run

    return {
        "machine": later("machine", "measure"),
        "parity": later("detector", "parity"),
        "network": later("detector", "network"),
        "command": later("command", "measure"),
        "sampling": later("generator", "sampling"),
        "training": later("generator", "training"),
    }


def _check(asked: argparse.Namespace) -> None:
    """Refuses what cannot be measured, before anything is.

    Raises:
        UsageError: No GPU, a CPU without ``--small``, a name that is none.
    """
    import torch

    if asked.device == "cpu" and not asked.small:
        raise UsageError(
            "a CPU is not measured here",
            expected="one NVIDIA GPU, or a rehearsal",
            found="--device cpu",
            fix="add --small for a rehearsal; make benchmark measures this machine's CPU",
        )
    if asked.device == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "no GPU can be used here, so there is nothing to measure",
            expected="an NVIDIA GPU and a CUDA build of PyTorch",
            found=f"torch {torch.__version__}, which sees no GPU",
            fix="to rehearse without one: PYTHONPATH=.:tests python -m gpu --device cpu --small",
        )
    if asked.name is not None and not _NAME.fullmatch(asked.name):
        raise UsageError(
            "this is no name for a file of measurements",
            expected="small letters, digits and hyphens",
            found=asked.name,
            where="--name",
        )
    if asked.parts and not (asked.out or asked.small):
        raise UsageError(
            "some parts alone would take the place of a file of all",
            expected="a file of their own",
            found=f"--parts {' '.join(asked.parts)}",
            fix="add --out FILE",
        )
    if not asked.seconds > 0:
        raise UsageError("no time to measure in", expected="more than 0 seconds", found=f"--seconds {asked.seconds:g}")


def _why_not(part: str, measuring: Any) -> str | None:
    """Why a part cannot be measured on this machine: nothing is fetched here."""
    from vidmbench.detectors.weights_registry import weights_path
    from vidmbench.protocols.detector import load_detector

    needs_weights = part in ("parity", "network", "command") and not measuring.is_small
    if needs_weights and not weights_path(load_detector("i3d-kinetics400")).is_file():
        return "its weights are not here: vidmbench weights get i3d-kinetics400"
    return None


def _environment(measuring: Any) -> dict[str, Any]:
    """Versions, card and driver."""
    import torch

    from vidmbench.records.environment import environment

    about = environment()
    card = torch.cuda.get_device_properties(measuring.device) if measuring.is_gpu else None
    return {
        "card": card.name if card else about["processor"],
        "GiB": round(card.total_memory / 2**30, 1) if card else None,
        "driver": _driver() if card else None,
        "CUDA": torch.version.cuda if card else None,
        "cuDNN": torch.backends.cudnn.version() if card else None,
        "torch": torch.__version__,
        "python": about["python"],
        "packages": about["packages"],
        "processor": about["processor"],
        "cores": about["cores"],
        "commit": about["commit"],
    }


def _driver() -> str | None:
    """The driver's version, as the tool that comes with it says."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return said.splitlines()[0].strip() if said.strip() else None


def _name_of(card: str) -> str:
    """A file's name from a card's: NVIDIA H100 80GB HBM3 is h100-80gb-hbm3."""
    words = re.findall(r"[a-z0-9]+", card.lower())
    return "-".join(word for word in words if word not in ("nvidia", "geforce")) or "card"


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
