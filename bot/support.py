"""How far quotes bear out a statement in other words: features, and the probability that they give.

Words are compared by form, by meaning and by the glossary, so that a statement may be in another language than its
quote. What turns a sentence round (not, only, at most, unless …) is looked for in both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.coefficients import coefficients
from bot.retrieval import Retriever
from ingest.analysis import content_words, terms
from ingest.documents import Language

HELD = 0.8
"""A match from which a word counts as said."""
NEAR = 0.6
"""Mean of cosine and likeness that a statement on the same thing nearly always has."""
GLOSSARY = 0.9
"""The match of two names of one concept of the glossary."""


@dataclass(frozen=True, slots=True)
class Support:
    """What speaks for and against a statement, each value between about 0 and 1."""

    said: float
    """Share of the statement's words, rare ones counting more, that the quotes say in some form."""
    alike: float
    """How alike its words are to those of the quotes at best, on average."""
    cosine: float
    """Of the statement and the nearest quote, or all quotes together."""
    strangest: float
    """How unlike anything quoted the strangest of its words is, rare ones counting more."""
    repeated: float
    """How much of the quotes the statement says: what is left out may be a condition."""
    foreign: float
    """1 where no quote is in the statement's language."""
    apart: float
    """How far words and meaning fall short of ``NEAR``: such a statement is about something else."""
    longer: float
    """Logarithm of the statement's words to those of the quotes, where it has more."""
    negated: float
    """1 where one of the two denies and the other does not."""
    recounted: float
    """1 where the two deny another number of times."""
    widened: float
    """Words that widen («all», «always», «also») that only the statement has."""
    unbound: float
    """Words that bind («only», «if», «unless», «at most») that only the quotes have."""
    bound: float
    """The same that only the statement has."""
    forced: float
    """1 where a duty is made of something else."""
    freed: float
    """1 where something else is made of a duty."""
    assured: float
    """Words of doubt or possibility that only the quotes have."""
    promised: float
    """Promises («free», «without interest», «refunded») that only the statement makes."""
    moved: float
    """Regions that only the statement names."""
    others: float
    """Kinds of people and firms that only the statement names."""
    turned: float
    """1 where an order is turned round: before and after, more and less, open and closed."""

    @property
    def probability(self) -> float:
        """How likely the quotes say what the statement says: a logistic model, fitted on labelled pairs."""
        fitted = coefficients("support")
        score = fitted["intercept"] + sum(
            fitted["weights"][field.name] * value for field, value in zip(fields(self), astuple(self), strict=True)
        )
        return float(1 / (1 + np.exp(-score)))


def threshold() -> float:
    """Return the probability from which a statement is shown."""
    return float(coefficients("support")["threshold"])


Texts = Sequence[tuple[str, Language]]


def weigh_support(
    retriever: Retriever, statement: str, language: Language, quotes: Texts, titles: Texts = ()
) -> Support:
    """Return the features of a *statement* that rests on *quotes*; *titles* are what their documents are called."""
    library, matcher = retriever.library, retriever.searcher.matcher
    own = list(dict.fromkeys(_spoken(statement, language)))
    quoted = list(dict.fromkeys(word for text, spoken in quotes for word in _spoken(text, spoken)))
    called = list(dict.fromkeys(word for text, spoken in titles for word in _spoken(text, spoken)))
    rare = retriever.rarity(dict.fromkeys(own, 1.0))
    rare /= rare.sum() or 1.0
    asked, held = matcher.asked(own), matcher.asked([*quoted, *called])
    hard, soft = matcher.compare(asked, held)
    others = other_words(retriever, (*quotes, *titles), language)
    same = np.array([in_other_words(word, language, others) for word in own], dtype=np.bool_)
    best = _highest(hard[:, : len(quoted)])
    best = np.where(same, np.maximum(best, GLOSSARY), best)
    near = np.maximum(_highest(soft[:, : len(quoted)]), best)
    by_title = _highest(hard[:, len(quoted) :]) > np.maximum(best, HELD)
    best, near = np.where(by_title, HELD + 0.05, best), np.where(by_title, np.maximum(near, HELD), near)
    back = _highest(hard[:, : len(quoted)].T)
    quoted_rare = retriever.rarity(dict.fromkeys(quoted, 1.0))
    texts = [statement, *(text for text, _ in quotes), " ".join(text for text, _ in quotes)]
    vectors = library.words_model.encode(texts)
    foreign = float(all(spoken != language for _, spoken in quotes))
    said, alike = float((best >= HELD) @ rare), float(near @ rare)
    cosine = float((vectors[1:] @ vectors[0]).max())
    mine, theirs = _signs(statement, language), _signs_of(quotes)
    return Support(
        said=said,
        alike=alike,
        cosine=cosine,
        strangest=float(((1 - near) * np.minimum(1.0, rare * max(1, len(own)))).max(initial=0.0)),
        repeated=float(back @ quoted_rare / (quoted_rare.sum() or 1.0)),
        foreign=foreign,
        apart=max(0.0, NEAR - (cosine + alike) / 2),
        longer=float(np.log(max(1.0, (1 + len(own)) / (1 + len(quoted))))),
        negated=float(bool(mine["not"]) != bool(theirs["not"])),
        recounted=float(mine["not"] != theirs["not"]),
        widened=_more(mine, theirs, "all", "also"),
        unbound=_more(theirs, mine, "only", "if", "most"),
        bound=_more(mine, theirs, "only", "if"),
        forced=_more(mine, theirs, "must"),
        freed=_more(theirs, mine, "must"),
        assured=_more(theirs, mine, "may", "doubt"),
        promised=_more(mine, theirs, "free"),
        moved=_more(mine, theirs, *_PLACES),
        others=_more(mine, theirs, *_PEOPLE),
        turned=_turned(mine, theirs),
    )


def _spoken(text: str, language: Language) -> list[str]:
    """Return the words that mean something, numbers left out: these are held against the quotes one by one."""
    return [word for word in content_words(text, language) if not word[0].isdigit()]


def _highest(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(scores.max(axis=1, initial=0.0), dtype=np.float64)


def other_words(retriever: Retriever, texts: Texts, language: Language) -> frozenset[str]:
    """Return the index terms in *language* by which the glossary names the concepts of *texts*."""
    glossary = retriever.searcher.glossary
    return frozenset(
        term
        for text, spoken in texts
        for term, share in glossary.others(terms(text, spoken), spoken, language).items()
        if share >= 0.5
    )


def in_other_words(word: str, language: Language, others: frozenset[str]) -> bool:
    """Return whether *word* names one of the concepts that ``other_words`` gave."""
    return not others.isdisjoint(terms(word, language))


# --- what turns a sentence round ---------------------------------------------------------------------------------

_SIGNS: Mapping[str, Mapping[Language, str]] = {
    "not": {
        "fr": r"(?:ne|n['’]).{1,40}?\b(?:pas|aucune?|jamais|rien|ni|plus(?! de))|pas|aucune?|jamais|sans|hors|exclu\w*"
        r"|sauf|interdi\w*|ni|exception",
        "nl": r"niet|geen|nooit|niets|zonder|noch|uitgesloten|uitgezonderd|behalve|verboden|evenmin|buiten|uitzondering",
        "de": r"nicht|kein\w*|nie|niemals|nichts|ohne|weder|ausgeschlossen\w*|außer|verboten\w*|ausgenommen|ausnahme",
        "en": r"not|no|never|nothing|without|neither|nor|cannot|\w+n['’]t|excluded?|except|excluding|prohibited|forbidden"
        r"|none|outside|exception",
    },
    "only": {
        "fr": r"seul(?:e|s|es|ement)?|uniquement|exclusivement|réservée?s?|(?:ne|n['’]).{1,60}?\bqu(?:e|['’])",
        "nl": r"alleen|enkel|slechts|uitsluitend|pas|voorbehouden",
        "de": r"nur|ausschließlich|allein|lediglich|erst|vorbehalten",
        "en": r"only|solely|exclusively|reserved|just",
    },
    "if": {
        "fr": r"si|s['’]il\w*|lorsqu['’e]\w*|quand|conditions?|sous réserve|à moins|pour autant|en cas",
        "nl": r"als(?! \w+ing\b)|indien|wanneer|mits|tenzij|voorwaarden?|zodra|in geval|voor zover",
        "de": r"wenn|falls|sofern|sobald|bedingung\w*|voraussetzung\w*|es sei denn|soweit|im fall\w*",
        "en": r"if|when|unless|provided|conditions?|once|as long as|in case",
    },
    "all": {
        "fr": r"tou(?:t|te|s|tes)|chaque|toujours|n['’]importe|partout|automatique\w*|quel(?:le)?s? que|garanti\w*",
        "nl": r"alle|elke?|ieder|iedere|altijd|overal|automatisch\w*|eender|gegarandeerd\w*|om het even|sowieso",
        "de": r"alle[nrs]?|jede[nmrs]?|immer|überall|automatisch\w*|beliebig\w*|garantiert\w*|stets",
        "en": r"all|every|any|always|everywhere|automatic\w*|guarantee\w*|whatever|regardless",
    },
    "also": {
        "fr": r"aussi|également|y compris|même|ainsi que", "nl": r"ook|eveneens|zelfs|inbegrepen",
        "de": r"auch|ebenfalls|sogar|ebenso", "en": r"also|too|even|as well|both|including|included",
    },
    "must": {
        "fr": r"doi(?:t|s|vent)|devra\w*|dev(?:ez|ons)|obligatoire\w*|oblig\w*|faut|impos\w*|exig\w*|tenue?s?|requi\w*",
        "nl": r"moet(?:en)?|moest(?:en)?|verplicht\w*|plicht\w*|vereis\w*|dient|dienen",
        "de": r"muss|müssen|musst\w*|verpflicht\w*|pflicht\w*|vorgeschrieben\w*|erforderlich\w*|verlangt?",
        "en": r"must|shall|required?s?|requires|obliged?|obligation|duty|mandatory|compulsory|needs? to|has to|have to",
    },
    "may": {
        "fr": r"peu(?:t|vent|x)|pourra\w*|pouv\w+|possib\w*|éventuel\w*|parfois|souvent|droit",
        "nl": r"kan|kunnen|kunt|mag|mogen|mogelijk\w*|eventueel|soms|vaak",
        "de": r"kann|können|könnt\w*|darf|dürfen|möglich\w*|eventuell|manchmal|oft|teils",
        "en": r"may|can|cannot|could|might|possib\w*|sometimes|often|optional\w*",
    },
    "doubt": {
        "fr": r"confirm\w*|prév\w*|devai\w*|proje\w*|estim\w*|attendu\w*|recommand\w*",
        "nl": r"bevestigd|gepland|zou|zouden|verwacht\w*|geschat|aanbevolen",
        "de": r"bestätigt\w*|geplant\w*|soll\w*|erwartet\w*|geschätzt\w*|empfohlen\w*",
        "en": r"confirmed|unconfirmed|planned|should|expected|estimated|was to|were to|recommended",
    },
    "most": {
        "fr": r"au plus|au maximum|maximum|maximal\w*|jusqu['’]à|plafonn?\w*|limit\w*|dépass\w*|atteindre|plus de",
        "nl": r"hoogstens|maximaal|maximum\w*|ten hoogste|tot|plafond|beperkt|niet meer dan",
        "de": r"höchstens|maximal\w*|maximum|bis zu|obergrenze|höchstbetrag|begrenzt|gedeckelt|nicht mehr als",
        "en": r"at most|maximum|up to|ceiling|cap|capped|limit\w*|no more than",
    },
    "before": {
        "fr": r"avant|préalable\w*|d['’]abord|antérieur\w*", "nl": r"vooraf|voordat|alvorens",
        "de": r"vorher|bevor|zuvor|zuerst", "en": r"before|prior|beforehand",
    },
    "after": {
        "fr": r"après|ensuite|une fois", "nl": r"nadat|nadien|daarna|achteraf",
        "de": r"nachdem|danach|anschließend", "en": r"after|afterwards|following",
    },
    "closed": {
        "fr": r"ferm\w+|clôtur\w*|suspend\w*|arrêt\w*|supprim\w*|termin\w*|expir\w*",
        "nl": r"gesloten|afgesloten|geschorst|stopgezet|afgeschaft|beëindigd|verlopen|afgelopen",
        "de": r"geschlossen\w*|eingestellt\w*|ausgesetzt\w*|abgeschafft\w*|beendet\w*|abgelaufen\w*",
        "en": r"closed|suspended|stopped|abolished|ended|expired|discontinued|frozen",
    },
    "open": {
        "fr": r"ouvert\w*|ouvre\w*", "nl": r"open|geopend", "de": r"offen\w*|geöffnet\w*|eröffnet\w*", "en": r"open|opened|opens",
    },
    "more": {
        "fr": r"augment\w*|supérieure?s?|hausse", "nl": r"hoger\w*|gestegen|stijg\w*|verhoog\w*",
        "de": r"höher\w*|gestiegen|erhöh\w*|steig\w*", "en": r"higher|increas\w*|rose|raised|greater",
    },
    "less": {
        "fr": r"diminu\w*|inférieure?s?|baiss\w*|rédui\w*", "nl": r"lager\w*|gedaald|verlaag\w*|dalen|daalt",
        "de": r"niedriger\w*|gesunken|gesenkt\w*|reduziert\w*", "en": r"lower\w*|decreas\w*|fell|reduced|fewer",
    },
    "free": {
        "fr": r"gratuit\w*|sans frais|sans intérêts?|rembours\w*|garanti\w*|reconnu\w*|certifi\w*|priorit\w*|intégral\w*"
        r"|ne coût\w* rien|diplôme",
        "nl": r"gratis|kosteloos|kosteloze|renteloos|renteloze|terugbetaa?l\w*|gegarandeerd\w*|erkend\w*|voorrang|volledig\w*"
        r"|certificaat|diploma",
        "de": r"gratis|kostenlos\w*|kostenfrei\w*|zinslos\w*|erstatt\w*|rückzahlbar\w*|garantiert\w*|anerkannt\w*|vorrang"
        r"|vollständig\w*|zertifikat\w*|unentgeltlich\w*",
        "en": r"free|interest-free|reimburs\w*|refund\w*|repa\w+|guarantee\w*|recogni[sz]ed|certif\w*|priority|fully"
        r"|entirely|diploma",
    },
    "wallonia": {
        "fr": r"wallon\w*", "nl": r"waals\w*|walloni\w+|wallonië", "de": r"wallon\w*", "en": r"walloon\w*|wallonia\w*",
    },
    "belgium": {
        "fr": r"belg\w*|fédéra\w*", "nl": r"belgi\w*|federa\w*", "de": r"belgi\w*|föderal\w*", "en": r"belgi\w*|federal",
    },
    "flanders": {
        "fr": r"flam\w+|flandre", "nl": r"vlaa\w*", "de": r"fläm\w*|flandern", "en": r"flemish|flanders",
    },
    "brussels": {
        "fr": r"bruxell\w*", "nl": r"brussel\w*", "de": r"brüssel\w*", "en": r"brussels",
    },
    "europe": {
        "fr": r"europ\w*|ue", "nl": r"europ\w*|eu", "de": r"europ\w*|eu", "en": r"europ\w*|eu",
    },
    "small": {
        "fr": r"pme|petites?|tpe|micro\w*", "nl": r"kmo\w*|klein\w*|micro\w*", "de": r"kmu\w*|klein\w*|mikro\w*",
        "en": r"smes?|small\w*|micro\w*",
    },
    "large": {
        "fr": r"grand(?:e|s|es)? (?:entreprises?|groupes?|sociétés?)", "nl": r"grote|konzern\w*|groot",
        "de": r"groß\w*|konzern\w*", "en": r"large|big|large-scale|groups?",
    },
    "self-employed": {
        "fr": r"indépendant\w*", "nl": r"zelfstandig\w*", "de": r"selbst[st]?ständig\w*", "en": r"self-employed|freelanc\w*",
    },
    "non-profit": {
        "fr": r"asbl|associati\w*|non marchand", "nl": r"vzw\w*|vereniging\w*|non-profit", "de": r"vog|verein\w*|gemeinnützig\w*",
        "en": r"non-profits?|asbls?|associations?|charit\w*",
    },
    "public": {
        "fr": r"commun(?:e|es)|public\w*|pouvoirs publics|provinc\w*", "nl": r"gemeente\w*|overheid\w*|publiek\w*|provinci\w*|openbare?",
        "de": r"gemeinden?|öffentlich\w*|behörden?|provinz\w*", "en": r"municipalit\w*|public|provinc\w*|authorit\w*",
    },
    "start-up": {
        "fr": r"start-?ups?|jeunes pousses", "nl": r"start-?ups?|starters?", "de": r"start-?ups?|gründ\w*", "en": r"start-?ups?|founders?",
    },
    "student": {
        "fr": r"étudiant\w*|élèves?|jeunes|chômeurs?|demandeurs? d['’]emploi", "nl": r"student\w*|leerling\w*|jongeren|werkzoekende\w*|werkloze\w*",
        "de": r"student\w*|studierende\w*|schüler\w*|jugendliche\w*|arbeitsuchende\w*|arbeitslose\w*",
        "en": r"students?|pupils?|young|jobseekers?|unemployed",
    },
}  # fmt: skip
_OPPOSITES = (("before", "after"), ("more", "less"), ("open", "closed"))
_PLACES = ("wallonia", "belgium", "flanders", "brussels", "europe")
_PEOPLE = ("small", "large", "self-employed", "non-profit", "public", "start-up", "student")
_NOT_ONLY = re.compile(r"\b(?:pas (?:que|seulement|uniquement)|niet (?:alleen|enkel)|nicht nur|not (?:only|just))\b", re.IGNORECASE)
"""It denies nothing."""


@cache
def _pattern(sign: str, language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_SIGNS[sign][language]})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _signs(text: str, language: Language) -> Mapping[str, int]:
    """Return how often each kind of word that turns a sentence round stands in *text*."""
    text = _NOT_ONLY.sub(" ", text)
    return {sign: len(_pattern(sign, language).findall(text)) for sign in _SIGNS}


def _signs_of(quotes: Texts) -> Mapping[str, int]:
    """Return the same for all quotes together."""
    found = [_signs(text, language) for text, language in quotes]
    return {sign: sum(each[sign] for each in found) for sign in _SIGNS}


def _more(some: Mapping[str, int], others: Mapping[str, int], *signs: str) -> float:
    return float(sum(bool(some.get(sign)) and not others.get(sign) for sign in signs))


def _turned(mine: Mapping[str, int], theirs: Mapping[str, int]) -> float:
    """Return 1 where one side of a pair of opposites stands in the statement and the other in the quotes."""
    return float(
        any(
            (mine[one] and not mine[other] and theirs[other] and not theirs[one])
            or (mine[other] and not mine[one] and theirs[one] and not theirs[other])
            for one, other in _OPPOSITES
        )
    )
