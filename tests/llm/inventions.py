"""Figures that no source holds, written in every way that people write figures in four languages."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping

from ingest.documents import Language
from tests.llm.prompt import Prompt

_DIGITS = re.compile(r"\d+")
ANYWHERE = (
    "73 450 €", "73\u202f450\u00a0€", "€73,450", "73.450 EUR", "73450 euros", "73 k€", "73k€", "0,73 M€",
    "1,37 Mio. EUR", "EUR 73 450,-", "73'450 €", "7.3e4", "73 %", "73%", "7,3 %", "½", "¾", "7³", "７３ ％", "٧٣ %",
    "3/7", "1:7", "17.03.2031", "2031-03-17", "17/03/31", "#73", "73+", "±73", "×7", "LXXIII", "7–13", "de 7 à 13",
    "73ème", "n° 73", "7 3 4 5 0 EUR", "art. 73", "7\u200b3 %", "Q3 2031", "24/7", "73-75 %", "73mo", "<73", "73°",
    "⑦", "Ⅶ",
)  # fmt: skip
ADDED: Mapping[Language, tuple[str, ...]] = {
    "fr": (
        "septante-trois pour cent", "soixante-treize mille euros", "treize mois", "dix-sept jours ouvrables",
        "le 17 mars 2031", "le 1er avril 2031", "dès le dix-sept mars", "une trentaine de dossiers",
        "trois quarts des coûts", "les deux tiers des frais", "la moitié des coûts", "le double",
        "un plafond de nonante mille euros", "cent mille euros", "1,3 million d'euros", "un million d'euros",
        "vingt-sept pour cent", "73 pour cent", "jusqu'en mars 2031", "trimestre 3 de 2031", "une vingtaine d'heures",
        "le quart des dépenses", "treize salariés", "dix fois par an",
    ),
    "nl": (
        "drieënzeventig procent", "drieënzeventigduizend euro", "dertien maanden", "zeventien werkdagen",
        "17 maart 2031", "1 april 2031", "een dertigtal dossiers", "drie kwart van de kosten",
        "twee derde van de kosten", "de helft van de kosten", "het dubbele", "een plafond van negentigduizend euro",
        "honderdduizend euro", "1,3 miljoen euro", "een miljoen euro", "73 procent", "tot maart 2031",
        "een twintigtal uren", "een kwart van de uitgaven", "dertien werknemers",
    ),
    "de": (
        "dreiundsiebzig Prozent", "dreiundsiebzigtausend Euro", "dreizehn Monate", "siebzehn Werktage",
        "17. März 2031", "1. April 2031", "rund dreißig Anträge", "drei Viertel der Kosten",
        "zwei Drittel der Kosten", "die Hälfte der Kosten", "das Doppelte", "eine Obergrenze von neunzigtausend Euro",
        "hunderttausend Euro", "1,3 Millionen Euro", "eine Million Euro", "73 Prozent", "bis März 2031",
        "ein Viertel der Ausgaben", "dreizehn Beschäftigte",
    ),
    "en": (
        "seventy-three per cent", "seventy-three thousand euros", "thirteen months", "seventeen working days",
        "17 March 2031", "March 17th, 2031", "some thirty files", "three quarters of the costs",
        "two thirds of the costs", "half of the costs", "twice as much", "a ceiling of ninety thousand euros",
        "a hundred thousand euros", "€1.3 million", "a million euros", "73 percent", "until March 2031",
        "a dozen hours", "a quarter of expenses", "thirteen employees",
    ),
}  # fmt: skip
"""Figures in words, or in the manner of one language."""


def invented(text: str, prompt: Prompt) -> str:
    """Return *text* with other numbers, and with one more figure in each sentence; the same for the same prompt.

    No number and no figure that is put in stands anywhere in the prompt: whatever of them is shown was not checked.
    """
    chance = random.Random(prompt.seed)
    held = _plain(prompt.text)
    numbers = set(_DIGITS.findall(prompt.text))
    strange = (figure for figure in _shuffled(chance, prompt.language) if _plain(figure) not in held)
    return re.sub(
        r"(?P<text>[^\[\]]*\w[^\[\]]*)(?P<marker>\s\[\d+\]|$)",
        lambda match: _changed(match["text"], numbers, chance) + _more(next(strange, ""), chance) + match["marker"],
        text,
    )


def additions(text: str, language: Language) -> Iterator[str]:
    """Yield every figure of ``invented`` that stands in *text* as a whole."""
    plain = _plain(text)
    for figure in (*ANYWHERE, *ADDED[language]):
        if re.search(rf"(?<!\w){re.escape(_plain(figure))}(?!\w)", plain):
            yield figure


def _shuffled(chance: random.Random, language: Language) -> list[str]:
    # As many in the manner of the language as in that of any: there are more of the former than of the latter.
    kinds = [list(ANYWHERE), list(ADDED[language])]
    for kind in kinds:
        chance.shuffle(kind)
    return [figure for pair in zip(*kinds, strict=False) for figure in pair]


def _changed(text: str, numbers: set[str], chance: random.Random) -> str:
    return _DIGITS.sub(lambda match: _another(match[0], numbers, chance), text)


def _another(digits: str, numbers: set[str], chance: random.Random) -> str:
    """Return another number of as many digits, one that the prompt does not hold."""
    low = 10 ** (len(digits) - 1) if len(digits) > 1 else 2
    others = (str(chance.randrange(low, 10 ** len(digits))) for _ in range(200))
    return next((other for other in others if other not in numbers), digits + "7")


def _more(figure: str, chance: random.Random) -> str:
    return chance.choice((" ({})", ", {}", " {}", " : {}")).format(figure) if figure else ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()
