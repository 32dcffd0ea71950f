"""The same few videos as people's loaders, data sets and decoders give them."""

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset

CLIPS = np.random.default_rng(0).integers(0, 256, (5, 10, 16, 16, 3), dtype=np.uint8)
SIGNED = torch.from_numpy(CLIPS).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


class Mapped(Dataset):
    """A data set of PyTorch as most people write it: no __iter__, and no IndexError at its end."""

    def __init__(self, make=lambda index: (SIGNED[index], int(index))):
        self.make = make

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return self.make(index % 5)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(SIGNED)


class Decoder:
    """As torchcodec's VideoDecoder, which is what a Video column of Hugging Face gives."""

    def __init__(self, clip):
        self.clip = torch.from_numpy(clip).permute(0, 3, 1, 2)

    def __len__(self):
        return len(self.clip)

    def get_frames_in_range(self, start, stop):
        batch = type("FrameBatch", (), {})()
        batch.data = self.clip[start:stop]
        return batch


class DecordReader:
    def __init__(self, clip):
        self.clip = clip

    def __len__(self):
        return len(self.clip)

    def get_batch(self, indices):
        frames = type("NDArray", (), {})()
        frames.asnumpy = lambda: self.clip[list(indices)]
        return frames


class Table:
    """As a data set of Hugging Face: rows by number and one after the other."""

    features = ("video", "label", "caption")

    def __init__(self, column):
        self.column = column

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return {"label": 1, "video": self.column(CLIPS[index]), "caption": "a ball"}

    def __iter__(self):
        return (self[index] for index in range(5))


def firsts(rows):
    return [row[0] for row in rows]


def images(clip):
    return [Image.fromarray(frame) for frame in clip]
