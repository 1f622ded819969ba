"""Fitted coefficients: what ``python -m training.coefficients`` wrote to ``coefficients.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "coefficients.json"


@cache
def coefficients(part: str) -> Mapping[str, Any]:
    """Return the coefficients of one part of the answer path."""
    found: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))[part]
    return found
