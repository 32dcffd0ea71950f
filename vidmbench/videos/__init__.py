"""Videos from disk and back: every storage people use, opened as a source."""

from vidmbench.videos.arraysource import ArraySource, check_clips, open_array
from vidmbench.videos.decoding import Decoder, decode
from vidmbench.videos.opening import open_source
from vidmbench.videos.streams import VideoFacts, inspect_video
from vidmbench.videos.survey import FileSource, OnBad
from vidmbench.videos.writing import write_frames, write_gif, write_mp4, write_npz

__all__ = [
    "ArraySource",
    "Decoder",
    "FileSource",
    "OnBad",
    "VideoFacts",
    "check_clips",
    "decode",
    "inspect_video",
    "open_array",
    "open_source",
    "write_frames",
    "write_gif",
    "write_mp4",
    "write_npz",
]
