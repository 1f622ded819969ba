"""``/ask``: a form that answers with a whole page, cited, without script or cookie.

The question comes in the body of a POST, never in an address, which logs and histories keep. What was said before
travels in the form, for the bot only: it is not shown, or a forged form could put words in our mouth.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, quote_plus

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response

from bot.answers import Answer, Message
from bot.wording import say
from ingest.documents import Language
from ingest.settings import Settings
from ui import markup
from ui.admission import Admission
from ui.api.schemas import mend
from ui.asking import Bot, Refusal, answers, checked
from ui.markup import Markup, icon, joined, tag
from ui.page import REMEMBERED, SHORT
from ui.shell import SPRITE, STARTERS, head, header
from ui.words import preferred, typeset, word

PATH = "/ask"
REMEMBERED_BYTES = 60_000
"""What was said before takes at most so many bytes of what the form sends, where «€» takes nine: less than half of what
a request may hold."""


def routes(bot: Bot, settings: Settings, version: str) -> APIRouter:
    """Return the routes of the page; *version* names our static files."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def form(request: Request) -> Response:
        """Show the form."""
        language = _language(request, {})
        return _response(language, _page(language, version, settings.max_question))

    @router.post(PATH)
    async def ask(request: Request) -> Response:
        """Answer the question of the form, or say why not; both show the form again."""
        try:
            fields = await _fields(request)
        except ClientDisconnect:
            # The guard cuts a body that grows too long as if its sender had gone.
            language = _language(request, {})
            body = _page(language, version, settings.max_question, problem=word("too_large", language))
            return _response(language, body, 413)
        language = _language(request, fields)
        history = _history(fields.get("history", ""))
        asked = mend(fields.get("question", ""))
        try:
            question = checked(asked, language, settings)
            admission: Admission = request.app.state.admission
            caller = admission.caller(request.scope, "page")
            await admission.admit(request.scope, caller, language)
            known = language if len(question.split()) < SHORT and not history else None
            last = [answer async for answer in answers(bot, question, history, language, known, caller.payer)][-1]
        except Refusal as refusal:
            body = _page(language, version, settings.max_question, asked, history, problem=refusal.sentence)
            return _response(language, body, refusal.status, refusal.headers)
        turn = (Message("user", last.question), Message("assistant", last.plain_text))
        history = (*history, *turn)[-2 * REMEMBERED :]
        shown = _answered(last, language, bot)
        return _response(language, _page(language, version, settings.max_question, "", history, shown=shown))

    return router


def _language(request: Request, fields: Mapping[str, str]) -> Language:
    asked = fields.get("lang") or request.query_params.get("lang")
    return preferred(asked, request.headers.get("accept-language"))


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form; the guard has limited its length."""
    text = (await request.body()).decode("utf-8", "replace")
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    # A browser sends a line break as two characters; as one it counts as it did for the writer.
    return {name: values[-1].replace("\r\n", "\n") for name, values in found.items()}


def _history(text: str) -> tuple[Message, ...]:
    """Return the earlier turns that the form brought back; whatever is not in our form is as if nothing was said."""
    try:
        turns = json.loads(text)
        if not isinstance(turns, list):
            return ()
        return tuple(
            Message("user" if turn["role"] == "user" else "assistant", mend(str(turn["text"]))[:8000])
            for turn in turns[-2 * REMEMBERED :]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def _carried(history: tuple[Message, ...]) -> str:
    """Return the history as the form carries it, the oldest turns left out where it is long."""
    turns = [{"role": message.role, "text": message.text} for message in history]
    while len(quote_plus(text := json.dumps(turns, ensure_ascii=False))) > REMEMBERED_BYTES:
        turns = turns[2:]
    return text


def _response(
    language: Language, body: Markup, status: int = 200, further: Mapping[str, str] | None = None
) -> Response:
    headers = {"content-language": language, "vary": "Accept-Language", "cache-control": "no-store"}
    return HTMLResponse(body, status, headers={**(further or {}), **headers})


def _own(key: str, language: Language, **values: object) -> str:
    return typeset(say(f"widget.{key}", language, **values), language)


def _answered(answer: Answer, language: Language, bot: Bot) -> Markup:
    return tag(
        "article",
        tag("h2", answer.question, class_="asked"),
        markup.whole(answer, language, bot.today),
        class_="turn",
        id="answer",
    )


def _page(
    language: Language,
    version: str,
    limit: int,
    asked: str = "",
    history: tuple[Message, ...] = (),
    *,
    shown: Markup | None = None,
    problem: str = "",
) -> Markup:
    welcome = joined(
        tag("p", word("notice_machine", language), " ", word("notice_sources", language)),
        tag("p", _own("plain_lead", language), class_="age"),
    )
    title = _own("plain_title", language)
    return joined(
        Markup("<!doctype html>"),
        tag(
            "html",
            tag(
                "head",
                Markup('<meta charset="utf-8">'),
                Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                head(language, version, title=f"{_own('plain_error', language)} · {title}" if problem else title),
            ),
            tag(
                "body",
                tag("a", word("skip", language), href="#question", class_="skip"),
                header(language, home=False),
                tag(
                    "main",
                    tag("h1", word("welcome", language)),
                    welcome,
                    shown,
                    _form(language, limit, asked, history, problem),
                    None if shown or history else _starters(language),
                    tag("p", tag("a", _own("plain_chat", language), href=f"./?lang={language}"), class_="back"),
                    id="room",
                    class_="plain-room",
                ),
                SPRITE,
                class_="ready plain-page",
            ),
            lang=language,
        ),
    )


def _form(language: Language, limit: int, asked: str, history: tuple[Message, ...], problem: str) -> Markup:
    label = _own("plain_next", language) if history else word("ask_label", language)
    return tag(
        "form",
        tag("p", icon("warning"), tag("span", problem), id="problem", role="alert") if problem else None,
        tag("label", label, for_="question"),
        # Not maxlength: it would cut what is pasted without a word.
        tag("textarea", "\n" + asked if asked else "", id="question", name="question", rows=3, required=True,
            autocomplete="off", aria_describedby="problem limit" if problem else "limit",
            aria_invalid="true" if problem else None),
        tag("p", _own("plain_limit", language, limit=limit), id="limit", class_="age"),
        tag("input", type="hidden", name="lang", value=language),
        tag("input", type="hidden", name="history", value=_carried(history)) if history else None,
        tag("button", word("send", language), type="submit", class_="go"),
        tag("a", word("new", language), href=f"ask?lang={language}", class_="anew") if history else None,
        method="post",
        action="ask",
    )  # fmt: skip


def _starters(language: Language) -> Markup:
    """Return the example questions, each a form: without script only a form keeps a question out of the address."""
    return tag(
        "section",
        tag("h2", word("starters", language)),
        [
            tag(
                "form",
                tag("input", type="hidden", name="lang", value=language),
                tag("button", word(key, language), name="question", value=word(key, language), type="submit"),
                method="post",
                action="ask",
            )
            for key in STARTERS
        ],
        class_="examples",
    )
