"""What can be refused of a request before anything is opened, all of it at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.cli.option_groups import ClipOptions
from vidmbench.cli.output import check_existing
from vidmbench.cli.parsing import frames_of, listed
from vidmbench.core.errors import VidmbenchError, together

if TYPE_CHECKING:
    from vidmbench.evaluation.choices import Choices

_Check = Callable[[], object]


def checked_request(
    make_choices: "Callable[..., Choices]",
    *,
    clips: ClipOptions,
    protocols: list[str] | None,
    sources: Sequence[_Check],
    out: Path | None,
    is_lenient: bool = False,
) -> "Choices":
    """The choices of a request, unless something about the request cannot work.

    Args:
        make_choices: Makes them from the options, and from the names of ``protocols``.
        clips: The options of clips, which protocols may refuse.
        protocols: As given.
        sources: One check for each source that the request names.
        out: The folder to write to.
        is_lenient: Whether protocols may refuse the clips: they are skipped.

    Raises:
        VidmbenchError: What cannot work, all of it at once.
    """
    together(
        make_choices,
        partial(listed, protocols),
        *_of_protocols(clips, protocols, is_lenient=is_lenient),
        *sources,
        partial(check_existing, out),
    )
    return make_choices(protocols=listed(protocols))


def _of_protocols(clips: ClipOptions, protocols: list[str] | None, *, is_lenient: bool) -> Iterator[_Check]:
    """A check for each protocol, and for each protocol and clip length; of options that can be read."""
    try:
        names = listed(protocols)
    except VidmbenchError:
        return
    lengths: Sequence[int | None] = (None,)
    if not is_lenient:
        with suppress(VidmbenchError):
            lengths = frames_of(clips) or (None,)
    for name in names:
        for frames in lengths:
            yield partial(_check_protocol, name, frames, None if is_lenient else clips.stride)


def _check_protocol(name: str, frames: int | None, stride: int | None) -> None:
    from vidmbench.protocols.protocol import expanded, load_protocol

    for one in expanded([name]):
        load_protocol(one).with_options(frames=frames, stride=stride)


def source_check(text: str, *, is_real: bool = False) -> _Check:
    """The check of REAL or FAKE as it was typed; a pack is REAL alone."""

    def check() -> None:
        from vidmbench.sources.names import parse_source
        from vidmbench.sources.opening import check_named, refuse_pack

        name = parse_source(text)
        if not is_real:
            refuse_pack(name)
        check_named(name)

    return check


def model_check(model: str, samples: str | None) -> _Check:
    """The check of ``--model``: a label needs videos."""

    def check() -> None:
        from vidmbench.sources.names import parse_source
        from vidmbench.sources.opening import check_named, refuse_pack

        name = parse_source(model, bare="label")
        refuse_pack(name)
        if name.base.kind == "label" and samples is not None:
            check_named(parse_source(samples))
        elif name.base.kind in ("control", "dataset"):
            check_named(name)

    return check


def dataset_check(dataset: str) -> _Check:
    """The check of ``--dataset``."""

    def check() -> None:
        from vidmbench.sources.opening import check_named, resolve_dataset

        check_named(resolve_dataset(dataset, takes_pack=True).name)

    return check
