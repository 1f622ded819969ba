"""What kind of answer a question wants, and whether it leans on the turns before."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from ingest.analysis import fold, terms, words
from ingest.documents import Language

Want = Literal["how_much", "when", "where", "who", "allowed", "difference", "open", "support", "what"]

_WANTS: dict[Want, str] = {
    "open": r"\b(encore|toujours) (ouvert\w*|possible|demander|disponible|actif|active|signer)|\bouverte?s?\b|\bexiste(-t-il)?\b|\bsuspend\w*|"
    r"\bcloture\w*|\bclos\b|\bnoch (offen|moglich|beantragen)|\boffen\b|\bnog (open|mogelijk|aanvragen|lopen)|\bloopt\b|\bopen\b|\bstill\b|\bclosed\b",
    "how_much": r"\bcombien\b|\bmontant\w*|\bprix\b|\bcoute?\w*|\btaux\b|pourcent\w*|%|\bplafond\w*|\bmaximum\b|\btarifs?\b|\bbudget\b|\bquelle (part|proportion)|"
    r"\bhoeveel\b|\bbedrag\w*|\bprijs\b|\bkost\w*|percentage|\btarief\b|\bwelk deel\b|\bhoe (groot|hoog|lang)\b|"
    r"\bwie ?viele?\b|\bbetrag\w*|\bpreis\w*|\bprozent\b|\bwie (hoch|gross|lange)\b|"
    r"\bhow (much|many|big|large|long|high)\b|\bamount\b|\bprice\b|\brate\b|\bcosts?\b|\bshare\b|\bworth\b|\bsize\b|\bvaut\b|\bcharges?\b|\bfactur\w+|\bgratuit\w*|\bgratis\b|\bkostenlos\w*|\bfree\b",
    "when": r"\bquand\b|\bdate\b|\bdelai\w*|\bjusqu'?\w*\b|\bdepuis\b|\bechean\w*|\bannee\b|\bwanneer\b|\bsinds\b|\btot wanneer\b|\bdatum\b|\bdeadline\b|"
    r"\bwann\b|\bseit\b|\bfrist\w*|\bbis wann\b|\bwhen\b|\bsince\b|\buntil\b|\bin welcher zeit\b|\bwelk jaar\b",
    "where": r"\bou\b|\bchez qui\b|\bou (trouver|former|demander|faire)|\bwaar\b|\bwo\b|\bwohin\b|\bwhere\b|\bcomment (demander|introduire|obtenir|faire)|\bhoe (aanvragen|vraag)|\bhow (can|do) (i|we) (apply|get)",
    "who": r"\bqui\b|\bquelle autorite\b|\bwie\b(?! (viel|lange|hoch|gross|kann))|\bwer\b|\bwho\b|\bmit wem\b",
    "allowed": r"\b(puis|peut|pouvons|peuvent|avons)[- ](je|on|il|elle|nous|ils)\b|\bdroit a\b|\beligib\w*|\bobligat\w*|\bdois-je\b|\bkan ik\b|\bkunnen we\b|\bmag\b|\bmoet\b|"
    r"\bkann ich\b|\bkonnen wir\b|\bdarf\b|\bmuss\b|\bcan (i|we|my|a|an)\b|\bmay\b|\bam i\b|\bare we\b|\bdo i (have|need)\b|\bcouvre\b|\bpeut-il\b",
    "support": r"\b(aides?|subsides?|subventions?|primes?|soutien|financement|finance[rz]|steun\w*|subsidies?|premie|hulp|hilfen?|forderung\w*|zuschuss\w*|"
    r"unterstutzung|aid|aids|support|grants?|subsid\w+|funding)\b",
    "difference": r"\bdifferen\w*|\bverschil\w*|\bunterschied\w*|\bcompar\w*|\bvergelijk\w*|\bvergleich\w*|\bversus\b",
}  # fmt: skip

_LEANS = re.compile(
    r"^\W*(et|en|und|and|ou|of|oder|or|mais|maar|aber|but|alors|dus|so|ok|oui|ja|yes)\b|"
    r"\b(celui-ci|celle-ci|ceux-ci|cela|ca|y|lui|leur|ce (prestataire|taux|montant|programme|cheque|pret)|"
    r"cette (aide|etude|prime|mesure|formation)|il|elle|ils|elles|"
    r"die|deze|dit|dat|hij|zij|ze|daarvan|daarin|daarvoor|het|dies|diese\w*|das|davon|dafur|dazu|er|sie|es|"
    r"it|its|they|them|this|that|these|those|there)\b"
)


@cache
def _compiled() -> tuple[tuple[Want, re.Pattern[str]], ...]:
    return tuple((want, re.compile(pattern)) for want, pattern in _WANTS.items())


def wants(question: str) -> frozenset[Want]:
    """Return what *question* asks for; ``what`` when nothing special."""
    text = re.sub(r"[’ʼ`´]", "'", fold(question))
    found = frozenset(want for want, pattern in _compiled() if pattern.search(text))
    return found or frozenset({"what"})


def leans_on_history(question: str, language: Language) -> bool:
    """Return whether *question* makes sense only with the turns before it."""
    text = fold(question)
    content = [word for word in terms(question, language)]
    if re.match(r"^\W*(et|en|und|and|ou|mais|maar|aber|but)\b", text):
        return True
    return len(words(question)) <= 12 and (len(content) <= 2 or bool(_LEANS.search(text)))
