"""Which endings the files of videos and frames have: the one list of them. All are compared in lower case."""

#: Containers that PyAV opens; .y4m is raw video.
CONTAINER_SUFFIXES = frozenset(
    [
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
        ".y4m",
    ]
)
#: Image formats that are there for animations: each file is a video, if only of one frame.
ANIMATION_SUFFIXES = frozenset((".apng", ".gif"))
#: What is a video whatever it holds.
VIDEO_SUFFIXES = CONTAINER_SUFFIXES | ANIMATION_SUFFIXES
#: Images, each one frame, unless it is of the next kind and holds several.
PICTURE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
#: Images that may hold several frames, and then are videos: animated WebP and PNG, TIFF of several pages.
MAYBE_ANIMATED_SUFFIXES = frozenset((".png", ".tif", ".tiff", ".webp"))
ARRAY_SUFFIXES = frozenset((".npy", ".npz"))
#: Archives that are read without unpacking.
ARCHIVE_SUFFIXES = frozenset((".tar", ".zip"))
#: Text files with the paths of videos.
LIST_SUFFIXES = frozenset((".lst", ".txt"))
#: Two spellings of one format.
SAME_SUFFIX = {".jpeg": ".jpg", ".tiff": ".tif"}


def listed(suffixes: frozenset[str]) -> str:
    """Endings in words: ``avi, mp4``."""
    return ", ".join(sorted(suffix[1:] for suffix in suffixes))


KINDS = (
    f"video files ({listed(VIDEO_SUFFIXES)}; animated webp and png; tif of several pages) "
    f"or folders of frames ({listed(PICTURE_SUFFIXES)})"
)
