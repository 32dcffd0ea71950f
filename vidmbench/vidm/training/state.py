"""A training run on disk: one file that holds all of it, replaced as a whole, and a log beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from vidmbench.core.errors import ResultError
from vidmbench.core.files import replacing
from vidmbench.core.progress import note
from vidmbench.vidm.checkpoints.tensor_files import FORMAT, check_same, read_tensors, write_tensors

#: What to do about a loss or weights that are no longer numbers.
LOWER_RATE = "lower lr or set precision = 'fp32' in the recipe and start in another folder"
#: Step, loss, gradient norm, learning rate, seconds.
Row = list[float]


@dataclass
class TrainingState:
    """What training one generator goes on from.

    Attributes:
        net: The network; its weights are trained in place.
        ema: Moving average of its weights and buffers, by name, float32.
        optimizer: AdamW over the network's parameters.
        step: Steps done.
        facts: What the run was started with; a run started with others must not go on from it.
        log: Rows of the log up to this step; None where an earlier version wrote the state, which kept none.
    """

    net: nn.Module
    ema: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    step: int
    facts: Mapping[str, Any]
    log: list[Row] | None = None

    def save(self, target: Path) -> None:
        """Writes everything as one safetensors file; its header's ``vidmbench`` entry is JSON.

        Raises:
            ResultError: The file cannot be written, or a weight is NaN or infinite; the file that is there is kept.
        """
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"ema.{name}": value for name, value in self.ema.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adamw.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        bad = next((name for name, value in tensors.items() if not value.isfinite().all()), None)
        if bad is not None:
            raise ResultError(
                f"training has diverged: at step {self.step} the weights are no longer numbers",
                expected="finite weights",
                found=f"NaN or infinity in {bad}",
                where=str(target),
                fix=f"{last_state(target)}; {LOWER_RATE}",
            )
        header = {"format": FORMAT, "step": self.step, "facts": dict(self.facts), "log": self.log}
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
        self.log = header.get("log")


def last_state(path: Path) -> str:
    """Where a run that has to stop can be found as it was."""
    return f"the last good state is in {path}" if path.is_file() else "nothing was saved yet"


class Log:
    """A CSV file of one row a logged step, which pandas reads. The state keeps the same rows, and they count.

    Args:
        path: The file.
        state: What training goes on from; later rows belong to work that was lost and is done again.
    """

    COLUMNS = ("step", "loss", "grad_norm", "lr", "seconds")

    def __init__(self, path: Path, state: TrainingState) -> None:
        self.path = path
        self._state = state
        if state.log is None:
            state.log = _rows_of(path, state.step) if state.step else []
        elif state.step and not self._is_whole():
            note(f"the log {path} is damaged or missing; it is written again from the state")
            self.write()
        self.seconds = state.log[-1][-1] if state.log else 0.0

    def add(self, step: int, loss: float, grad_norm: float, lr: float, seconds: float) -> None:
        """One row: means over the steps since the last row, the rate, seconds of training so far."""
        assert self._state.log is not None
        self._state.log.append([step, loss, grad_norm, lr, round(seconds, 2)])

    def write(self) -> None:
        """Replaces the file."""
        with replacing(self.path) as temporary:
            temporary.write_text(self._text(), encoding="utf-8")

    def _text(self) -> str:
        frame = pd.DataFrame(self._state.log, columns=list(self.COLUMNS)).astype({"step": int})
        return str(frame.to_csv(index=False, float_format="%.8g"))

    def _is_whole(self) -> bool:
        """Whether the file begins with the state's rows; a killed process may have written more."""
        try:
            return self.path.read_bytes().startswith(self._text().encode())
        except OSError:
            return False


def _rows_of(path: Path, step: int) -> list[Row]:
    """The rows of a file up to a step; none where it cannot be read."""
    try:
        logged = pd.read_csv(path)[list(Log.COLUMNS)].astype(float)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError):
        note(f"the log {path} is damaged; its rows up to step {step} are lost")
        return []
    return [[int(row[0]), *map(float, row[1:])] for row in logged[logged["step"] <= step].itertuples(index=False)]


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
