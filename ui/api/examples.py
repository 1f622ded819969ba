"""Real requests and responses for the OpenAPI document; a test proves that they still are what is answered."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")


@cache
def _examples() -> dict[str, Any]:
    examples: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return examples


def example(name: str) -> Any:
    """Return the example *name*."""
    return _examples()[name]


def body(name: str) -> dict[str, Any]:
    """Return what an operation says of its body beyond its schema: the examples *name*, by title."""
    examples = {
        title.lower().replace(" ", "_"): {"summary": title, "value": value} for title, value in example(name).items()
    }
    return {"requestBody": {"content": {"application/json": {"examples": examples}}}}
