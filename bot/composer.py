"""Compose an answer by extraction: pick the statements that answer the question, not whole passages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bot.answers import Hit
from bot.coefficients import coefficients
from bot.intent import Want
from bot.retrieval import Query, Retriever
from bot.statements import SIGNALS, Candidate, Statements
from ingest.documents import Passage
from ingest.figures import figures
from ingest.snapshot import position

WORDS = 90
"""Words of an answer at most; the first statement always comes through."""
STATEMENTS = 5
WORSE = 8.0
"""How far below the best another statement may lie: it is then some thousand times less likely to be the answer."""
CALLED = 2.0
"""Added to the fitted weight of a name: who names a programme wants to read of it first, whatever else fits."""
LISTED_WORDS = 110
"""Words of an answer that lists aids."""
SURE = 0.5
"""Clearness of a name from which on its document has the first word."""
REPEATS = 0.93
"""Cosine from which a statement says again what another one said."""
CITED_DOCUMENTS = 3
NEARLY = 0.55
"""Of the best document's score that another one must reach to be cited as well."""


class Composer:
    """Picks the statements of an answer from what was found."""

    def __init__(self, retriever: Retriever) -> None:
        self._statements = Statements(retriever)
        fitted = coefficients("statements")
        self._weights = np.array([fitted[name] for name in SIGNALS])
        self._weights[SIGNALS.index("named")] += CALLED

    def take_over(self, former: Composer) -> bool:
        """Keep what the composer of a former generation has prepared; return whether it can be used."""
        return self._statements.take_over(former._statements)

    def prepare(self, passages: Iterable[Passage]) -> None:
        """Prepare the statements of *passages*, so that the first questions about them are as quick as later ones."""
        if unprepared := self._statements.unprepared(passages):
            self._statements.prepare(unprepared)

    def candidates(
        self,
        query: Query,
        wants: frozenset[Want],
        documents: Sequence[tuple[str, float]],
        hits: Sequence[Hit],
        named: Mapping[str, float],
    ) -> list[Candidate]:
        """Return the statements of the best *documents*, best first, in the asker's language where there are some.

        The score is the logarithm of how likely a statement is the answer, but for a constant (a conditional logit
        over the statements of a question: McFadden, 1974).
        """
        passages = {hit.passage.id: hit.score for hit in hits}
        found = self._statements.candidates(query, wants, documents, passages, named)
        scored = [dataclasses.replace(each, score=float(each.signals @ self._weights)) for each in found]
        return _called_first(sorted(scored, key=lambda candidate: -candidate.score))

    def select(self, candidates: Sequence[Candidate], wants: frozenset[Want]) -> list[Candidate]:
        """Return two to five statements that cover the question without repeating, the direct answer first.

        What a programme pays is not left out when money is the question: rate and ceiling come right after.
        """
        # A gap may lead only where it is the one asked for: that another programme's price is unknown helps nobody.
        candidates = [c for c in candidates if c.span.role != "gap" or c.signal("gap_asked")]
        if not candidates:
            return []
        chosen = [candidates[0]]
        best = candidates[0].score
        money = self._money(candidates, wants)
        for candidate in (*money, *candidates[1:]):
            if candidate.score < best - WORSE and candidate not in money:
                continue
            if _fits(candidate, chosen, wants):
                chosen.append(candidate)
        return chosen

    def listed(self, candidates: Sequence[Candidate], document: str) -> list[Candidate]:
        """Return what *document*, a list of aids, says of them in short, in its order; what is too long is left out."""
        brief = [c for c in candidates if c.document == document and c.span.section == "brief"]
        chosen: list[Candidate] = []
        for candidate in sorted(brief, key=lambda each: (position(each.passage.id), each.span.start)):
            words = sum(len(other.text.split()) for other in (*chosen, candidate))
            if candidate.span.role == "fact" and len(chosen) < STATEMENTS and words <= LISTED_WORDS:
                chosen.append(candidate)
        return chosen

    def _money(self, candidates: Sequence[Candidate], wants: frozenset[Want]) -> list[Candidate]:
        """Return the statements on rate and ceiling that an answer of this kind must hold."""
        best = candidates[0].document
        paying = [
            candidate
            for candidate in candidates
            if candidate.span.section == "pays"
            and candidate.span.role == "fact"
            and figures(candidate.text, candidate.passage.language)
        ]
        if "difference" in wants:
            # Two things are compared on the same point: what each is or pays, not what one of them once paid.
            near = sorted(candidates, key=lambda c: -c.signal("named"))
            compared = list(dict.fromkeys(c.document for c in near if c.signal("document") >= NEARLY))[:2]
            briefs = [c for c in candidates if c.span.section == "brief" and c.span.role == "fact"]
            firsts = (
                next((c for c in group if c.document == document), None)
                for document in compared
                for group in (briefs, paying)
            )
            return [candidate for candidate in firsts if candidate]
        number = 2 if "support" in wants else 1 if "how_much" in wants else 0
        return [candidate for candidate in paying if candidate.document == best][:number]


def _called_first(candidates: list[Candidate]) -> list[Candidate]:
    """Return *candidates* with the best one of the document that is called by its name in front."""
    called = max((candidate.signal("named") for candidate in candidates), default=0.0)
    if called < SURE:
        return candidates
    first = next(candidate for candidate in candidates if candidate.signal("named") == called)
    return [first, *(candidate for candidate in candidates if candidate is not first)]


def _fits(candidate: Candidate, chosen: Sequence[Candidate], wants: frozenset[Want]) -> bool:
    """Return whether *candidate* may join the *chosen*: room, no repetition, few documents, one gap at most."""
    if candidate in chosen or len(chosen) >= STATEMENTS:
        return False
    gaps = any(other.span.role == "gap" for other in chosen)
    if candidate.span.role == "gap" and (gaps or not candidate.answers(wants)):
        return False
    if sum(len(other.text.split()) for other in (*chosen, candidate)) > WORDS:
        return False
    if max(float(candidate.vector @ other.vector) for other in chosen) > REPEATS:
        return False
    seen = {other.document for other in chosen}
    return candidate.document in seen or (len(seen) < CITED_DOCUMENTS and candidate.signal("document") >= NEARLY)
