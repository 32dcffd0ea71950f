"""From a list of videos to a source: look at every one, say what is wrong with any, agree on one size."""

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import ChangedError, DataError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.inputs import UnchangedFile, changed
from vidmbench.core.text import counted
from vidmbench.core.vocabulary import OnBad
from vidmbench.videos.files.bad_videos import cannot_be_used, what_is_wrong
from vidmbench.videos.files.compression_labels import joined
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.files.images import notes_together
from vidmbench.videos.files.inspection_cache import FactsIndex
from vidmbench.videos.files.listing import Found
from vidmbench.videos.files.video_files import Facts, Item
from vidmbench.videos.source import Skipped, SourceDefaults

#: Decoding releases the interpreter lock; beyond a few threads the disk is the limit.
_MAX_THREADS = 8
_SHOWN = 5


class FileSource(SourceDefaults):
    """Videos on disk, all of one size.

    Args:
        label: How messages and signatures name the source.
        items: The videos, in order.
        facts: What is known about each, by name.
        stamps: What each had as its stamp when that was found out, by name.
        skipped: Videos that were skipped.
        notes: What a user should know about how the videos were read, one sentence each.
        labels: The class of each video by its name, where it is known.
        listed_in: The file that lists the videos, as it was read; None where none does.
    """

    def __init__(
        self,
        label: str,
        items: Sequence[Item],
        facts: Mapping[str, Facts],
        *,
        stamps: Mapping[str, str],
        skipped: tuple[Skipped, ...] = (),
        notes: tuple[str, ...] = (),
        labels: Mapping[str, int] | None = None,
        listed_in: UnchangedFile | None = None,
    ) -> None:
        self.label = label
        self.skipped = skipped
        self.notes = notes
        self._items = tuple(items)
        self._facts = {item.name: facts[item.name] for item in items}
        self._stamps = {item.name: stamps[item.name] for item in items}
        first = self._facts[self._items[0].name]
        self.size: tuple[int, int] = (first.height, first.width)
        rates = [video.frame_rate for video in self._facts.values()]
        self.frame_rates = (min(rates), max(rates)) if all(rates) else None
        self.labels = tuple(map(labels.get, self._facts)) if labels else None
        self._listed_in = listed_in
        self.compression = joined(video.compression for video in self._facts.values())

    def __len__(self) -> int:
        """The number of videos."""
        return len(self._items)

    def name(self, index: int) -> str:
        """The video's path relative to the source, with forward slashes."""
        return self._items[index].name

    def num_frames(self, index: int) -> int:
        """The number of frames that can really be read."""
        return self._facts[self.name(index)].num_frames

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The frames asked for, uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

        Raises:
            DataError: The video has fewer frames, or cannot be opened.
            ChangedError: It changed since it was first looked at.
        """
        item = self._items[index]
        facts = self._facts[item.name]
        check_frames(item.name, frames, facts.num_frames)
        try:
            pictures = item.read(frames, facts)
        except OSError as error:
            raise _gone(item, error) from error
        except DataError:
            self.check_unchanged(index)  # half of a new file is no bad file
            raise
        self.check_unchanged(index)
        return pictures

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`.

        Raises:
            DataError: As :meth:`read`.
            ChangedError: As :meth:`read`; after the last frame at the latest.
        """
        item = self._items[index]
        facts = self._facts[item.name]
        check_frames(item.name, frames, facts.num_frames)
        try:
            yield from item.stream(frames, facts)
        except OSError as error:
            raise _gone(item, error) from error
        except DataError:
            self.check_unchanged(index)
            raise
        self.check_unchanged(index)

    def check_unchanged(self, index: int) -> None:
        """See :class:`vidmbench.videos.source.Source`.

        Raises:
            ChangedError: The video's files were changed or replaced since they were first looked at.
            DataError: They cannot be looked at.
        """
        item = self._items[index]
        if self._listed_in is not None:
            self._listed_in.check()
        try:
            stamp = item.stamp()
        except OSError as error:
            raise _gone(item, error) from error
        if stamp != self._stamps[item.name]:
            raise changed(item.name, f"{self.label}/{item.name}")

    def digest(self) -> str:
        """The sha256 over names and contents of all videos, in sorted order of the names."""
        parts = sorted((name, facts.sha256) for name, facts in self._facts.items())
        return sha256_of_parts(*(part for pair in parts for part in pair))


def survey(
    where: Path,
    found: Found | Sequence[Item],
    *,
    on_bad: OnBad = "stop",
    progress: bool = False,
    listed_in: UnchangedFile | None = None,
) -> FileSource:
    """Looks at every video, or remembers what was found before, and makes a source of the usable ones.

    Args:
        where: The folder, file or archive.
        found: Its videos, in order, at least one; with notes and labels where there are any.
        on_bad: "stop" raises one error that names up to five bad videos; "skip" skips them.
        progress: Show a bar on stderr, if that is a terminal.
        listed_in: The file that lists the videos, as it was read; None where none does.

    Returns:
        A source whose videos can all be read and have one size.

    Raises:
        DataError: A video is bad, or sizes differ (under "stop"); nothing is left (under "skip").
        ChangedError: A video changed while it was looked at.
    """
    where = Path(os.path.abspath(where))  # "." has no name
    items, listing_notes, labels = found if isinstance(found, Found) else Found(list(found), [])
    stamps, results = _inspect_all(where, items, progress=progress)
    for result in results.values():
        if isinstance(result, ChangedError):
            raise result
    bad = {name: result for name, result in results.items() if isinstance(result, DataError)}
    good = {name: result for name, result in results.items() if isinstance(result, Facts)}
    if bad and (on_bad == "stop" or not good):
        raise cannot_be_used(where, bad, len(items))
    skipped = [Skipped(name, what_is_wrong(error)) for name, error in bad.items()]
    sizes: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name, facts in good.items():
        sizes[facts.height, facts.width].append(name)
    if len(sizes) > 1:
        if on_bad == "stop":
            raise _mixed_sizes(where, sizes)
        common_size = max(sizes, key=lambda size: len(sizes[size]))  # the first one seen, among equals
        for size, names in sizes.items():
            if size != common_size:
                reason = f"its size is {size[0]}x{size[1]}, most have {common_size[0]}x{common_size[1]}"
                skipped += [Skipped(name, reason) for name in names]
        good = {name: good[name] for name in sizes[common_size]}
    order = {item.name: position for position, item in enumerate(items)}
    return FileSource(
        where.name,
        [item for item in items if item.name in good],
        good,
        stamps=stamps,
        skipped=tuple(sorted(skipped, key=lambda video: order[video.name])),
        notes=(*listing_notes, *_gathered_notes(good)),
        labels=labels,
        listed_in=listed_in,
    )


def _inspect_all(
    where: Path, items: Sequence[Item], *, progress: bool
) -> tuple[dict[str, str], dict[str, Facts | DataError]]:
    """Stamps and facts, or what is wrong, by name."""
    from tqdm import tqdm

    index = FactsIndex(where)

    def look(item: Item) -> tuple[str, Facts | DataError]:
        try:
            return index.look_at(item)
        except DataError as error:
            return "", error
        except OSError as error:
            return "", _gone(item, error)

    threads = min(_MAX_THREADS, os.cpu_count() or 1, len(items))
    with ThreadPoolExecutor(threads) as pool:
        results = list(
            tqdm(
                pool.map(look, items),
                total=len(items),
                desc=f"looking at {where.name}",
                unit="video",
                disable=not (progress and sys.stderr.isatty()),
            )
        )
    by_name = {item.name: result for item, result in zip(items, results, strict=True)}
    index.save({name: (stamp, found) for name, (stamp, found) in by_name.items() if isinstance(found, Facts)})
    return (
        {name: stamp for name, (stamp, _) in by_name.items()},
        {name: found for name, (_, found) in by_name.items()},
    )


def _gathered_notes(facts: Mapping[str, Facts]) -> list[str]:
    names: dict[str, list[str]] = defaultdict(list)
    for name, video_facts in facts.items():
        for note in video_facts.notes:
            general, colon, detail = note.partition(": ")
            names[general].append(f"{name}{colon}{detail}")
    kept = notes_together(names)
    return [f"{note} ({len(names[note])} of {len(facts)} videos, first {names[note][0]})" for note in kept]


def _mixed_sizes(where: Path, sizes: Mapping[tuple[int, int], Sequence[str]]) -> DataError:
    ordered = sorted(sizes.items(), key=lambda entry: -len(entry[1]))
    shown = [
        f"\n    {height}x{width}: {counted(len(names), 'video')}, such as {names[0]}"
        for (height, width), names in ordered[:_SHOWN]
    ]
    if len(ordered) > _SHOWN:
        shown.append(f"\n    and {len(ordered) - _SHOWN} more sizes")
    return DataError(
        f"the videos in {where.name} differ in size",
        expected="one height x width for all videos of a source",
        found="".join(shown),
        where=str(where),
        fix="bring them to one size first, or keep those of the most frequent size with --on-bad skip",
    )


def _gone(item: Item, error: OSError) -> DataError:
    return DataError(
        f"{item.name} cannot be read: {error.strerror or error}",
        where=item.name,
        fix="check that the file is there and may be read, or skip it with --on-bad skip",
    )
