"""The examples of the OpenAPI document, as they are answered: ``python -m tests.ui.api.real_examples`` writes them."""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from bot.bootstrap import open_bot
from ingest.settings import load
from ui.api.examples import FILE
from ui.server import create_app

QUESTION = {"question": "Qu'est-ce que Start IA ?"}
REQUESTS: dict[str, dict[str, Any]] = {
    "questions": {
        "A question": QUESTION,
        "A question that goes on from the last one": {
            "question": "Et qui peut en profiter ?",
            "history": [
                {"role": "user", "text": "Qu'est-ce que le chèque-formation ?"},
                {"role": "assistant", "text": "Le chèque-formation est une aide à la formation."},
            ],
        },
        "An answer in another language": {"question": "Start IA", "language": "de"},
        "May this firm apply": {
            "question": "Quel est le taux du chèque maturité numérique ?",
            "profile": {"size": "small", "place": "Namur"},
        },
    },
    "feedback": {
        "Thumb up": {"answer_id": "0123456789abcdef0123456789abcdef", "rating": 1},
        "Thumb down": {"answer_id": "0123456789abcdef0123456789abcdef", "rating": -1, "reason": "Le prix manque."},
    },
    "completions": {
        "A question": {"model": "guichet-ia", "messages": [{"role": "user", "content": QUESTION["question"]}]},
        "As a stream": {
            "model": "guichet-ia",
            "messages": [{"role": "user", "content": QUESTION["question"]}],
            "stream": True,
            "stream_options": {"include_usage": True},
        },
    },
    "searches": {
        "A few words": {"query": "chèque maturité numérique taux", "limit": 2},
        "Open programmes, passages in Dutch": {"query": "AI-opleiding", "current_only": True, "languages": ["nl"]},
    },
    "firms": {
        "One programme": {
            "profile": {"size": "small", "seat": ["wallonia"]}, "programmes": ["cheque-maturite-numerique"],
            "language": "fr",
        },
        "All of them": {"profile": {"size": "micro", "place": "Namur", "legal_form": ["self_employed"]}},
    },
}  # fmt: skip
_VOLATILE = (
    (re.compile(r"chatcmpl-[\w-]{22}"), "chatcmpl-Qm9uam91ciBsZSBtb25kZQ"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "0123456789abcdef0123456789abcdef"),
    (re.compile(r'(streams/|"id": ")[\w-]{22}(?=")'), r"\1R3VpY2hldCBJQSwgYm9uam"),
    (re.compile(r"(?m)^id: [\w-]{22}\."), "id: R3VpY2hldCBJQSwgYm9uam."),
    (re.compile(r'("timings": )\{[^}]*\}'), r'\1{"understand": 0.4, "retrieve": 3.1, "compose": 4.2}'),
    (re.compile(r'("created": )\d+'), r"\g<1>1790000000"),
    (re.compile(r'("published_at": )"[^"]*"'), r'\1"2026-11-23T09:00:00+00:00"'),
)


def real(client: TestClient) -> dict[str, Any]:
    """Return every example, as *client* is answered; what differs from one time to the next is always the same."""
    events = {"accept": "text/event-stream"}
    whole, streamed = REQUESTS["completions"].values()
    found = {
        "answer": client.post("/api/v1/ask", json=QUESTION).json(),
        "events": client.post("/api/v1/ask", json=QUESTION, headers=events).text,
        "started": client.post("/api/v1/streams", json=QUESTION).json(),
        "status": client.get("/api/v1/status").json(),
        "documents": client.get("/api/v1/documents?language=fr&kind=programme&limit=2").json(),
        "document": client.get("/api/v1/documents/fr/start-ia").json(),
        "completion": client.post("/v1/chat/completions", json=whole).json(),
        "completion_events": client.post("/v1/chat/completions", json=streamed).text,
        "results": client.post("/api/v1/search", json=REQUESTS["searches"]["A few words"]).json(),
        "programmes": client.get("/api/v1/programmes?state=open&kind=programme").json(),
        "programme": client.get("/api/v1/programmes/eic-accelerator").json(),
        "verdicts": client.post("/api/v1/eligibility", json=REQUESTS["firms"]["One programme"]).json(),
        "calendar": client.get("/api/v1/calendar.ics?programme=eic-accelerator").text,
    }
    return REQUESTS | {name: _steady(value) for name, value in found.items()}


def _steady(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text if isinstance(value, str) else json.loads(text)


def main() -> None:
    """Write the examples."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load(data_dir=Path(folder), today=dt.date(2026, 11, 23))
        with open_bot(settings) as bot, TestClient(create_app(bot, settings), base_url="http://127.0.0.1") as client:
            FILE.write_text(json.dumps(real(client), ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
