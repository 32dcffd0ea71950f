"""Keeping small linear algebra on one thread."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Holds BLAS and LAPACK to one thread inside the block.

    Two BLAS threads that fight for a busy machine turn a 400 x 400 decomposition of 20 ms into seconds. Setting the
    limit takes about a millisecond, longer than a small decomposition, so it belongs around a whole
    computation, once, and not around each of its steps.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield
