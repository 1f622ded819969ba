"""Let a language model phrase an answer, and let nothing through that its quotes do not hold.

Each sentence is checked against the quotes it cites when it is whole. What fails is asked for once more, then the quote
itself takes its place. When the model fails as a whole, the extractive answer, which is there already, stays.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import traceback
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy.exc import SQLAlchemyError

from bot import followups
from bot.answers import Trace
from bot.budget import Budget, Reservation, budget_day, estimated
from bot.chat import LONGEST, Breaker, ChatFailure, ChatModel, Kind, Patience, Turn, patiently
from bot.draft import Draft, Part
from bot.gate import Gate, Said, Vocabulary, cleaned, is_sentence, parrots
from bot.omissions import omitted, unanswered
from bot.prompt import Request, version
from bot.retrieval import Retriever
from bot.statements import Candidate
from bot.verification import Quote, Verdict, Verifier
from ingest.analysis import STOP_WORDS, fold, words
from ingest.documents import Language
from ingest.screening import is_order

logger = logging.getLogger(__name__)

OFFERED = 8
"""Quotes that the model is shown: what was chosen, and the next best."""
SENTENCES = 6
"""Sentences that are used."""
HEARD = 8
"""Sentences after which a model that does not stop is stopped."""
REWRITING = 5.0
"""Seconds that putting a follow-up question in full may take at most: the search waits for it."""
LONGEST_QUESTION = 400
MOST_TOKENS = 100_000
"""What one request can have cost at most, whatever a server reports."""
WARMING = "Start IA : 50 % en 2026."
USED = 3
"""Passages in which a word must stand to count as a word of the sources."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of the model with what the check found; *attempt* counts from 1."""

    said: Said
    verdict: Verdict
    attempt: int = 1


@dataclass
class Cost:
    """What one answer has taken so far."""

    tokens_in: int = 0
    tokens_out: int = 0


@dataclass
class Phrasing:
    """One answer while a model phrases it; afterwards what came of it."""

    request: Request
    gate: Gate
    sentences: list[Checked] = field(default_factory=list)
    checks: list[Checked] = field(default_factory=list)
    """Every check that was made, for the receipt."""
    failure: Kind | None = None
    heard: int = 0
    """Sentences that came, also those that only repeat one."""
    cost: Cost = field(default_factory=Cost)
    timings: dict[str, float] = field(default_factory=dict)
    """Milliseconds until the model's first word, and until its last."""

    @property
    def verified(self) -> list[Part]:
        """What may be shown as verified so far."""
        return [self.part(each) for each in self.sentences if each.verdict.ok]

    @property
    def provisional(self) -> str:
        """What may be shown of the sentence that is not whole yet."""
        return self.gate.provisional

    def part(self, checked: Checked) -> Part:
        """Return a sentence as a part of the answer."""
        return Part(checked.said.text, self.quotes(checked.said), phrased=True)

    def quotes(self, said: Said) -> tuple[Candidate, ...]:
        """Return the quotes that a sentence cites."""
        return tuple(self.request.offered[number - 1] for number in said.numbers)


class Phraser:
    """Phrases answers with one model over one library."""

    def __init__(self, model: ChatModel, retriever: Retriever, patience: Patience, budget: Budget) -> None:
        self.model = model
        self._retriever = retriever
        self._patience = patience
        self._budget = budget
        self._breaker = Breaker()
        self._verifier = Verifier(retriever)

    def prepare(self) -> None:
        """Gather the words that may be shown at once and read the lists of the check: no question waits for them."""
        for language in self._retriever.searcher.languages:
            self._vocabulary(language, self._retriever.library.generation)
            self._verifier.check(WARMING, language, [Quote(WARMING, language)])

    def begin(self, draft: Draft) -> Phrasing | None:
        """Return a phrasing of *draft*, or ``None`` where there is no fact to phrase: a gap is said as it stands."""
        offered = offers(draft)
        if not is_phrased(draft):
            return None
        request = Request.of(draft.standalone, draft.language, offered)
        vocabulary = self._vocabulary(draft.language, self._retriever.library.generation)
        spoken = Vocabulary(
            fold(word) for each in offered for text in (each.text, *each.passage.names, each.passage.title)
            for word in words(text)
        )  # fmt: skip
        return Phrasing(request, Gate(len(offered), draft.language, (vocabulary, spoken)))

    async def rewrite(self, draft: Draft, origin: str) -> None:
        """Have a follow-up question put in full; what the model must not have written is dropped, and the rules' stays.

        A model that fails here is not asked again for this answer.
        """
        messages = followups.rewrite_messages(draft.question, draft.history, draft.language, secrets.token_hex(4))
        turns = [Turn(role, text) for role, text in messages]
        clock = asyncio.get_running_loop().time
        started, cost, text = clock(), Cost(), ""
        try:
            async with (
                self._paid(origin, turns, cost),
                aclosing(self._ask(cost, turns, started + self._patience.total)) as texts,
                asyncio.timeout(REWRITING),
            ):
                async for piece in texts:
                    text += piece
                    if len(text) > LONGEST_QUESTION:
                        break
            names = self._retriever.searcher.names
            if followups.accepted(text, draft.question, draft.history, draft.language, names):
                draft.standalone = draft.searched = " ".join(text.split())
                for document, weight in names.named(text).items():
                    draft.named[document] = max(weight, draft.named.get(document, 0.0))
        except ChatFailure as failure:
            logger.warning("language model, for a follow-up: %s (%s)", failure.kind, failure)
            draft.failure = failure.kind
        except TimeoutError:
            # Slow, not dead: the rules' question is good enough to go on with.
            logger.info("language model, for a follow-up: not within %s seconds", REWRITING)
        except Exception as error:  # noqa: BLE001  the rules' question is there
            draft.failure = _fault(error)
        self._breaker.note(draft.failure)
        draft.timings["rewrite"] = round((clock() - started) * 1000, 2)

    async def run(self, phrasing: Phrasing, origin: str) -> AsyncGenerator[None, None]:
        """Let the model speak at the cost of *origin*; yields whenever there is more to show.

        A failure is noted, never raised.
        """
        turns = phrasing.request.turns()
        started = time.perf_counter()
        try:
            async with self._paid(origin, turns, phrasing.cost), aclosing(self._hear(phrasing, turns)) as steps:
                async for _ in steps:
                    yield
        except ChatFailure as failure:
            logger.warning("language model: %s (%s)", failure.kind, failure)
            phrasing.failure = failure.kind
        except Exception as error:  # noqa: BLE001  the quotes are there: what a model writes must not cost the answer
            phrasing.failure = _fault(error)
        self._breaker.note(phrasing.failure)
        phrasing.timings["model"] = round((time.perf_counter() - started) * 1000, 2)
        yield

    @asynccontextmanager
    async def _paid(self, origin: str, turns: Sequence[Turn], cost: Cost) -> AsyncGenerator[None, None]:
        """Reserve what *turns* may cost, and settle in the end, however it ends; raises ``ChatFailure``."""
        if not self._breaker.allows():
            raise ChatFailure("paused")
        most = 2 * _tokens(turns), 2 * LONGEST  # a second request may be needed
        reserving = asyncio.ensure_future(asyncio.to_thread(self._budget.reserve, origin, budget_day(), *most))
        try:
            # Shielded: a visitor who stops just now must not leave a reservation behind.
            reservation = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            reserving.add_done_callback(lambda done: self._settle(done.result(), Cost()))
            raise
        if reservation is None:
            raise ChatFailure("budget")
        try:
            yield
        finally:
            self._settle(reservation, cost)

    def _settle(self, reservation: Reservation | None, cost: Cost) -> None:
        """Enter what was spent, in a thread that nobody waits for: also a visitor who stops has spent something."""

        def settle() -> None:
            try:
                if reservation:
                    self._budget.settle(reservation, cost.tokens_in, cost.tokens_out)
            except SQLAlchemyError as error:
                logger.error("what a model took was not entered: %s", type(error).__name__)

        asyncio.get_running_loop().run_in_executor(None, settle)

    async def _hear(self, phrasing: Phrasing, turns: Sequence[Turn]) -> AsyncGenerator[None, None]:
        clock = asyncio.get_running_loop().time
        started, deadline = clock(), clock() + self._patience.total
        async with aclosing(self._ask(phrasing.cost, turns, deadline)) as texts:
            async for text in texts:
                phrasing.timings.setdefault("model_first", round((clock() - started) * 1000, 2))
                shown = len(phrasing.sentences), phrasing.provisional
                self._take(phrasing, phrasing.gate.feed(text))
                if (len(phrasing.sentences), phrasing.provisional) != shown:
                    yield
                if phrasing.heard >= HEARD or phrasing.gate.is_full:
                    break
        self._take(phrasing, phrasing.gate.close())
        yield
        await self._mend(phrasing, deadline)
        phrasing.failure = _failure(phrasing)

    def trace(self, phrasing: Phrasing) -> Trace:
        """Return how an answer was made, for its receipt."""
        return Trace(
            model=self.model.name, prompt=version(), failure=phrasing.failure or "",
            quotes=tuple(
                f"{each.passage.id}:{each.span.start}-{each.span.end}" for each in phrasing.request.offered
            ),
            verdicts=tuple(
                {
                    "statement": each.said.text, "citations": each.said.numbers, "reason": each.verdict.reason,
                    "detail": each.verdict.detail, "score": round(each.verdict.score, 3), "attempt": each.attempt,
                }
                for each in phrasing.checks
            ),
            tokens_in=phrasing.cost.tokens_in, tokens_out=phrasing.cost.tokens_out,
        )  # fmt: skip

    def assemble(self, phrasing: Phrasing, draft: Draft) -> list[Part]:
        """Return the answer: what the model said and was verified, quotes for the rest, and what must not be missing.

        The direct answer comes first; a gap of the sources is said as it stands. Nothing after a failure.
        """
        if phrasing.failure:
            return []
        try:
            return self._assembled(phrasing, draft)
        except Exception as error:  # noqa: BLE001  the quotes are there
            phrasing.failure = _fault(error)
            return []

    def _assembled(self, phrasing: Phrasing, draft: Draft) -> list[Part]:
        parts: list[Part] = []
        cited: set[Candidate] = set()
        held = {candidate for each in phrasing.sentences if each.verdict.ok for candidate in phrasing.quotes(each.said)}
        for each in phrasing.sentences:
            if each.verdict.ok:
                parts.append(phrasing.part(each))
                cited.update(parts[-1].quotes)
                continue
            for candidate in phrasing.quotes(each.said)[:1]:
                if candidate not in held | cited:
                    parts.append(Part.quoted(candidate))
                    cited.add(candidate)
        if draft.chosen[0] not in cited:
            parts.insert(0, Part.quoted(draft.chosen[0]))
            cited.add(draft.chosen[0])
        asked = unanswered(parts, draft.chosen, draft.wants)
        needed = omitted([*parts, *map(Part.quoted, asked)], draft.candidates, self._retriever.library)
        gaps = [candidate for candidate in draft.chosen if candidate.span.role != "fact"]
        joining = [candidate for candidate in dict.fromkeys((*asked, *needed, *gaps)) if candidate not in cited]
        return [*parts, *map(Part.quoted, joining)]

    async def _ask(self, cost: Cost, turns: Sequence[Turn], deadline: float) -> AsyncGenerator[str, None]:
        tokens_in = tokens_out = 0
        said = ""
        try:
            async with aclosing(patiently(self.model, turns, self._patience, deadline)) as pieces:
                async for piece in pieces:
                    # A server that counts nonsense must not use up the day.
                    tokens_in = min(max(tokens_in, piece.tokens_in), MOST_TOKENS)
                    tokens_out = min(max(tokens_out, piece.tokens_out), MOST_TOKENS)
                    if piece.text:
                        said += piece.text
                        yield piece.text
        finally:
            # A stream that ends early, or a server that does not count, tells no usage.
            cost.tokens_in += tokens_in or _tokens(turns)
            cost.tokens_out += tokens_out or min(estimated(said), MOST_TOKENS)

    def _take(self, phrasing: Phrasing, sentences: Sequence[Said]) -> None:
        told = {each.said.text for each in phrasing.sentences}
        for said in sentences:
            phrasing.heard += 1
            if said.text in told or len(phrasing.sentences) == SENTENCES:
                continue
            checked = Checked(said, self._check(phrasing, said))
            phrasing.sentences.append(checked)
            phrasing.checks.append(checked)
        wrong = [each for each in phrasing.sentences if each.verdict.reason == "language"]
        if len(wrong) >= 2 and not phrasing.verified:
            raise ChatFailure("language")

    def _check(self, phrasing: Phrasing, said: Said) -> Verdict:
        if (
            said.led_away
            or not is_sentence(said.text)
            or is_order(said.text)
            or parrots(said.text, phrasing.request.told)
        ):
            return Verdict("form")
        quotes = [
            Quote(each.text, each.passage.language, each.document, (each.passage.title, *each.passage.names))
            for each in phrasing.quotes(said)
        ]
        return self._verifier.check(said.text, phrasing.request.language, quotes)

    async def _mend(self, phrasing: Phrasing, deadline: float) -> None:
        """Ask once more for the sentences that failed though they cite quotes that were offered."""
        wrong = [
            place for place, each in enumerate(phrasing.sentences) if not each.verdict.ok and each.said.numbers
        ]  # fmt: skip
        if not wrong:
            return
        sentences = [phrasing.sentences[place].said.marked for place in wrong]
        gate = Gate(len(phrasing.request.offered), phrasing.request.language, ())
        again: list[Said] = []
        try:
            async with aclosing(self._ask(phrasing.cost, phrasing.request.mending(sentences), deadline)) as texts:
                async for text in texts:
                    again += gate.feed(text)
                    if len(again) > len(wrong):
                        break
            again += gate.close()
        except ChatFailure as failure:
            # What was verified stays; the quotes take the place of what was not.
            logger.warning("language model, asked again: %s (%s)", failure.kind, failure)
        told = {each.said.text for each in phrasing.sentences}
        for place, said in zip(wrong, again, strict=False):
            if said.text in told:
                continue
            told.add(said.text)
            checked = Checked(said, self._check(phrasing, said), attempt=2)
            phrasing.checks.append(checked)
            if checked.verdict.ok:
                phrasing.sentences[place] = checked

    @lru_cache(maxsize=8)  # noqa: B019  one phraser lives as long as the process
    def _vocabulary(self, language: Language, generation: int) -> Vocabulary:
        """Return the words that the sources use in *language*, without figures."""
        lexicon = self._retriever.library.lexicon
        used = (word for word in lexicon.words_in(language) if lexicon.frequency(word, language) >= USED)
        return Vocabulary({*used, *map(fold, STOP_WORDS[language])})


def is_phrased(draft: Draft) -> bool:
    """Return whether an answer is one that a model may phrase: some facts, and no refusal or other Region."""
    return bool(offers(draft)) and not draft.rule and draft.status in ("answered", "partial")


def offers(draft: Draft) -> list[Candidate]:
    """Return the quotes for the model: facts only, those that were chosen first; nothing if no fact was chosen."""
    chosen = [candidate for candidate in draft.chosen if candidate.span.role == "fact"]
    if not chosen:
        return []
    documents = {candidate.document for candidate in chosen}
    further = [c for c in draft.candidates if c.span.role == "fact" and c.document in documents and c not in chosen]
    found = [*chosen, *further[: max(0, OFFERED - len(chosen))]]
    # A quote that is nothing but an address is no use to a model that must not give one.
    return [candidate for candidate in found if cleaned(candidate.text)]


def _fault(error: Exception) -> Kind:
    """Note an error of our own. Its text is not logged: it may hold what was said."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("phrasing failed: %s in %s:%s", type(error).__name__, where.filename, where.lineno)
    return "fault"


def _tokens(turns: Sequence[Turn]) -> int:
    return estimated("".join(turn.text for turn in turns))


def _failure(phrasing: Phrasing) -> Kind | None:
    """Return what is wrong with the reply as a whole, if nothing of it was verified."""
    if phrasing.verified:
        return None
    if not phrasing.sentences:
        return "garbage" if "model_first" in phrasing.timings else "empty"
    foreign = sum(each.verdict.reason == "language" for each in phrasing.sentences)
    return "language" if foreign * 2 > len(phrasing.sentences) else "garbage"
