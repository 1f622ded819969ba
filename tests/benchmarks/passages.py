"""Make any number of realistic passages: sentences of the starter corpus, recombined, with a long tail of rare words.

The same count and seed give the same passages. Each document keeps to a few real sheets, as a real one keeps to its
subject, and is as long as ``PAGES`` passages.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ingest.documents import LANGUAGES, Language, Page, Section, SourceDocument, Statement
from ingest.passages import LENGTH
from ingest.readers import read
from ingest.settings import load

PAGES = 10
"""Passages of a document; each stands on a page of its own, so that no other cut can change their number."""
SHEETS = 4
"""Real sheets that the sentences of one document come from."""
RARE = 3
"""A word that the corpus has at most so often may be exchanged for a coined one."""
EXCHANGED = 0.45
"""Share of rare words that are exchanged."""
TAIL = 1.2
"""Exponent of Zipf's law for coined words: the nearer to 1, the more of them are seen only once."""
_WORD = re.compile(r"[^\W\d_]{5,}")
_FIGURE = re.compile(r"\d{2,}")


@dataclass(frozen=True, slots=True)
class Stock:
    """What the corpus holds in one language: the sheets (title, headings, sentences) and its rare words' halves."""

    language: Language
    sheets: tuple[SourceDocument, ...]
    rare: frozenset[str]
    beginnings: tuple[str, ...]
    endings: tuple[str, ...]

    def coin(self, rank: int) -> str:
        """Return the word of a *rank* from 1: the beginning of one rare word with the ending of another."""
        return self.beginnings[rank % len(self.beginnings)] + self.endings[rank * 7919 % len(self.endings)]


def generate(count: int, seed: int = 1) -> Iterator[SourceDocument]:
    """Yield documents of *count* passages together, every passage distinct, the languages taking turns."""
    draw, ranks = random.Random(seed), np.random.default_rng(seed)
    seen: set[str] = set()
    for number, start in enumerate(range(0, count, PAGES)):
        stock = read_stock(LANGUAGES[number % len(LANGUAGES)])
        sheets = draw.sample(stock.sheets, SHEETS)
        pages = []
        for page in range(1, min(PAGES, count - start) + 1):
            while (text := (made := Page((_section(stock, sheets, draw, ranks),), number=page)).text) in seen:
                continue
            seen.add(text)
            pages.append(made)
        title = f"{sheets[0].title} {_exchange(draw.choice(sorted(stock.rare)), stock, ranks).capitalize()}"
        digest = hashlib.sha256("\n".join(page.text for page in pages).encode()).hexdigest()
        yield SourceDocument(
            id=f"benchmark-{number:06}", language=stock.language, title=title, pages=tuple(pages), digest=digest,
            url=f"https://example.org/{number}", as_of="2026-11-23",
        )  # fmt: skip


@cache
def read_stock(language: Language, corpus: Path | None = None) -> Stock:
    """Read the sheets of *language*; the answer is kept, since reading them takes a second."""
    settings = load()
    folder = (corpus or settings.corpus_dir) / language
    sheets = tuple(read(path, settings) for path in sorted(folder.glob("*.md")))
    counts = Counter(word for sheet in sheets for page in sheet.pages for word in _WORD.findall(page.text))
    rare = sorted(word for word, times in counts.items() if times <= RARE and word.islower())
    return Stock(
        language,
        sheets,
        frozenset(rare),
        tuple(dict.fromkeys(word[: len(word) // 2 + 1] for word in rare)),
        tuple(dict.fromkeys(word[len(word) // 2 + 1 :] for word in reversed(rare))),
    )


def _section(
    stock: Stock, sheets: Sequence[SourceDocument], draw: random.Random, ranks: np.random.Generator
) -> Section:
    """Fill one passage with sentences of *sheets* up to the length at which a passage is cut."""
    statements: list[Statement] = []
    words = 0
    while True:
        section = draw.choice(draw.choice(sheets).pages[0].sections)
        statement = draw.choice(section.statements)
        words += len(statement.text.split())
        if words > LENGTH and statements:
            return Section(section.headings, tuple(statements), section.key)
        statements.append(Statement(_vary(statement.text, stock, draw, ranks), statement.role, statement.source))


def _vary(text: str, stock: Stock, draw: random.Random, ranks: np.random.Generator) -> str:
    """Exchange some rare words of a sentence for coined ones and give its figures other digits."""

    def word(match: re.Match[str]) -> str:
        return _exchange(match[0], stock, ranks) if draw.random() < EXCHANGED else match[0]

    def figure(match: re.Match[str]) -> str:
        return str(draw.randrange(10 ** (len(match[0]) - 1), 10 ** len(match[0])))

    return _FIGURE.sub(figure, _WORD.sub(word, text))


def _exchange(word: str, stock: Stock, ranks: np.random.Generator) -> str:
    return stock.coin(int(ranks.zipf(TAIL) % 2**40)) if word in stock.rare else word
