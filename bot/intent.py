"""What kind of answer a question wants, and whether it leans on the turns before."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from ingest.analysis import fold, terms, words
from ingest.documents import Language

Want = Literal["how_much", "when", "where", "who", "allowed", "difference", "open", "support", "price", "what"]

_LEANS = re.compile(
    r"^\W*(et|en|und|and|ou|of|oder|or|mais|maar|aber|but|alors|dus|so|ok|oui|ja|yes)\b|"
    r"\b(celui-ci|celle-ci|ceux-ci|cela|ca|y|lui|leur|ce (prestataire|taux|montant|programme|cheque|pret)|"
    r"cette (aide|etude|prime|mesure|formation)|il|elle|ils|elles|"
    r"die|deze|dit|dat|hij|zij|ze|daarvan|daarin|daarvoor|het|dies|diese\w*|das|davon|dafur|dazu|er|sie|es|"
    r"it|its|they|them|this|that|these|those|there)\b"
)


@cache
def _compiled() -> tuple[tuple[Want, re.Pattern[str]], ...]:
    patterns = yaml.safe_load((Path(__file__).parent / "intent.yaml").read_text(encoding="utf-8"))
    return tuple((want, re.compile("|".join(alternatives))) for want, alternatives in patterns.items())


def wants(question: str) -> frozenset[Want]:
    """Return what *question* asks for; ``what`` when nothing special."""
    text = re.sub(r"[’ʼ`´]", "'", fold(question))
    found = frozenset(want for want, pattern in _compiled() if pattern.search(text))
    return found or frozenset({"what"})


def leans_on_history(question: str, language: Language) -> bool:
    """Return whether *question* makes sense only with the turns before it."""
    text = fold(question)
    content = terms(question, language)
    if re.match(r"^\W*(et|en|und|and|ou|mais|maar|aber|but)\b", text):
        return True
    return len(words(question)) <= 12 and (len(content) <= 2 or bool(_LEANS.search(text)))
