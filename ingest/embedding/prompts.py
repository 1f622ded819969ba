"""What some models want to read before a text, to know whether it is a question or a passage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompts:
    """Words put before a question and before a passage, such as ``query: `` and ``passage: `` for E5.

    ``None`` leaves the choice to the model.
    """

    query: str | None = None
    passage: str | None = None

    def or_those_of(self, model: Mapping[str, str | None]) -> Prompts:
        """Return these prompts, with those that the *model* was trained with where none is set."""
        own = next((model[name] for name in ("document", "passage", "corpus") if model.get(name)), None)
        return Prompts(
            model.get("query") if self.query is None else self.query, own if self.passage is None else self.passage
        )

    def named(self, model: str) -> str:
        """Return the name of a *model* that reads the prompt for passages: with another one its vectors differ."""
        return f"{model} after {self.passage!r}" if self.passage else model
