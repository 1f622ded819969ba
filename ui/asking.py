"""One way to ask for every face of the product: check the question, stream the answer, turn failures into sentences."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
import traceback
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from starlette.requests import Request

from bot.answers import Answer, Message
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

    def feedback(self, answer_id: str, rating: int, reason: str | None, /) -> None:
        """Keep what a reader thinks of an answer."""

    def answer(self, answer_id: str, /) -> Answer | None:
        """Return a stored answer."""

    @property
    def shelf(self) -> Shelf:
        """The documents of the generation that answers, as they stand today."""


class Refusal(GuichetError):
    """A question that gets a sentence instead of an answer. ``key`` names it in the catalogue, ``status`` in HTTP."""

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


def checked(question: str, language: Language, settings: Settings) -> str:
    """Return *question* as it is asked, or refuse one that is empty or too long."""
    question = question.replace("\x00", "").strip()
    if not SAYS.search(question):
        raise Refusal("empty", language, 422, pointer="#/question")
    if len(question) > settings.max_question:
        count, limit = len(question), settings.max_question
        raise Refusal("too_long", language, 422, pointer="#/question", count=count, limit=limit)
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
        # Not logger.exception: the text of a foreign error may hold the question, which never enters the log.
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{where.filename}:{where.lineno}"
        logger.error("answering failed: %s in %s (request %s)", type(error).__name__, place, request_ids.current())
        raise Refusal("unexpected", page, 500) from None
    if answer is None or not answer.complete:
        raise Refusal("unexpected", page, 500)


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
