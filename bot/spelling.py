"""Mend typing errors: a word that no document and no dictionary knows becomes the nearest one that documents hold."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import OSA

from ingest.analysis import compound_parts, fold
from ingest.documents import LANGUAGES, Language
from ingest.lexicon import Lexicon

_WORD = re.compile(r"[^\W\d_]{7,}")
"""Shorter words have too many neighbours: ``poche`` is not ``proche``."""
_TWO_ERRORS = 10
"""Letters from which a word may hold two errors; a shorter one may hold one."""
_BEGINNING = 2
"""First letters that must be right: a slip seldom strikes them."""


class Speller:
    """Knows the words of a library and a *dictionary* of words that are right though no document has them."""

    def __init__(self, lexicon: Lexicon, dictionary: Container[str]) -> None:
        self._lexicon = lexicon
        self._dictionary = dictionary

    def mend(self, text: str, language: Language) -> str:
        """Return *text* with the words that are surely mistyped put right; case and accents of these are lost."""

        def mended(match: re.Match[str]) -> str:
            word = match.group()
            # A capital in mid-sentence makes a name, and a town is not to become a word; German writes all nouns so.
            is_name = word[0].isupper() and match.start() > 0 and language != "de"
            return word if is_name else self._mended(word, language)

        return _WORD.sub(mended, text)

    def _mended(self, word: str, language: Language) -> str:
        folded = fold(word)
        if (
            folded in self._dictionary
            or self._lexicon.frequency(folded)
            or compound_parts(folded, language, self._dictionary)
        ):
            return word
        cutoff = 2 if len(folded) >= _TWO_ERRORS else 1
        found = process.extract(folded, self._words[language], scorer=OSA.distance, score_cutoff=cutoff, limit=8)
        start = folded[:_BEGINNING]
        near = [(other, distance) for other, distance, _ in found if other.startswith(start)]
        if not near:
            return word
        return min(near, key=lambda pair: (pair[1], -self._lexicon.frequency(pair[0], language)))[0]

    @cached_property
    def _words(self) -> dict[Language, list[str]]:
        return {
            language: [word for word in self._lexicon.words_in(language) if len(word) > 3] for language in LANGUAGES
        }
