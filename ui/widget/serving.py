"""Serve the widget: ``/widget.js``, kept for minutes, and its parts, whose address changes with their content.

Parts are scripts, not data: a portal's policy that trusts the first script trusts them, and no permission to read
across origins is needed for them. ``python -m ui.widget.serving`` prints what travels, in bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]
from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.wording import catalogue
from ingest.documents import LANGUAGES, Language
from ingest.settings import Settings
from ui.asking import Bot, Refusal
from ui.widget.packing import small_script, small_style
from ui.words import preferred, typeset

STATIC = Path(__file__).parent / "static"
SHORT = "public, max-age=300"
"""How long ``/widget.js`` may be kept: a portal has a new release after five minutes."""
LONG = "public, max-age=31536000, immutable"

PAGE_WORDS = (
    "name", "languages", "welcome", "notice_machine", "notice_sources", "starters", "starter_1", "starter_2",
    "starter_3", "starter_4", "ask_label", "ask_hint", "send", "stop", "new", "counter", "empty", "too_long",
    "stage_understand", "stage_retrieve", "stage_judge", "stage_compose", "stage_phrase", "stage_verify",
    "stage_finish", "working", "stopped", "conversation", "source", "undated", "programmes", "state_open",
    "state_open_until", "state_closing", "state_opens", "state_opens_on", "state_permanent", "state_closed",
    "state_unknown", "up", "down", "reason_label", "reason_send", "thanks", "feedback_failed", "copy", "copied",
    "copy_failed", "sources", "printed", "validated", "updated", "close", "source_number", "kind", "kind_sheet",
    "kind_pdf", "section", "date", "origin", "sureness", "sureness_medium", "sureness_low", "passage", "original",
    "new_window", "gone", "busy", "retry", "unexpected", "day", "months",
)  # fmt: skip
"""Words that the widget shares with the chat page."""
OWN_WORDS = ("open", "tab", "stood", "back", "wait")
BOT_WORDS = ("in_language", "language_fr", "language_nl", "language_de", "language_en")
NAMED = re.compile(r"(stage|language|state|sureness)_\w+|up|down")
"""Words that ``main.js`` chooses while it runs; all others travel without their names, by their place."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A script as it travels: plain, or smaller for a browser that says it can unpack it."""

    plain: bytes
    gzip: bytes
    brotli: bytes

    @classmethod
    def of(cls, script: str) -> Packed:
        """Return *script* packed as small as it gets."""
        plain = script.encode()
        return cls(plain, gzip.compress(plain, 9, mtime=0), brotli.compress(plain, quality=11))

    def response(self, request: Request, cache_control: str) -> Response:
        """Return the form that *request* accepts; a browser that has this content already gets no body."""
        accepted = _accepted(request.headers.get("accept-encoding", ""))
        coding = next((name for name in ("br", "gzip") if name in accepted), "")
        body = {"br": self.brotli, "gzip": self.gzip}.get(coding, self.plain)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {
            "cache-control": cache_control,
            "etag": tag,
            "vary": "Accept-Encoding",
            # Any page may load it: whether its answers may be read there is decided where questions are asked.
            "cross-origin-resource-policy": "cross-origin",
        }
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if coding:
            headers["content-encoding"] = coding
        return Response(body, media_type="text/javascript", headers=headers)


def routes(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes of the widget over *bot*."""
    router = APIRouter(include_in_schema=False)

    @router.get("/widget.js")
    async def first(request: Request) -> Response:
        """Return the script that a portal names."""
        return loader(settings.max_question, bot.document_count).response(request, SHORT)

    @router.get("/widget/{version}/{name}.js")
    async def part(request: Request, version: str, name: str) -> Response:
        """Return a part; who asks for another version, from before a new release, gets this one, not to be kept."""
        found = parts().get(name)
        if found is None:
            raise Refusal("not_found", preferred(None, request.headers.get("accept-language")), 404)
        return found.response(request, LONG if version == _version() else "no-store")

    return router


@cache
def parts() -> Mapping[str, Packed]:
    """Return the parts by name: ``main``, and the words of each language."""
    return {name: Packed.of(script) for name, script in _scripts().items()}


@cache
def _scripts() -> Mapping[str, str]:
    source = re.sub(r"\b(words|own)\.(\w+)", lambda found: f"{found[1]}[{_places()[found[2]]}]", _source("main.js"))
    main = small_script(source).replace("$STYLE", _style("main.css"))
    return {"main": main} | {language: _said(words(language)) for language in LANGUAGES}


@cache
def _places() -> Mapping[str, int]:
    """Return at which place of the list a word travels."""
    return {key: place for place, key in enumerate(key for key in words("fr") if not NAMED.fullmatch(key))}


def _said(said: Mapping[str, str]) -> str:
    listed, named = [said[key] for key in _places()], {key: said[key] for key in said if key not in _places()}
    detail = f"Object.assign({_written(listed)},{_written(named)})"
    return f'document.currentScript.dispatchEvent(new CustomEvent("guichet-ia",{{detail:{detail}}}))'


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@cache
def loader(limit: int, documents: int) -> Packed:
    """Return the first script for a guichet that takes questions of *limit* characters and searches *documents*."""
    served = {
        "version": _version(),
        "limit": limit,
        "documents": documents,
        "first": {language: _first_words(language) for language in LANGUAGES},
    }
    text = small_script(_source("loader.js")).replace("$STYLE", _style("bubble.css"))
    return Packed.of(text.replace("$SERVED", _written(served)))


def _source(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def _style(name: str) -> str:
    return json.dumps(small_style(_source(name)))


def _first_words(language: Language) -> dict[str, str]:
    """Return the words that are needed before the rest is there; its keys are in the order that languages are shown."""
    own = catalogue()["pages.language_name"][language]
    return {"name": own, **{key: _word(f"widget.{key}", language) for key in ("open", "failed")}}


def words(language: Language) -> dict[str, str]:
    """Return the words of the dialogue, with their ``{places}`` left open."""
    keys = {
        **{key: f"pages.{key}" for key in PAGE_WORDS},
        **{key: f"widget.{key}" for key in OWN_WORDS},
        **{key: f"answers.{key}" for key in BOT_WORDS},
    }
    return {"language": language, **{key: _word(full, language) for key, full in keys.items()}}


def _word(key: str, language: Language) -> str:
    return typeset(catalogue()[key][language], language)


@cache
def _version() -> str:
    """Return a short name of the content of all parts."""
    return hashlib.sha256("".join(_scripts().values()).encode()).hexdigest()[:10]


def sizes(limit: int = 600, documents: int = 129) -> dict[str, int]:
    """Return what travels to a browser that takes brotli, in bytes: ``loader``, and all of it in each language."""
    first, main = len(loader(limit, documents).brotli), len(parts()["main"].brotli)
    return {"loader": first, "main": main, **{la: first + main + len(parts()[la].brotli) for la in LANGUAGES}}


def _accepted(header: str) -> set[str]:
    """Return the codings that an ``Accept-Encoding`` header takes."""
    found = set()
    for part in header[:500].split(","):
        name, _, weight = part.strip().lower().partition(";")
        if weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            found.add(name.strip())
    return found


if __name__ == "__main__":
    print(json.dumps(sizes()))  # noqa: T201  a command
