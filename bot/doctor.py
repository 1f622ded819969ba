"""Try the language model that is set: connect, stream one test answer, tell how long it took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from bot.chat import ChatFailure, ChatModel, Kind, Patience, Turn, patiently
from ingest.settings import Settings

TEST = (
    Turn("system", "This is a test of the connection. Answer in French, in one short sentence, without a list."),
    Turn("user", "À quoi sert le guichet d'une administration ?"),
)
ADVICE: dict[Kind, str] = {
    "unreachable": "nothing listens there; start the server, or correct GUICHET_LLM_BASE_URL",
    "key": "the key is refused; correct GUICHET_LLM_API_KEY",
    "busy": "it asks for patience (429); try again later, or raise the limit of the account",
    "server": "it fails; look into its log",
    "request": "it does not accept the request; is the name of the model in GUICHET_LLM right, the address up to /v1?",
    "slow": "no word came in time; is the model loaded? GUICHET_LLM_FIRST_SECONDS gives it longer",
    "stalled": "it stopped in mid-sentence; GUICHET_LLM_BETWEEN_SECONDS gives it longer",
    "cut": "the connection broke off; look into the server's log and at any proxy between",
    "empty": "it wrote nothing; try another model",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the test showed; times in milliseconds from sending the request."""

    model: str
    text: str = ""
    first_ms: float | None = None
    total_ms: float = 0.0
    tokens_out: int = 0
    failure: Kind | None = None

    @property
    def told(self) -> str:
        """The finding in one line."""
        if self.failure:
            return f"{self.model}: {ADVICE[self.failure]} ({self.total_ms:.0f} ms)"
        tokens = f", {self.tokens_out} tokens" if self.tokens_out else ""
        return f"{self.model}: first token after {self.first_ms:.0f} ms, all after {self.total_ms:.0f} ms{tokens}"


async def examine(model: ChatModel, settings: Settings, say: Callable[[str], None]) -> Finding:
    """Ask *model* the test question; *say* gets the text as it comes."""
    started = time.perf_counter()

    def since() -> float:
        return (time.perf_counter() - started) * 1000

    patience = Patience.of(settings)
    deadline = asyncio.get_running_loop().time() + patience.total
    text, tokens, first = "", 0, None
    try:
        async with aclosing(patiently(model, TEST, patience, deadline)) as pieces:
            async for piece in pieces:
                if piece.text and first is None:
                    first = since()
                text += piece.text
                tokens = max(tokens, piece.tokens_out)
                say(piece.text)
    except ChatFailure as failure:
        return Finding(model.name, text, first, since(), tokens, failure.kind)
    return Finding(model.name, text, first, since(), tokens, None if text.strip() else "empty")
