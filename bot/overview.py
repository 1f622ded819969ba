"""Tell a general question about aid: «Which aids are there for a small firm that wants to use AI?».

No sheet of a programme says that it is one of several. Such a question holds words that stand in every sheet, and is
answered by chance from any of them, unless it is known for what it is: then a sheet answers that lists the aids.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

from bot.intent import Want
from bot.places import regions
from ingest.analysis import content_words
from ingest.documents import Language
from ingest.listing import read_list

ASKING: frozenset[Want] = frozenset({"support", "what", "allowed", "where", "who"})
"""What a general question may want; an amount, a day or a difference is asked of something."""


def is_general(question: str, language: Language, wants: Collection[Want], names: Collection[str]) -> bool:
    """Return whether *question* asks which aids there are, without an aim that a document is about.

    *names* are the folded words of what documents are called: one of them is such an aim.
    """
    if "support" not in wants or not ASKING.issuperset(wants) or regions(question) - {"wallonia"}:
        return False
    kinds = [(_kind(word), word) for word in content_words(question, language)]
    has_subject = any(kind == "subject" for kind, _ in kinds)
    rest = [word for kind, word in kinds if not kind or (kind == "tools" and not has_subject)]
    if not any(kind == "aid" for kind, _ in kinds) or (rest and not has_subject):
        return False
    return not any(word in names and not regions(word) for word in rest)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    listed = read_list(Path(__file__).parent / "overview.yaml")
    return tuple((kind, re.compile("|".join(alternatives))) for kind, alternatives in listed.items())


def _kind(word: str) -> str:
    return next((kind for kind, pattern in _kinds() if pattern.fullmatch(word)), "")
