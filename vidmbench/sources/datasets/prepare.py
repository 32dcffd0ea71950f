"""The request of ``data prepare``: a split of a data set, brought to one resolution, in one file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import UsageError
from vidmbench.core.vocabulary import OnBad
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.datasets.opening import Reading, open_dataset, split_of
from vidmbench.sources.datasets.spec import DiskDatasetSpec, load_dataset
from vidmbench.videos.packed.writer import Estimate, estimated_bytes, write_prepared
from vidmbench.videos.source import Source

if TYPE_CHECKING:
    from vidmbench.core.progress import Progress
    from vidmbench.videos.packed.reader import PreparedFile


@dataclass(frozen=True)
class Preparation:
    """A file to prepare, before it is begun.

    Attributes:
        dataset: The data set, split and resolution as ``--dataset`` names them.
        source: Its videos.
        rule: How they are cropped and resized, see :func:`vidmbench.videos.pre_resize.pre_resized`.
        pixels: The resolution; None leaves it.
        estimate: How large the file will be.
    """

    dataset: str
    source: Source
    rule: str
    pixels: int | None
    estimate: Estimate

    def in_words(self) -> str:
        """What will be written, for people."""
        raw, expected = (in_bytes(number) for number in self.estimate)
        size = "as they are" if self.pixels is None else f"at {self.pixels}x{self.pixels} by {self.rule}"
        return f"{len(self.source)} videos of {self.source.label} {size}: {raw} raw, about {expected} as written"

    def write(self, path: Path, *, workers: int | None, progress: "Progress | None") -> "PreparedFile":
        """Writes the file, or resumes it; see :func:`vidmbench.videos.packed.writer.write_prepared`."""
        return write_prepared(self.source, path, rule=self.rule, pixels=self.pixels, workers=workers, progress=progress)


def in_bytes(number: int) -> str:
    """A file's size for people, such as ``1.3 GB``."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"


def prepare_dataset(
    name: str,
    data_root: Path | None,
    split: str | None,
    *,
    protocol: str,
    rule: str | None = None,
    resolution: int | None = None,
    on_bad: OnBad = "stop",
) -> Preparation:
    """Resolves ``vidmbench data prepare``.

    Args:
        name: A data set on the user's disk.
        data_root: Where.
        split: One of its splits; None takes the protocol's.
        protocol: Whose cropping and resizing.
        rule: Another rule than the protocol's.
        resolution: Another resolution than the protocol's.
        on_bad: Whether unusable videos stop the work or are skipped.

    Raises:
        VidmbenchError: The request is invalid: an unknown data set, split or rule, or a path that cannot be read.
    """
    spec = load_dataset(name)
    if not isinstance(spec, DiskDatasetSpec):
        raise UsageError(
            f"{name} does not need to be prepared",
            expected="a data set on your disk",
            found=f"{name}, which is built in",
            fix=f"write it as files, if you want them: vidmbench data make {name}",
        )
    stage = load_protocol(protocol).dataset
    chosen = rule or stage.pre_resize
    pixels = None if chosen == "none" else resolution or stage.resolution
    if chosen == "none" and resolution is not None:
        raise UsageError(
            f"the protocol {protocol} leaves frames as they are",
            expected="no --resolution, or a rule that gives one",
            found=f"--resolution {resolution}",
            fix="give --rule, or a protocol whose pre_resize is another",
        )
    split = split or split_of(spec, stage)
    source = open_dataset(spec, split, reading=Reading(on_bad, data_root))
    dataset = f"{name}@{split}" + (f"/{pixels}" if pixels is not None else "")
    return Preparation(dataset, source, chosen, pixels, estimated_bytes(source, pixels, rule=chosen))
