"""Where a run was made: what its figures depend on besides the code."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from ingest.settings import ROOT

PACKAGES = ("guichet-ia", "chromadb", "gradio", "numpy", "pypdfium2", "sqlalchemy", "tantivy", "tokenizers", "uvicorn")


def describe() -> dict[str, Any]:
    """Return the machine without its name: processor, cores, memory, system, Python."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def load() -> list[float]:
    """Return the load average over 1, 5 and 15 minutes: above the number of cores, times are pessimistic."""
    return [round(value, 2) for value in psutil.getloadavg()]


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of the packages that are there."""
    found = {}
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def commit() -> str | None:
    """Return the commit of the working tree, with ``+`` when files differ from it; ``None`` outside a checkout."""
    try:
        head, changes = (
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changes else "")


def _processor() -> str:
    """Return the processor's model; ``platform`` does not know it on Linux."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
