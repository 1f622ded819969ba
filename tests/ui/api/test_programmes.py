"""Programmes, calendar, eligibility and search over HTTP, over a real guichet of a few sheets of the corpus."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.service import Bot
from ingest.documents import LANGUAGES
from ingest.settings import load
from tests.bot import starter
from tests.ui.api.served import read
from tests.ui.scripted import ScriptedBot
from tests.ui.test_calendar import components, parsed
from ui.api.routes import routes
from ui.server import create_app

EIC = "eic-accelerator"
FIRM = {"size": "small", "seat": ["wallonia"], "legal_form": ["company"], "sector": ["construction"]}
VOUCHER = "cheque-maturite-numerique"


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """A bot over a few real sheets, on the closing day of one of them."""
    with starter.starter_bot(tmp_path_factory.mktemp("programmes")) as opened:
        yield opened


@pytest.fixture(scope="module")
def site(bot: Bot) -> Iterator[TestClient]:
    """A client of the whole application over *bot*."""
    with TestClient(create_app(bot, bot.settings), raise_server_exceptions=False) as opened:
        yield opened


def one(site: TestClient, id: str = EIC, **query: str) -> dict[str, Any]:
    """Return one programme."""
    response = site.get(f"/api/v1/programmes/{id}", params=query)
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def judged(site: TestClient, profile: dict[str, Any], *ids: str, **more: Any) -> dict[str, Any]:
    """Return the verdicts on a firm."""
    response = site.post("/api/v1/eligibility", json={"profile": profile, "programmes": list(ids), **more})
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def test_the_programmes_of_the_corpus(site: TestClient) -> None:
    """Every sheet of a programme is there, with facts that each have their sentence, and no sheet of a law."""
    body = site.get("/api/v1/programmes", params={"lang": "fr"}).json()
    assert {each["id"] for each in body["programmes"]} == set(starter.SHEETS) - {"ai-act"}
    assert body["as_of"] == "2026-12-17"
    for programme in body["programmes"]:
        for fact in programme["facts"]:
            if fact["field"] in ("rate", "ceiling", "closes", "opens", "eligibility"):
                assert fact["source"]["quote"]
                assert fact["source"]["document"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "closed"}, set()), ({"state": ["open"]}, {EIC, VOUCHER}), ({"kind": "compute"}, set()),
        ({"state": ["open", "permanent"], "kind": "subsidy"}, {EIC, VOUCHER, "win4company"}),
    ],
)  # fmt: skip
def test_filters(site: TestClient, query: dict[str, Any], expected: set[str]) -> None:
    """States and kinds are kept that are asked for."""
    assert {each["id"] for each in site.get("/api/v1/programmes", params=query).json()["programmes"]} == expected


@pytest.mark.parametrize(
    ("day", "state", "deadline"),
    [("2026-12-16", "open", "2026-12-17"), ("2026-12-17", "open", "2026-12-17"), ("2026-12-18", "closed", None)],
)
def test_guichet_today_decides_the_state(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, day: str, state: str, deadline: str | None
) -> None:
    """The same corpus, without indexing anything anew: open through the last day, closed the day after."""
    monkeypatch.setenv("GUICHET_TODAY", day)
    settings = load(data_dir=bot.settings.data_dir)
    app = FastAPI()
    app.include_router(routes(Bot(bot.library, settings, contradictions=bot.contradictions), settings))
    client = TestClient(app)
    found = one(client)
    assert (found["state"], found["deadline"], found["as_of"]) == (state, deadline, day)
    events = components(parsed(client.get("/api/v1/calendar.ics", params={"programme": EIC}).content))
    assert [event["DTSTART"] for event in events] == ([] if deadline is None else ["20261217"])
    (verdict,) = judged(client, FIRM, EIC)["programmes"]
    assert verdict["state"] == state
    found = client.post("/api/v1/search", json={"query": "EIC Accelerator subside", "current_only": True}).json()
    assert (EIC in {each["document"] for each in found["results"]}) is (state == "open")


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_the_language_that_is_asked_for(site: TestClient, language: str) -> None:
    """Title, state and sentences are in that language where a sheet has it; header and address both ask."""
    found = one(site, lang=language)
    assert found["language"] == language
    assert {fact["source"]["language"] for fact in found["facts"]} == {language}
    response = site.get(f"/api/v1/programmes/{EIC}", headers={"accept-language": language})
    assert response.json() == found
    assert response.headers["content-language"] == language
    assert "Accept-Language" in response.headers["vary"]


def test_what_the_sources_contradict_is_told(site: TestClient) -> None:
    """The field in which the sheet of Win4Company says itself that its sources differ is said to be disputed."""
    found = one(site, "win4company", lang="fr")
    assert found["disputed"] == ["rate"]
    assert {0.3, 0.5} <= {fact["value"] for fact in found["facts"] if fact["field"] == "rate"}


@pytest.mark.parametrize("path", ["/api/v1/programmes", f"/api/v1/programmes/{EIC}", "/api/v1/calendar.ics"])
def test_who_has_it_already_is_told_so(site: TestClient, bot: Bot, path: str) -> None:
    """The tag is that of the content: the same caller is told «unchanged», another language or day is not."""
    first = site.get(path, params={"lang": "fr"})
    tag = first.headers["etag"]
    again = site.get(path, params={"lang": "fr"}, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert site.get(path, params={"lang": "nl"}, headers={"if-none-match": tag}).status_code == 200
    tomorrow = bot.settings.model_copy(update={"today": starter.LAST_DAY.replace(day=18)})
    app = FastAPI()
    app.include_router(routes(Bot(bot.library, tomorrow, contradictions=bot.contradictions), tomorrow))
    assert TestClient(app).get(path, params={"lang": "fr"}, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["programmes/nowhere", "programmes/UPPER%20%00", "calendar.ics?programme=nowhere", "calendar.ics?programme="],
)
def test_a_programme_that_is_not_known_is_a_problem(site: TestClient, path: str) -> None:
    """404 as problem details."""
    response = site.get(f"/api/v1/{path}")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["programmes?state=ajar", "programmes?kind=x", "programmes?" + "state=open&" * 6])
def test_bad_queries_are_problems(site: TestClient, path: str) -> None:
    """What is no state or kind is refused, and so are more of them than there are."""
    response = site.get(f"/api/v1/{path}")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


def test_the_calendar_is_by_the_book(site: TestClient) -> None:
    """Every known day of the corpus is an event; the file is served as a calendar."""
    response = site.get("/api/v1/calendar.ics", params={"lang": "nl"})
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "guichet-ia.ics" in response.headers["content-disposition"]
    events = components(parsed(response.content))
    assert [event["UID"] for event in events] == [f"{EIC}.closes@guichet-ia"]
    assert events[0]["SUMMARY"].startswith("Laatste dag")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "yes"), ({"size": "large"}, "no"), ({"seat": ["flanders"]}, "no"), ({"legal_form": ["association"]}, "no"),
        ({"sector": ["digital"]}, "no"), ({"sector": ["fishing"]}, "no"), ({"sector": ["informatique"]}, "unknown"),
        ({"size": None}, "unknown"), ({"seat": []}, "unknown"), ({"legal_form": []}, "unknown"),
        ({"sector": []}, "unknown"), ({"seat": [], "place": "Namur"}, "yes"), ({"seat": [], "place": "Gent"}, "no"),
        ({"seat": [], "place": "Xyzzy"}, "unknown"), ({"seat": ["belgium"]}, "unknown"),
        ({"seat": ["belgium"], "place": "Namur"}, "unknown"), ({"size": "micro", "seat": ["german_community"]}, "yes"),
    ],
)  # fmt: skip
def test_the_voucher_for_a_firm(site: TestClient, change: dict[str, Any], expected: str) -> None:
    """By the five quoted rules of a real sheet; each thing left out or said vaguely leaves it open."""
    body = judged(site, FIRM | change, VOUCHER)
    (verdict,) = body["programmes"]
    assert verdict["eligible"] == expected
    assert len(verdict["rules"]) == 5
    assert all(rule["source"]["quote"] for rule in verdict["rules"])
    assert bool(body["notes"]) is (change.get("place") == "Xyzzy")


def test_never_yes_without_a_rule(site: TestClient) -> None:
    """Whatever a firm says of itself, a programme whose rules we do not have is never a yes."""
    (verdict,) = judged(site, FIRM, EIC)["programmes"]
    assert (verdict["eligible"], verdict["incomplete"], verdict["rules"]) == ("unknown", True, [])


def test_ids_that_are_not_known_are_told(site: TestClient) -> None:
    """They are no error; a note names them in the caller's language."""
    body = judged(site, FIRM, "nowhere", VOUCHER, language="en")
    assert [each["id"] for each in body["programmes"]] == [VOUCHER]
    assert body["notes"] == ["We know no programme “nowhere”. List the programmes to see their ids."]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "profile"), ({"profile": {"size": "tiny"}}, "profile.size"), ({"profile": {"age": 3}}, "profile.age"),
        ({"profile": {"sector": ["x" * 61]}}, "profile.sector.0"),
        ({"profile": {}, "programmes": [""]}, "programmes.0"),
        ({"profile": {"place": "x" * 81}}, "profile.place"), ({"profile": {"seat": ["wallonia"] * 7}}, "profile.seat"),
    ],
)  # fmt: skip
def test_a_profile_that_does_not_fit_names_the_field(site: TestClient, body: dict[str, Any], field: str) -> None:
    """Nothing of what was sent is repeated."""
    response = site.post("/api/v1/eligibility", json=body)
    assert response.status_code == 422
    assert field in response.json()["detail"]


ASKED = {"question": "Quel est le taux du chèque maturité numérique ?"}


def without_chance(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what differs each time, and without verdicts."""
    programmes = [{k: v for k, v in each.items() if k != "eligibility"} for each in answer["programmes"]]
    return {k: v for k, v in answer.items() if k not in ("id", "timings")} | {"programmes": programmes}


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, "yes"), ({"size": None}, "unknown"), ({"size": "large"}, "no"), ({"seat": [], "place": "Namur"}, "yes")],
)
def test_an_answer_for_a_firm_has_the_verdicts_of_the_operation(
    site: TestClient, change: dict[str, Any], expected: str
) -> None:
    """Each programme of it, as JSON and in the last event, says what the operation says; nothing else changes."""
    plain = site.post("/api/v1/ask", json=ASKED).json()
    asked = ASKED | {"profile": FIRM | change}
    answer = site.post("/api/v1/ask", json=asked).json()
    streamed = site.post("/api/v1/ask", json=asked, headers={"Accept": "text/event-stream"}).text
    started = site.post("/api/v1/streams", json=asked).headers["location"]
    heard = [list(read(text.splitlines()))[-1].data for text in (streamed, site.get(started).text)]
    ids = [each["id"] for each in answer["programmes"]]
    assert VOUCHER in ids
    verdicts = {each["id"]: each for each in judged(site, FIRM | change, *ids, language="fr")["programmes"]}
    assert [each["eligibility"] for each in answer["programmes"]] == [verdicts.get(id) for id in ids]
    assert verdicts[VOUCHER]["eligible"] == expected
    assert all(rule["source"]["quote"] for rule in verdicts[VOUCHER]["rules"])
    assert without_chance(answer) == without_chance(plain)
    assert all("eligibility" not in each for each in plain["programmes"])
    assert [each["programmes"] for each in heard] == [answer["programmes"]] * 2
    schema = site.get("/api/v1/openapi.json").json()
    jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/Answer", "components": schema["components"]}
    ).validate(answer)


def test_the_firm_of_a_question_is_not_kept(site: TestClient, bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    """The receipt is that of the question alone, and no word of the firm stands in the log."""
    with caplog.at_level(logging.DEBUG):
        answer = site.post("/api/v1/ask", json=ASKED | {"profile": {"sector": ["zanzibarfirm"], "place": "Namur"}})
    stored = site.get(f"/api/v1/answers/{answer.json()['id']}").json()
    assert stored["programmes"]
    assert all("eligibility" not in each for each in stored["programmes"])
    assert "zanzibarfirm" not in caplog.text + str(stored)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [(ASKED | {"firm": {}}, "#/firm"), (ASKED | {"profile": {"turnover": 1}}, "#/profile/turnover"),
     (ASKED | {"profile": {"size": "huge"}}, "#/profile/size"), (ASKED | {"profile": "small"}, "#/profile"),
     (ASKED | {"history": [{"role": "user", "text": "a", "name": "b"}]}, "#/history/0/name")],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/streams"])
def test_what_a_question_does_not_have_is_refused(
    site: TestClient, path: str, body: dict[str, Any], pointer: str
) -> None:
    """A member that nobody reads is told rather than dropped: whoever sends it expects something of it."""
    response = site.post(path, json=body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_search_gives_quotes_that_stand_in_their_passage(site: TestClient) -> None:
    """The passages come best first, in the language of the query, dated, linked, with today's state."""
    response = site.post("/api/v1/search", json={"query": "taux du chèque maturité numérique", "limit": 4})
    found = response.json()["results"]
    assert len(found) == 4
    assert response.headers["cache-control"] == "no-store"
    assert found[0]["document"] == VOUCHER
    assert [each["score"] for each in found] == sorted((each["score"] for each in found), reverse=True)
    for each in found:
        assert each["quote"] in each["passage"]
        assert each["language"] == "fr"
    assert found[0]["state"] == "open"
    assert found[0]["url"].startswith("https://")


def test_search_keeps_the_languages_that_are_asked_for(site: TestClient) -> None:
    """A query in French finds Dutch passages when those are wanted."""
    body = {"query": "taux du chèque maturité numérique", "language": "fr", "languages": ["nl"]}
    found = site.post("/api/v1/search", json=body).json()["results"]
    assert found
    assert {each["language"] for each in found} == {"nl"}


@pytest.mark.parametrize(
    "query", ["?!", "🦔", "le la les de", "' OR 1=1 --", "a" * 600, "[1 TO *] AND (", "\u202etxet"]
)
def test_any_query_gets_a_list(site: TestClient, query: str) -> None:
    """Whatever is typed, there is a list, maybe empty."""
    response = site.post("/api/v1/search", json={"query": query})
    assert response.status_code == 200
    assert isinstance(response.json()["results"], list)


@pytest.mark.parametrize(
    "body", [{"query": " "}, {"query": "x" * 601}, {"query": "x", "limit": 0}, {"query": "x", "a": 1}]
)
def test_a_query_that_does_not_fit_is_a_problem(site: TestClient, body: dict[str, Any]) -> None:
    """Empty, too long, too many: problem details."""
    response = site.post("/api/v1/search", json=body)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


def test_a_query_never_stands_in_an_address(site: TestClient) -> None:
    """Addresses end up in the logs of proxies: there is no GET."""
    assert site.get("/api/v1/search", params={"q": "Start IA"}).status_code == 405


def test_nothing_that_is_told_is_kept_or_logged(site: TestClient, bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a query nor a profile is in the log or anywhere in the data folder afterwards."""
    with caplog.at_level(logging.DEBUG):
        site.post("/api/v1/search", json={"query": "chèque xyzzyquux maturité"})
        judged(site, FIRM | {"sector": ["xyzzyquux"], "seat": [], "place": "Xyzzyquux"})
    assert "xyzzyquux" not in caplog.text.lower()
    files = [path for path in Path(bot.settings.data_dir).rglob("*") if path.is_file()]
    assert files
    assert not any(b"xyzzyquux" in path.read_bytes().lower() for path in files)


def test_a_crash_is_a_sentence_and_leaves_no_query_in_the_log(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """What breaks behind the counter is logged by its place, without its text."""
    app = create_app(ScriptedBot(), load(data_dir=tmp_path))
    with TestClient(app, raise_server_exceptions=False) as client, caplog.at_level(logging.DEBUG):
        response = client.post("/api/v1/search", json={"query": "crash xyzzyquux"})
    assert response.status_code == 500
    assert response.json()["type"].endswith(":unexpected")
    assert "ZeroDivisionError" in caplog.text
    assert "xyzzyquux" not in caplog.text + response.text


def test_bodies_are_what_the_document_says(site: TestClient) -> None:
    """The OpenAPI document describes these routes, and what they return fits it."""
    document = site.get("/api/v1/openapi.json").json()
    sent: tuple[tuple[str, str, Any], ...] = (
        ("get", "/api/v1/programmes", None), ("get", f"/api/v1/programmes/{EIC}", None),
        ("post", "/api/v1/eligibility", {"profile": FIRM}), ("post", "/api/v1/search", {"query": "EIC Accelerator"}),
    )  # fmt: skip
    for method, path, body in sent:
        described = document["paths"][path.replace(EIC, "{id}")][method]
        assert described["summary"]
        schema = described["responses"]["200"]["content"]["application/json"]["schema"]
        response = site.request(method, path, json=body)
        whole = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(whole).validate(response.json())
