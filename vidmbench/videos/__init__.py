"""Videos from disk and back: every storage people use, opened as a source."""

from vidmbench.videos.arrays.uint8_source import ArraySource, check_clips, open_array
from vidmbench.videos.files.decoding import Decoder, decode, decoded_frames
from vidmbench.videos.files.first_look import VideoFacts, inspect_video
from vidmbench.videos.files.inspection import FileSource
from vidmbench.videos.opening import open_source
from vidmbench.videos.writing.writers import write_frames, write_gif, write_mp4, write_npz

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
