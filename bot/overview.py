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
from ingest.analysis import content_words, fold, words
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
    aims = {word for word in rest if not regions(word)}
    return aims.isdisjoint(names) and aims.isdisjoint(_proper(question, language))


def _proper(question: str, language: Language) -> set[str]:
    """Return the folded words that are names: a place that is in no list is no town of ours."""
    # German writes every noun with a capital: only after a word of place is it a name.
    before = r"\b(?:in|aus|von|bei|nach)\s+" if language == "de" else r"(?<=[\w,;:)»’'-])\s+(?:[ld]['’])?"
    found = re.findall(before + r"([^\W\d_][\w-]*)", question)
    return {fold(part) for word in found if word[0].isupper() for part in words(word)}


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    listed = read_list(Path(__file__).parent / "overview.yaml")
    return tuple((kind, re.compile("|".join(alternatives))) for kind, alternatives in listed.items())


def _kind(word: str) -> str:
    return next((kind for kind, pattern in _kinds() if pattern.fullmatch(word)), "")
