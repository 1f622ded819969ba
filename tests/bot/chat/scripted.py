"""A language model that follows a script: a small true one, for tests in which only the words matter."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from bot.chat import ChatFailure, Piece, Turn

_QUOTE = re.compile(r"\[=([^\]]+)\]")


@dataclass
class ScriptedModel:
    """Each request takes the next script: text is said, a number is a pause in seconds, a failure is raised.

    ``[=La prime]`` in a text becomes the number of the first quote offered that begins so.
    """

    scripts: list[tuple[str | float | ChatFailure, ...]]
    name: str = "scripted"
    asked: list[Sequence[Turn]] = field(default_factory=list)
    closed: int = 0

    async def stream(self, turns: Sequence[Turn]) -> AsyncGenerator[Piece, None]:
        """Follow the next script."""
        script = self.scripts[len(self.asked)]
        self.asked.append(turns)
        try:
            for step in script:
                if isinstance(step, ChatFailure):
                    raise step
                if isinstance(step, str):
                    yield Piece(_QUOTE.sub(lambda match: f"[{_number(match[1], turns[-1].text)}]", step))
                else:
                    await asyncio.sleep(step)
        finally:
            self.closed += 1


def _number(beginning: str, prompt: str) -> str:
    found = re.search(rf'n="(\d+)"[^>]*>{re.escape(beginning)}', prompt)
    return found[1] if found else "99"
