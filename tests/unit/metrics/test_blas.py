from threadpoolctl import threadpool_info, threadpool_limits

from vidmbench.metrics.blas import one_blas_thread


def threads_of_blas():
    """Of the libraries of NumPy and SciPy; OpenCV has one of its own, which nothing here calls."""
    libraries = (library for library in threadpool_info() if library["user_api"] == "blas")
    return [library["num_threads"] for library in libraries if "opencv" not in library["filepath"]]


def test_every_library_has_one_thread_inside_and_what_it_had_outside():
    with threadpool_limits(limits=2, user_api="blas"):
        for _ in range(2):
            with one_blas_thread():
                assert set(threads_of_blas()) == {1}
            assert set(threads_of_blas()) == {2}
