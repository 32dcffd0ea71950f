"""A training run on disk: one file that holds all of it, replaced as a whole, and a log beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from vidmbench.core.files import replacing
from vidmbench.vidm.checkpoints.tensor_files import FORMAT, check_same, read_tensors, write_tensors


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
            logged = pd.read_csv(path)
            self._rows = [tuple(row) for row in logged[logged["step"] <= step].itertuples(index=False)]
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
