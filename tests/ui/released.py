"""Figures of a made-up release, with every sort of goal missed, for the tests of the quality page."""

from __future__ import annotations

from ui.quality import KINDS, ROWS, AnswerSet, Missed, Quality, Search, Share

RIGHT = Share(120, 0.8833, 0.8167, 0.9417)
UNSEEN = AnswerSet(
    unseen=True,
    questions=150,
    right=RIGHT,
    right_sheet=Share(120, 0.9917, 0.975, 1.0),
    declined=Share(120, 0.0, 0.0, 0.0),
    limits=Share(30, 0.9667, 0.9, 1.0),
    languages={
        "fr": Share(69, 0.8406, 0.7536, 0.913),
        "nl": Share(17, 0.9412, 0.8235, 1.0),
        "de": Share(14, 0.9286, 0.7857, 1.0),
        "en": Share(20, 0.95, 0.85, 1.0),
    },
    kinds={kind: Share(6 + place, 0.8333 + place / 50, 0.5, 1.0) for place, kind in enumerate(KINDS)},
    quotes=556,
    quotes_found=556,
    uncited=0,
    words=82,
    p95_ms=58,
)
SEARCHES = (
    Search(
        "held/documents", Share(120, 0.9917, 0.975, 1.0), Share(120, 0.9833, 0.9583, 1.0), Share(120, 0.7, 0.6, 0.8)
    ),
    *(Search(f"held/documents/{language}", Share(17, 0.94, 0.8, 1.0)) for language in ("fr", "nl", "de", "en")),
    *(Search(key, Share(42, 0.7857, 0.64, 0.9), Share(42, 0.5952, 0.45, 0.74)) for key in ROWS),
    Search("a_set_without_words", Share(5, 1.0, 1.0, 1.0)),
)
MISSED = (
    Missed("golden/answers/spread", 0.109, 0.06, "points", at_most=True),
    Missed("golden/answers/p95", 71.3, 60, "ms", at_most=True),
    Missed("golden/answers/words", 94, 90, "words", at_most=True),
    Missed("golden/documents/de@5", 0.85, 0.88, "share", at_most=False),
    Missed("golden/documents@1", 0.75, 0.8, "share", at_most=False),
    Missed("de_xquad/other_language@5", 0.81, 0.85, "share", at_most=False),
    Missed("nl_algoritmekader@5", 0.906, 1.0, "share", at_most=False, against="bm25"),
    Missed("fr_service_public@5", 0.9, 0.91, "share", at_most=False, against="minilm"),
    Missed("a_set_without_words@5", 0.5, 0.6, "share", at_most=False),
)
SAMPLE = Quality("2026-12-01", "2026-11-23", 129, (UNSEEN,), SEARCHES, MISSED)
