"""One double for all tests: the model is chosen by its name, so that nothing has to be set up or reset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.llm.double import Double, serving


@pytest.fixture(scope="session")
def running_double() -> Iterator[Double]:
    """The server, started once."""
    with serving() as double:
        yield double


@pytest.fixture
def double(running_double: Double) -> Double:
    """The server with nothing asked of it yet."""
    running_double.exchanges.clear()
    return running_double
