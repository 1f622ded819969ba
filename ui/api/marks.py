"""Marks of content (ETag): a caller who sends back the one that he has is told «not changed» without a body."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated

from fastapi import Header
from starlette.responses import Response

from ui.api.callers import JSON

IfNoneMatch = Annotated[
    str | None, Header(description="Marks (ETag) of what the caller has: 304 without a body if it is still the same.")
]
UNCHANGED = "Not changed."


def marked(content: bytes, known: str | None, headers: Mapping[str, str], media_type: str = JSON) -> Response:
    """Return *content* with a strong mark of its bytes, or 304 where the caller knows that mark.

    The bytes change with the corpus, a decision of staff, and the day, and so does the mark.
    """
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache", **headers}
    if known and (known.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in known.split(",")]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
