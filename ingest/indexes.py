"""The indexes of one generation: vectors, words and lexicon in a folder of their own, derived from the database.

A generation is never changed once it is whole. The next one starts as a copy beside it (a copy of ten thousand passages
takes some ten milliseconds) and is used when the database says so: readers see the old one or the new one, never half.
"""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from ingest.documents import LANGUAGES, Passage
from ingest.embedding import Embedder, StaticEmbedder
from ingest.lexicon import Lexicon
from ingest.manners import stand_back
from ingest.progress import Progress
from ingest.vectors import VectorIndex
from ingest.words import WordIndex

BATCH = 50
"""Passages whose vectors are made and stored in one piece: nothing else runs for some ten milliseconds."""
_PARTS = ("chroma", "words", "lexicon")
_WHOLE = "whole"
"""The mark of a part that was written to its end. It goes with its folder: one made empty on opening has none."""


class Indexes:
    """The three indexes of a generation, each opened when first asked."""

    def __init__(self, folder: Path, words_model: StaticEmbedder) -> None:
        self.folder = folder
        self._words_model = words_model

    @cached_property
    def vectors(self) -> VectorIndex:
        """The passages by meaning."""
        index = VectorIndex(self.folder / "chroma")
        # Chroma keeps what was opened for as long as the process lives, unless it is told.
        weakref.finalize(self, index.close)
        return index

    @cached_property
    def words(self) -> WordIndex:
        """The passages by words."""
        return WordIndex(self.folder / "words", self._words_model.vocabulary)

    @cached_property
    def lexicon(self) -> Lexicon:
        """Which words stand in which passage."""
        return Lexicon(self.folder / "lexicon", self._words_model)

    @property
    def whole(self) -> bool:
        """Whether everything that belongs into them was written."""
        return all((self.folder / part / _WHOLE).is_file() for part in _PARTS)

    def retire(self) -> None:
        """Remove the folder once nobody holds these indexes any more; answers that are under way still do."""
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @classmethod
    def build(
        cls,
        folder: Path,
        base: Indexes | None,
        embedder: Embedder,
        words_model: StaticEmbedder,
        *,
        passages: Sequence[Passage] = (),
        removed: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Self:
        """Return new indexes in *folder*: those of *base* without the *removed* ids and with *passages*."""
        shutil.rmtree(folder, ignore_errors=True)
        built = cls(folder, words_model)
        try:
            if base is None:
                folder.mkdir(parents=True)
            else:
                shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns(_WHOLE))
            built._update(passages, removed, embedder, progress)
        except BaseException:
            built.retire()
            raise
        for part in _PARTS:
            (folder / part).mkdir(exist_ok=True)
            (folder / part / _WHOLE).touch()
        return built

    def _update(
        self, passages: Sequence[Passage], removed: Sequence[str], embedder: Embedder, progress: Progress | None
    ) -> None:
        self.words.update(passages, removed)
        self.lexicon.update(passages, removed)
        if removed:
            self.vectors.remove(removed)
        done = 0
        for language in LANGUAGES:
            group = [passage for passage in passages if passage.language == language]
            for start in range(0, len(group), BATCH):
                batch = group[start : start + BATCH]
                vectors = embedder.encode([passage.indexed_text for passage in batch])
                self.vectors.add(language, [passage.id for passage in batch], vectors)
                stand_back()
                done += len(batch)
                if progress:
                    progress("index", done, len(passages))
