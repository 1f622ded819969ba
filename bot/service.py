"""A question in, a cited answer out. The path is a list of named steps; each is timed."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from bot import claims, finishing, followups, profiles, programmes, searching
from bot.answers import Answer, Message, Status, Trace, Validated
from bot.budget import Budget
from bot.cards import Cards
from bot.chat import ChatModel, Patience
from bot.composer import Composer
from bot.contradictions import Contradictions
from bot.disputing import Disputing
from bot.draft import Draft
from bot.eligibility import Profile
from bot.evidence import judge
from bot.intent import wants
from bot.overview import is_general
from bot.phrasing import Phraser, Phrasing, is_phrased
from bot.pins import PinMatcher
from bot.reranking import Reranker
from bot.retrieval import Retriever, rank_documents
from bot.scope import Scope, features, sign
from bot.sheets import Shelf
from bot.verification import verified
from bot.wording import say
from ingest import languages
from ingest.analysis import content_words
from ingest.documents import Language
from ingest.settings import Settings
from ingest.snapshot import Reading

logger = logging.getLogger(__name__)

SMALL = 500
"""Passages under which a library says too little of what it is about: only listed signs decline a message then."""
HOLDS = 0.75
"""Match from which a passage holds the words of a message: one message of other subjects in two hundred reaches it."""
NEAR_ABROAD = 0.3
"""Cosine from which a passage in another language is near a question."""
COMMAND = "command"
"""Who pays for what the command line asks of a language model."""
WARM = 5_000
"""Passages up to which all are prepared at the start; a larger library warms up while it answers."""


class Bot:
    """Answers questions from one library. ``stream`` is the one path; ``ask`` is its last value."""

    def __init__(
        self,
        library: Reading,
        settings: Settings,
        reranker: Reranker | None = None,
        model: ChatModel | None = None,
        contradictions: Contradictions | None = None,
    ) -> None:
        """*contradictions* may be shared with the bots of other generations of the same library."""
        self.library = library
        self.settings = settings
        self._retriever = Retriever(library, reranker)
        budget = Budget(library.usage, settings)
        self._phraser = Phraser(model, self._retriever, Patience.of(settings), budget) if model else None
        # One event loop for all that ``ask`` is asked: the connections of a model's client belong to a loop.
        self._runner = asyncio.Runner()
        self._turn = Lock()
        self._composer = Composer(self._retriever)
        self._scope = Scope()
        self._alone = contradictions is None
        self.contradictions = contradictions or Contradictions(Cards(library.cards))
        self.pins = PinMatcher(self._retriever, self._scope)
        self.ready = True
        self._is_prepared = False

    @property
    def generation(self) -> int:
        """Generation of the library that is asked."""
        return self.library.generation

    @property
    def today(self) -> dt.date:
        """The day that answers are given for."""
        return self.settings.current_date()

    @property
    def document_count(self) -> int:
        """How many documents there are, languages of one document counted once."""
        return len({info.id for info in self.library.documents.values()})

    @property
    def shelf(self) -> Shelf:
        """The documents as they stand today."""
        return Shelf(self.library, self.contradictions, self.today)

    def close(self) -> None:
        """Close the event loop that ``ask`` has used, and what nobody shares."""
        self._runner.close()
        if self._alone:
            self.contradictions.close()

    def warm(self) -> None:
        """Load what the first question would otherwise wait for."""
        self._answer(self._understand("Start IA", (), "fr"))
        if self._phraser:
            self._phraser.prepare()

    def prepare(self, former: Bot | None = None) -> None:
        """Prepare every statement of a small library, so that no question waits for it; takes some seconds.

        What the bot of a *former* generation has prepared is taken over.
        """
        self.contradictions.all(self.library, self.today)
        if not former:
            languages.prepare()
            claims.prepare()  # for the first document that is published
        # A transformer would take minutes for them; it prepares those that a question asks for.
        if self.library.count() <= WARM and self.library.embedder is self.library.words_model:
            known = former.library.documents if former and former._is_prepared else {}
            new = [key for key, info in self.library.documents.items() if known.get(key) != info]
            is_continued = self._composer.take_over(former._composer) if former else False
            self._composer.prepare(self.library.passages_of(new if is_continued else list(self.library.documents)))
            self._is_prepared = True

    def beside(self, library: Reading) -> Bot:
        """Return a bot that quotes from another generation as this one would, with what this one has prepared.

        It asks no language model: answers are to be compared, and neither money nor chance should come in.
        """
        # What contradicts what is remembered by generation, and a candidate has the number of the present one.
        shared = self.contradictions
        if library is not self.library:
            shared = Contradictions(Cards(library.cards, shared.cards.reader))
        bot = Bot(library, self.settings, self._retriever.reranker, contradictions=shared)
        bot._composer.take_over(self._composer)
        return bot

    async def stream(
        self, question: str, history: Sequence[Message] = (), language: Language | None = None, origin: str = ""
    ) -> AsyncGenerator[Answer, None]:
        """Yield growing answers; the last one has ``complete`` set and is stored as a receipt.

        *origin* is who pays for a language model: a face of the product. Closing the generator ends the request to it.
        """
        draft = self._understand(question, tuple(history), language)
        async with aclosing(self._answers(draft, origin)) as answers:
            async for answer in answers:
                yield await asyncio.to_thread(self._keep, draft, answer) if answer.complete else answer

    def ask(self, question: str, history: Sequence[Message] = (), language: Language | None = None) -> Answer:
        """Return the complete answer to *question*; not for use inside an event loop."""
        draft = self._understand(question, tuple(history), language)
        return self._keep(draft, self._whole(draft))

    def replayed(self, question: str, history: Sequence[Message], language: Language | None, today: dt.date) -> Answer:
        """Return the answer to *question* as on the day *today*; no receipt is kept."""
        draft = self._understand(question, tuple(history), language)
        draft.today = today
        return _traced(draft, self._whole(draft))

    def passage_text(self, passage_id: str) -> str | None:
        """Return the stored text of a passage."""
        passage = self.library.passages([passage_id]).get(passage_id)
        return passage.text if passage else None

    def answer(self, answer_id: str) -> Answer | None:
        """Return a stored answer."""
        receipt = self.library.receipts.answer(answer_id)
        return Answer.from_json(receipt) if receipt else None

    def feedback(self, answer_id: str, rating: int, reason: str | None = None) -> None:
        """Keep a thumb up (1) or down (-1)."""
        self.library.receipts.keep_feedback(answer_id, rating, (reason or "").strip()[:500] or None)

    # --- for programs --------------------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        language: Language | None = None,
        *,
        limit: int = searching.MOST,
        current: bool = False,
        languages: Collection[Language] = (),
    ) -> list[searching.Found]:
        """Return up to *limit* passages, best first; nothing of the query is kept. See ``searching.found``."""
        draft = self._understand(query, (), language)
        asked = self._retriever.query(draft.question, draft.language)
        return searching.found(
            self._retriever, self.contradictions, asked, self.today, limit=limit, current=current, languages=languages
        )

    def programmes(self, language: Language = "fr") -> tuple[programmes.Aid, ...]:
        """Return every programme as it is today, with what is confirmed of it."""
        return programmes.aids(self.library, self.contradictions, self.today, language)

    def eligibility(
        self, profile: Profile, language: Language = "fr", only: Sequence[str] = ()
    ) -> tuple[profiles.Judged, ...]:
        """Return whether a firm may apply for each programme, or for those of *only*; nothing of it is kept."""
        return profiles.judged(self.library, self.contradictions, profile, self.today, language, only)

    # --- the steps -----------------------------------------------------------------------------------------------

    async def _answers(self, draft: Draft, origin: str) -> AsyncGenerator[Answer, None]:
        """Yield growing answers; the last one is complete."""
        yield self._growing(draft, "retrieve")
        if self._phraser and draft.context and len(draft.question) <= self.settings.max_question:
            await asyncio.to_thread(self._find_pin, draft)
            if not draft.pin:
                await self._phraser.rewrite(draft, origin)
        answer = await asyncio.to_thread(self._answer, draft)
        if self._phraser and draft.failure:
            answer = dataclasses.replace(answer, trace=Trace(self._phraser.model.name, failure=draft.failure))
        # What the bot says first (closed, not in the sources) is never shown after what it qualifies.
        lead = answer.text.partition(finishing.marked(answer.statements[0]))[0] if answer.statements else ""
        phrasing = self._phraser.begin(draft) if self._phraser and not draft.failure else None
        if self._phraser and phrasing:
            async with aclosing(self._phraser.run(phrasing, origin)) as steps:
                async for _ in steps:
                    text = lead + finishing.said(phrasing.verified, draft.language) + phrasing.provisional
                    growing = self._growing(draft, "phrase")
                    yield dataclasses.replace(growing, text=text, provisional=phrasing.provisional)
            answer = await asyncio.to_thread(self._phrased, draft, phrasing)
        if not answer.is_phrased:
            shown = lead
            for statement in answer.statements[:-1]:
                shown += finishing.marked(statement) + " "
                yield dataclasses.replace(answer, text=shown.strip(), complete=False, stage="compose")
                await asyncio.sleep(0)
        yield answer

    async def _last(self, draft: Draft, origin: str) -> Answer:
        async for answer in self._answers(draft, origin):
            last = answer
        return last

    def _whole(self, draft: Draft) -> Answer:
        if not self._phraser:
            return self._answer(draft)
        with self._turn:
            return self._runner.run(self._last(draft, COMMAND))

    def _keep(self, draft: Draft, answer: Answer) -> Answer:
        """Store the receipt of an answer and return the answer with what the receipt tells of its making."""
        answer = _traced(draft, answer)
        try:
            self.library.receipts.keep(answer.as_json(), answer.trace.as_json())
        except SQLAlchemyError as error:
            # A busy or full disk must not cost the visitor the answer that is there.
            logger.error("a receipt was not kept: %s", type(error).__name__)
        return answer

    def _phrased(self, draft: Draft, phrasing: Phrasing) -> Answer:
        """Return the answer in the model's words, or the extractive one with the reason why there are none."""
        assert self._phraser
        with draft.timed("verify"):
            draft.parts = self._phraser.assemble(phrasing, draft)
            draft.failure = phrasing.failure
        draft.timings |= phrasing.timings
        model = self._phraser.model.name if any(part.phrased for part in draft.parts) else ""
        with draft.timed("finish"):
            answer = finishing.finish(
                draft, self.library, draft.today, uuid.uuid4().hex, model=model, disputing=self._disputing(draft)
            )
        return dataclasses.replace(answer, timings=dict(draft.timings), trace=self._phraser.trace(phrasing))

    def _answer(self, draft: Draft) -> Answer:
        limit = self.settings.max_question
        if len(draft.question) > limit:
            text = say("answers.too_long", draft.language, length=len(draft.question), limit=limit)
            return self._told(draft, "clarify", text)
        if not draft.context and not sign(draft.question) and self._says_too_little(draft):
            return self._told(draft, "clarify", say("answers.clarify", draft.language))
        self._find_pin(draft)
        if draft.pin:
            return self._validated(draft)
        with draft.timed("retrieve"):
            self._retrieve(draft)
        with draft.timed("understand"):
            self._place(draft)
        if draft.rule and not draft.rule.facts:
            return self._told(draft, draft.rule.status, say(f"answers.{draft.rule.wording}", draft.language))
        with draft.timed("compose"):
            self._compose(draft)
        with draft.timed("judge"):
            draft.status = judge(draft)
        if not is_phrased(draft):
            draft.failure = None  # no model would have been asked for the words
        with draft.timed("verify"):
            draft.chosen = [candidate for candidate in draft.chosen if verified(candidate)]
        with draft.timed("finish"):
            answer = finishing.finish(
                draft, self.library, draft.today, uuid.uuid4().hex, disputing=self._disputing(draft)
            )
        return dataclasses.replace(answer, timings=dict(draft.timings))

    def _find_pin(self, draft: Draft) -> None:
        """Find the validated answer to the question, once: in the words of the rules, never in those of a model."""
        if "pin" in draft.timings:
            return
        with draft.timed("pin"):
            found = self.pins.find(draft.standalone, draft.language, draft.today)
            if found and not self.pins.overruled(draft.question, draft.language, found):
                pin = found.served.pin
                draft.pin, draft.validated = pin.number, Validated(pin.validated_on)
                draft.parts = found.parts(draft.language)

    def _validated(self, draft: Draft) -> Answer:
        """Return the answer that staff validated; states, contact and ages are those of today."""
        with draft.timed("finish"):
            answer = finishing.finish(draft, self.library, draft.today, uuid.uuid4().hex)
        return dataclasses.replace(answer, timings=dict(draft.timings), trace=Trace(pin=draft.pin))

    def _understand(self, question: str, history: tuple[Message, ...], language: Language | None) -> Draft:
        start = time.perf_counter()
        asked_language = language
        # Half a character, as a script may send it, breaks what reads on: it becomes the sign for an unknown one.
        question = " ".join(question.encode("utf-16", "surrogatepass").decode("utf-16", "replace").split())
        history = tuple(message for message in history if message.text.strip())
        names = self._retriever.searcher.names
        language = language or followups.language_of(question, history, names)
        draft = Draft(question, language, history, question, self.today, asked_language)
        draft.wants = wants(question)
        draft.named = names.named(question)
        if followups.lean(question, history, language, names):
            full = followups.stand_alone(question, history, language, names, self.library.documents)
            draft.standalone, draft.context = full.text, full.context
            draft.named, draft.wants = dict(full.documents), full.wants
        draft.timings["understand"] = round((time.perf_counter() - start) * 1000, 2)
        return draft

    def _says_too_little(self, draft: Draft) -> bool:
        """Return whether there is nothing to look for: no word, or a single one that names no document."""
        return len(set(content_words(draft.question, draft.language))) < 2 and not draft.named

    def consider(self, question: str, history: Sequence[Message] = (), language: Language | None = None) -> Draft:
        """Return what is found for *question*, before it is judged: what coefficients are fitted on."""
        draft = self._understand(question, tuple(history), language)
        self._retrieve(draft)
        self._place(draft)
        self._compose(draft)
        return draft

    def features(self, draft: Draft) -> NDArray[np.float64]:
        """Return what the model of scope sees of a draft for which passages were found."""
        spoken = content_words(draft.question, draft.language)
        # The bundled model, whatever model searches: the coefficients were fitted with it.
        vector = self.library.words_model.encode([draft.question])[0]
        return features(draft.question, vector, draft.hits, draft.named, draft.known, len(spoken))

    def _retrieve(self, draft: Draft) -> None:
        draft.query = self._retriever.query(draft.searched or draft.question, draft.language, context=draft.context)
        draft.hits = self._retriever.search(draft.query, 60)

    def _place(self, draft: Draft) -> None:
        """Find out whether the message is a question to our sources."""
        spoken = content_words(draft.question, draft.language)
        held = [self.library.lexicon.frequency(word) > 0 for word in spoken]
        draft.known = sum(held) / len(held) if held else 0.0
        if self._speaks_of(draft):
            return
        draft.ours, draft.rule = self._scope.decide(draft.question, self.features(draft), leaning=bool(draft.context))

    def _speaks_of(self, draft: Draft) -> bool:
        """Return whether the library itself shows that the message is on its subject, whatever that is.

        The model of scope knows the starter corpus. A library may hold other documents: a small one knows few words of
        any question, one that holds every word of the message speaks of it, and of one in other languages only
        nearness can be told.
        """
        if sign(draft.question) or not draft.hits:
            return False
        if self.library.lexicon.count() < SMALL:
            return True
        if draft.known == 1 and max(hit.match for hit in draft.hits) >= HOLDS:
            return True
        spoken = draft.language in self._retriever.searcher.languages
        return not spoken and max(hit.dense for hit in draft.hits) >= NEAR_ABROAD

    def _compose(self, draft: Draft) -> None:
        assert draft.query
        self._overlook(draft)
        named = dict(draft.named)
        if draft.rule:
            named.update(dict.fromkeys(draft.rule.sheets, 2.0))
        draft.documents = rank_documents(draft.hits, named)
        found = self._composer.candidates(draft.query, draft.wants, draft.documents, draft.hits, draft.named)
        draft.candidates = self._disputing(draft).holding(found)
        if draft.overview:
            draft.chosen = self._composer.listed(draft.candidates, draft.overview)
            names = self._retriever.searcher.names
            draft.mentioned = tuple(dict.fromkeys(id for each in draft.chosen for id in names.named(each.text)))
        if not draft.chosen:
            draft.overview = ""
            draft.chosen = self._composer.select(draft.candidates, draft.wants)

    def _overlook(self, draft: Draft) -> None:
        """Have the document that lists the aids answer, when the question asks which there are and names no aim."""
        searcher = self._retriever.searcher
        document = searcher.glossary.overview
        if draft.rule or draft.context or not self.library.key_of(document, draft.language):
            return
        if is_general(draft.question, draft.language, draft.wants, searcher.names.every_word):
            draft.overview, draft.named = document, {document: 2.0}

    def _disputing(self, draft: Draft) -> Disputing:
        return Disputing(self.contradictions, self.library, draft.today)

    def _told(self, draft: Draft, status: Status, text: str) -> Answer:
        """Return an answer that needs no source."""
        draft.status = status
        return finishing.told(draft, text, draft.today, self.generation, uuid.uuid4().hex)

    def _growing(self, draft: Draft, stage: str) -> Answer:
        return Answer(
            id="", question=draft.question, standalone_question=draft.standalone, language=draft.language,
            status="answered", text="", as_of=self.today.isoformat(), generation=self.generation, complete=False,
            stage=stage,
        )  # fmt: skip


def _traced(draft: Draft, answer: Answer) -> Answer:
    """Return *answer* with what its receipt is to tell of the question."""
    trace = dataclasses.replace(
        answer.trace, asked_language=draft.asked_language, history=draft.history, evidence=draft.evidence
    )
    return dataclasses.replace(answer, trace=trace)
