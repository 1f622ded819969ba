"""The Gradio page: one room, three events. The room's markup and script are ours; Gradio carries and remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from bot.answers import Answer, Message
from ingest.documents import Language
from ingest.settings import Settings
from ui import markup
from ui.admission import Admission
from ui.asking import Bot, Refusal, answers, checked, until
from ui.quiet import gr
from ui.words import preferred

REMEMBERED = 8
"""Turns of a conversation that are handed back to the bot."""
FACE = "page"
"""Who pays for what this page asks of a language model."""
SHORT = 3
"""Words under which a first question tells less about its language than the page it is asked on."""

CONNECT = """
// The events of this component: 'ask' 'stop' 'clear'.
window.guichet.connect(element, trigger, props, watch);
"""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the server keeps of one visitor's conversation while the page is open."""

    history: tuple[Message, ...] = ()
    generation: int | None = None

    def with_answer(self, answer: Answer) -> Conversation:
        """Return the conversation after *answer*."""
        turn = (Message("user", answer.question), Message("assistant", answer.plain_text))
        return Conversation((*self.history, *turn)[-2 * REMEMBERED :], answer.generation)


def build(bot: Bot, settings: Settings, admission: Admission) -> gr.Blocks:
    """Return the page over *bot*, ready to be mounted; *admission* says which questions are answered now."""

    stops: dict[str, asyncio.Event] = {}

    async def ask(
        talk: Conversation, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[tuple[dict[str, Any], Any]]:
        """Yield what the room shows while a question is answered, and remember the last answer."""
        asked: dict[str, Any] = event._data or {}
        page = preferred(str(asked.get("language")), None)
        turn = str(asked.get("turn"))
        stopped = stops[turn] = asyncio.Event()
        try:
            question = checked(str(asked.get("question") or ""), page, settings)
            language = page if len(question.split()) < SHORT and not talk.history else None
            held = request.request
            caller = admission.caller(held.scope if held else {}, FACE)
            caller = admission.framed(caller, str(asked.get("framed") or ""), page)
            async with admission.question(caller, page, request.session_hash):
                async for answer in until(stopped, answers(bot, question, talk.history, page, language, caller.payer)):
                    if not answer.complete:
                        yield _growing(turn, answer, bot), gr.skip()
                        continue
                    yield _finished(turn, answer, bot, page, talk), talk.with_answer(answer)
        except Refusal as refusal:
            yield {"turn": turn, "done": True, "html": str(markup.trouble(refusal.sentence, page))}, gr.skip()
        finally:
            stops.pop(turn, None)

    async def stop(event: gr.EventData) -> None:
        """Stop the turn that the visitor names: its name is random and known to its page only."""
        # Not Gradio's ``cancels``: it cuts the page's event stream, and a question asked right after is lost.
        if turn := stops.get(str((event._data or {}).get("turn"))):
            turn.set()

    def forget() -> Conversation:
        """Begin anew."""
        return Conversation()

    blocks = gr.Blocks(title="Guichet IA", analytics_enabled=False, delete_cache=(3600, 3600))
    with blocks:
        talk = gr.State(Conversation(), time_to_live=3600)
        room = gr.HTML(value={}, html_template="", js_on_load=CONNECT, apply_default_css=False, elem_id="gradio-room")
        room.ask(ask, [talk], [room, talk], show_progress="hidden", trigger_mode="multiple", api_visibility="private")
        room.stop(stop, None, None, show_progress="hidden", trigger_mode="multiple", api_visibility="private")
        room.clear(forget, None, [talk], show_progress="hidden", api_visibility="private")
    blocks.queue(default_concurrency_limit=40, max_size=200)
    return blocks


def mount(app: FastAPI, blocks: gr.Blocks) -> None:
    """Mount the page at ``/`` without Gradio's footer, run history, uploads, monitoring or fonts."""
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        max_file_size="1kb",
        show_error=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
    )


def _growing(turn: object, answer: Answer, bot: Bot) -> dict[str, Any]:
    stage, text = markup.growing(answer, bot.document_count)
    return {"turn": turn, "done": False, "stage": stage, "html": str(text)}


def _finished(turn: object, answer: Answer, bot: Bot, page: Language, talk: Conversation) -> dict[str, Any]:
    updated = talk.generation is not None and talk.generation != answer.generation
    text = markup.finished(answer, page, bot.today, updated=updated)
    return {"turn": turn, "done": True, "answer": answer.id, "html": str(text)}
