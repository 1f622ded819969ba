"""The documents over HTTP: the whole starter corpus, by pages and one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from fastapi.testclient import TestClient

from bot.service import Bot
from ui.api import schemas


def test_pages_hold_every_document_once(api: TestClient, corpus_bot: Bot) -> None:
    """Whoever follows ``next`` sees all documents, each once, in a steady order."""
    keys: list[str] = []
    following = "/api/v1/documents?limit=100"
    while following:
        response = api.get(following)
        page = schemas.DocumentPage.model_validate(response.json())
        keys += [entry.key for entry in page.documents]
        assert response.headers.get("link") == (f'<{page.next}>; rel="next"' if page.next else None)
        following = page.next or ""
    assert sorted(keys) == sorted(corpus_bot.library.documents)
    assert len(set(keys)) == len(keys) == page.total


def test_documents_can_be_chosen_by_language_and_kind(api: TestClient) -> None:
    """The conditions hold on every page and in the address of the next one."""
    page = api.get("/api/v1/documents?language=nl&kind=programme&limit=5").json()
    assert {(entry["language"], entry["kind"]) for entry in page["documents"]} == {("nl", "programme")}
    following = api.get(page["next"]).json()
    assert {(entry["language"], entry["kind"]) for entry in following["documents"]} == {("nl", "programme")}
    assert page["documents"][-1]["id"] < following["documents"][0]["id"]
    assert api.get("/api/v1/documents?kind=nothing").json() | {"generation": 0} == {
        "documents": [], "total": 0, "generation": 0, "next": None
    }  # fmt: skip


def test_every_document_has_its_own_address(api: TestClient, corpus_bot: Bot) -> None:
    """All documents are of the declared form; what may not be quoted is not among their statements."""
    for key in list(corpus_bot.library.documents)[::7]:
        response = api.get(f"/api/v1/documents/{key}")
        document = schemas.Document.model_validate(response.json())
        assert document.key == key
        assert document.href == f"/api/v1/documents/{key}"
        assert document.passages
        assert all(part.text in passage.text for passage in document.passages for part in passage.statements)
        assert {part.role for passage in document.passages for part in passage.statements} <= {"fact", "gap", "warning"}


def test_a_citation_leads_to_its_passage(api: TestClient) -> None:
    """Language, document and passage of a citation name the passage in which its quote stands."""
    answer = api.post("/api/v1/ask", json={"question": "Hoeveel betaalt de opleidingscheque?"}).json()
    assert answer["citations"]
    for citation in answer["citations"]:
        document = api.get(f"/api/v1/documents/{citation['language']}/{citation['document']}").json()
        passage = next(each for each in document["passages"] if each["id"] == citation["passage_id"])
        assert citation["quote"] in passage["text"]
        assert citation["quote"] in [statement["text"] for statement in passage["statements"]]
        assert document["version"] == citation["version"]


@pytest.mark.parametrize("path", ["/api/v1/documents?limit=3", "/api/v1/documents/fr/start-ia"])
def test_what_has_not_changed_is_not_sent_again(api: TestClient, path: str) -> None:
    """The mark of the content brings 304 without a body; it is strong, and another mark brings the whole."""
    first = api.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = api.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert api.get(path, headers={"If-None-Match": '"other"'}).json() == first.json()


def test_a_mark_changes_with_the_day(corpus_bot: Bot) -> None:
    """A programme that has closed has another mark, without a new version: its state is computed."""
    shelf = corpus_bot.shelf
    key = next(sheet.info.key for sheet in shelf.list(limit=1000).sheets if sheet.state == "open")
    shelf._today += timedelta(days=4000)
    found = shelf.get(key)
    assert found
    assert found[0].state == "closed" or found[0].state == "unknown"


def test_a_document_says_since_when_it_is_served(api: TestClient) -> None:
    """Last-Modified is the moment of publication: this test run's."""
    response = api.get("/api/v1/documents/de/start-ia")
    since = parsedate_to_datetime(response.headers["last-modified"])
    assert timedelta() <= datetime.now(UTC) - since < timedelta(hours=2)
    assert datetime.fromisoformat(response.json()["published_at"]) == since


@pytest.mark.parametrize("key", ["fr/none", "fr/..%2Fstart-ia", "fr/%00", "fr/'", "en/" + "x" * 290])
def test_unknown_documents_are_not_found(api: TestClient, key: str) -> None:
    """Whatever the id, it is looked up and nothing else."""
    assert api.get(f"/api/v1/documents/{key}").status_code == 404
