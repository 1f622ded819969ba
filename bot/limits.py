"""Words that make of a figure a ceiling, shut somebody out, or turn an aid into another one, in four languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

CEILING = re.compile(
    r"\b(?:plafon\w+|maxim\w+|max\.|au plus|jusqu'[àa]|ne (?:peut|peuvent) (?:pas )?dépasser|limité\w*"
    r"|hoogstens|ten hoogste|begrensd|beperkt tot|bovengrens"
    r"|höchst\w*|obergrenze|begrenzt|gedeckelt|bis zu"
    r"|up to|at most|ceiling|capped?|no more than|limited to)(?!\w)",
    re.IGNORECASE,
)
"""Words that make of an amount a ceiling."""
EXCLUSION = re.compile(
    r"\bexclu(?:s|es?|ent|t)?\b|\bn['’e][^.]{0,25}\b(?:éligibles?|admis\w*|pas droit)\b|\bne s['’]applique\w* pas\b"
    r"|\buitgesloten\b|\bniet in aanmerking\b|\bgeen recht op\b"
    r"|\bausgeschlossen\b|\bnicht (?:förderfähig|förderbar|berechtigt)\b"
    r"|\b(?:not|never) eligible\b|\bineligible\b|\bexcluded?\b|\bare not covered\b",
    re.IGNORECASE,
)
"""Words that shut somebody or something out."""
PAST = re.compile(
    r"\b(?:étai(?:en)?t|avai(?:en)?t|pouvai(?:en)?t|waren|konden|werd|wurden?|konnten?|were|was|could)\b", re.IGNORECASE
)
"""A rule of the past binds nobody."""
_PARTY = (
    r"(?:entreprises?|travailleurs?|salariés?|conseillers?|prestataires?|opérateurs?|vous|onderneming(?:en)?"
    r"|werknemers?|adviseurs?|aanbieders?|unternehmen|arbeitnehmer\w*|mitarbeiter\w*|berater\w*|anbieter\w*|sie|firms?"
    r"|compan(?:y|ies)|employees?|workers?|advisers?|providers?|you)"
)
_PAYS = r"(?:pai?e(?:nt|z)?|payent|betaalt|betalen|zahl(?:t|en)|bezahl(?:t|en)|pays?)"
TURNS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "floor": r"\b(?:minim(?:um|al\w*|aal)|au moins|plus d(?:e|')(?= ?\d)|au-delà de(?= ?\d)|minstens|ten minste"
        r"|meer dan(?= ?[€\d])|mindestens|wenigstens|mehr als(?= ?[€\d])|at least|no less than"
        r"|more than(?= ?[€\d]))(?!\w)",
        "open": r"\b(?:ouvert[es]?|open|geopend|offen|geöffnet)\b",
        "free": r"\b(?:gratuit\w*|gratis|kosteloo?s\w*|kostenlos\w*|kostenfrei\w*|free|sans frais|at no cost)\b",
        "whole": r"\b(?:totalité|entière?ment|intégral\w*|volledig\w*|geheel|gesamte?\w*|vollständig\w*|whole"
        r"|entire(?:ly)?|in full|100 ?%)(?!\w)",
        "loan": r"\b(?:prêt(?:s|e|ent|er)?|emprunt\w*|len(?:en|ing)\w*|leent|darlehen|kredit\w*|loans?|lends?|lent"
        r"|borrow\w*)\b",
        "unlabelled": r"\b(?:non[ -](?:labell|agré|reconn|éligib)\w*|niet[- ](?:erkend|gelabeld)\w*"
        r"|nicht (?:anerkannt|zugelassen)\w*|un(?:label|approv|recogni|certifi)\w*)\b",
        "payer": rf"\b(?:{_PARTY} (?:\w+ )?{_PAYS}|{_PAYS} (?:de |der |die |das |den |het |the |u |vous )?{_PARTY})\b",
    }.items()
}
"""Claims that turn an aid into another one: who pays, at least, for nothing, all of it, on loan. That a call is open is
told by code. Each has to stand in a cited quote, whatever else the words say.
"""
_LED_BY_YEAR = re.compile(
    r"^(?:en|in|im jahr|selon|volgens|nach|by|until|jusqu\S*|tot|bis|sous|under)\b.{0,40}?\b(?:19|20)\d\d\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def turned(statement: str, quotes: Sequence[str]) -> str:
    """Return the words of *statement* that make such a claim which no quote makes, or nothing."""
    for pattern in TURNS.values():
        found = pattern.search(statement)
        if found and not any(pattern.search(quote) for quote in quotes):
            return found.group()
    return ""


def is_of_the_past(text: str) -> bool:
    """Return whether *text* tells of what was: in the past tense, or led in by a year."""
    return bool(PAST.search(text) or _LED_BY_YEAR.search(text))


def tells_when(text: str) -> bool:
    """Return whether *text* says of what time it speaks."""
    return bool(PAST.search(text) or _YEAR.search(text))
