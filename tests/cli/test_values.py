"""Values of options that cannot be read are told in our words, with the other mistakes of the request."""

import pytest
import typer.main

from vidmbench.cli.commands import app

SCORES = {
    "run": ("--model", "my-gan", "--dataset", "nothing"),
    "score": ("nothere", "nothere"),
    "compare": ("nothere", "nothere"),
    "explain": ("fvd-tats", "fvd-digan", "nothere", "nothere"),
    "compare-models": ("nothere", "nothere", "nothere"),
    "infinity": ("nothere", "nothere"),
    "rollout": ("nothere", "nothere"),
    "motion": ("nothere", "nothere"),
    "memorisation": ("nothere", "nothere", "nothere"),
    "pack make": ("nothere", "--out", "x.pack"),
    "plot fvd-vs-n": ("nothere", "nothere"),
    "plot score-map": ("nothere", "nothere"),
}


def _all_commands(command, above=()):
    inner = getattr(command, "commands", {})
    return {
        name: found for word, one in inner.items() for name, found in _all_commands(one, (*above, word)).items()
    } or {" ".join(above): {parameter.name for parameter in command.params}}


def test_every_command_that_puts_them_off_is_tried_below():
    puts_off = {
        name
        for name, names in _all_commands(typer.main.get_command(app)).items()
        if {"precision", "device", "on_bad"} <= names
    }
    assert puts_off == set(SCORES)


@pytest.mark.parametrize("name", SCORES)
def test_no_command_goes_on_with_a_value_it_cannot_read(name, command):
    command(*name.split(), *SCORES[name], "--device", "tpu").fails(
        "--device cannot be 'tpu'", "expected: auto, cpu or cuda", "where: --device"
    )


def test_all_mistakes_of_a_request_are_told_at_once(command):
    told = command("score", "nothere", "control:static", "--device", "tpu", "--stride", "x", "--protocol", "fvdd")
    told.fails(
        "4 problems with this request",
        "--device cannot be 'tpu'",
        "--stride cannot be 'x'",
        "expected: a whole number",
        "unknown protocol 'fvdd'",
        "path not found: nothere",
    )
    command("train", "--recipe", "tiny", "--steps", "0", "--seed", "-1", "--device", "gpu").fails(
        "3 problems", "expected: 1 or more", "expected: 0 or more", "expected: auto, cpu or cuda"
    )


@pytest.mark.parametrize("words", [("table", "--format", "pdf"), ("results", "export", "--format", "xls")])
def test_formats(words, command):
    command(*words).fails(f"--format cannot be '{words[-1]}'", "expected: ", "csv")


@pytest.mark.parametrize("words", [("table",), ("results", "list"), ("results", "show", "x"), ("list",), ("doctor",)])
def test_commands_that_print_say_how_their_output_goes_to_a_file(words, command):
    asked = f"vidmbench {words[0]}" if words[0] != "results" else f"vidmbench results {words[1]}"
    command(*words, "--out", "x.tex").fails(f"{asked} prints its result and has no --out", f"{asked} ... > FILE")
    command("run", "--outt", "x").fails("No such option", "--out")
