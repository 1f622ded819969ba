"""The trace of an answer stays behind the counter."""

from __future__ import annotations

import dataclasses
import json
from types import MappingProxyType

from bot.answers import Answer, Message, Trace

TRACE = Trace(
    model="ollama:llama3.2", prompt="1", quotes=("fr/prime:0:0-31",),
    verdicts=(MappingProxyType({"statement": "Oui.", "citations": [1], "reason": "figure", "attempt": 1}),),
    failure="timeout", tokens_in=900, tokens_out=80, asked_language="nl",
    history=(Message("user", "Bonjour"), Message("assistant", "Bonjour.")),
)  # fmt: skip
ANSWER = Answer("a", "q", "q", "fr", "answered", "Oui.", "2026-11-23", 1)


def test_a_trace_survives_json() -> None:
    """What a receipt keeps of a trace gives the same trace again."""
    assert Trace.from_json(json.loads(json.dumps(TRACE.as_json()))) == TRACE


def test_the_public_form_has_no_trace() -> None:
    """Neither the model nor the history of a visitor is told to whoever knows the id of an answer."""
    assert dataclasses.replace(ANSWER, trace=TRACE).as_json() == ANSWER.as_json()
    assert "trace" not in ANSWER.as_json()


def test_answers_that_say_the_same_are_equal() -> None:
    """How an answer was made does not make it another answer."""
    assert dataclasses.replace(ANSWER, trace=TRACE) == ANSWER
