"""The OpenAPI document against the running application: what it promises is what programs get, whatever they send."""

from __future__ import annotations

import time

import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.slowness import slowness

EXAMPLES = 6
SECONDS = 40
ENOUGH = 300
"""Requests below which the operations were not really tried."""


def test_no_request_gets_what_the_document_does_not_promise(application: FastAPI) -> None:
    """Over all operations: no server error, no undeclared status, type, header or form; bad requests are refused."""
    began = time.monotonic()
    document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", application, config=_configuration())
    requests, failures = 0, []
    for event in from_schema(document).execute():
        assert not isinstance(event, events.FatalError | events.NonFatalError), event
        if not isinstance(event, events.ScenarioFinished):
            continue
        requests += len(event.recorder.interactions)
        for name, checks in event.recorder.checks.items():
            found = event.recorder.interactions.get(name)
            answered = found.response.content[:300] if found and found.response else b""
            failures += [
                (event.recorder.label, check.name, check.failure_info.failure.message[:500],
                 check.failure_info.code_sample[:500], answered)
                for check in checks if check.failure_info
            ]  # fmt: skip
    assert failures == []
    assert requests > ENOUGH
    assert time.monotonic() - began < SECONDS * slowness()


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
