"""Keeping small linear algebra on one thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """The BLAS libraries of NumPy and SciPy; finding them takes longer than a small decomposition."""
    import scipy.linalg  # noqa: F401 - a library that is loaded later would not be found

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Holds BLAS and LAPACK to one thread inside the block.

    Two BLAS threads that fight for a busy machine turn a 400 x 400 decomposition of 20 ms into seconds.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield
