"""One way to ask for every face of the product: check the question, stream the answer, turn failures into sentences."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
import traceback
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from starlette.requests import Request

from bot.answers import Answer, Message
from bot.eligibility import Profile
from bot.profiles import Judged
from bot.programmes import Aid
from bot.searching import MOST, Found
from bot.sheets import Shelf
from ingest.documents import Language
from ingest.errors import GuichetError
from ingest.settings import Settings
from ui import request_ids
from ui.words import word

logger = logging.getLogger(__name__)

SAYS = re.compile(r"[^\s\u0000-\u001f\u007f-\u009f]")
"""What a text has to hold somewhere to say anything: no mere space or control character."""
SOON = 5
"""Seconds after which a caller may ask again where nothing was ready yet."""


class Bot(Protocol):
    """What a screen needs of the bot."""

    @property
    def ready(self) -> bool:
        """Whether questions can be answered."""

    @property
    def generation(self) -> int:
        """The number of the corpus generation that answers."""

    @property
    def today(self) -> dt.date:
        """The day that is answered for."""

    @property
    def document_count(self) -> int:
        """How many documents are searched."""

    def stream(
        self, question: str, history: tuple[Message, ...] = (), language: Language | None = None, origin: str = ""
    ) -> AsyncIterator[Answer]:
        """Yield growing answers; the last one is complete. *origin* is who pays for a language model."""

    def search(
        self,
        query: str,
        language: Language | None = None,
        *,
        limit: int = MOST,
        current: bool = False,
        languages: Collection[Language] = (),
    ) -> list[Found]:
        """Return up to *limit* passages, best first; with *current* of no programme that is closed."""

    def programmes(self, language: Language = "fr") -> tuple[Aid, ...]:
        """Return every programme as it is today."""

    def eligibility(self, profile: Profile, language: Language = "fr", only: Sequence[str] = ()) -> tuple[Judged, ...]:
        """Return whether a firm may apply for each programme, or for those of *only*."""

    def feedback(self, answer_id: str, rating: int, reason: str | None, /) -> None:
        """Keep what a reader thinks of an answer."""

    def answer(self, answer_id: str, /) -> Answer | None:
        """Return a stored answer."""

    @property
    def shelf(self) -> Shelf:
        """The documents of the generation that answers, as they stand today."""


T = TypeVar("T")


class Refusal(GuichetError):
    """A question that gets a sentence instead of an answer.

    ``key`` names it in the catalogue (``pages``, or the file before its dot), ``status`` in HTTP; ``headers`` go with
    its response.
    """

    def __init__(
        self,
        key: str,
        language: Language,
        status: int,
        *,
        pointer: str = "",
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        """*pointer* is the place in the body that is refused, as a JSON pointer (``#/question``)."""
        self.key, self.status, self.pointer, self.headers = key, status, pointer, dict(headers or {})
        self.sentence = word(key, language, **values)
        super().__init__(self.sentence)


def checked(question: str, language: Language, settings: Settings, pointer: str = "#/question") -> str:
    """Return *question* as it is asked, or refuse one that is empty or too long; *pointer* says where it stands."""
    question = question.replace("\x00", "").strip()
    if not SAYS.search(question):
        raise Refusal("empty", language, 422, pointer=pointer)
    if len(question) > settings.max_question:
        count, limit = len(question), settings.max_question
        raise Refusal("too_long", language, 422, pointer=pointer, count=count, limit=limit)
    return question


def not_ready(page: Language) -> Refusal:
    """Return the refusal of a question that comes before the bot can answer any."""
    return Refusal("not_ready", page, 503, headers={"retry-after": str(SOON)})


async def answers(
    bot: Bot, question: str, history: tuple[Message, ...], page: Language, language: Language | None, origin: str
) -> AsyncIterator[Answer]:
    """Yield the growing answers of *bot*; whatever fails becomes a ``Refusal`` in the language of the *page*."""
    if not bot.ready:
        raise not_ready(page)
    answer = None
    try:
        async for answer in bot.stream(question, history, language, origin):
            yield answer
    except GuichetError as error:
        logger.error("answering failed: %s (request %s)", type(error).__name__, request_ids.current())
        raise Refusal("unexpected", page, 503) from error
    except Exception as error:  # noqa: BLE001  a visitor gets a sentence, whatever broke behind the counter
        raise _broken(error, page) from None
    if answer is None or not answer.complete:
        raise Refusal("unexpected", page, 500)


async def looked_up(bot: Bot, page: Language, work: Callable[[], T]) -> T:
    """Return what *work*, which asks *bot* without answering in words, returns; it runs in a thread.

    Whatever fails becomes a ``Refusal``, as in ``answers``.
    """
    if not bot.ready:
        raise not_ready(page)
    try:
        return await asyncio.to_thread(work)
    except GuichetError as error:
        logger.error("looking up failed: %s (request %s)", type(error).__name__, request_ids.current())
        raise Refusal("unexpected", page, 503) from error
    except Exception as error:  # noqa: BLE001  as above
        raise _broken(error, page) from None


def _broken(error: Exception, page: Language) -> Refusal:
    """Log where *error* came from, and return what the visitor is told."""
    # Not logger.exception: the text of a foreign error may hold the question, which never enters the log.
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.filename}:{where.lineno}"
    logger.error("answering failed: %s in %s (request %s)", type(error).__name__, place, request_ids.current())
    return Refusal("unexpected", page, 500)


async def until(stopped: asyncio.Event, stream: AsyncIterator[Answer]) -> AsyncIterator[Answer]:
    """Yield of *stream* until it ends or *stopped* is set, which also ends the step that is at work."""
    stopping = asyncio.ensure_future(stopped.wait())
    step: asyncio.Future[Answer | None] | None = None
    try:
        while True:
            step = asyncio.ensure_future(anext(stream, None))
            await asyncio.wait({step, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopped.is_set() or (answer := step.result()) is None:
                return
            yield answer
    finally:
        stopping.cancel()
        if step:
            step.cancel()


async def whole(request: Request, stream: AsyncIterator[Answer]) -> Answer | None:
    """Return the complete answer of *stream*; None when the caller has gone before, which also ends the step at work.

    The body of *request* was read before.
    """
    left = asyncio.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left.set()

    watching = asyncio.ensure_future(watch())
    last = None
    try:
        async for answer in until(left, stream):
            last = answer
    finally:
        watching.cancel()
    return last if last and last.complete else None
