"""Which questions have one meaning: each joins the nearest item if that is near enough, else founds one.

Nothing is ever grouped anew: an item that staff has seen stays what it is, whatever comes after.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence

import numpy as np

from bot.names import Names
from ingest.analysis import content_words, fold, words
from ingest.documents import Language
from ingest.embedding import Embedder, Vectors
from ingest.embedding.embedder import unit

NEAR = 0.55
"""Cosine from which a question joins an item: set on the questions «chosen» of tests/bot/gap_questions.yaml."""
NAMED = 0.6
"""How clearly a question must call a programme by name for others not to share its item."""
_COMMON = (
    "aide", "aides", "subside", "entreprise", "PME", "intelligence", "artificielle", "IA", "steun", "subsidie",
    "bedrijf", "kmo", "AI", "Förderung", "Zuschuss", "Unternehmen", "KMU", "KI", "grant", "support", "company", "SME",
)  # fmt: skip
"""What nearly every question is about: the mean of these words is taken out of the vectors."""
_FRAME_WORDS = """
    existe il une aide aides subside subsides subvention prime pour acheter achat obtenir recevoir demander droit avoir
    puis je peut on faut entreprise pme societe atelier mon ma
    steun subsidie subsidies premie bestaat kopen krijgen aanvragen recht bedrijf kmo onderneming krijg krijgt
    forderung zuschuss zuschusse beihilfe beihilfen pramie kaufen bekommen beantragen unternehmen firma kmu fordert
    gefordert
    grant grants support funding subsidy subsidised buy get apply company sme business help hilfe aid any
"""
_FRAME = frozenset(_FRAME_WORDS.split())
"""Folded words in which a question is put: «is there a grant to buy a …» says nothing of what is to be bought."""


class Meanings:
    """The meaning of questions: as a whole, without what they all have in common, and of the words that matter."""

    def __init__(self, model: Embedder) -> None:
        self.name = model.name
        self.dimension = model.dimension
        self._model = model
        self._common = model.encode(_COMMON).mean(axis=0)

    def of(self, texts: Sequence[str], languages: Sequence[Language]) -> Vectors:
        """Return one unit vector a text; a text of which the model knows no word has the zero vector."""
        vectors = self._model.encode(texts)
        said = np.linalg.norm(vectors, axis=1) > 0
        vectors[said] -= self._common
        matter = [
            " ".join(word for word in content_words(text, language) if word not in _FRAME) or text
            for text, language in zip(texts, languages, strict=True)
        ]
        return unit(unit(vectors) + self._model.encode(matter))


class Items:
    """The vectors of the items, to find the nearest. An item may have several: those of what was merged into it."""

    def __init__(self, dimension: int) -> None:
        self._sums: Vectors = np.zeros((256, dimension), dtype=np.float32)
        self._units: Vectors = np.zeros_like(self._sums)
        self._gaps = np.zeros(256, dtype=np.int64)
        self._programmes = np.zeros(256, dtype=np.int64)
        self._codes: dict[str, int] = {}
        self._count = 0

    def add(self, gap: int, sums: Vectors, programme: str | None) -> None:
        """Add an item with its *sums* of vectors and the programme that its questions name."""
        for row in sums:
            if self._count == len(self._gaps):
                self._grow()
            at = self._count
            self._count += 1
            self._gaps[at] = gap
            self._programmes[at] = self._code(programme)
            self._put(at, row)

    def nearest(self, vector: Vectors, named: Collection[str]) -> tuple[int, int, float]:
        """Return the row and the item that are nearest, and how near; items of other named programmes are apart."""
        if not self._count or not vector.any():
            return -1, 0, 0.0
        near = self._units[: self._count] @ vector
        if named:
            held = self._programmes[: self._count]
            apart = (held != 0) & ~np.isin(held, [self._code(programme) for programme in named])
            near[apart] = 0.0
        row = int(near.argmax())
        return row, int(self._gaps[row]), float(near[row])

    def join(self, row: int, vector: Vectors, programme: str | None) -> None:
        """Let a question take part in the meaning of an item, and give that the programme that it names."""
        self._put(row, self._sums[row] + vector)
        if programme:
            rows = self._gaps[: self._count] == self._gaps[row]
            self._programmes[: self._count][rows & (self._programmes[: self._count] == 0)] = self._code(programme)

    def sums(self, gap: int) -> Vectors:
        """Return the sums of vectors of an item."""
        found: Vectors = self._sums[: self._count][self._gaps[: self._count] == gap]
        return found

    def _put(self, row: int, sums: Vectors) -> None:
        self._sums[row] = sums
        length = np.linalg.norm(sums)
        self._units[row] = sums / length if length else 0.0

    def _code(self, programme: str | None) -> int:
        return self._codes.setdefault(programme, len(self._codes) + 1) if programme else 0

    def _grow(self) -> None:
        self._sums, self._units = (np.concatenate([held, np.zeros_like(held)]) for held in (self._sums, self._units))
        self._gaps, self._programmes = (
            np.concatenate([held, np.zeros_like(held)]) for held in (self._gaps, self._programmes)
        )


def named(text: str, names: Names, programmes: Collection[str]) -> list[str]:
    """Return the documents that a question clearly calls by their names, *programmes* and the clearest first."""
    found = [(document, weight) for document, weight in names.named(text).items() if weight >= NAMED]
    return [document for document, _ in sorted(found, key=lambda one: (one[0] not in programmes, -one[1], one[0]))]


def same_words(text: str) -> str:
    """Return what two questions have in common that are the same but for capitals, accents and punctuation."""
    return " ".join(fold(word) for word in words(text))


def shared_words(
    questions: Sequence[tuple[str, Language, object]], known: Container[str], least: int, most: int = 6
) -> list[str]:
    """Return content words that stand in at least *least* different questions, asked on two days or more.

    *questions* are texts with their language and day. Only *known* words count, of the dictionary and not of somebody:
    five questions of one firm may all hold its name.
    """
    asked: dict[str, set[str]] = {}
    days: dict[str, set[object]] = {}
    for text, language, day in questions:
        same = same_words(text)
        for word in set(content_words(text, language)):
            asked.setdefault(word, set()).add(same)
            days.setdefault(word, set()).add(day)
    enough = [
        word for word, texts in asked.items()
        if len(texts) >= least and len(days[word]) > 1 and word in known and not word[0].isdigit()
    ]  # fmt: skip
    return sorted(enough, key=lambda word: (-len(asked[word]), word))[:most]
