"""Batches of clips or frames: of one size on a GPU, and smaller ones where its memory is too small."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.errors import UsageError
from vidmbench.core.progress import note


class Batches:
    """How many clips or frames go through a network at once.

    Args:
        name: The network, in messages.
        what: ``clips`` or ``frames``.
        at_once: How many at first.
        are_filled: Whether a shorter batch is filled up with zeros. A GPU chooses its kernels by a batch's size, so
            the last bits of a feature would depend on how many others came with it, and processes that share the work
            would give other bits than one.

    Attributes:
        at_once: How many; fewer once memory was too small.
    """

    def __init__(self, name: str, what: str, at_once: int, *, are_filled: bool) -> None:
        self._name, self._what, self._are_filled = name, what, are_filled
        self.at_once = at_once

    def features(self, x: Tensor, compute: Callable[[Tensor], np.ndarray]) -> np.ndarray:
        """The features of all rows, in order.

        Args:
            x: One clip or frame per row.
            compute: Gives one row of features per row.

        Returns:
            What ``compute`` gives of all rows.

        Raises:
            UsageError: Not even one row fits into the memory of the GPU.
        """
        found: list[np.ndarray] = []
        done, wanted = 0, self.at_once
        while done < len(x):
            batch = x[done : done + self.at_once]
            try:
                rows = compute(self._filled(batch))[: len(batch)]
            except torch.OutOfMemoryError as error:
                if self.at_once == 1 or (len(batch) == 1 and not self._are_filled):
                    raise does_not_fit(self._name, error) from error
                self.at_once = (self.at_once if self._are_filled else len(batch)) // 2
                torch.cuda.empty_cache()
                continue
            found.append(rows)
            done += len(batch)
            if self.at_once < wanted:
                wanted = self.at_once
                say_smaller(self._name, self._what, wanted)
        return np.concatenate(found)

    def _filled(self, batch: Tensor) -> Tensor:
        lacking = self.at_once - len(batch) if self._are_filled else 0
        return torch.cat([batch, batch.new_zeros((lacking, *batch.shape[1:]))]) if lacking else batch


def say_smaller(name: str, what: str, at_once: int) -> None:
    """Says on stderr that batches are smaller from here on.

    Args:
        name: The network.
        what: ``clips`` or ``frames``.
        at_once: How many in a batch.
    """
    few = what if at_once > 1 else what.removesuffix("s")
    note(f"the memory of the GPU is too small for {name}: from here on {at_once} {few} at once")


def does_not_fit(name: str, error: torch.OutOfMemoryError) -> UsageError:
    """What is said of a network that is too large for the GPU."""
    return UsageError(
        f"{name} does not fit into the memory of this GPU",
        found=". ".join(str(error).split(". ")[:2]),
        where="--device cuda",
        fix="end other programs on this GPU, score by fewer protocols in one command, or take --device cpu",
    )
