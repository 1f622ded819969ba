"""Rate an answer, and read it again; what answers now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ingest.documents import LANGUAGES
from ingest.settings import Settings
from ui.api import schemas
from ui.api.callers import page_language
from ui.api.examples import body, example
from ui.api.openapi import answers_with
from ui.api.reading import JsonRoute
from ui.api.schemas import Feedback
from ui.asking import Bot, Refusal


def router(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over *bot*."""
    router = APIRouter(route_class=JsonRoute, tags=["ask"])

    @router.post(
        "/feedback",
        operation_id="rate",
        summary="Rate an answer",
        status_code=204,
        response_class=Response,
        responses=answers_with(400, 404, 413, 415, 422, 429, 500, ok={204: "Kept."}),
        openapi_extra=body("feedback"),
    )
    async def feedback(request: Request, body: Feedback) -> Response:
        """Keep a thumb up or down, with a reason if there is one."""
        if await run_in_threadpool(bot.answer, body.answer_id) is None:
            raise Refusal("not_found", page_language(request), 404)
        await run_in_threadpool(bot.feedback, body.answer_id, body.rating, body.reason)
        return Response(status_code=204)

    @router.get(
        "/answers/{answer_id}",
        operation_id="readAnswer",
        summary="Read an answer again",
        response_model=schemas.Answer,
        responses=answers_with(404, 422, 429, 500, ok={200: example("answer")}),
    )
    async def stored_answer(
        request: Request, answer_id: Annotated[str, Path(description="Id of the answer.", max_length=100)]
    ) -> Response:
        """Return the receipt of an answer; after some days without the words of who asked."""
        found = await run_in_threadpool(bot.answer, schemas.mend(answer_id))
        if found is None:
            raise Refusal("not_found", page_language(request), 404)
        # It holds what a visitor asked: no cache between us and its reader keeps it.
        return JSONResponse(found.as_json(), headers={"cache-control": "no-store"})

    @router.get(
        "/status",
        operation_id="readStatus",
        summary="What answers now",
        tags=["service"],
        response_model=schemas.ServiceStatus,
        responses=answers_with(429, 500, ok={200: example("status")}),
    )
    async def status() -> Response:
        """Say from how many documents is answered, for which day, in which languages."""
        return JSONResponse(
            {
                "status": "ready" if bot.ready else "not_ready",
                "generation": bot.generation,
                "documents": bot.document_count,
                "today": bot.today.isoformat(),
                "languages": list(LANGUAGES),
                "longest_question": settings.max_question,
            },
            headers={"cache-control": "no-cache"},
        )

    return router
