"""The request of a record that was written before records stored requests, read from its command line."""

from collections.abc import Sequence
from typing import Literal

from vidmbench.core.errors import ResultError
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL
from vidmbench.records.request import RunRequest, SamplingRequest

_FLAGS = ("json", "dry-run", "traceback")  # options without a value


def request_of_command(command: Sequence[str]) -> RunRequest:
    """The request that a command line of ``vidmbench run`` or ``vidmbench score`` made.

    Only the first of several protocols is taken, and no clip lengths.

    Args:
        command: The command line of a record; it may say anything.

    Raises:
        ResultError: It cannot be read, or is of another command, whose videos cannot be opened again.
    """
    arguments, options = _parsed(command)
    name = arguments[0] if arguments else ""
    try:
        if name == "run" and {"model", "dataset"} <= options.keys():
            return _request("run", options["dataset"][-1], options["model"][-1], options)
        if name == "score" and len(arguments) == 3:
            return _request("score", arguments[1], arguments[2], options)
    except ValueError as error:
        raise ResultError("the record's command cannot be read", found=str(error)) from error
    raise ResultError(f"a record of vidmbench {name} does not say how to open its videos again")


def _request(command: Literal["run", "score"], real: str, fake: str, options: dict[str, list[str]]) -> RunRequest:
    last = {name: values[-1] for name, values in options.items()}

    def number(*names: str) -> int | None:
        return next((int(last[name]) for name in names if name in last), None)

    return RunRequest(
        command=command,
        real=real,
        fake=fake,
        samples=last.get("samples") if command == "run" else None,
        layout=last.get("layout") if command == "run" else None,
        protocols=tuple(options.get("protocol", [DEFAULT_PROTOCOL])[:1]),
        stride=number("stride"),
        num_real=number("num-real", "num-videos"),
        num_fake=number("num-fake", "num-videos"),
        seed=number("seed"),
        on_bad="skip" if last.get("on-bad") == "skip" else "stop",
        data_root=last.get("data-root"),
        sampling=SamplingRequest(
            content=last.get("content"), sampler=last.get("sampler"), steps=number("steps"), noise=last.get("noise")
        ),
    )


def _parsed(command: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The arguments of a command line, and its options with all their values."""
    arguments, options = list[str](), dict[str, list[str]]()
    words = iter(command[1:])
    for word in words:
        if not word.startswith("--"):
            arguments.append(word)
            continue
        name, has_value, value = word.removeprefix("--").partition("=")
        if name not in _FLAGS:
            options.setdefault(name, []).append(value if has_value else next(words, ""))
    return arguments, options
