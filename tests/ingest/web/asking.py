"""Ask a fetcher for the page of the tests."""

from __future__ import annotations

import pytest

from ingest.errors import WebError
from ingest.web.fetching import Fetched, Fetcher
from tests.ingest.web.world import HOST

URL = f"http://{HOST}/aide"


def fetched(fetcher: Fetcher, url: str = URL) -> Fetched:
    """Return the page at *url*, which must have come."""
    found = fetcher.fetch(url)
    assert isinstance(found, Fetched)
    return found


def refusal(fetcher: Fetcher, url: str = URL) -> WebError:
    """Return why *url* gives no page; the reason is one line that fits a screen."""
    with pytest.raises(WebError) as raised:
        fetcher.fetch(url)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 400
    return raised.value
