"""The one place that names the concrete classes and puts them together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot.chat import open_chat_model
from bot.reranking import open_reranker
from bot.service import Bot
from ingest.library import Library
from ingest.progress import bar
from ingest.settings import Settings, load


@contextmanager
def open_bot(settings: Settings | None = None, *, prepared: bool = True) -> Iterator[Bot]:
    """Yield a bot over the data folder; on the first start, take in ``corpus/`` with a progress bar.

    A server that must be ready soon passes ``prepared=False`` and calls ``bot.prepare`` while it already answers.
    """
    settings = settings or load()
    with Library.open(settings) as library:
        library.expire()
        if not library.documents and settings.corpus_dir.is_dir():
            with bar() as progress:
                library.add([settings.corpus_dir], progress)
        bot = Bot(library, settings, open_reranker(settings), open_chat_model(settings))
        bot.warm()
        if prepared:
            bot.prepare()
        with closing(bot):
            yield bot
