"""Tell which of the four languages a text is written in."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from ingest.documents import LANGUAGES, Language


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def detect(text: str) -> Language:
    """Return the language of *text*, French when nothing speaks for one of the four."""
    return cast(Language, _identifier().classify(text[:2000])[0]) if text.strip() else "fr"


def probability(text: str, language: Language) -> float:
    """Return how likely *text* is in *language*, between 0 and 1."""
    return float(dict(_identifier().rank(text[:2000])).get(language, 0.0))
