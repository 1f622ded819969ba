"""The one place that names the concrete classes and puts them together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot.cards import Cards
from bot.chat import open_chat_model
from bot.contradictions import Contradictions
from bot.live import Live
from bot.reranking import open_reranker
from bot.service import Bot
from ingest.library import Library
from ingest.progress import bar
from ingest.settings import Settings, load


@contextmanager
def open_bot(settings: Settings | None = None) -> Iterator[Bot]:
    """Yield a bot over the data folder; on the first start, take in ``corpus/`` with a progress bar."""
    settings = settings or load()
    with _opened(settings) as library:
        library.expire()
        bot = Bot(library, settings, open_reranker(settings), open_chat_model(settings))
        bot.warm()
        bot.prepare()
        with closing(bot):
            yield bot


@contextmanager
def open_live(settings: Settings) -> Iterator[Live]:
    """Yield a bot for a server: it follows the changes of its library.

    It answers at once; call ``prepare`` while it already does. What was kept long enough is let go of by its chores.
    """
    with _opened(settings) as library:
        reranker, model = open_reranker(settings), open_chat_model(settings)
        with (
            closing(Contradictions(Cards(library.cards))) as shared,
            closing(Live(library, lambda snapshot: Bot(snapshot, settings, reranker, model, shared))) as live,
        ):
            yield live


@contextmanager
def _opened(settings: Settings) -> Iterator[Library]:
    with Library.open(settings) as library:
        if not library.documents and not library.generation and settings.corpus_dir.is_dir():
            with bar() as progress:
                library.add([settings.corpus_dir], progress)
        # Where a change is looked at before it is published, the desk publishes what is scheduled.
        library.settle(settings.current_date(), publishing=not settings.preview_blocks)
        yield library
