"""Our index as a LangChain retriever, for chains and agents of others.

Importing this module needs langchain-core, which nothing else in the answer path does::

    with open_bot() as bot:
        documents = GuichetRetriever(bot=bot, k=4).invoke("Quelle aide pour l'IA ?")

The bot is one over a data folder of this process (``bot.bootstrap.open_bot``) or the one of a server (``Live``): one
process owns a data folder (docs/decisions/0001), and a second one is refused with a sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Protocol

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from bot.searching import MOST, Found
from ingest.documents import Language


class Searches(Protocol):
    """What the retriever needs of a bot."""

    def search(
        self,
        query: str,
        language: Language | None = None,
        *,
        limit: int = MOST,
        current: bool = False,
        languages: Collection[Language] = (),
    ) -> list[Found]:
        """Return up to *limit* passages, best first."""


class GuichetRetriever(BaseRetriever):
    """Passages of our sources, best first, each with its closest sentence, its date and its link."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    bot: Any = Field(exclude=True, repr=False)
    """A ``Bot`` or a ``Live``: whatever ``Searches``."""
    k: int = Field(default=4, ge=1, le=MOST)
    """Passages to return at most."""
    language: Language | None = None
    """Language of the questions; None: found out for each."""
    languages: tuple[Language, ...] = ()
    """Languages of passages to keep; empty: all."""
    current: bool = False
    """Whether sheets of programmes that are closed today are left out."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **given: Any
    ) -> list[Document]:
        return self._found(query, **given)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **given: Any
    ) -> list[Document]:
        # Searching takes milliseconds of a core: not on the loop that others share.
        return await asyncio.to_thread(self._found, query, **given)

    def _found(self, query: str, *, k: int | None = None) -> list[Document]:
        bot: Searches = self.bot
        limit = min(max(k or self.k, 1), MOST)
        found = bot.search(query, self.language, limit=limit, current=self.current, languages=self.languages)
        return [as_document(each) for each in found]


def as_document(found: Found) -> Document:
    """Return a passage as LangChain knows documents: its text, and where it stands as metadata."""
    return Document(
        id=found.passage_id,
        page_content=found.passage,
        metadata={
            "quote": found.quote, "role": found.role, "document": found.document, "version": found.version,
            "title": found.title, "url": found.url, "source": found.link or found.url or found.document,
            "page": found.page, "heading": found.heading, "language": found.language, "as_of": found.as_of,
            "verified_on": found.verified_on, "confidence": found.confidence, "state": found.state,
            "score": found.score, "match": found.match,
        },
    )  # fmt: skip
