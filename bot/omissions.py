"""What an answer must not leave out: a ceiling or an exclusion that belongs to a programme it cites.

The state is said by :mod:`bot.finishing` in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.intent import Want
from bot.statements import Candidate
from bot.states import PROGRAMME_KINDS
from ingest.library import Library
from ingest.quantities import quantities

CEILING = re.compile(
    r"\b(?:plafon\w+|maxim\w+|max\.|au plus|jusqu'[àa]|ne (?:peut|peuvent) (?:pas )?dépasser|limité\w*"
    r"|hoogstens|ten hoogste|begrensd|beperkt tot|bovengrens"
    r"|höchst\w*|obergrenze|begrenzt|gedeckelt|bis zu"
    r"|up to|at most|ceiling|capped?|no more than|limited to)(?!\w)",
    re.IGNORECASE,
)
"""Words that make of an amount a ceiling."""
_MONEY: frozenset[Want] = frozenset({"how_much", "price", "support"})
EXCLUSION = re.compile(
    r"\bexclu(?:s|es?|ent|t)?\b|\bn['’e][^.]{0,25}\b(?:éligibles?|admis\w*|pas droit)\b|\bne s['’]applique\w* pas\b"
    r"|\buitgesloten\b|\bniet in aanmerking\b|\bgeen recht op\b"
    r"|\bausgeschlossen\b|\bnicht (?:förderfähig|förderbar|berechtigt)\b"
    r"|\b(?:not|never) eligible\b|\bineligible\b|\bexcluded?\b|\bare not covered\b",
    re.IGNORECASE,
)
"""Words that shut somebody or something out."""
_PAST = re.compile(
    r"\b(?:étai(?:en)?t|avai(?:en)?t|pouvai(?:en)?t|waren|konden|werd|wurden?|konnten?|were|was|could)\b", re.IGNORECASE
)
"""A rule of the past binds nobody."""


def omitted(said: Sequence[Candidate], candidates: Iterable[Candidate], library: Library) -> list[Candidate]:
    """Return the statements that must join an answer which cites *said*: of the programme that it is about, or whose
    money it tells, the first ceiling; of that programme, the first exclusion. Those that it has already are left out.
    """
    found: list[Candidate] = []
    facts = [candidate for candidate in candidates if candidate.span.role == "fact"]
    for place, document in enumerate(dict.fromkeys(candidate.document for candidate in said)):
        own = [candidate for candidate in said if candidate.document == document]
        info = library.documents.get(own[0].passage.document_key)
        if info is None or info.meta.get("kind") not in PROGRAMME_KINDS:
            continue
        of_document = [candidate for candidate in facts if candidate.document == document]
        if place == 0 or any(_is_money(candidate) for candidate in own):
            found += _missing(own, [candidate for candidate in of_document if _is_ceiling(candidate)])
        if place == 0:
            found += _missing(own, [candidate for candidate in of_document if _is_exclusion(candidate)])
    return found


def unanswered(said: Sequence[Candidate], chosen: Sequence[Candidate], wants: frozenset[Want]) -> list[Candidate]:
    """Return the statements that an answer lacks when money is asked for and none that it cites tells any."""
    if wants.isdisjoint(_MONEY) or any(_is_money(candidate) for candidate in said):
        return []
    telling = [candidate for candidate in chosen if candidate.span.role == "fact" and _is_money(candidate)]
    return [candidate for candidate in telling if candidate.document == chosen[0].document][:2]


def _missing(own: Sequence[Candidate], needed: Sequence[Candidate]) -> list[Candidate]:
    """Return the first of the *needed* statements when none of them is said."""
    return [] if set(needed) & set(own) else list(needed[:1])


def _is_money(candidate: Candidate) -> bool:
    told = quantities(candidate.text, candidate.passage.language)
    return candidate.span.section == "pays" and any(quantity.unit in ("percent", "EUR") for quantity in told)


def _is_ceiling(candidate: Candidate) -> bool:
    return _is_money(candidate) and bool(CEILING.search(candidate.text)) and not _PAST.search(candidate.text)


def _is_exclusion(candidate: Candidate) -> bool:
    return bool(EXCLUSION.search(candidate.text)) and not _PAST.search(candidate.text)
