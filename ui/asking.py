"""One way to ask for every face of the product: check the question, stream the answer, turn failures into sentences."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import traceback
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from bot.answers import Answer, Message
from ingest.documents import Language
from ingest.errors import GuichetError
from ingest.settings import Settings
from ui.words import word

logger = logging.getLogger(__name__)


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
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        self.key, self.status, self.headers = key, status, dict(headers or {})
        self.sentence = word(key, language, **values)
        super().__init__(self.sentence)


def checked(question: str, language: Language, settings: Settings) -> str:
    """Return *question* as it is asked, or refuse one that is empty or too long."""
    question = question.replace("\x00", "").strip()
    if not question:
        raise Refusal("empty", language, 422)
    if len(question) > settings.max_question:
        raise Refusal("too_long", language, 422, count=len(question), limit=settings.max_question)
    return question


async def answers(
    bot: Bot, question: str, history: tuple[Message, ...], page: Language, language: Language | None, origin: str
) -> AsyncIterator[Answer]:
    """Yield the growing answers of *bot*; whatever fails becomes a ``Refusal`` in the language of the *page*."""
    if not bot.ready:
        raise Refusal("not_ready", page, 503)
    answer = None
    try:
        async for answer in bot.stream(question, history, language, origin):
            yield answer
    except GuichetError as error:
        logger.error("answering failed: %s", type(error).__name__)
        raise Refusal("unexpected", page, 503) from error
    except Exception as error:  # noqa: BLE001  a visitor gets a sentence, whatever broke behind the counter
        # Not logger.exception: the text of a foreign error may hold the question, which never enters the log.
        where = traceback.extract_tb(error.__traceback__)[-1]
        logger.error("answering failed: %s in %s:%s", type(error).__name__, where.filename, where.lineno)
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
