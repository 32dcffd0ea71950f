"""A training run on disk: one file that holds all of it, replaced as a whole, and a log beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vidmbench.core.errors import ResultError, WeightsError
from vidmbench.core.files import replacing
from vidmbench.vidm.checkpoints.torch_files import is_safetensors, kind_of

FORMAT = 1


@dataclass
class TrainingState:
    """What training one generator goes on from.

    Attributes:
        net: The network; its weights are trained in place.
        ema: Moving average of its weights and buffers, by name, float32.
        optimizer: AdamW over the network's parameters.
        step: Steps done.
        facts: What the run was started with; a run started with others must not go on from it.
    """

    net: nn.Module
    ema: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    step: int
    facts: Mapping[str, Any]

    def save(self, target: Path) -> None:
        """Writes everything as one safetensors file; its header's ``vidmbench`` entry is JSON."""
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"ema.{name}": value for name, value in self.ema.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adamw.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        header = {"format": FORMAT, "step": self.step, "facts": dict(self.facts)}
        write_tensors(target, tensors, header)

    def load(self, path: Path) -> None:
        """Takes over what :meth:`save` wrote.

        Raises:
            WeightsError: The file is damaged.
            ResultError: It belongs to a run that was started with other settings.
        """
        tensors, header = read_tensors(path)
        check_same(header.get("facts", {}), self.facts, "a run", path)
        self.net.load_state_dict(_under(tensors, "net."))
        self.ema = _under(tensors, "ema.")
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in _under(tensors, "adamw.").items():
            index, _, name = key.partition(".")
            moments.setdefault(int(index), {})[name] = value
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": moments})
        self.step = header["step"]


def check_same(found: Mapping[str, Any], facts: Mapping[str, Any], what: str, path: Path) -> None:
    """Refuses a folder that holds work begun with other settings.

    Args:
        found: The settings that lie there; more than asked for are no matter.
        facts: Those of this call.
        what: What the folder holds, such as ``run``.
        path: The file they were read from.

    Raises:
        ResultError: The first setting that differs is named.
    """
    wanted = json.loads(json.dumps(dict(facts)))
    different = _first_difference({name: found.get(name) for name in wanted}, wanted)
    if different is not None:
        key, there, here = different
        raise ResultError(
            f"this folder holds {what} that was begun with other settings",
            expected=f"{key} = {_short(here)}",
            found=f"{key} = {_short(there)}",
            where=str(path),
            fix="give the settings it was begun with, or another --out",
        )


def write_tensors(target: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Writes tensors and a JSON header as one safetensors file, whole or not at all."""
    flat = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with replacing(target) as temporary:
        save_file(flat, temporary, metadata={"vidmbench": json.dumps(header)})


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads what :func:`write_tensors` wrote.

    Raises:
        WeightsError: There is no such file, it is truncated, or it is not one of vidmbench's.
    """
    return _read(path, with_tensors=True)


def read_header(path: Path) -> dict[str, Any]:
    """The header alone; raises as :func:`read_tensors` does."""
    return _read(path, with_tensors=False)[1]


def _read(path: Path, *, with_tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("vidmbench", "null"))
            names = file.keys() if with_tensors else ()  # not a mapping
            tensors = {name: file.get_tensor(name) for name in names}
    except FileNotFoundError as error:
        raise WeightsError("no such checkpoint", where=str(path), fix="check the path") from error
    except (SafetensorError, OSError, ValueError) as error:
        if path.is_file() and not is_safetensors(path):
            raise _foreign(path) from error
        raise WeightsError(
            "the checkpoint cannot be read",
            expected="a whole safetensors file",
            found=f"{error} ({path.stat().st_size if path.is_file() else 0} bytes)",
            where=str(path),
            fix="copy it again; it may have been cut off",
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise WeightsError(
            "these weights do not say what model they belong to",
            expected="a file written by vidmbench train, format 1",
            found="no header of vidmbench" if header is None else f"format {header.get('format')}",
            where=str(path),
            fix="give the vidm.safetensors that vidmbench train wrote",
        )
    return tensors, header


def _foreign(path: Path) -> WeightsError:
    """The error for a file of another kind."""
    beside = path.with_suffix(".safetensors")
    return WeightsError(
        "the checkpoint cannot be read: it is no safetensors file of a VIDM",
        expected="the vidm.safetensors of a run, or a published checkpoint (.pth.tar, .pth, .pt)",
        found=f"{kind_of(path)} of {path.stat().st_size} bytes",
        where=str(path),
        fix=f"give the weights beside it: {beside}"
        if beside.is_file()
        else "give the run's folder, or its vidm.safetensors",
    )


class Log:
    """A CSV file of one row a logged step, which pandas reads; rows after the state's step are dropped on resuming.

    Args:
        path: The file.
        step: Steps that the state has; later rows belong to work that was lost and is done again.
    """

    COLUMNS = ("step", "loss", "grad_norm", "lr", "seconds")

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        self._rows: list[tuple[float, ...]] = []
        if path.is_file() and step:
            kept = pd.read_csv(path)
            self._rows = [tuple(row) for row in kept[kept["step"] <= step].itertuples(index=False)]
        self.seconds = self._rows[-1][-1] if self._rows else 0.0

    def add(self, step: int, loss: float, grad_norm: float, lr: float, seconds: float) -> None:
        """One row: means over the steps since the last row, the rate, seconds of training so far."""
        self._rows.append((step, loss, grad_norm, lr, round(seconds, 2)))

    def write(self) -> None:
        """Replaces the file."""
        frame = pd.DataFrame(self._rows, columns=list(self.COLUMNS)).astype({"step": int})
        with replacing(self.path) as temporary:
            frame.to_csv(temporary, index=False, float_format="%.8g")


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _first_difference(there: Any, here: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The dotted key at which two JSON values first differ, and both values there; None where they are equal."""
    if there == here:
        return None
    if isinstance(there, dict) and isinstance(here, dict):
        for name in [*here, *(name for name in there if name not in here)]:
            found = _first_difference(there.get(name), here.get(name), f"{key}.{name}" if key else name)
            if found is not None:
                return found
    return key, there, here


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) < 100 else text[:97] + "..."
