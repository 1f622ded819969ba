"""Which words stand in which passage: what is needed to compare word by word, to mend a typo, to know a rare word.

Derived from the database like the other indexes. Words are folded (lower case, no accents) and numbered in the order in
which they were met. The numbers of a passage's words lie in one flat array, the vectors of words in another; both are
read from disk on demand.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ingest.analysis import compound_parts, content_words
from ingest.documents import LANGUAGES, Language, Passage
from ingest.embedding import StaticEmbedder, Vectors
from ingest.manners import in_pieces

Numbers = NDArray[np.int32]
"""Numbers of words, shape ``(n,)``."""
_NONE: Numbers = np.zeros(0, dtype=np.int32)
_WORDS_AT_ONCE = 500
"""Words that get their vectors at once: nothing else runs meanwhile."""


class Lexicon:
    """The vocabulary of a library and the words of each passage."""

    def __init__(self, folder: Path, model: StaticEmbedder) -> None:
        """Open what lies in *folder*; *model* gives the vectors of words, and its own words split compounds."""
        self._folder = folder
        self._model = model
        self._open()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        ids, self.vocabulary = (_read_lines(self._folder / name) for name in ("passages.txt", "vocabulary.txt"))
        self._place = {id: row for row, id in enumerate(ids)}
        self._number = {word: number for number, word in enumerate(self.vocabulary)}
        if ids:
            # Mapped, not read: a large library's words are needed for a few passages a question.
            # A plain view of the map: slicing the map itself costs ten times as much.
            self._flat = np.asarray(np.load(self._folder / "words.npy", mmap_mode="r"))
            self._ends = np.load(self._folder / "ends.npy")
            self._counts = np.load(self._folder / "counts.npy")
        else:
            self._flat, self._ends = _NONE, np.zeros(0, dtype=np.int64)
            self._counts = np.zeros((len(self.vocabulary), len(LANGUAGES)), dtype=np.int32)
        shape = (len(self.vocabulary), self._model.dimension)
        if self.vocabulary:
            file = self._folder / "vectors.f32"
            self.vectors: Vectors = np.asarray(np.memmap(file, dtype=np.float32, mode="r", shape=shape))
        else:
            self.vectors = np.zeros(shape, dtype=np.float32)

    def count(self) -> int:
        """Return how many passages are held."""
        return len(self._place)

    def words_of(self, ids: Sequence[str]) -> list[Numbers]:
        """Return the numbers of the distinct words of each passage; none for an unknown passage."""
        found = []
        for id in ids:
            row = self._place.get(id)
            if row is None:
                found.append(_NONE)
            else:
                start = self._ends[row - 1] if row else 0
                found.append(np.asarray(self._flat[start : self._ends[row]]))
        return found

    def number(self, word: str) -> int | None:
        """Return the number of a folded word, or ``None`` when no passage holds it."""
        return self._number.get(word)

    def numbers(self, words: Iterable[str]) -> Numbers:
        """Return the numbers of those folded words that the vocabulary holds."""
        return np.fromiter((self._number[word] for word in words if word in self._number), dtype=np.int32)

    def frequency(self, word: str, language: Language | None = None) -> int:
        """Return in how many passages, of one language or of all, a folded word stands."""
        number = self._number.get(word)
        if number is None:
            return 0
        row = self._counts[number]
        return int(row.sum() if language is None else row[LANGUAGES.index(language)])

    def words_in(self, language: Language) -> list[str]:
        """Return the words that stand in passages of one language."""
        used = self._counts[:, LANGUAGES.index(language)] > 0
        return [word for word, present in zip(self.vocabulary, used, strict=True) if present]

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._folder)
        self._open()

    def update(self, passages: Iterable[Passage], removed: Sequence[str] = ()) -> None:
        """Take in *passages* and forget the *removed* ids."""
        gone = [id for id in dict.fromkeys(removed) if id in self._place]
        forgotten = list(zip(gone, self.words_of(gone), strict=True))
        kept = [id for id in self._place if id not in set(gone)]
        rows = self.words_of(kept)
        known = len(self.vocabulary)
        added: list[tuple[str, Numbers]] = []
        for passage in in_pieces(passages, 50):
            numbers = (self._number.setdefault(word, len(self._number)) for word in self._words(passage))
            added.append((passage.id, np.fromiter(numbers, dtype=np.int32)))
        self.vocabulary = list(self._number)
        # Words are only ever added: their vectors are too.
        with (self._folder / "vectors.f32").open("ab") as file:
            file.truncate(known * self._model.dimension * 4)
            for start in in_pieces(range(known, len(self.vocabulary), _WORDS_AT_ONCE), 1):
                self._model.encode(self.vocabulary[start : start + _WORDS_AT_ONCE]).tofile(file)
        counts = np.zeros((len(self.vocabulary), len(LANGUAGES)), dtype=np.int32)
        counts[: len(self._counts)] = self._counts
        for change, entries in ((1, added), (-1, forgotten)):
            for id, row in entries:
                counts[row, _column(id)] += change
        rows.extend(row for _, row in added)
        _write_lines(self._folder / "passages.txt", [*kept, *(id for id, _ in added)])
        _write_lines(self._folder / "vocabulary.txt", self.vocabulary)
        np.save(self._folder / "ends.npy", np.cumsum([len(row) for row in rows], dtype=np.int64))
        np.save(self._folder / "counts.npy", counts)
        # The old file stays mapped until it is opened anew: it must be replaced, not written over.
        flat = np.concatenate(rows) if rows else _NONE
        np.save(self._folder / "words.new.npy", flat)
        (self._folder / "words.new.npy").replace(self._folder / "words.npy")
        self._open()

    def _words(self, passage: Passage) -> dict[str, None]:
        headings = dict.fromkeys(span.heading or "" for span in passage.spans)
        text = " ".join((passage.title, *passage.names, *headings, passage.body))
        words = dict.fromkeys(content_words(text, passage.language))
        parts = [part for word in words for part in compound_parts(word, passage.language, self._model.vocabulary)]
        return words | dict.fromkeys(parts)


def _column(id: str) -> int:
    """Return the column of a passage's language, with which its id begins: ``fr/start-ia:1:…``."""
    return LANGUAGES.index(cast(Language, id[:2]))


def _read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
