"""From options as the user wrote them to checked values."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from os.path import isfile  # says no of names that are too long for a file, where Path.is_file raises
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, ReadingOptions
from vidmbench.cli.values import unread
from vidmbench.core.errors import UsageError, together
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from vidmbench.evaluation.choices import Choices
    from vidmbench.vidm.sampling.opening import SamplingOptions


def choices_from(
    clips: ClipOptions,
    compute: ComputeOptions,
    reading: ReadingOptions,
    *,
    protocols: Sequence[str] | None = None,
    sampling: "SamplingOptions | None" = None,
    real: str = "",
) -> "Choices":
    """The options as :class:`vidmbench.evaluation.choices.Choices`.

    Args:
        clips: Which clips are scored.
        compute: How the network runs.
        reading: How videos are read.
        protocols: Names or files, as :func:`listed` gives them; none takes
            :data:`vidmbench.core.vocabulary.DEFAULT_PROTOCOL`.
        sampling: How a VIDM is sampled; None takes its own settings.
        real: The real side as it was named: a pack knows its protocols, so that none need be named.

    Raises:
        UsageError: Options that contradict each other or are not numbers.
    """
    from vidmbench.evaluation.choices import Choices
    from vidmbench.sources.names import is_pack
    from vidmbench.vidm.sampling.opening import SamplingOptions

    data_root = reading.data_root
    together(
        *unread(),
        partial(_check_counts, clips),
        partial(_check_data_root, data_root),
        partial(frames_of, clips),
        *(partial(_check_one, name) for name in protocols or ()),
    )
    return Choices(
        protocols=tuple(protocols or (() if is_pack(real) else (DEFAULT_PROTOCOL,))),
        frames=frames_of(clips),
        stride=clips.stride,
        num_real=clips.num_videos if clips.num_real is None else clips.num_real,
        num_fake=clips.num_videos if clips.num_fake is None else clips.num_fake,
        seed=clips.seed,
        context=clips.context,
        predictions=clips.predictions,
        scenes=clips.scenes,
        precision=compute.precision,
        device=compute.device,
        on_bad=reading.on_bad,
        data_root=data_root,
        drawing=sampling or SamplingOptions(),
    )


def frames_of(clips: ClipOptions) -> tuple[int, ...]:
    """The clip lengths asked for; none leaves them to the protocols.

    Raises:
        UsageError: Something other than numbers.
    """
    return whole_numbers(clips.frames, "--frames", "16, or 16,64,128")


def _check_data_root(data_root: Path | None) -> None:
    if data_root is not None and not data_root.exists():
        raise UsageError(
            "--data-root does not exist", expected="a folder or file", found=str(data_root), where="--data-root"
        )


def _check_one(protocol: str) -> None:
    if "," in protocol and not isfile(protocol):
        raise UsageError(
            "this command takes one protocol",
            expected="a name or a TOML file",
            found=protocol,
            where="--protocol",
            fix="give the command once for each; run, score and compare take several at once",
        )


def _check_counts(clips: ClipOptions) -> None:
    if clips.num_videos is None:
        return
    if clips.num_real is not None or clips.num_fake is not None:
        raise UsageError(
            "--num-videos sets both sides",
            expected="--num-videos K, or --num-real K and --num-fake K",
            found="both ways at once",
        )
    if clips.num_videos < 1:
        raise UsageError(
            f"--num-videos {clips.num_videos} is too small",
            expected="at least 2: a covariance needs them; 1 for psnr-..., ssim-..., lpips-...",
            found=str(clips.num_videos),
            where="--num-videos",
        )


def listed(values: list[str] | None) -> tuple[str, ...]:
    """Names as users list them, separated by commas or one per option, each once; a file's name may hold a comma.

    Args:
        values: One for each time that the option was given.

    Raises:
        UsageError: A name is missing, as between two commas.
    """
    names = [name.strip() for value in values or () for name in ([value] if isfile(value) else value.split(","))]
    if "" in names:
        raise UsageError(
            "--protocol without a name",
            expected="names separated by commas, such as fvd-tats,prdc-i3d",
            found=repr(",".join(values or ())),
            where="--protocol",
            fix="see them all: vidmbench list protocols",
        )
    return tuple(dict.fromkeys(names))


def whole_numbers(text: str | None, option: str, example: str) -> tuple[int, ...]:
    """Whole numbers separated by commas, each once; empty for None.

    Args:
        text: What the user wrote.
        option: The option, for the message.
        example: What it accepts.

    Raises:
        UsageError: Something other than numbers.
    """
    if text is None:
        return ()
    words = text.split(",")
    with suppress(ValueError):  # more digits than Python reads
        if all(word.strip().isdecimal() for word in words):
            return tuple(dict.fromkeys(map(int, words)))
    raise UsageError(f"{option} takes whole numbers", expected=example, found=text, where=option)


def check_figure(out: Path, *more: str) -> None:
    """Refuses a figure of an unknown format, or whose name is that of a folder.

    Args:
        out: The file to write.
        more: Suffixes of videos that may be written as well.

    Raises:
        UsageError: An unknown suffix, or a folder of that name.
    """
    known = (".png", ".svg", ".pdf", *more)
    if out.suffix.lower() not in known:
        expected = f"{', '.join(known[:-1])} or {known[-1]}"
        raise UsageError("unknown figure format", expected=expected, found=str(out), where="--out")
    if out.is_dir():
        raise UsageError("--out must be a file, not a folder", expected="a file", found=f"{out}/", where="--out")


def check_table_file(out: Path | None, option: str) -> None:
    """Refuses a file of numbers of another format than CSV or JSON.

    Args:
        out: The file to write; None where none was asked for.
        option: Its option.

    Raises:
        UsageError: Another suffix, or a folder of that name.
    """
    if out is None:
        return
    if out.suffix.lower() not in (".csv", ".json"):
        raise UsageError("unknown format of a table", expected=".csv or .json", found=str(out), where=option)
    if out.is_dir():
        raise UsageError(f"{option} must be a file, not a folder", expected="a file", found=f"{out}/", where=option)


def records_folder(runs: Path | None) -> Path:
    """The folder of the user's own records; one that was named must exist, ./runs need not.

    Raises:
        ResultError: The named folder does not exist, or is not a folder.
    """
    if runs is None:
        return Path("runs")
    from vidmbench.records.frame import checked_records_folder

    return checked_records_folder(runs)


def check_junit(path: Path) -> None:
    """Refuses a folder, and a file that cannot be written, as the file of --junit, before any work is done."""
    from vidmbench.core.files import checked_output

    if path.is_dir():
        raise UsageError("--junit names a file", found=f"the folder {path}", where="--junit")
    checked_output(path.parent, "--junit")
