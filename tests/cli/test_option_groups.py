"""Option groups: a dataclass parameter becomes flat options with their defaults, panels and messages."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from typer.testing import CliRunner

from vidmbench.cli import app as vidmbench_app
from vidmbench.cli.groups import spread


@dataclass(frozen=True)
class SizeOptions:
    """A group with a default, a choice and a flag."""

    width: Annotated[int, typer.Option(metavar="PIXELS", help="Pixels.", min=1, rich_help_panel="Size")] = 64
    form: Annotated[Literal["square", "round"] | None, typer.Option(help="Outline.")] = None
    is_filled: Annotated[bool, typer.Option("--filled")] = False


@pytest.fixture
def given():
    """An app with one command that takes the group between its own parameters, and what it received."""
    app, received = typer.Typer(add_completion=False), []

    @app.command()
    @spread
    def draw(
        name: str,
        *,
        size: SizeOptions,
        out: Annotated[Path, typer.Option()] = Path("out.png"),
    ) -> None:
        """Its help."""
        received.append((name, size, out))

    return app, received


def test_fields_become_options_of_the_command(given):
    app, received = given
    command = typer.main.get_command(app)
    assert [parameter.name for parameter in command.params] == ["name", "width", "form", "is_filled", "out"]
    assert [parameter.opts for parameter in command.params[1:]] == [["--width"], ["--form"], ["--filled"], ["--out"]]
    assert CliRunner().invoke(app, ["a"]).exit_code == 0
    words = ["a", "--width", "8", "--form", "round", "--filled", "--out", "b.png"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert received == [("a", SizeOptions(), Path("out.png")), ("a", SizeOptions(8, "round", True), Path("b.png"))]


def test_panels_help_and_limits_are_the_fields(given):
    app, received = given
    width = next(p for p in typer.main.get_command(app).params if p.name == "width")
    assert (width.rich_help_panel, width.help, width.metavar, width.default) == ("Size", "Pixels.", "PIXELS", 64)
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Its help." in shown
    for words, message in ((["--width", "0"], "--width"), (["--form", "oval"], "'round'")):
        refused = CliRunner().invoke(app, ["a", *words])
        assert refused.exit_code == 2
        assert message in refused.output
    assert received == []


def test_python_code_may_omit_what_has_a_default(given):
    app, received = given
    draw = app.registered_commands[0].callback
    draw(name="a", width=3)
    assert received == [("a", SizeOptions(3), Path("out.png"))]


def test_commands_have_few_parameters():
    """What several commands share is a group; a command that lists it again would have more parameters than these."""

    def commands(app):
        yield from (command.callback for command in app.registered_commands)
        for group in app.registered_groups:
            yield from commands(group.typer_instance)

    counts = {
        command.__name__: len(inspect.signature(inspect.unwrap(command)).parameters)
        for command in commands(vidmbench_app)
    }
    assert len(counts) > 25
    assert {name for name, count in counts.items() if count > 11} <= {
        *("memorisation", "ablate", "train", "identify"),
        *("run", "score", "compare", "sample", "make"),  # of several processes, and of a pack
    }
