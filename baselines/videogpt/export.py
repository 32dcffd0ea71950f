"""Samples videos from a trained VideoGPT, one folder of frames each, without loss and without the data set.

Run it in a checkout of the official code, with the Python that runs that code:

    python export.py --checkpoint videogpt.ckpt --out SAMPLES --num-videos 2048 --seed 42

It writes SAMPLES/000000/000000.png and so on, one folder per video, and index.json. Video i depends on (seed, i) alone,
so videos are sampled one at a time, which is slow; a run that was stopped is resumed by the same command. The official
script samples all at once into one h264 grid, and reads a batch of the test set even where the network does not use it.

Mirrors scripts/sample_videogpt.py and sample of videogpt/gpt.py: bytes by truncation. For a network with classes the
script takes the labels of that batch; here they are sampled uniformly and recorded in the index. A network that
continues given frames is refused. The VQ-VAE is the one that the checkpoint names: a file, which is hashed, or a
published name, which the official code fetches without checking.

This file is copied alone into other repositories, so it imports nothing of vidmbench. Its second half is repeated in
every exporter and is edited in all five at once; tests/unit/sources/baselines/test_exporters.py holds them equal.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image

SYSTEM = "videogpt"
ROUNDING = "truncate"


def arguments():
    """The command line."""
    return common_arguments().parse_args()


def checkpoint_files(args):
    """The files that determine the samples."""
    return {"network": args.checkpoint}


def options(_args):
    """The options that determine the samples."""
    return {}


def load_generator(args):
    """The network, and which VQ-VAE is inside: the hash of its file, or its published name."""
    sys.path.append(".")
    from videogpt import VideoGPT

    network = VideoGPT.load_from_checkpoint(args.checkpoint).to(args.device).eval()
    if network.hparams["args"].n_cond_frames > 0:
        raise SystemExit("export.py: this network continues given frames; it has no unconditional samples")
    vqvae = network.hparams["args"].vqvae
    return network, sha256_of(vqvae) if os.path.exists(vqvae) else vqvae


def sample(generator, args):
    """One video, uint8 (frame, height, width, 3), and further facts for its entry in the index."""
    network, vqvae = generator
    settings = network.hparams["args"]
    batch, facts = None, {"vqvae": vqvae}
    if settings.class_cond:
        facts["label"] = int(torch.randint(settings.class_cond_dim, (1,)))
        # Given only classes, the official code reads nothing of the video but its type.
        batch = {
            "video": torch.zeros(1, device=args.device),
            "label": torch.tensor([facts["label"]], device=args.device),
        }
    video = network.sample(1, batch)[0].cpu().numpy()
    return np.ascontiguousarray((video * 255).astype(np.uint8).transpose(1, 2, 3, 0)), facts


# From here on the file is the same in every exporter.


def common_arguments():
    """The options that all exporters share."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0], allow_abbrev=False)
    parser.add_argument("--checkpoint", required=True, help="file of the generator network")
    parser.add_argument("--out", required=True, type=Path, help="folder of the videos; an unfinished run is resumed")
    parser.add_argument("--num-videos", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser


def video_seed(seed, number):
    """Seed of one video; depends on the run's seed and the video's number alone."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4], "little")


def seed_everything(seed):
    """Seeds every generator that official code may use; torch's covers all GPUs."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - official code may use the global generator
    torch.manual_seed(seed)


def sha256_of(path):
    """Hash of a file, read in pieces."""
    if not os.path.isfile(path):
        raise SystemExit(f"export.py: file not found: {path}")
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for piece in iter(lambda: stream.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def write_index(out, index):
    """Writes index.json; readers see the old file or the new one, never a partial one."""
    partial = out / ".index.json.partial"
    partial.write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(str(partial), str(out / "index.json"))


def write_video(folder, frames):
    """Writes one PNG per frame; the folder gets its name only once it is complete."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(str(partial), ignore_errors=True)
    partial.mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(str(partial / f"{number:06d}.png"))
    os.replace(str(partial), str(folder))


def open_index(out, run):
    """The index of a new run, or of the same run started earlier; any other folder is refused."""
    run = json.loads(json.dumps(run))
    if (out / "index.json").is_file():
        index = json.loads((out / "index.json").read_text(encoding="utf-8"))
        differ = [key for key in sorted({*run, *index["run"]}) if run.get(key) != index["run"].get(key)]
        if differ:
            raise SystemExit(f"export.py: {out} holds another run ({', '.join(differ)} differ); choose another --out")
        return index
    if out.is_dir() and any(not path.name.startswith(".") for path in out.iterdir()):
        raise SystemExit(f"export.py: {out} holds files but no index.json; choose an empty folder")
    out.mkdir(parents=True, exist_ok=True)
    return {"run": run, "frames": None, "size": None, "videos": {}}


def main():
    """Samples the videos that are still missing."""
    args = arguments()
    if args.num_videos < 1:
        raise SystemExit("export.py: --num-videos must be 1 or more")
    versions = {module.__name__: module.__version__ for module in (np, PIL, torch)}
    run = {
        "system": SYSTEM,
        "checkpoint_sha256": {name: sha256_of(path) for name, path in checkpoint_files(args).items()},
        "seed": args.seed,
        "rounding": ROUNDING,
        "options": options(args),
        "device": torch.device(args.device).type,
        "versions": dict(versions, python=platform.python_version()),
    }
    index = open_index(args.out, run)
    missing = [number for number in range(args.num_videos) if not (args.out / f"{number:06d}").is_dir()]
    if missing:
        with torch.no_grad():
            generator = load_generator(args)
            for number in missing:
                add_video(index, number, generator, args)
                sys.stderr.write(f"{number + 1} of {args.num_videos}\n")


def add_video(index, number, generator, args):
    """Samples one video and writes it, after its entry in the index, so that every video on disk has one."""
    seed = video_seed(args.seed, number)
    seed_everything(seed)
    frames, facts = sample(generator, args)
    shape = {"frames": len(frames), "size": list(frames.shape[1:3])}
    if index["videos"] and shape != {key: index[key] for key in shape}:
        raise SystemExit(f"export.py: the shape of video {number} differs from that of earlier videos: {shape}")
    index.update(shape)
    index["videos"][f"{number:06d}"] = dict(facts, seed=seed)
    write_index(args.out, index)
    write_video(args.out / f"{number:06d}", frames)


if __name__ == "__main__":
    main()
