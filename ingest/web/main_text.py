"""What stands for the text of a page: read in the child process that reads uploads, never in the server's own."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from ingest.readers.sandbox import Sandbox
from ingest.web.contents import DOCX, HTML, MARKDOWN, PDF, TEXT
from ingest.web.fetching import Fetched

__all__ = ["SUFFIXES", "digest_with"]

SUFFIXES = {HTML: ".html", PDF: ".pdf", DOCX: ".docx", MARKDOWN: ".md", TEXT: ".txt"}
"""The ending of the file that a page is kept in."""


def digest_with(sandbox: Sandbox) -> Callable[[Fetched], str]:
    """Return a function that gives the digest of a page's title and main text, or raises ``UnreadableFile``."""

    def digest(page: Fetched) -> str:
        with tempfile.TemporaryDirectory(prefix="guichet-") as folder:
            path = Path(folder) / f"page{SUFFIXES[page.media_type]}"
            path.write_bytes(page.content)
            document = sandbox.read(path)
        lines = [document.title, *(line for sheet in document.pages for line in sheet.text.splitlines())]
        return hashlib.sha256("\n".join(" ".join(line.split()) for line in lines).encode()).hexdigest()

    return digest
