"""Cut running text into whole sentences: the smallest thing that may be quoted."""

from __future__ import annotations

import re

from ingest.documents import Language
from ingest.figures import MONTHS

_ANY = "cf vs dr prof st ing tel tél fig ed al fax approx jr sr mr nr"
_BY_LANGUAGE: dict[Language, str] = {
    "fr": "art mm mme mlle me ex env chap réf ref av bd boul adj al éd suiv m hab resp ca c.-à-d i.e e.g éts",
    "nl": "bijv bv blz dhr mevr mw drs ir mr ca afd nl o.a m.a.w d.w.z t.a.v i.v.m m.b.t incl excl"
    " t.e.m t.o.v i.p.v z.g.n zgn resp evt gem ong pag hfst",
    "de": "z b bzw ca d.h abs art bsp vgl ggf evtl inkl exkl zzgl str hr fr mio mrd tsd s u v i a gem sog geb gegr"
    " z.b u.a i.d.r z.t zb mind allg aufl bd hrsg kap ziff nrn",
    "en": "e.g i.e eg ie mrs ms messrs approx dept incl viz hon rev gen col capt sgt figs para",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABBREVIATIONS: dict[Language, frozenset[str]] = {
    language: _words(f"{_ANY} {words}") for language, words in _BY_LANGUAGE.items()
}
"""Words that end in a full stop within a sentence, without that stop and in lower case."""
BEFORE_NUMBER: frozenset[str] = _words("p pp vol no n° nr nrs art sec ch max min est app eq lit tab str")
"""Abbreviations that are words as well, or end a sentence, unless a number follows: ``no. 5``, ``art. 12``."""
MAY_END: frozenset[str] = _words("etc usw usf enz e.a u.s.w u.v.m e.d a.m p.m cie asbl s.a inc ltd co")
"""Abbreviations that also stand last: a capital after them begins a sentence."""
GERMAN_STARTERS: frozenset[str] = _words(
    "der die das den dem des ein eine einen einem einer es er sie wir ihr ich in im an am auf bei für mit nach von vom"
    " zu zum zur und aber auch wenn dies diese dieser dieses alle als ob nur so seit wer was wie wo bis durch"
)
"""Where German writes every noun large, only such a word after ``24.`` or ``usw.`` begins a sentence."""

_CLOSERS = "[\"”’')\\]]|[ \u00a0\u202f]?»"
_STOP = re.compile(
    rf"(?<![.!?…])(?P<stop>[.!?…]+)(?:{_CLOSERS})*(?P<gap>\s+)(?=[«„“\"'(\[¿¡–—-]*[ \u00a0\u202f]?(?P<next>\w+))"
)
_LAST_WORD = re.compile(r"[^\s(\[«„“\"'’/]+$")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_LONGEST_ABBREVIATION = 40
_ORDINAL = re.compile(r"\d{1,2}")


def split(text: str, language: Language) -> list[str]:
    """Return the sentences of *text* in order; white space is levelled, but non-breaking spaces stay as they are."""
    text = _SPACES.sub(" ", text).strip(" ")
    sentences, start = [], 0
    for match in _STOP.finditer(text):
        before, following = text[max(start, match.start() - _LONGEST_ABBREVIATION) : match.start()], match["next"]
        if _begins(following) and not _is_within(before, match["stop"], following, language):
            sentences.append(text[start : match.start("gap")])
            start = match.end()
    return [sentence for sentence in (*sentences, text[start:]) if sentence]


def _begins(word: str) -> bool:
    return not word[0].islower() and word[0] != "_"


def _is_within(before: str, stop: str, following: str, language: Language) -> bool:
    """Say whether the stop after *before* belongs to an abbreviation, an initial, an ordinal or a list number."""
    found = _LAST_WORD.search(before)
    if stop != "." or found is None:
        return False
    word = found[0].lower()
    starts = language != "de" or following.lower() in GERMAN_STARTERS
    if word in BEFORE_NUMBER and following[0].isdigit():
        return True
    if word in MAY_END:
        return not starts
    if word in ABBREVIATIONS[language] or (len(word) == 1 and word.isalpha()):
        return True
    if _ORDINAL.fullmatch(word):
        return found[0] == before or not starts or following.lower() in MONTHS
    return False
