"""The generated passages: what the figures rest on."""

from __future__ import annotations

from collections import Counter

import pytest

from ingest.documents import LANGUAGES, SourceDocument
from ingest.passages import split
from tests.benchmarks.passages import generate, read_stock

COUNT = 2_000


@pytest.fixture(scope="module")
def documents() -> list[SourceDocument]:
    """Documents of 2,000 passages."""
    return list(generate(COUNT))


def test_as_many_passages_as_asked(documents):
    """The library cuts the documents into exactly the number of passages that was asked for, no two alike."""
    texts = [passage.text for document in documents for passage in split(document)]
    assert (len(texts), len(set(texts))) == (COUNT, COUNT)


def test_number_that_no_document_divides():
    """The last document is shorter where the number asks for it."""
    assert [len(document.pages) for document in generate(23)] == [10, 10, 3]


def test_passages_are_as_long_as_ours(documents):
    """A passage has about as many words as the library allows, 110."""
    words = [len(page.text.split()) for document in documents for page in document.pages]
    assert 90 <= sum(words) / len(words) <= 115


def test_same_seed_same_passages():
    """A seed stands for its passages, so that two runs measure the same; another seed gives others."""
    assert list(generate(40, seed=3)) == list(generate(40, seed=3))
    assert list(generate(40, seed=3)) != list(generate(40, seed=4))


def test_languages_take_turns(documents):
    """Each of the four languages has a quarter of the documents."""
    assert Counter(document.language for document in documents) == dict.fromkeys(LANGUAGES, COUNT / 40)


def test_vocabulary_keeps_growing(documents):
    """Ten times the text brings new words, more than half of all met only once, as in real text."""
    small, large = (_words(part) for part in (documents[: len(documents) // 10], documents))
    assert len(large) > 2 * len(small)
    assert sum(times == 1 for times in large.values()) > len(large) / 2


def test_sentences_are_those_of_the_corpus(documents):
    """Most words of a passage stand in the sheets of its language."""
    known = {word for sheet in read_stock("nl").sheets for page in sheet.pages for word in page.text.split()}
    words = [word for document in documents if document.language == "nl" for word in document.pages[0].text.split()]
    assert sum(word in known for word in words) / len(words) > 0.85


def _words(documents: list[SourceDocument]) -> Counter[str]:
    return Counter(word for document in documents for page in document.pages for word in page.text.lower().split())
