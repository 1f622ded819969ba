"""A small genuine bot for the tests of the pages: it answers a few questions in four languages, step by step."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace

from bot.answers import Answer, Citation, Message, NextStep, Programme, Statement
from bot.eligibility import Profile
from bot.profiles import Judged
from bot.programmes import Aid
from bot.searching import MOST, Found
from bot.wording import say
from ingest.documents import LANGUAGES, Language

TODAY = dt.date(2026, 11, 23)
PRESS = "https://ribbon-agency.prezly.com/lia-seduit-toujours-plus-les-entreprises-wallonnes"

TITLES: Mapping[Language, str] = {
    "fr": "Start IA : accompagnement de cinq jours",
    "nl": "Start IA: begeleiding van vijf dagen",
    "de": "Start IA: fünftägige Begleitung",
    "en": "Start IA: five-day accompaniment",
}
FACTS: Mapping[Language, tuple[str, str]] = {
    "fr": (
        "Start IA est un accompagnement de cinq jours qui aide à repérer des usages concrets de l'IA et à établir"
        " un plan d'action.",
        "En 2025, 515 organisations avaient été sélectionnées pour Start IA.",
    ),
    "nl": (
        "Start IA is een begeleiding van vijf dagen die helpt om concrete toepassingen van AI te vinden en een"
        " actieplan op te stellen.",
        "In 2025 waren 515 organisaties geselecteerd voor Start IA.",
    ),
    "de": (
        "Start IA ist eine fünftägige Begleitung, die hilft, konkrete KI-Anwendungen zu finden und einen"
        " Aktionsplan zu erstellen.",
        "2025 waren 515 Organisationen für Start IA ausgewählt worden.",
    ),
    "en": (
        "Start IA is a five-day accompaniment to spot concrete AI uses and draw up an action plan.",
        "515 organisations had been selected for Start IA by 2025.",
    ),
}
EXTRA: Mapping[Language, str] = {
    "fr": "Un appel « spécial Supply et Industrie 4.0 » a été ouvert en octobre 2021.",
    "nl": "In oktober 2021 werd een oproep « Supply en Industrie 4.0 » geopend.",
    "de": "Im Oktober 2021 wurde ein Aufruf „Supply und Industrie 4.0“ geöffnet.",
    "en": 'A call named "special Supply and Industry 4.0" was opened in October 2021.',
}
WORDS_OF: Mapping[Language, tuple[str, ...]] = {
    "fr": ("est-ce", "quelle", "dois-je", "combien", "où", "mon entreprise"),
    "nl": ("wat", "hoe", "welke", "moet ik", "waar", "onderneming"),
    "de": ("was", "wie", "welche", "muss ich", "ist mein", "wo kann"),
    "en": ("what", "how", "which", "do i", "where", "my firm"),
}


def spoken(question: str) -> Language:
    """Return the language whose words stand in *question*."""
    asked = question.lower()
    scores = {language: sum(word in asked for word in WORDS_OF[language]) for language in LANGUAGES}
    return max(LANGUAGES, key=lambda language: scores[language])


class ScriptedBot:
    """A bot over two sheets. «slow» in a question makes it slow, «crash» makes it fail, «foreign» quotes French."""

    def __init__(self, *, pause: float = 0.0) -> None:
        self.pause = pause
        self.ready = True
        self.generation = 7
        self.today = TODAY
        self.document_count = 129
        self.ratings: list[tuple[str, int, str | None]] = []
        self.finished = 0
        self.histories: list[tuple[Message, ...]] = []
        self.given: dict[str, Answer] = {}

    async def stream(
        self, question: str, history: tuple[Message, ...] = (), language: Language | None = None, origin: str = ""
    ) -> AsyncIterator[Answer]:
        """Yield the steps, then the text sentence by sentence, then the whole answer."""
        self.histories.append(history)
        if "crash" in question:
            raise ZeroDivisionError(f"secret: {question}")
        language = language or spoken(question)
        whole = self._found(question, language) if "Start IA" in question else self._not_found(question, language)
        pause = 1.0 if "slow" in question else self.pause
        for stage in ("understand", "retrieve", "judge"):
            yield replace(whole, text="", statements=(), notes=(), complete=False, stage=stage)
            await asyncio.sleep(pause)
        text = ""
        for piece in whole.text.split(". ")[:-1]:
            text += piece + ". "
            yield replace(whole, text=text, notes=(), complete=False, stage="compose")
            await asyncio.sleep(pause)
        self.given[whole.id] = whole
        self.finished += 1
        yield whole

    def search(
        self,
        query: str,
        language: Language | None = None,
        *,
        limit: int = MOST,
        current: bool = False,
        languages: Collection[Language] = (),
    ) -> list[Found]:
        """Return the facts of the sheet on Start IA, where it is asked for."""
        if "crash" in query:
            raise ZeroDivisionError(f"secret: {query}")
        language = language or spoken(query)
        if "Start IA" not in query or (languages and language not in languages):
            return []
        passage = "\n".join(FACTS[language])
        return [
            Found(
                1.0 / n, 1.0, fact, "fact", passage, "start-ia", 1, TITLES[language], None, language, None, PRESS,
                PRESS, "2025", "high", TODAY.isoformat(), "unknown", f"{language}/start-ia:{n}",
            )
            for n, fact in enumerate(FACTS[language][:limit], start=1)
        ]  # fmt: skip

    def programmes(self, language: Language = "fr") -> tuple[Aid, ...]:
        """Return no programme: nothing was confirmed of any."""
        return ()

    def eligibility(self, profile: Profile, language: Language = "fr", only: Sequence[str] = ()) -> tuple[Judged, ...]:
        """Return no verdict: no rule is known."""
        return ()

    def feedback(self, answer_id: str, rating: int, reason: str | None = None) -> None:
        """Keep a rating."""
        self.ratings.append((answer_id, rating, reason))

    def answer(self, answer_id: str) -> Answer | None:
        """Return an answer that was given."""
        return self.given.get(answer_id)

    def _found(self, question: str, language: Language) -> Answer:
        source: Language = "fr" if "foreign" in question else language
        facts = FACTS[source]
        passage = "\n".join((*facts, EXTRA[source]))
        citations = tuple(
            Citation(
                n=n, document=f"{source}/start-ia", version=1, title=TITLES[source], url=PRESS, page=None,
                heading=None, language=source, quote=fact, passage=passage, passage_id="start-ia:1", as_of="2025",
                confidence="high", link=PRESS,
            )
            for n, fact in enumerate(facts, start=1)
        )  # fmt: skip
        notes = (
            say("answers.state_unknown", language, title="Start IA"),
            say("answers.contact", language, name="Agence du Numérique", url="https://www.digitalwallonia.be"),
            say("answers.sources_year", language, first="2025", verified="23.11.2026"),
        )
        said = " ".join(f"{fact.rstrip('.')} [{n}]." for n, fact in enumerate(facts, start=1))
        if source != language:
            said = " ".join(f"{fact} [{n}]" for n, fact in enumerate(facts, start=1))
        return Answer(
            id=f"a{len(self.histories)}",
            question=question,
            standalone_question=question,
            language=language,
            status="answered",
            text=said + "\n\n" + "\n".join(notes),
            as_of=TODAY.isoformat(),
            generation=self.generation,
            statements=tuple(Statement(fact, (n,), source) for n, fact in enumerate(facts, start=1)),
            citations=citations,
            programmes=(
                Programme(
                    "start-ia", "Start IA", "unknown", "2019", None, "2026-11-23", "https://www.digitalwallonia.be"
                ),
                Programme("tremplin-ia", "Tremplin IA", "open", None, "2026-12-10", None, None),
                Programme("cap-ia", "Cap IA", "closed", None, "2023-12-31", None, None),
                Programme("aifa", "AI Factory Antenna", "open", None, "2028-04-01", None, None),
            ),
            next_step=NextStep("digitalwallonia.be", "https://www.digitalwallonia.be"),
            notes=notes,
        )

    def _not_found(self, question: str, language: Language) -> Answer:
        notes = (say("answers.counter", language),)
        return Answer(
            id=f"a{len(self.histories)}",
            question=question,
            standalone_question=question,
            language=language,
            status="not_in_sources",
            text=say("answers.not_found", language) + "\n\n" + notes[0],
            as_of=TODAY.isoformat(),
            generation=self.generation,
            notes=notes,
        )
