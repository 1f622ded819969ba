"""What a page is: what its server says and what its content shows must agree with something that we read."""

from __future__ import annotations

import re

from ingest.errors import FetchFailed
from ingest.web.addresses import Address

__all__ = ["DOCUMENTS", "SITEMAPS", "agreed", "declared"]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML, PDF, MARKDOWN, TEXT = "text/html", "application/pdf", "text/markdown", "text/plain"
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/download"})
DOCUMENTS = frozenset(
    {HTML, "application/xhtml+xml", PDF, "application/x-pdf", DOCX, MARKDOWN, "text/x-markdown", TEXT}
)
"""Types that a document may be announced as."""
SITEMAPS = frozenset({"application/xml", "text/xml", TEXT, "application/gzip", "application/x-gzip"})
"""Types that a sitemap may be announced as."""

_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_NOISE = re.compile(b"[\x00-\x06\x0e-\x1a\x1c-\x1f]")


def declared(address: Address, header: str, accepted: frozenset[str]) -> str:
    """Return the type in a ``Content-Type`` header, empty if it says nothing; raise when it is none of *accepted*."""
    media_type = header.partition(";")[0].strip().lower()
    if media_type in _UNSAID:
        return ""
    if media_type not in accepted:
        known = media_type if re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", media_type) else "something else"
        raise FetchFailed(f"{address}: is {known}; web pages, PDF, Word, Markdown and text are read", "type")
    return media_type


def agreed(address: Address, media_type: str, content: bytes) -> str:
    """Return the type of *content*: what it shows wins over what was said; raise when it is nothing that we read."""
    if content.startswith(b"%PDF") or (media_type == PDF and b"%PDF" in content[:1024]):
        return PDF
    if content.startswith(b"PK\x03\x04") and b"word/" in content:
        return DOCX
    start = content[:4096]
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if media_type in {PDF, "application/x-pdf", DOCX} or (not wide and _NOISE.search(start)):
        raise FetchFailed(f"{address}: is not what its server says that it is, or damaged", "type")
    if not content.strip(b" \t\r\n\xef\xbb\xbf\xff\xfe\0"):
        raise FetchFailed(f"{address}: is empty", "type")
    if media_type in {HTML, "application/xhtml+xml"} or _PAGE.search(start.replace(b"\0", b"")):
        return HTML
    if media_type in {MARKDOWN, "text/x-markdown"} or address.target.partition("?")[0].lower().endswith(".md"):
        return MARKDOWN
    return TEXT
