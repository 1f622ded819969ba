"""Tell which of the four languages a text is written in."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from ingest.analysis import STOP_WORDS, words
from ingest.documents import LANGUAGES, Language


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def prepare() -> None:
    """Load what tells languages apart; it takes half a second, which the first text would else wait for."""
    _identifier()


SURE = 0.5
SHORT = 8
"""A text with fewer words is judged by its small words first: letters alone mislead among names of programmes."""


def detect(text: str, default: Language = "fr") -> Language:
    """Return the language of *text*, or *default* when nothing speaks clearly for one of the four."""
    spoken = words(text)
    if len(spoken) < SHORT:
        votes = {language: sum(word in STOP_WORDS[language] for word in spoken) for language in LANGUAGES}
        best = max(votes.values())
        leaders = [language for language in LANGUAGES if votes[language] == best]
        if best and len(leaders) == 1:
            return leaders[0]
    if not any(len(word) > 3 for word in spoken):
        return default
    language, probability = _identifier().classify(text[:2000])
    return cast(Language, language) if probability >= SURE else default
