"""Files that vidmbench writes and reads again: damage is refused with the file's name, or mended; never believed.

Each kind of file is damaged in every way below. A reader must give what it gave before, or raise an error that names
the file and says what to do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from support.vidm_helpers import CPU, CodedVideos, randomised, small_spec

from vidmbench.core import resources
from vidmbench.core.checksums import check_checksum, write_json
from vidmbench.core.errors import VidmbenchError, WeightsError
from vidmbench.core.json_toml import parse_json, read_json
from vidmbench.detectors import weights_registry
from vidmbench.detectors.weights_adding import add_other
from vidmbench.detectors.weights_local import load_other
from vidmbench.metrics import Moments
from vidmbench.protocols.detector import load_detectors
from vidmbench.sources.datasets.generate import prepare_generation
from vidmbench.videos import ArraySource
from vidmbench.videos.packed.reader import PreparedFile
from vidmbench.videos.packed.writer import write_prepared
from vidmbench.videos.writing.manifest import FILE_NAME, declare
from vidmbench.vidm.checkpoints.checkpoint import load_vidm, save_vidm
from vidmbench.vidm.checkpoints.spynet_sintel import add_sintel, load_sintel, sintel_shapes
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.training.batches import TrainingVideos
from vidmbench.vidm.training.state import Log, TrainingState

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 9, 16, 16, 3), np.uint8)


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        make: Writes one into a folder and returns its path.
        read: What reading it gives, as something that can be compared.
        is_mended: Whether damage is mended and the right content given; otherwise it is refused.
        says: What stands on stderr when it is mended.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    is_mended: bool = False
    says: str = ""


def in_numbers(tensors: Any) -> list[tuple[str, bytes]]:
    return [(name, np.asarray(value).tobytes()) for name, value in sorted(tensors.items())]


def a_state(log=None) -> TrainingState:
    torch.manual_seed(0)
    net = torch.nn.Linear(7, 5)
    adamw = torch.optim.AdamW(net.parameters())
    net(torch.ones(7)).sum().backward()
    adamw.step()
    ema = {name: value.detach().clone() for name, value in net.state_dict().items()}
    return TrainingState(net, ema, adamw, 4, {"seed": 1}, log)


def state(folder: Path) -> Path:
    a_state([[4, 0.5, 1.0, 1e-3, 0.2]]).save(folder / "content.state.safetensors")
    return folder / "content.state.safetensors"


def read_state(path: Path) -> Any:
    found = a_state()
    with torch.no_grad():
        for value in found.net.state_dict().values():
            value.zero_()
    found.load(path)
    moments = [in_numbers(each) for each in found.optimizer.state.values()]
    return found.step, found.log, in_numbers(found.net.state_dict()), in_numbers(found.ema), moments


ROWS = [[step, 1 / step, 1.5, 1e-3, step / 8] for step in range(1, 5)]


def log(folder: Path) -> Path:
    Log(folder / "content.csv", a_state(list(ROWS))).write()
    return folder / "content.csv"


def read_log(path: Path) -> Any:
    return Log(path, a_state(list(ROWS))).seconds, path.read_bytes()


def checkpoint(folder: Path) -> Path:
    weights = randomised(ContentNet(small_spec())).state_dict()
    save_vidm(folder / "m.safetensors", small_spec(), {"content": weights}, SamplingSpec(steps=2), {"recipe": "small"})
    return folder / "m.safetensors"


def checkpoint_alone(folder: Path) -> Path:
    path = checkpoint(folder)
    path.with_suffix(".json").unlink()
    return path


def read_checkpoint(path: Path) -> Any:
    vidm = load_vidm(path.with_suffix(".safetensors"), CPU)
    return vidm.spec, vidm.sampling, vidm.facts, in_numbers(vidm.content.state_dict())


def training_videos() -> TrainingVideos:
    videos = TrainingVideos(CodedVideos((8, 8)), 16, 8)
    videos.prepare()
    return videos


def cached_frames(_folder: Path) -> Path:
    training_videos()
    (path,) = (resources.cache_dir() / "frames").glob("*.frames")
    return path


def read_cached_frames(_path: Path) -> Any:
    videos = training_videos()
    return [videos.read(index, list(range(8))).tobytes() for index in range(2)]


def clips() -> ArraySource:
    return ArraySource(CLIPS, label="clips")


def prepared(folder: Path) -> Path:
    write_prepared(clips(), folder / "clips.bin", rule="none")
    return folder / "clips.bin"


def read_prepared(path: Path) -> Any:
    file = PreparedFile(path)
    return file.digest(), [(file.name(i), file.read(i, range(9)).tobytes()) for i in range(len(file))]


def unfinished(folder: Path) -> Path:
    """What is left where the second of three videos was the last to be written."""
    path = prepared(folder)
    offsets = PreparedFile(path)._offsets
    left = folder / ".clips.bin.unfinished"
    left.write_bytes(path.read_bytes()[: offsets[2]])
    path.unlink()
    return left


def read_unfinished(left: Path) -> Any:
    path = left.with_name("clips.bin")
    path.unlink(missing_ok=True)
    write_prepared(clips(), path, rule="none").verify()
    return path.read_bytes()


FACTS = {"dataset": "clevrer-mini", "frames": 9, "seed": 0, "digest": "ab" * 32}


def manifest(folder: Path) -> Path:
    declare(folder, FACTS)
    return folder / FILE_NAME


def read_manifest(path: Path) -> Any:
    declare(path.parent, FACTS)
    return parse_json(path.read_bytes()).get("seed")


def settings(folder: Path) -> Path:
    write_json(folder / "ablation.json", {"recipe": {"steps": 4}, "seed": 0})
    return folder / "ablation.json"


def read_settings(path: Path) -> Any:
    check_checksum(path)
    content = read_json(path)
    return content["recipe"], content["seed"]


def generation():
    return prepare_generation("clevrer-mini", split="test", num_videos=1, num_frames=3, resolution=32)


def generated(form: Any, name: str) -> tuple[Callable[[Path], Path], Callable[[Path], Any]]:
    def make(folder: Path) -> Path:
        generation().write(folder, form, lambda *_: None)
        (path,) = folder.glob(name)
        return path

    def read(path: Path) -> Any:
        generation().write(path.parent, form, lambda *_: None)
        return path.read_bytes()

    return make, read


def moments(folder: Path) -> Path:
    Moments.of(CLIPS[:, :, :4, 0, 0].reshape(-1, 4).astype(np.float64)).save(folder / "moments.safetensors")
    return folder / "moments.safetensors"


def read_moments(path: Path) -> Any:
    found = Moments.load(path)
    return found.count, found.mean.tobytes(), found.scatter.tobytes()


TENSORS = {"kernel": np.linspace(-1, 1, 64, dtype=np.float32), "bias": np.ones(5, np.float32)}


def fetched_spec():
    digest = weights_registry.tensors_digest(TENSORS)
    return load_detectors()["i3d-kinetics400"].model_copy(update={"tensors_sha256": digest})


def fetched(folder: Path) -> Path:
    save_file(TENSORS, folder / "mine.safetensors")
    return weights_registry.add_weights(fetched_spec(), folder / "mine.safetensors")


def read_fetched(_path: Path) -> Any:
    return in_numbers(weights_registry.load_weights(fetched_spec()))


def added_spec():
    return load_detectors()["inception-pool"].model_copy(update={"reader": None})


def added(folder: Path) -> Path:
    save_file(TENSORS, folder / "mine.safetensors")
    return add_other(added_spec(), str(folder / "mine.safetensors"))


def read_added(_path: Path) -> Any:
    return in_numbers(load_other(added_spec()))


def sintel(folder: Path) -> Path:
    save_file(
        {name: np.full(shape, 0.5, np.float32) for name, shape in sintel_shapes().items()}, folder / "s.safetensors"
    )
    return add_sintel(folder / "s.safetensors")


def read_sintel(_path: Path) -> Any:
    return in_numbers(load_sintel())


KINDS = {
    "training state": Kind(state, read_state),
    "training log": Kind(log, read_log, is_mended=True, says="is damaged or missing; it is written again"),
    "cache of training frames": Kind(
        cached_frames, read_cached_frames, is_mended=True, says="are damaged; they are decoded"
    ),
    "checkpoint": Kind(checkpoint, read_checkpoint),
    "checkpoint without its JSON file": Kind(checkpoint_alone, read_checkpoint),
    "JSON file of a checkpoint": Kind(
        lambda folder: checkpoint(folder).with_suffix(".json"), read_checkpoint, is_mended=True
    ),
    "prepared file": Kind(prepared, read_prepared),
    "unfinished prepared file": Kind(unfinished, read_unfinished),
    "manifest of samples": Kind(manifest, read_manifest),
    "settings of an ablation": Kind(settings, read_settings),
    "generated mp4": Kind(*generated("mp4", "*.mp4"), is_mended=True),
    "generated npz": Kind(*generated("npz", "*.npz"), is_mended=True),
    "sums of generated files": Kind(
        lambda folder: generated("mp4", "*.mp4")[0](folder).with_name("made-by-vidmbench.sha256"),
        lambda path: generated("mp4", "*.mp4")[1](next(path.parent.glob("*.mp4"))),
        is_mended=True,
    ),
    "moments": Kind(moments, read_moments),
    "fetched weights": Kind(fetched, read_fetched, is_mended=True, says="they are fetched anew"),
    "added weights": Kind(added, read_added),
    "weights of SpyNet": Kind(sintel, read_sintel),
}


def flipped(place: float) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = min(int(place * len(data)), len(data) - 1)
        return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]

    return change


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    **{
        f"one bit flipped at {place:g} of its length": flipped(place)
        for place in (0, 0.01, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 1)
    },
    "one bit flipped in its ninth byte": lambda data: flipped(9 / len(data))(data),
    "truncated to nothing": lambda data: b"",
    "truncated by half": lambda data: data[: len(data) // 2],
    "truncated by a byte": lambda data: data[:-1],
    "zeros at the end": lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2),
    "zeros in its last 64 bytes": lambda data: data[:-64] + bytes(min(64, len(data))),
    "zeros alone": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("name", KINDS)
def test_damage_is_refused_or_mended_and_never_believed(name, tmp_path, own_cache, monkeypatch, capsys):
    kind = KINDS[name]
    path = kind.make(tmp_path)
    whole = path.read_bytes()

    def download(spec, folder):
        raise WeightsError("offline", found="no connection")

    if kind.says == "they are fetched anew":
        monkeypatch.setattr(weights_registry, "_download", lambda *_: tmp_path / "mine.safetensors")
    else:
        monkeypatch.setattr(weights_registry, "_download", download)
    expected = kind.read(path)
    refused = told = 0
    for damage, change in DAMAGES.items():
        data = change(whole)
        if data == whole:
            continue
        path.write_bytes(data)
        capsys.readouterr()
        found, error = outcome(kind, path)
        said = capsys.readouterr().err
        if error is None:
            assert found == expected, f"believed: {damage}"
            told += kind.says in said
            path.write_bytes(whole)
            continue
        refused += 1
        assert not kind.is_mended, (damage, str(error))
        assert path.name in str(error), (damage, str(error))
        assert error.fix, (damage, str(error))
    # A bit of the checksum's own name, or of a part that a later call replaces, changes nothing that is read.
    few = 2 if name == "unfinished prepared file" else len(DAMAGES) - 2
    assert (told if kind.is_mended else refused) >= few


def outcome(kind: Kind, path: Path) -> tuple[Any, VidmbenchError | None]:
    try:
        return kind.read(path), None
    except VidmbenchError as error:
        return None, error
