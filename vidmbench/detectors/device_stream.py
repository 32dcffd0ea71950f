"""Clips to a device and features back, batch after batch, so that nothing waits in between.

Clips travel as they were read, out of pinned memory, while the batch before them is computed; the device resizes
them. A batch holds clips of one shape that are prepared alike, so clips may be computed in another order than they came
in; features come out in theirs. Every batch of a shape has the same size, filled up where clips run out, so that the
bits of a feature do not depend on how many clips came with it. The processor waits only for the batch before the last
but one.

All of it runs on a CPU too, without streams, which is how it is tested.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.errors import UsageError, VidmbenchError
from vidmbench.core.progress import note
from vidmbench.detectors.resize_matrices import MatrixResize
from vidmbench.detectors.types import Feature, Prepared, Unresized

# Batches on their way; each has buffers of its own.
_FLYING = 3
# Batches' worth of clips that may wait for others of their shape, and that may come while one waits.
_WAITING, _COMING = 4, 8
# Of a batch, as it travels: so many frames of 256 pixels as a batch on a GPU has, or fewer frames that are larger.
_MOST_BYTES = 128 * 2**20

Clip = Prepared | Unresized
Key = tuple[Any, ...]


@dataclass
class _Slot:
    """Buffers of one batch on its way.

    Attributes:
        host: The clips; pinned memory where the device is a GPU.
        device: The same on the device.
        features: What came back; pinned memory, made when the first batch is computed.
        landed: Recorded behind the copy back, on a GPU.
    """

    host: Tensor
    device: Tensor
    features: Tensor | None = None
    landed: Any = None


@dataclass
class _Shape:
    """What is done with clips of one shape that are prepared alike.

    Attributes:
        size: Clips of a batch.
        resize: Brings frames to what the network is fed; None for clips that are prepared already.
        slots: Buffers, taken in turn.
        waiting: The clips that are not on their way yet, each with its number.
    """

    size: int
    resize: MatrixResize | None
    slots: deque[_Slot] = field(default_factory=deque)
    waiting: list[tuple[int, Clip]] = field(default_factory=list)


class DeviceStream:
    """Sends clips through a network on a device.

    Args:
        name: The network, in messages.
        compute: Gives float32 (clip, feature) of float32 (clip, time, height, width, 3), both on the device. It must
            not wait for the device.
        input_size: Of the detector, pixels.
        device: Where.
        frames: Of a batch, at most; a clip that has more is a batch of its own.
        is_by_frame: Whether ``compute`` takes the frames of such a clip in parts of ``frames``.

    Attributes:
        frames: See above; fewer once memory was too small.
    """

    def __init__(
        self,
        name: str,
        compute: Callable[[Tensor], Tensor],
        *,
        input_size: int,
        device: torch.device,
        frames: int,
        is_by_frame: bool = False,
    ) -> None:
        self._name, self._compute, self._input_size = name, compute, input_size
        self._device, self._is_by_frame = device, is_by_frame
        self.frames = frames
        self._is_cuda = device.type == "cuda"
        self._copies: Any = torch.cuda.Stream(device) if self._is_cuda else None  # type: ignore[no-untyped-call]
        self._shapes: dict[Key, _Shape] = {}
        self._flying: deque[tuple[list[int], _Slot]] = deque()
        self._done: dict[int, Feature] = {}
        self._is_smaller = False

    def features(self, clips: Iterable[Clip]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`.

        Raises:
            UsageError: Not even one clip fits into the memory of the GPU.
            VidmbenchError: What reading the clips raises; the features of those read before come first.
        """
        told = 0
        try:
            for _ in self._sent(clips):
                while told in self._done:
                    yield self._done.pop(told)
                    told += 1
        finally:
            self._forget()

    def _sent(self, clips: Iterable[Clip]) -> Iterator[None]:
        """Sends all clips; features that are there may be taken whenever it yields."""
        coming, problem = enumerate(clips), None
        while True:
            try:
                number, clip = next(coming)
            except StopIteration:
                break
            except VidmbenchError as error:
                problem = error
                break
            key = self._queue(number, clip)
            while len(self._shapes[key].waiting) >= self._shapes[key].size:
                yield from self._launched(key)
            if self._is_late(number):
                yield from self._launched(self._oldest())
        while any(shape.waiting for shape in self._shapes.values()):
            yield from self._launched(self._oldest())
        while self._flying:
            self._land()
            yield
        if problem is not None:
            raise problem

    def _launched(self, key: Key) -> Iterator[None]:
        self._launch(key)
        while len(self._flying) >= _FLYING:
            self._land()
            yield

    def _forget(self) -> None:
        """Leaves nothing of a call behind, whether it came to its end or was given up."""
        while self._flying:
            self._land()
        self._done.clear()
        for shape in self._shapes.values():
            shape.waiting.clear()

    def _is_late(self, number: int) -> bool:
        """Whether a batch should go that is not full: too many clips wait, or one has waited too long."""
        waiting = [shape for shape in self._shapes.values() if shape.waiting]
        return sum(len(shape.waiting) / shape.size for shape in waiting) > _WAITING or any(
            number - shape.waiting[0][0] >= _COMING * shape.size for shape in waiting
        )

    def _oldest(self) -> Key:
        """The shape whose first clip has waited longest."""
        waiting = (key for key, shape in self._shapes.items() if shape.waiting)
        return min(waiting, key=lambda key: self._shapes[key].waiting[0][0])

    def _queue(self, number: int, clip: Clip) -> Key:
        """Lets a clip wait for others of its shape."""
        key = _key(clip)
        if key not in self._shapes:
            frames = _array(clip)
            size = max(1, min(self.frames // len(frames), _MOST_BYTES // frames.nbytes))
            self._shapes[key] = _Shape(size, self._resize(clip))
        self._shapes[key].waiting.append((number, clip))
        return key

    def _resize(self, clip: Clip) -> MatrixResize | None:
        if not isinstance(clip, Unresized):
            return None
        time, height, width = clip.frames.shape[:3]
        fed = clip.stage.size_fed(self._input_size)
        return MatrixResize((time, height, width), clip.stage, size=fed, device=self._device)

    def _launch(self, key: Key) -> None:
        """Sends off what waits of one shape; where memory runs out, batches are smaller from here on."""
        shape = self._shapes[key]
        batch, shape.waiting = shape.waiting[: shape.size], shape.waiting[shape.size :]
        try:
            slot = self._free_slot(shape, _array(batch[0][1]))
            for row, (_, clip) in enumerate(batch):
                np.copyto(slot.host[row].numpy(), _array(clip))
            slot.host[len(batch) :].zero_()
            with torch.inference_mode():
                self._send(shape, slot)
        except torch.OutOfMemoryError as error:
            shape.waiting[:0] = batch
            frames = self._fewer_frames(shape.size, len(_array(batch[0][1])))
            if frames == 0:
                raise does_not_fit(self._name, error) from error
        else:
            self._flying.append(([number for number, _ in batch], slot))
            if self._is_smaller:
                self._is_smaller = False
                self._say_smaller(shape.size)
            return
        # Only now: the error's traceback held what the batch had taken.
        self._shrink(frames)

    def _say_smaller(self, clips: int) -> None:
        at_once, what = (self.frames, "frame") if self._is_by_frame else (clips, "clip")
        many = f"{at_once} {what}" if at_once == 1 else f"{at_once} {what}s"
        note(f"the memory of the GPU is too small for {self._name}: from here on {many} at once")

    def _fewer_frames(self, size: int, of_a_clip: int) -> int:
        """Frames per batch after one did not fit; 0 where there is nothing smaller."""
        if self._is_by_frame:
            return min(self.frames, size * of_a_clip) // 2
        return size // 2 * of_a_clip

    def _shrink(self, frames: int) -> None:
        """So many frames in a batch from here on; batches on their way come home first."""
        while self._flying:
            self._land()
        waiting = sorted((pair for shape in self._shapes.values() for pair in shape.waiting), key=lambda pair: pair[0])
        self._shapes.clear()
        if self._is_cuda:
            torch.cuda.synchronize(self._device)
            torch.cuda.empty_cache()
        self.frames, self._is_smaller = frames, True
        for number, clip in waiting:
            self._queue(number, clip)

    def _free_slot(self, shape: _Shape, array: np.ndarray) -> _Slot:
        """Buffers that no batch on its way uses."""
        if len(shape.slots) < _FLYING:
            kind = torch.uint8 if array.dtype == np.uint8 else torch.float32
            host = torch.empty((shape.size, *array.shape), dtype=kind, pin_memory=self._is_cuda)
            slot = _Slot(host, torch.empty(host.shape, dtype=kind, device=self._device) if self._is_cuda else host)
            shape.slots.append(slot)
            if self._is_cuda:  # work that was sent off before may still use the memory that is free here
                self._copies.wait_stream(torch.cuda.current_stream(self._device))
            return slot
        slot = shape.slots[0]
        shape.slots.rotate(-1)
        while any(flying is slot for _, flying in self._flying):
            self._land()
        return slot

    def _send(self, shape: _Shape, slot: _Slot) -> None:
        """Copies a batch to the device, computes it and copies its features back, all of it later on a GPU."""
        if self._is_cuda:
            here = torch.cuda.current_stream(self._device)
            with torch.cuda.stream(self._copies):
                slot.device.copy_(slot.host, non_blocking=True)
            here.wait_stream(self._copies)
        found = self._compute(slot.device if shape.resize is None else shape.resize(slot.device))
        if slot.features is None:
            slot.features = torch.empty(found.shape, dtype=torch.float32, pin_memory=self._is_cuda)
        slot.features.copy_(found, non_blocking=self._is_cuda)
        if self._is_cuda:
            slot.landed = torch.cuda.Event()  # type: ignore[no-untyped-call]
            slot.landed.record(here)

    def _land(self) -> None:
        """Takes in the batch that was sent off first."""
        numbers, slot = self._flying.popleft()
        if slot.landed is not None:
            slot.landed.synchronize()
        assert slot.features is not None
        rows: np.ndarray = slot.features[: len(numbers)].numpy().copy()
        self._done.update(zip(numbers, rows, strict=True))


def _array(clip: Clip) -> np.ndarray:
    """What travels of a clip."""
    return clip.frames if isinstance(clip, Unresized) else clip


def _key(clip: Clip) -> Key:
    """What clips of one batch have in common."""
    if not isinstance(clip, Unresized):
        return (clip.shape,)
    stage = clip.stage
    return clip.frames.shape, stage.crop, stage.resize, stage.range, stage.lengthen, stage.wide_input


def does_not_fit(name: str, error: torch.OutOfMemoryError) -> UsageError:
    """What is said of a network that is too large for the GPU."""
    return UsageError(
        f"{name} does not fit into the memory of this GPU",
        found=". ".join(str(error).split(". ")[:2]),
        where="--device cuda",
        fix="end other programs on this GPU, score by fewer protocols in one command, or take --device cpu",
    )
