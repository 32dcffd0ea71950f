"""How far the computing of features is, in numbers and words for whoever waits."""

from collections.abc import Mapping, Sequence

from vidmbench.core.progress import Progress
from vidmbench.evaluation.clip_assembly import JobEntry


class Tally:
    """How much is done of all that is missing, over all sources, networks and protocols.

    Args:
        progress: Called with clips done, clips in all, and a label; None calls nothing.
        protocols: Of every key, the protocols that want these features, in the order in which they were asked for.
        entries: All entries that are not whole.
    """

    def __init__(
        self, progress: Progress | None, protocols: Mapping[str, Sequence[str]], entries: Sequence[JobEntry]
    ) -> None:
        self._progress, self._of_key = progress, protocols
        self._protocols = list(dict.fromkeys(name for names in protocols.values() for name in names))
        self._total = sum(entry.num_rows for entry in entries)
        self._done = {entry.key: entry.num_done for entry in entries}
        self._all_done = sum(self._done.values())

    def count(self, entry: JobEntry) -> None:
        """Takes note of how much of an entry is done by now: asking all of them after each clip would take long."""
        self._all_done += entry.num_done - self._done[entry.key]
        self._done[entry.key] = entry.num_done

    def say(self, label: str) -> None:
        """Calls it with what is going on now."""
        if self._progress is not None:
            self._progress(self._all_done, self._total, label)

    def label(self, entries: Sequence[JobEntry]) -> str:
        """The videos and the protocols of some entries that are computed together."""
        sources = " and ".join(dict.fromkeys(entry.job.source.label for entry in entries))
        if len(self._protocols) < 2:
            return sources
        names = {name for entry in entries for name in self._of_key[entry.whole_key]}
        numbers = sorted(self._protocols.index(name) + 1 for name in names)
        word = "protocol" if len(numbers) == 1 else "protocols"
        return f"{sources}, {word} {_spans(numbers)} of {len(self._protocols)}"


def _spans(numbers: Sequence[int]) -> str:
    """Numbers in increasing order: ``1-3, 5``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans)
