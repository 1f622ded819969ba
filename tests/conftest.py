"""One guichet over the starter corpus, opened once and asked by many tests."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator

import pytest

from bot.bootstrap import open_bot
from bot.service import Bot
from ingest.settings import load

# Tests ask more than any visitor, under names that are nobody's; those of the limits and of the hosts set their own.
os.environ.setdefault("GUICHET_RATE_LIMIT", "off")
os.environ.setdefault("GUICHET_TRUSTED_HOSTS", "testserver,guichet.test,guichet.example")

TODAY = dt.date(2026, 11, 23)


@pytest.fixture(scope="session")
def corpus_bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """A bot that knows the whole of ``corpus/`` and lives on 23 November 2026."""
    with open_bot(load(data_dir=tmp_path_factory.mktemp("guichet"), today=TODAY)) as opened:
        yield opened


@pytest.fixture(scope="session")
def bot(corpus_bot: Bot) -> Bot:
    """The same, where no folder has a bot of its own under this name."""
    return corpus_bot
