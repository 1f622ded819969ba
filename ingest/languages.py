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


SURE = 0.5


def detect(text: str, default: Language = "fr") -> Language:
    """Return the language of *text*, or *default* when nothing speaks clearly for one of the four."""
    if not any(letter.isalpha() for letter in text):
        return default
    language, probability = _identifier().classify(text[:2000])
    return cast(Language, language) if probability >= SURE and len(text) > 3 else default
