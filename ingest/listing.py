"""Read the lists that the guichet brings along: words, rules, strings, as YAML files beside the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where the library of C is there, as in every wheel."""


def read_list(path: Path) -> Any:
    """Return what stands in the YAML file *path*."""
    return yaml.load(path.read_text(encoding="utf-8"), LOADER)
