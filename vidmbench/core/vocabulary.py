"""Closed sets of words that the command line, Python and files share.

This module imports nothing heavy: the command line is built from these types at every start.
"""

from typing import Literal

#: The protocol of commands and functions that are given none.
DEFAULT_PROTOCOL = "fvd-vidm-paper"
#: Names that stand for several protocols, each with a line for people.
PROTOCOL_GROUPS = {
    "paired-all": "a group: every full-reference protocol (psnr-..., ssim-..., lpips-...) that can score the videos"
}

#: Number format of a network.
Precision = Literal["fp32", "bf16"]
#: Where a network runs; ``auto`` takes a CUDA device if there is one.
Device = Literal["auto", "cpu", "cuda"]
#: What counts of several predictions of one video: the best, their mean, or each by itself.
SamplesRule = Literal["best", "mean", "all"]
#: Whether videos that cannot be used stop the work, or are skipped and listed.
OnBad = Literal["stop", "skip"]
#: How VIDM denoises a frame.
SamplerName = Literal["ancestral", "ddim", "dpm-solver", "sde-dpm-solver"]
#: Whether VIDM takes new noise for each frame, as in the paper, or one noise for all frames of a video.
NoiseChoice = Literal["frame", "video"]
#: Which of VIDM's two generators are trained.
TrainedPart = Literal["both", "content", "motion"]
#: Which clips of a training video ``memorisation`` searches.
TrainClips = Literal["random", "chunks", "windows"]
#: Which networks ``check`` runs: those whose weights are on this machine, all (fetching weights), or none.
CheckedWeights = Literal["auto", "with", "without"]
#: File formats of tables.
TableFormat = Literal["md", "csv", "latex", "html"]
#: How ``compare`` prints its table.
ComparisonFormat = Literal["text", "md", "csv"]
#: File formats of ``results export``.
ExportFormat = Literal["csv", "parquet"]
#: What ``sample`` writes: a file (png: a folder of frames) per video; npz: one file of all.
SampleFormat = Literal["mp4", "gif", "png", "npz"]
#: What ``data make`` writes: a lossless file per video, or one array of all.
DatasetFormat = Literal["mp4", "npz"]
#: What ``list`` lists.
CatalogueKind = Literal["models", "datasets", "protocols", "recipes", "detectors", "results"]
