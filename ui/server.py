"""The web application: the chat page at ``/``, the staff desk at ``/staff``, the programs' way in, health, files."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.routing import Mount, Route
from starlette.types import Scope

from ingest.documents import Language
from ingest.settings import Settings
from ui import embed, mcp, page, plain, problems, quality, shell
from ui.admission import Admission
from ui.api import openapi
from ui.api.callers import page_language
from ui.api.envelope import Envelope, Net
from ui.api.routes import close, routes
from ui.asking import Bot, not_ready
from ui.guard import Door, Frame, Framing, Guard
from ui.staff import frame as desk_frame
from ui.staff import mount as desk_mount
from ui.staff import uploads
from ui.staff.mount import PATH, PERSON, Staff
from ui.staff.threshold import Threshold
from ui.widget import serving as widget

STATIC = Path(__file__).parent / "static"


def create_app(
    bot: Bot,
    settings: Settings,
    *,
    figures: Path = quality.FILE,
    staff: Staff | None = None,
    admission: Admission | None = None,
) -> FastAPI:
    """Return the application over *bot*; *figures* is the file of the public quality page.

    Without *staff* there is no desk, and nothing below ``/staff``; without *admission* there is no portal and no key.
    """
    admission = admission or Admission(settings)
    started = secrets.token_hex(6)
    tools = mcp.Endpoint(bot, settings, admission.passing)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Gradio enters this one around its own.
        yield
        await tools.close()

    # The interactive documentation of FastAPI loads its scripts from a third party: none of it is served.
    app = FastAPI(
        title="Guichet IA", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json", lifespan=lifespan
    )
    app.state.admission = admission

    @app.get("/healthz", tags=["service"], operation_id="isAlive", summary="Whether the process answers")
    async def healthz() -> dict[str, str]:
        """Say that the process answers, and which run of it."""
        return {"status": "ok", "started": started}

    @app.get(
        "/readyz",
        tags=["service"],
        operation_id="isReady",
        summary="Whether questions can be answered",
        responses=openapi.answers_with(503, ok={200: {"status": "ready", "generation": 7}}),
    )
    async def readyz(request: Request) -> Response:
        """Say whether questions can be answered."""
        if not bot.ready:
            raise not_ready(page_language(request))
        return JSONResponse({"status": "ready", "generation": bot.generation})

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> Response:
        """Answer browsers that ask for an icon by habit; the page names its own."""
        return Response(status_code=204)

    version = _version()

    @app.get("/quality", include_in_schema=False)
    async def public_quality(request: Request) -> Response:
        """Tell how good the answers of this release are, in the reader's language; the page needs no script."""
        language = page_language(request)
        body = quality.page(quality.read(figures), language, version)
        return HTMLResponse(body, headers={"content-language": language, "vary": "Accept-Language"})

    for router in (routes(bot, settings), widget.routes(bot, settings), plain.routes(bot, settings, version)):
        app.include_router(router)
    close(app)
    openapi.describe(app, settings)
    app.router.routes.append(Route(mcp.PATH, tools))
    _mount_static(app)
    problems.explain(app)
    frames = {"/": _page_framing(bot, settings, version, started, admission)}
    if staff:
        frames[f"{PATH}/"] = _desk_framing(staff, version, started)
        for router in (*staff.routes, uploads.routes(staff)):
            app.include_router(router)
        app.add_middleware(Threshold, gate=staff.gate)
    app.add_middleware(Net)
    app.add_middleware(Guard, frames=frames, admission=admission)
    app.add_middleware(Envelope)
    if staff:
        desk_mount.mount(app, staff)
    page.mount(app, page.build(bot, settings, admission))
    _shut_doors(app)
    return app


def _page_framing(bot: Bot, settings: Settings, version: str, started: str, admission: Admission) -> Framing:
    def framing(scope: Scope, language: Language, nonce: str) -> Frame:
        embedded = embed.asked(scope)
        note = admission.note_of(Headers(scope=scope)) if embedded else ""
        known = shell.Frame(settings.max_question, bot.document_count, bot.generation, bot.today, started, note)
        return Frame(
            shell.head(language, version, nonce),
            shell.before(language, known, embedded=embedded),
            shell.after(language, known, nonce),
        )

    return framing


def _desk_framing(staff: Staff, version: str, started: str) -> Framing:
    def framing(scope: Scope, language: Language, nonce: str) -> Frame | None:
        if (person := scope.get(PERSON)) is None:
            return None
        return Frame(
            desk_frame.head(language, version, nonce),
            desk_frame.before(staff.desk, person, language),
            desk_frame.after(person, language, started, nonce),
        )

    return framing


def _shut_doors(app: FastAPI) -> None:
    """Stand in front of what Gradio mounted, and keep what lets go of its open connections."""
    stops = []
    for route in app.routes:
        if isinstance(route, Mount) and hasattr(route.app, "stop_event"):
            mounted: Any = route.app
            stops.append(mounted.stop_event.set)
            route.app = Door(mounted, route.path, mounted.get_blocks().fns)

    def let_go() -> None:
        for stop in stops:
            stop()

    # Gradio holds one connection open per page; whoever stops the server has to let go of them first.
    app.state.let_go = let_go


def _mount_static(app: FastAPI) -> None:
    """Serve our own files under ``/static``; Gradio's files of that name stay reachable behind them."""
    files = StaticFiles(directory=STATIC)
    for name in sorted(path.name for path in STATIC.iterdir() if path.is_file()):

        async def serve(request: Request, name: str = name) -> Response:
            """Return one file; its address changes with its content, so it may be kept."""
            response = await files.get_response(name, request.scope)
            response.headers["cache-control"] = "public, max-age=86400"
            return response

        app.add_api_route(f"/static/{name}", serve, include_in_schema=False, response_model=None)


def _version() -> str:
    """Return a short name of the content of our static files."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
