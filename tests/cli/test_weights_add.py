"""``weights add``: which networks take a file, a folder or a seed, and files that are none of them."""

import pickle
from pathlib import Path

import pytest
from PIL import Image


class Calls:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize("name", ["spynet-sintel", "i3d-kinetics400"])
def test_networks_that_are_one_file_say_so(name, command, own_cache):
    command("weights", "add", name, "seed:0").fails(f"weights {name} are not made from a seed", "found: seed:0",
                                                    "what to do: give the file")  # fmt: skip
    Path("sub").mkdir()
    command("weights", "add", name, "sub").fails("a folder was given", "no file inside", "where: sub")
    Path("sub/spynet.pth").touch()
    command("weights", "add", name, "sub").fails("found: spynet.pth", "give the file inside it")
    command("weights", "add", name, "gone.pth").fails("no such weights file", "where: gone.pth", "check the path")


def test_help_says_which_networks_take_what(command):
    said = " ".join(command("weights", "add", "--help").out.replace("│", " ").split())
    assert "inception-v3 and c3d-ucf101 also take seed:N" in said
    assert "c3d-ucf101: a folder with both published files" in said
    assert "spynet-sintel: a .pth or .safetensors file" in said


def test_what_is_no_weights_file_is_said_plainly(command, own_cache):
    Image.new("RGB", (40, 40)).save("scene.png")
    done = command("weights", "add", "spynet-sintel", "scene.png")
    done.fails("not a PyTorch checkpoint, or it is truncated", "a PNG image", "where: scene.png", "what to do")
    Path("own.pth").write_bytes(pickle.dumps({"a": Calls()}, protocol=2))
    unsafe = command("weights", "add", "spynet-sintel", "own.pth")
    unsafe.fails("this file is unsafe", "none was", "found: a reference to", "print")
    Path("own.safetensors").write_text("words")
    text = command("weights", "add", "spynet-sintel", "own.safetensors")
    text.fails("not a weights file of spynet-sintel", "a text file")
    for one in (done, unsafe, text):
        assert "weights_only" not in one.err
        assert "\x1b" not in one.err
