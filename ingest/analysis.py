"""Turn text into the terms that are indexed and searched: lower case, numbers kept whole, stemmed, then folded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from functools import cache, lru_cache
from typing import Any

from ingest.documents import Language

_SPACES = "[ \u00a0\u202f\u2009]"
_GROUPED = re.compile(rf"(?<![\w.,])\d{{1,3}}(?:(?:{_SPACES}|[.,'’])\d{{3}})+(?![\w])")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+\d+[^\W\d_]*|[^\W_]+")
_STEMMERS = {"fr": "french", "nl": "dutch", "de": "german", "en": "english"}

_STOP_WORDS: dict[Language, str] = {
    "fr": """
        a à ai ait as au aux avec avez avoir avons c ça ca car ce cela ces cet cette chez ci comme d dans de des
        donc dont du elle elles en encore es est et etes êtes etre être eu eux fait faut il ils j je l la là le les
        leur leurs lui m ma mais me mes moi mon n ne nos notre nous on ont ou où par pas peu peut peuvent peux plus
        pour pouvez puis qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si soit son sont sous
        sur t ta te tes toi ton tous tout toute toutes tres très tu un une va vers veut veux vos votre vous y été
        ete combien comment pourquoi est-ce ans
    """,
    "nl": """
        aan al alle als ben bent bij bestaat dan dat de deze die dit doen doet door dus een en er geen had hebben
        heb hebt heeft het hij hoe hoeveel hun ik in is ja je jij jullie kan kunnen kunt maar me met mij mijn moet
        moeten na naar niet nog nu of om omdat onder ons onze ook op over te ten tot u uit uw van veel voor waar
        waarom wat we welk welke wel werd wie wij wil word worden wordt zal ze zelf zich zij zijn zo zonder zou
        sinds
    """,
    "de": """
        aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dem den der des die dies diese
        diesem diesen dieser dieses doch dort durch ein eine einem einen einer eines er es für gibt hab habe haben
        hat hier ich ihr ihre ihrem ihren im in ist ja kann kein keine man mein meine mich mir mit muss nach nicht
        noch nur ob oder ohne sein seine sich sie sind so über um und uns unser unsere unter viel viele vom von vor
        war was welche welchem welchen welcher welches wenn wer wie wieviel wieviele wir wird wo wurde zu zum zur
    """,
    "en": """
        a about all also am an and any are as at be been but by can could did do does for from get had has have he
        her here his how i if in into is it its just like many me more most much my no not of on or our out she so
        some than that the their them then there these they this to up us was we were what when where which who why
        will with would you your
    """,
}
STOP_WORDS: dict[Language, frozenset[str]] = {
    language: frozenset(listed.split()) for language, listed in _STOP_WORDS.items()
}
"""Words that say nothing about a subject, in lower case with their accents."""


@cache
def _stemmer(language: Language) -> Any:
    import Stemmer

    return Stemmer.Stemmer(_STEMMERS[language])


def fold(text: str) -> str:
    """Return *text* in lower case without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """Return the words of *text* in lower case; ``50 000``, ``50.000`` and ``50,000`` are all ``50000``."""
    text = _GROUPED.sub(lambda match: re.sub(r"\D", "", match.group()), unicodedata.normalize("NFC", text))
    return [token.casefold().replace(",", ".") for token in _TOKEN.findall(text)]


_folded = lru_cache(maxsize=65_536)(fold)


def content_words(text: str, language: Language) -> list[str]:
    """Return the words of *text* that mean something, folded, in reading order."""
    stop = STOP_WORDS[language]
    return [_folded(word) for word in words(text) if word not in stop]


@lru_cache(maxsize=65_536)
def _forms(word: str, language: Language) -> tuple[str, ...]:
    """Return the index terms of one word: a word with accents has a second one, for those who type none."""
    if word[0].isdigit():
        return (word,)
    # The stemmer comes before the folding: it needs the accents ("déclarées" → "declar").
    stemmer = _stemmer(language)
    return tuple(dict.fromkeys((fold(stemmer.stemWord(word)), fold(stemmer.stemWord(fold(word))))))


def terms(text: str, language: Language, dictionary: Container[str] = frozenset()) -> list[str]:
    """Return the index terms of *text* in *language*, in reading order, stop words left out.

    A German or Dutch compound whose parts stand in the *dictionary* (folded words) also gives the terms of its parts.
    """
    stop = STOP_WORDS[language]
    found: list[str] = []
    for word in words(text):
        if word not in stop:
            found.extend(_forms(word, language))
            for part in compound_parts(_folded(word), language, dictionary):
                found.extend(_forms(part, language))
    return found


_LINKS: dict[Language, tuple[str, ...]] = {
    "de": ("", "s", "es", "n", "en", "er", "e"),
    "nl": ("", "s", "en", "n", "e"),
}
"""What stands between the parts of a compound."""
_NO_PART: dict[Language, str] = {
    "de": """
        unter uber nach wieder gegen durch hinter voll miss fort ander mehr weiter heit keit schaft ungen ischen lich
        liche lichen isch ische haft rung tung ungs ieren tion tionen ation ischer ling sten sche schen lung
    """,
    "nl": """
        onder over voor door achter tegen mede heid schap chap lijk lijke baar bare atie ering eren ingen ische isch
        loos ende sche weder terug samen toege heden ging renten
    """,
}
"""Prefixes and endings that a dictionary of word pieces may hold, but that are no words of a compound."""
_REFUSED: dict[Language, frozenset[str]] = {
    language: frozenset(listed.split()) for language, listed in _NO_PART.items()
}
_SHORTEST_COMPOUND = 9
_SHORTEST_PART = 4


def compound_parts(word: str, language: Language, dictionary: Container[str]) -> tuple[str, ...]:
    """Return the two parts of a folded German or Dutch compound, the evenest cut first, or nothing.

    Both parts have to stand in the *dictionary*; a linking sound between them is left out
    (``weiterbildungsscheck`` → ``weiterbildung``, ``scheck``).
    """
    if language not in _LINKS or len(word) < _SHORTEST_COMPOUND or not word.isalpha():
        return ()
    best: tuple[int, tuple[str, ...]] = (0, ())
    refused = _REFUSED[language]
    for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        right = word[cut:]
        if right not in dictionary or right in refused:
            continue
        for link in _LINKS[language]:
            left = word[:cut].removesuffix(link) if link else word[:cut]
            if len(left) + len(link) != cut or len(left) < _SHORTEST_PART or left in refused or left not in dictionary:
                continue
            evenness = 2 * min(len(left), len(right)) - len(link)
            if evenness > best[0]:
                best = (evenness, (left, right))
    return best[1]
