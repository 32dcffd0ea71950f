"""Counts as people write them."""


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 video``, ``2 videos``.

    Args:
        count: How many.
        noun: Its singular, whose plural takes an s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
