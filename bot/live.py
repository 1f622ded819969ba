"""The bot that answers now. A change of the library brings the next one, made ready beside it."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from threading import Lock

from sqlalchemy.exc import SQLAlchemyError

from bot.answers import Answer, Message
from bot.eligibility import Profile
from bot.profiles import Judged
from bot.programmes import Aid
from bot.searching import MOST, Found
from bot.service import Bot
from bot.sheets import Shelf
from ingest.documents import Language
from ingest.errors import GuichetError
from ingest.library import Library
from ingest.snapshot import Snapshot

logger = logging.getLogger(__name__)


class Live:
    """Answers from the newest generation; an answer that is under way ends on the generation that it began on."""

    def __init__(self, library: Library, make: Callable[[Snapshot], Bot]) -> None:
        self.library = library
        self._make = make
        self._publishing = not library.settings.preview_blocks
        self._changing = Lock()
        self._under_way = 0
        self._bot = self._made()
        library.changed.append(self.refresh)
        library.waited_for = lambda: self.busy

    @property
    def bot(self) -> Bot:
        """The bot over the newest generation."""
        return self._bot

    @property
    def ready(self) -> bool:
        """Whether questions can be answered."""
        return self._bot.ready

    @property
    def generation(self) -> int:
        """Generation that is asked."""
        return self._bot.generation

    @property
    def today(self) -> dt.date:
        """The day that answers are given for."""
        return self._bot.today

    @property
    def document_count(self) -> int:
        """How many documents there are, languages of one document counted once."""
        return self._bot.document_count

    @property
    def shelf(self) -> Shelf:
        """The documents of that generation as they stand today."""
        return self._bot.shelf

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer: other work may stand back for a moment."""
        return self._under_way > 0

    def refresh(self) -> None:
        """Answer from the newest generation from now on; called in the thread that changed the library."""
        with self._changing:
            if self._bot.library is not self.library.current:
                next_bot = self._made()
                next_bot.prepare(self._bot)
                # What is under way goes on with the old one, which ends with its last answer.
                self._bot = next_bot

    def prepare(self) -> None:
        """Prepare the statements of the present generation; it answers, a little slower, before."""
        self._bot.prepare()

    def settle(self) -> None:
        """Do what was set for a day that has come: publish, or serve no more; catch up with what was missed.

        Where a change is looked at before it is published, ``bot.preview.Previews.publish_due`` publishes.
        """
        self.library.settle(self.today, publishing=self._publishing)
        self.refresh()

    async def stream(
        self, question: str, history: Sequence[Message] = (), language: Language | None = None, origin: str = ""
    ) -> AsyncGenerator[Answer, None]:
        """Yield growing answers; the last one is complete. See ``Bot.stream``."""
        if self.library.is_due(self.today, publishing=self._publishing):
            await asyncio.to_thread(self._catch_up)
        self._under_way += 1
        try:
            async with aclosing(self._bot.stream(question, history, language, origin)) as answers:
                async for answer in answers:
                    yield answer
        finally:
            self._under_way -= 1

    def search(
        self,
        query: str,
        language: Language | None = None,
        *,
        limit: int = MOST,
        current: bool = False,
        languages: Collection[Language] = (),
    ) -> list[Found]:
        """Return up to *limit* passages, best first; see ``Bot.search``."""
        self._catch_up()
        return self._bot.search(query, language, limit=limit, current=current, languages=languages)

    def programmes(self, language: Language = "fr") -> tuple[Aid, ...]:
        """Return every programme as it is today; see ``Bot.programmes``."""
        self._catch_up()
        return self._bot.programmes(language)

    def eligibility(self, profile: Profile, language: Language = "fr", only: Sequence[str] = ()) -> tuple[Judged, ...]:
        """Return whether a firm may apply for each programme; see ``Bot.eligibility``."""
        self._catch_up()
        return self._bot.eligibility(profile, language, only)

    def answer(self, answer_id: str) -> Answer | None:
        """Return a stored answer."""
        return self._bot.answer(answer_id)

    def feedback(self, answer_id: str, rating: int, reason: str | None = None) -> None:
        """Keep a thumb up (1) or down (-1)."""
        self._bot.feedback(answer_id, rating, reason)

    def close(self) -> None:
        """Let go of the bot."""
        self.library.changed.remove(self.refresh)
        self._bot.close()

    def _catch_up(self) -> None:
        """Do what was set for today; whoever asks first after midnight waits a moment."""
        # What ended yesterday must not answer today.
        try:
            if self.library.is_due(self.today, publishing=self._publishing):
                self.settle()
        except (GuichetError, SQLAlchemyError, OSError) as error:
            # A full disk must not cost every visitor his answer; the chores go on trying.
            logger.error("what was set for today could not be done: %s", type(error).__name__)

    def _made(self) -> Bot:
        bot = self._make(self.library.current)
        bot.warm()
        return bot
