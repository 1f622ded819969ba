"""Every visible string, in four languages, from the catalogue ``bot/wording/*.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ingest.documents import Language
from ingest.listing import read_list

FOLDER = Path(__file__).parent / "wording"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return key → language → string of all files of the catalogue; ``answers.found`` stands in ``answers.yaml``."""
    return {
        f"{path.stem}.{key}": texts for path in sorted(FOLDER.glob("*.yaml")) for key, texts in read_list(path).items()
    }


def say(key: str, language: Language, /, **values: object) -> str:
    """Return the string *key* in *language* with *values* filled in; a missing one is a KeyError."""
    return catalogue()[key][language].format(**values)
