"""What a page is, told by its server and by its content."""

from __future__ import annotations

import pytest

from ingest.web.fetching import Fetcher
from tests.ingest.readers.samples import pdf
from tests.ingest.web.asking import fetched, refusal
from tests.ingest.web.world import HOST, World, page, reply


@pytest.mark.parametrize(
    ("content", "header", "media_type"),
    [
        (page("Une aide."), "text/html", "text/html"), (page("Une aide."), "application/xhtml+xml", "text/html"),
        (page("Une aide."), "", "text/html"), (page("Une aide."), "text/plain", "text/html"),
        ("Une aide.", "text/plain; charset=utf-8", "text/plain"), ("# Une aide", "text/markdown", "text/markdown"),
        (pdf(["Une aide."]), "application/pdf", "application/pdf"),
        (pdf(["Une aide."]), "text/html", "application/pdf"),
        (pdf(["Une aide."]), "application/octet-stream", "application/pdf"),
        (b"\xff\xfe" + "Une aide.".encode("utf-16-le"), "text/plain", "text/plain"),
    ],
)  # fmt: skip
def test_the_content_decides_what_a_page_is(
    content: str | bytes, header: str, media_type: str, world: World, fetcher: Fetcher
) -> None:
    """Web pages, PDF, Markdown and text are known by what they are, whatever their server calls them."""
    world.pages[f"{HOST}/aide"] = reply(content, content_type=header)
    assert fetched(fetcher).media_type == media_type


@pytest.mark.parametrize(
    ("content", "header"),
    [("{}", "application/json"), ("x", "text/css"), ("x", "image/png"), (b"\x89PNG\r\n\x1a\n\0\0", "text/html"),
     (b"MZ\x90\0\3\0\0\0", "application/octet-stream"), (b"PK\x03\x04" + b"\0" * 50, ""), ("", "text/html"),
     ("x", "application/pdf"), ("x", "x" * 500 + "/y\x1b[2J"), (b"\0" * 100, "text/plain")],
)  # fmt: skip
def test_other_types_are_refused(content: str | bytes, header: str, world: World, fetcher: Fetcher) -> None:
    """What is no document, by its header or by its content, is refused; so is what is empty."""
    world.pages[f"{HOST}/aide"] = reply(content, content_type=header)
    assert refusal(fetcher).kind in {"type", "connection"}
