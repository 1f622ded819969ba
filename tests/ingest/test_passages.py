"""Cutting documents into passages."""

from __future__ import annotations

from dataclasses import replace

from ingest.documents import Page, Section, Source, SourceDocument, Statement
from ingest.passages import LENGTH, LONGEST_STATEMENT, SHORT, split

SOURCE = Source("https://example.org", "2026-05", "high")


def sentence(words: int, word: str = "mot") -> str:
    """Return a statement of so many words."""
    return " ".join([word] * words)


def section(*texts: str, heading: str = "En bref", key: str = "brief") -> Section:
    """Return a section of facts."""
    return Section((heading,), tuple(Statement(text, source=SOURCE) for text in texts), key)


def document(*pages: Page) -> SourceDocument:
    """Return a French document of *pages*."""
    return SourceDocument("aide", "fr", "Une aide", pages, url="https://example.org", meta={"aliases": ["prime"]})


def test_a_quote_is_the_statement_letter_for_letter() -> None:
    """Each span of a passage is one statement with its source, section and heading."""
    (passage,) = split(document(Page((section("Une aide existe.", "Elle vaut 50\u00a0000 €."),))))
    assert passage.text == "Une aide existe.\nElle vaut 50\u00a0000 €."
    assert [quote for _, quote in passage.quotes()] == ["Une aide existe.", "Elle vaut 50\u00a0000 €."]
    assert {(span.source, span.section, span.heading) for span in passage.spans} == {(SOURCE, "brief", "En bref")}


def test_no_statement_is_lost_and_none_is_cut() -> None:
    """The statements of all passages in order are those of the document, and a passage keeps to its length."""
    texts = [sentence(words, f"m{words}") for words in range(5, 60)]
    passages = split(document(Page((section(*texts),))))
    assert [quote for passage in passages for _, quote in passage.quotes()] == texts
    assert all(len(passage.text.split()) <= LENGTH for passage in passages)


def test_a_short_section_takes_in_the_next_one() -> None:
    """A section of few words shares its passage with the next; each statement keeps its own heading."""
    first, second = section("Un mot."), section("Un autre.", heading="Pour qui", key="who")
    (passage,) = split(document(Page((first, second))))
    assert [(span.section, span.heading) for span in passage.spans] == [("brief", "En bref"), ("who", "Pour qui")]
    long = section(sentence(SHORT))
    assert len(split(document(Page((long, second))))) == 2


def test_a_page_ends_a_passage() -> None:
    """No passage crosses a page, however short the page is; each knows its page."""
    pages = (Page((section("Un mot."),), 1, "i"), Page((section("Un autre."),), 2, "ii"))
    assert [(passage.page, passage.page_label) for passage in split(document(*pages))] == [(1, "i"), (2, "ii")]


def test_an_endless_statement_is_cut_between_words() -> None:
    """A statement without end is cut into pieces that lose no word and keep the source."""
    text = sentence(600, "interminable")
    quotes = [pair for passage in split(document(Page((section(text),)))) for pair in passage.quotes()]
    assert " ".join(quote for _, quote in quotes) == text
    assert all(len(quote) <= LONGEST_STATEMENT and span.source == SOURCE for span, quote in quotes)


def test_ids_depend_on_document_version_content_and_position() -> None:
    """A second run gives the same ids; another version, or another content of the same version, gives others."""
    source = document(Page((section("Un mot."),)), Page((section("Un autre."),)))

    def ids(digest: str, version: int) -> list[str]:
        return [passage.id for passage in split(replace(source, digest=digest), version=version)]

    assert ids("a1", 3) == ids("a1", 3)
    assert len({*ids("a1", 3), *ids("a1", 4), *ids("b2", 3)}) == 6
    assert all(id.startswith("fr/aide:3:") for id in ids("a1", 3))


def test_a_passage_carries_what_identifies_its_document() -> None:
    """Title, aliases and address come along, and the title and headings are embedded with the text."""
    (passage,) = split(document(Page((section("Un mot."),))))
    assert (passage.document_key, passage.names, passage.url) == ("fr/aide", ("prime",), "https://example.org")
    assert passage.indexed_text == "Une aide — En bref\nUn mot."


def test_a_document_without_text_has_no_passage() -> None:
    """Pages without statements are passed over."""
    assert split(document(Page(()), Page((section(),)))) == []
