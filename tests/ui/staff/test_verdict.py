"""The verdict on a document in words."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import pytest

from bot.wording import catalogue
from ingest.documents import LANGUAGES, FileFacts, Language, Page, Section, SourceDocument, Statement
from ingest.findings import Findings, Resemblance, examine
from ui.staff.verdict import REFUSALS, guessed, refusal, verdict

STRINGS = {key: texts for key, texts in catalogue().items() if key.startswith("desk_findings.")}


def findings() -> Findings:
    """Return findings of a PDF, made from a document."""
    section = Section((), (Statement("La prime vaut la moitié des frais."),))
    document = SourceDocument("g", "fr", "Guide", (Page((section,), 1),), file=FileFacts("pdf"))
    return replace(
        examine(document), pages=12, tables=2, words=1843, scanned=(7,), date_count=3, amount_count=1,
        language_sure=True, orders=1, order_pages=(3,),
    )  # fmt: skip


def test_the_verdict_says_what_staff_has_to_know() -> None:
    """Sizes, scans, figures, language, resemblance and orders, a plain sentence each."""
    said = verdict(findings(), "en", Resemblance("fr/x", "Guide 2025", 0.87, "text"))
    assert said == [
        "12 pages, 2 tables, 1,843 words.",
        "Page 7 is a scan without text: it will not be quoted. Run text recognition (OCR) on it.",
        "Found: 3 dates and 1 amount.",
        "Language: French.",
        "Looks like a new version of “Guide 2025”: 87% of the text is the same.",
        "Orders to an AI on page 3: they will be neither quoted nor shown.",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_verdict_exists_in_four_languages(language: Language) -> None:
    """Whatever was found, every sentence ends as one and leaves no place open."""
    found = replace(
        findings(), scanned=(2, 3, 4, 9), unread=(5,), date_count=0, amount_count=0, language_sure=False,
        other_languages=("nl", "de"), hidden=2,
    )  # fmt: skip
    for version in (found, replace(found, unread=(5, 6), order_pages=(), orders=1), replace(found, order_pages=(1, 2))):
        for reason in ("url", "title", "text"):
            for sentence in verdict(version, language, Resemblance("fr/x", "Guide", 0.5, reason)):
                assert re.search(r"[.]$", sentence), sentence
                assert not re.search(r"[{}]", sentence), sentence
    assert any("2–4" in sentence for sentence in verdict(found, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_refusal_is_one_sentence_with_a_harmless_name(language: Language) -> None:
    """Every kind has its own words, an unknown one too; the name is shown without what deceives."""
    said = {kind: refusal(kind, "../a\u202eb.pdf", language) for kind in (*REFUSALS, "same_id")}
    assert len(set(said.values())) == len(said)
    assert all("ab.pdf" in sentence and sentence.endswith(".") for sentence in said.values())


def test_a_guess_is_shown_as_one() -> None:
    """Beside a field stands where its value comes from."""
    assert guessed("name", "fr") == "deviné d'après le nom du fichier"
    assert len({guessed(basis, "de") for basis in ("metadata", "heading", "text", "name", "link")}) == 5


@pytest.mark.parametrize("key", STRINGS)
def test_every_string_exists_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    texts = STRINGS[key]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert all(place == places[0] for place in places)
