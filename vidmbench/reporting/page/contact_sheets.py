"""The image that ``run`` wrote beside a record, as a page may show it."""

import io
import os
import stat
from pathlib import Path

from vidmbench.core.errors import ResultError

_MOST_BYTES, _MOST_PIXELS = 30_000_000, 60_000_000


def contact_sheet_beside(record: Path) -> bytes | None:
    """The image of the same name as a record, as a PNG file written anew.

    Whoever makes a folder of records can put anything under that name: a link to a private file, a page in place of an
    image, an image with a text behind it. So links are not followed, and only pixels are taken over.

    Args:
        record: The record's file.

    Returns:
        The PNG file; None where there is none.

    Raises:
        ResultError: It is a link, not a regular file, too large, or no PNG that can be read.
    """
    path = record.with_suffix(".png")
    if path.is_symlink():
        raise _unshown("is a link", path)
    try:
        # Neither follows a link that has just taken the file's place nor waits at a named pipe.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unshown(f"cannot be opened ({error.strerror})", path) from error
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        os.close(handle)
        raise _unshown("is not a regular file", path)
    with os.fdopen(handle, "rb") as stream:
        if facts.st_size > _MOST_BYTES:
            raise _unshown(f"is larger than {_MOST_BYTES // 10**6} MB", path)
        data = stream.read(_MOST_BYTES)
    return _pixels_of(data, path)


def _pixels_of(data: bytes, path: Path) -> bytes:
    from PIL import Image

    copy = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise _unshown(f"has {image.width} x {image.height} pixels", path)
            image.convert("RGB").save(copy, "png")
    except ResultError:
        raise
    except Exception as error:  # Pillow's decoders raise errors of many types
        raise _unshown("is not a PNG file that can be read", path) from error
    return copy.getvalue()


def _unshown(reason: str, path: Path) -> ResultError:
    return ResultError(f"the image beside its record {reason}", where=str(path))
