"""Videos that must be refused."""

import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source


def refused(path, *words):
    """Opens what is there as a source, which must fail in these words; the error."""
    with pytest.raises(DataError) as raised:
        open_source(path)
    for word in words:
        assert word in str(raised.value)
    return raised.value
