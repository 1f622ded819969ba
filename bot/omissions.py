"""What an answer must not leave out: a ceiling or an exclusion that belongs to a programme it cites.

The state of the first programmes is said by :mod:`bot.finishing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.draft import Part
from bot.intent import Want
from bot.limits import CEILING, EXCLUSION, PAST
from bot.statements import Candidate
from bot.states import PROGRAMME_KINDS
from ingest.documents import Language
from ingest.quantities import Quantity, holds, quantities
from ingest.snapshot import Reading

_MONEY: frozenset[Want] = frozenset({"how_much", "price", "support"})
"""What is asked for when it is money."""


def omitted(said: Sequence[Part], candidates: Iterable[Candidate], library: Reading) -> list[Candidate]:
    """Return the statements that must join an answer of these parts: of the programme that it is about, or whose money
    it tells, the first ceiling; of that programme, the first exclusion. Those that it tells already are left out.
    """
    found: list[Candidate] = []
    facts = [candidate for candidate in candidates if candidate.span.role == "fact"]
    cited = [candidate for part in said for candidate in part.quotes]
    for place, document in enumerate(dict.fromkeys(candidate.document for candidate in cited)):
        own = [candidate for candidate in cited if candidate.document == document]
        info = library.documents.get(own[0].passage.document_key)
        if info is None or info.meta.get("kind") not in PROGRAMME_KINDS:
            continue
        of_document = [candidate for candidate in facts if candidate.document == document]
        if place == 0 or any(_is_money(candidate) for candidate in own):
            ceilings = [candidate for candidate in of_document if _is_ceiling(candidate)]
            if not any(_tells_ceiling(part, ceiling) for part in said for ceiling in ceilings):
                found += ceilings[:1]
        if place == 0:
            exclusions = [candidate for candidate in of_document if _is_exclusion(candidate)]
            if not any(_tells_exclusion(part, exclusion) for part in said for exclusion in exclusions):
                found += exclusions[:1]
    return found


def unanswered(said: Sequence[Part], chosen: Sequence[Candidate], wants: frozenset[Want]) -> list[Candidate]:
    """Return the statements that an answer lacks when money is asked for and none of its parts tells any."""
    if wants.isdisjoint(_MONEY) or any(_tells_money(part) for part in said):
        return []
    telling = [candidate for candidate in chosen if candidate.span.role == "fact" and _is_money(candidate)]
    return [candidate for candidate in telling if candidate.document == chosen[0].document][:2]


def _tells_ceiling(part: Part, ceiling: Candidate) -> bool:
    """Return whether a part says a ceiling: a quote as it stands, a model's words only with the amount in them.

    «50 %, with a maximum of €50,000» may be cited for its rate alone.
    """
    if ceiling not in part.quotes:
        return False
    mark = CEILING.search(ceiling.text)
    limits = _money(ceiling.text[mark.start() :] if mark else ceiling.text, ceiling.passage.language)
    told = quantities(part.text, ceiling.passage.language)
    return not part.phrased or all(holds(told, limit) for limit in (limits or _money_of(ceiling))[:1])


def _tells_exclusion(part: Part, exclusion: Candidate) -> bool:
    return exclusion in part.quotes and (not part.phrased or bool(EXCLUSION.search(part.text)))


def _tells_money(part: Part) -> bool:
    return any(_is_money(candidate) for candidate in part.quotes) and bool(
        _money(part.text, part.quotes[0].passage.language)
    )


def _money(text: str, language: Language) -> list[Quantity]:
    return [quantity for quantity in quantities(text, language) if quantity.unit in ("percent", "EUR")]


def _money_of(candidate: Candidate) -> list[Quantity]:
    return _money(candidate.text, candidate.passage.language)


def _is_money(candidate: Candidate) -> bool:
    return candidate.span.section == "pays" and bool(_money_of(candidate))


def _is_ceiling(candidate: Candidate) -> bool:
    return _is_money(candidate) and bool(CEILING.search(candidate.text)) and not PAST.search(candidate.text)


def _is_exclusion(candidate: Candidate) -> bool:
    return bool(EXCLUSION.search(candidate.text)) and not PAST.search(candidate.text)
