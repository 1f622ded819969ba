"""What comes in is the next version of a document only where that is certain; else a person is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ingest.intake import Intake
from ingest.judging import Judge
from ingest.library import Library
from ingest.readers.sandbox import Sandbox
from ingest.revisions import Edit, Revision

ADDRESS = "https://aides.example/page?id=1"
Take = Callable[..., Revision]


@pytest.fixture
def take(library: Library) -> Iterator[Take]:
    """Take in a page as the intake does, and return its draft; nothing runs beside."""
    judge = Judge(library)
    with Sandbox(library.settings) as sandbox:

        def taken(text: str, url: str, title: str = "Prime verte", **about: object) -> Revision:
            source = (
                f"<!doctype html><html lang='fr'><head><title>{title}</title><link rel='canonical' href='{url}'></head>"
                f"<body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
            )
            number = Intake(library, judge).write(source, "page.html", "ella", **about)
            found = library.revisions.get(number)
            examined = sandbox.examine(library.originals.path(found.original or ""), name=found.name)
            library.revisions.draft(number, *judge(examined, found))
            return library.revisions.get(number)

        yield taken


def text(subject: str, rate: int = 40) -> str:
    """Return a page of some length about one thing."""
    lines = (f"Le point {n} de {subject} règle un cas propre numéro {n * 7} de {subject}." for n in range(30))
    return f"La prime couvre {rate} % des frais. {' '.join(lines)}"


@pytest.mark.parametrize(
    ("first", "second"),
    [(ADDRESS, "https://aides.example/page?id=2"), ("https://aides.example/", "https://aides.example/"),
     (ADDRESS, ADDRESS)],
    ids=["query", "home", "rewritten"],
)  # fmt: skip
def test_another_page_is_never_a_next_version_by_itself(library: Library, take: Take, first: str, second: str) -> None:
    """Neither pages that differ in their query, nor those that all name the home page, nor a new text take a place."""
    served = take(text("toitures"), first)
    library.publish([served.number], "paul")
    other = take(text("chaudières"), second, "Aide au chauffage")
    assert other.key != served.key
    assert other.findings["resembles"]["key"] == served.key  # the desk asks


def test_the_home_page_is_no_address_of_a_document(library: Library, take: Take) -> None:
    """Two pages of one template are asked about, however much they share, where both name the home page."""
    served = take(text("toitures", 40), "https://aides.example")
    library.publish([served.number], "paul")
    other = take(text("toitures", 50), "https://aides.example/", "Prime bleue")
    assert other.key != served.key
    assert other.findings["resembles"]["key"] == served.key


def test_the_same_page_keeps_what_staff_said_of_it(library: Library, take: Take) -> None:
    """A page under its own address with nearly its own text is the next version, with all that was said of the last."""
    served = take(text("toitures", 40), ADDRESS)
    meta = {"status": "open", "operator": "SPW", "contact": {"url": "https://spw.example"}, "aliases": ["PV"]}
    library.revisions.edit(served.number, Edit(title="La prime verte", meta=meta), "ella")
    library.publish([served.number], "paul")
    own = Edit(owner="ann", review_by="2027-03-01", expires_on="2027-12-31")
    library.revisions.mark(served.number, own, "ann")
    draft = take(text("toitures", 60), ADDRESS.replace("https://", "http://www."))
    assert (draft.key, draft.title) == (served.key, "La prime verte")
    assert (draft.owner, draft.review_by, draft.expires_on) == ("ann", "2027-03-01", "2027-12-31")
    assert {name: draft.meta.get(name) for name in meta} == meta


def test_a_page_that_is_known_stays_its_document(library: Library, take: Take) -> None:
    """A watched page, whose document is known before it is read, is its next version whatever its text has become."""
    served = take(text("toitures"), ADDRESS)
    library.publish([served.number], "paul")
    draft = take(text("chaudières"), ADDRESS, "Aide au chauffage", key=served.key, language="fr")
    assert (draft.key, draft.title) == (served.key, "Aide au chauffage")
