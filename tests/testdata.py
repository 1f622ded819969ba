"""The files of others that some tests read: beside the repository, or in the folder that ``GUICHET_TESTDATA`` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

TESTDATA = Path(os.environ.get("GUICHET_TESTDATA") or Path(__file__).parents[2] / "shared" / "testdata")


def needed(place: str) -> Path:
    """Return a file or folder of the test data; where it is missing the test is skipped, but never in CI."""
    found = TESTDATA / place
    if not found.exists():
        absent(f"{place} of the test data is not there")
    return found


def absent(what: str) -> NoReturn:
    """Skip a test for which something is missing; in CI it fails, or nobody would notice that it never runs."""
    said = f"{what}; GUICHET_TESTDATA names the folder of the test data"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)
