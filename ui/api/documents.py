"""The documents that answers quote: a list by pages, and each as a whole, with a mark of its content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from bot.sheets import Sheet
from ingest.documents import UNQUOTED, Language, Passage
from ingest.settings import Settings
from ui.api import schemas
from ui.api.callers import V1, page_language
from ui.api.examples import example
from ui.api.marks import UNCHANGED, IfNoneMatch, marked
from ui.api.openapi import answers_with
from ui.asking import Bot, Refusal


def router(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over the documents of *bot*."""
    router = APIRouter(tags=["documents"])

    @router.get(
        "/documents",
        operation_id="listDocuments",
        summary="List the documents",
        response_model=schemas.DocumentPage,
        responses=answers_with(422, 429, 500, ok={200: example("documents"), 304: UNCHANGED}, headers=("ETag", "Link")),
    )
    async def documents(
        request: Request,
        language: Annotated[Language | None, Query(description="Only documents in this language.")] = None,
        kind: Annotated[
            str | None, Query(description="Only sheets of this kind, such as programme.", max_length=40)
        ] = None,
        after: Annotated[str, Query(description="Key of the last document of the page before.", max_length=300)] = "",
        limit: Annotated[int, Query(description="Most documents on a page.", ge=1, le=100)] = 50,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return the documents that are published, in the order of their ids and languages."""
        shelf = bot.shelf
        found = await run_in_threadpool(shelf.list, language=language, kind=kind, after=after, limit=limit)
        following = None
        if not found.is_last:
            asked = {"language": language, "kind": kind, "after": found.sheets[-1].info.key, "limit": limit}
            following = f"{V1}/documents?" + urlencode({name: value for name, value in asked.items() if value})
        body = {
            "documents": [_entry(sheet) for sheet in found.sheets],
            "total": found.total,
            "generation": found.generation,
            "next": following,
        }
        links = {"link": f'<{following}>; rel="next"'} if following else {}
        return marked(_as_bytes(body), if_none_match, links)

    @router.get(
        "/documents/{language}/{id}",
        operation_id="readDocument",
        summary="Read a document",
        response_model=schemas.Document,
        responses=answers_with(
            404, 422, 429, 500, ok={200: example("document"), 304: UNCHANGED}, headers=("ETag", "Last-Modified")
        ),
    )
    async def document(
        request: Request,
        language: Annotated[Language, Path(description="Language of the document.")],
        id: Annotated[str, Path(description="Id of the document, the same in every language.", max_length=300)],
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return a document with the passages that answers quote; `passage_id` of a citation names one of them.

        `Last-Modified` tells since when the version is served. The state of a programme may change without a new
        version, so only the `ETag` tells whether what you have is current.
        """
        found = await run_in_threadpool(bot.shelf.get, f"{language}/{id}")
        if found is None:
            raise Refusal("not_found", page_language(request), 404)
        sheet, passages = found
        since = sheet.info.published_at
        dated = {"last-modified": format_datetime(since, usegmt=True)} if since else {}
        return marked(_as_bytes(_entry(sheet) | {"passages": _passages(passages)}), if_none_match, dated)

    return router


def _as_bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _entry(sheet: Sheet) -> dict[str, Any]:
    info, meta = sheet.info, sheet.info.meta
    return {
        "key": info.key,
        "id": info.id,
        "language": info.language,
        "languages": list(sheet.languages),
        "href": f"{V1}/documents/{info.key}",
        "title": info.title,
        "url": info.url,
        **{name: _text(meta.get(name)) for name in ("kind", "operator", "audience")},
        "aliases": [str(name) for name in meta.get("aliases") or ()],
        "as_of": info.as_of,
        "state": sheet.state,
        **{name: _text(meta.get(name)) for name in ("opens", "closes", "verified_on", "review_by")},
        "version": info.version,
        "published_at": info.published_at.isoformat(timespec="seconds") if info.published_at else None,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _passages(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    return [
        {
            "id": passage.id,
            "headings": list(passage.headings),
            "page": passage.page,
            "page_label": passage.page_label,
            "text": passage.shown,
            "statements": [
                {
                    "text": quote,
                    "role": span.role,
                    "url": span.source.url or passage.url,
                    "as_of": span.source.as_of or passage.as_of,
                    "confidence": span.source.confidence,
                }
                for span, quote in passage.quotes()
                if span.role not in UNQUOTED
            ],
        }
        for passage in passages
    ]
