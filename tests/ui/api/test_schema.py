"""The OpenAPI document against the running application: what it promises is what programs get, whatever they send."""

from __future__ import annotations

import time

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from bot.service import Bot
from tests.slowness import slowness
from ui.server import create_app

EXAMPLES = 6
SECONDS = 40
ENOUGH = 300
"""Requests below which the operations were not really tried."""


@pytest.fixture(scope="module")
def application(corpus_bot: Bot) -> FastAPI:
    """The application with room for all answers that the run starts and does not wait for: 503 would be right then."""
    return create_app(corpus_bot, corpus_bot.settings.model_copy(update={"open_questions": 1000}))


def test_no_request_gets_what_the_document_does_not_promise(application: FastAPI) -> None:
    """Over all operations: no server error, no undeclared status, type, header or form; bad requests are refused."""
    began = time.monotonic()
    requests, failures, _ = tried(application, _configuration())
    assert failures == []
    assert requests > ENOUGH
    assert time.monotonic() - began < SECONDS * slowness()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"X-API-Key": "gk_wrong"}, 401), ({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 421)],
)
def test_what_the_guard_refuses_is_promised_too(application: FastAPI, headers: dict[str, str], status: int) -> None:
    """With a wrong key, from a foreign page, under an unknown name: every operation of programs says it may happen."""
    requests, failures, statuses = tried(application, _refused(headers))
    assert failures == []
    assert requests > 0
    # Health alone answers whoever asks it, by whatever name.
    assert {found for label, found in statuses if not label.endswith(("/healthz", "/readyz"))} == {status}


Failure = tuple[str, str, str, str, bytes]


def tried(application: FastAPI, config: SchemathesisConfig) -> tuple[int, list[Failure], set[tuple[str, int]]]:
    """Try every operation, and return how many requests that were, what was wrong, and what each was answered."""
    document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", application, config=config)
    requests, failures, statuses = 0, [], set()
    for event in from_schema(document).execute():
        assert not isinstance(event, events.FatalError | events.NonFatalError), event
        if not isinstance(event, events.ScenarioFinished):
            continue
        requests += len(event.recorder.interactions)
        statuses |= {
            (event.recorder.label, each.response.status_code)
            for each in event.recorder.interactions.values() if each.response
        }  # fmt: skip
        for name, checks in event.recorder.checks.items():
            found = event.recorder.interactions.get(name)
            answered = found.response.content[:300] if found and found.response else b""
            failures += [
                (event.recorder.label, check.name, check.failure_info.failure.message[:500],
                 check.failure_info.code_sample[:500], answered)
                for check in checks if check.failure_info
            ]  # fmt: skip
    return requests, failures, statuses


def _configuration() -> SchemathesisConfig:
    """Return all checks; which message is the question, no schema of a chat can say, so one of them may be refused."""
    refusals = {"negative_data_rejection": {"expected-statuses": ["400", "404", "406", "413", "415", "422"]}}
    lenient = {**refusals, "positive_data_acceptance": {"enabled": False}}
    project = {
        "checks": refusals,
        "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
        "operations": [{"include-path": "/v1/chat/completions", "checks": lenient}],
    }
    return SchemathesisConfig.from_dict(project | {"seed": 20261130})


def _refused(headers: dict[str, str]) -> SchemathesisConfig:
    """Return a short run in which every request has *headers*: only whether what is answered was promised counts."""
    promised = (
        "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
        "response_schema_conformance",
    )  # fmt: skip
    project = {
        "headers": headers,
        "checks": {"enabled": False} | {name: {"enabled": True} for name in promised},
        "phases": {name: {"enabled": False} for name in ("examples", "coverage", "stateful")},
        "generation": {"max-examples": 1, "deterministic": True, "database": "none"},
    }
    return SchemathesisConfig.from_dict(project | {"seed": 20261130})
