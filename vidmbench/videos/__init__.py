"""Videos from disk and back: every storage people use, opened as a source."""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "ArraySource",
    "Decoder",
    "FileSource",
    "VideoFacts",
    "check_clips",
    "decode",
    "decoded_frames",
    "inspect_video",
    "open_array",
    "open_source",
    "write_frames",
    "write_gif",
    "write_mp4",
    "write_npz",
]

# Where each name lives; nothing is imported before it is asked for: reading videos is slow to import.
_LAZY = {
    "ArraySource": "arrays.uint8_source",
    "Decoder": "files.decoding",
    "FileSource": "files.inspection",
    "VideoFacts": "files.first_look",
    "check_clips": "arrays.uint8_source",
    "decode": "files.decoding",
    "decoded_frames": "files.decoding",
    "inspect_video": "files.first_look",
    "open_array": "arrays.uint8_source",
    "open_source": "opening",
    "write_frames": "writing.writers",
    "write_gif": "writing.writers",
    "write_mp4": "writing.writers",
    "write_npz": "writing.writers",
}

if TYPE_CHECKING:
    from vidmbench.videos.arrays.uint8_source import ArraySource, check_clips, open_array
    from vidmbench.videos.files.decoding import Decoder, decode, decoded_frames
    from vidmbench.videos.files.first_look import VideoFacts, inspect_video
    from vidmbench.videos.files.inspection import FileSource
    from vidmbench.videos.opening import open_source
    from vidmbench.videos.writing.writers import write_frames, write_gif, write_mp4, write_npz
else:

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
