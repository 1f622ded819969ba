"""The two plain HTTP routes of the desk: a file comes in, byte by byte onto the disk; a file goes out."""

from __future__ import annotations

import asyncio
import errno
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ingest.documents import Language
from ingest.errors import GuichetError, UnreadableFile
from ui import problems
from ui.staff.desk import NoSuchPlace, NotAllowed
from ui.staff.forms import size, words
from ui.staff.mount import PATH, PERSON, Staff, matches
from ui.staff.people import Person
from ui.staff.refusals import sentence
from ui.staff.verdict import refusal
from ui.words import preferred

logger = logging.getLogger(__name__)

FILES = f"{PATH}/files"
TOKEN = "x-guichet-token"
AT_ONCE = 1024 * 1024
"""Bytes that are written together: fewer trips to the disk, little memory."""
PATIENCE = 60.0
"""Seconds without a byte after which an upload is given up."""
LONGEST_NAME = 255


class _Refused(Exception):
    """An upload that ends with a problem instead of a file."""

    def __init__(self, key: str, status: int, **values: object) -> None:
        self.key, self.status, self.values = key, status, values
        super().__init__(key)


def routes(staff: Staff) -> APIRouter:
    """Return the routes of *staff*; without a receiver no file is taken."""
    router = APIRouter(prefix=PATH, include_in_schema=False)

    @router.post("/files")
    async def upload(request: Request, name: str = "") -> Response:
        """Take the body as the file *name*; answer once it is kept."""
        language = _language(request)
        try:
            person = _person(request)
            revision = await _taken(staff, person, request, name)
        except _Refused as refused:
            said = words(f"desk.{refused.key}", language, **refused.values)
            return problems.response(refused.key, refused.status, said)
        except UnreadableFile as error:
            return problems.response("upload_refused", 422, refusal(error.kind, name, language))
        except GuichetError as error:
            return problems.response("upload_refused", 422, sentence(error, language))
        return JSONResponse({"revision": revision}, headers={"cache-control": "no-store"})

    @router.get("/export/{room}/{name}")
    async def export(request: Request, room: str, name: str) -> Response:
        """Hand out a file of a room."""
        language = _language(request)
        person = request.scope[PERSON]
        try:
            found, content = await run_in_threadpool(staff.desk.export, person, language, room, name)
        except NoSuchPlace:
            return problems.problem("not_found", language, 404)
        except NotAllowed:
            return problems.response("forbidden", 403, words("desk.not_allowed", language))
        headers = {"content-disposition": disposition(found.name), "cache-control": "no-store"}
        return Response(content, media_type=found.media_type, headers=headers)

    return router


def disposition(name: str) -> str:
    """Return the header by which a browser saves a file under *name*, whatever stands in it."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_. ") else "_" for sign in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _language(request: Request) -> Language:
    return preferred(request.query_params.get("lang"), request.headers.get("accept-language"))


def _person(request: Request) -> Person:
    person = request.scope.get(PERSON)
    if not isinstance(person, Person):
        raise _Refused("ended", 401)
    if not matches(person, request.headers.get(TOKEN, "")):
        raise _Refused("outdated", 403)
    return person


async def _taken(staff: Staff, person: Person, request: Request, name: str) -> int:
    """Write the body to a file of its own and hand it to the receiver; whatever happens, nothing stays behind."""
    if staff.receive is None or staff.folder is None:
        raise _Refused("no_uploads", 404)
    if not name.strip():
        raise _Refused("no_name", 422)
    limit = size(staff.largest, _language(request))
    stated = request.headers.get("content-length", "0")
    if stated.isdecimal() and int(stated) > staff.largest:
        raise _Refused("file_too_large", 413, limit=limit)
    try:
        path = await run_in_threadpool(_place, staff.folder)
        try:
            if not await _written(request, path, staff.largest, limit):
                raise _Refused("file_empty", 422)
            return await run_in_threadpool(staff.receive, person, name[:LONGEST_NAME], path)
        finally:
            await run_in_threadpool(path.unlink, missing_ok=True)
    except OSError as error:
        logger.error("an upload could not be kept: %s", errno.errorcode.get(error.errno or 0, "?"))
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise _Refused("disk_full" if full else "unexpected", 507 if full else 500) from error


def _place(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="arriving-", suffix=".part", dir=folder)
    with open(handle, "wb"):
        return Path(name)


async def _written(request: Request, path: Path, largest: int, limit: str) -> int:
    """Write the body to *path* and return its length; one that grows over *largest* is cut off."""
    total = 0
    waiting = bytearray()
    with path.open("wb") as file:
        async for piece in _pieces(request):
            total += len(piece)
            if total > largest:
                raise _Refused("file_too_large", 413, limit=limit)
            waiting += piece
            if len(waiting) >= AT_ONCE:
                await run_in_threadpool(_append, file, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(_append, file, bytes(waiting))
    return total


def _append(file: BinaryIO, content: bytes) -> None:
    file.write(content)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; a sender who falls silent or goes away is told so, if anybody hears."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                piece = await anext(stream, None)
        except (TimeoutError, ClientDisconnect) as error:
            raise _Refused("interrupted", 408) from error
        if piece is None:
            return
        yield piece
