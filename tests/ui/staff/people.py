"""Who comes to the door in the tests, and what they type."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from ingest.database import AccountRow, Base, StaffAttemptRow, StaffSessionRow
from ui.staff.passwords import Cost

HOST = "http://guichet.test"
PASSWORD = "quatre girafes sous la pluie"
OTHER = "een fiets zonder stuur en bel"
CHEAP = Cost(time=1, memory_kib=8)


class Visitor:
    """A browser that says where its requests come from, as browsers do."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    @property
    def session(self) -> str | None:
        """The cookie of the session."""
        return self.client.cookies.get("guichet_staff")

    def get(self, path: str, **headers: str) -> Response:
        """Follow a link."""
        return self.client.get(path, headers={"accept-language": "en"} | _written(headers))

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Response:
        """Send a form of our own page, unless the *headers* say otherwise; an empty one is left out."""
        sent = {"accept-language": "en", "origin": HOST, "sec-fetch-site": "same-origin"} | _written(headers)
        return self.client.post(path, data=fields, headers={key: value for key, value in sent.items() if value})

    def log_in(
        self, name: str = "anna", password: str = PASSWORD, path: str = "/staff/login", **headers: str
    ) -> Response:
        """Send the login form."""
        return self.post(path, {"name": name, "password": password}, **headers)

    def token(self, path: str = "/staff/password") -> str:
        """Return the form token of a page."""
        found = re.search(r'name="token" value="([^"]+)"', self.get(path).text)
        assert found
        return html.unescape(found[1])


def _written(headers: dict[str, str]) -> dict[str, str]:
    return {key.replace("_", "-"): value for key, value in headers.items()}


def age(engine: Engine, by: dt.timedelta, *tables: type[Base]) -> None:
    """Let time pass: every moment in the *tables* is that much earlier."""
    with Session(engine) as session, session.begin():
        for table in tables or (StaffSessionRow, StaffAttemptRow, AccountRow):
            for row in session.scalars(select(table)):
                for column in table.__table__.columns:
                    value = getattr(row, column.key)
                    if isinstance(value, dt.datetime):
                        setattr(row, column.key, value - by)


def set_columns(engine: Engine, name: str, **values: Any) -> None:
    """Change an account behind everybody's back."""
    with Session(engine) as session, session.begin():
        session.execute(update(AccountRow).where(AccountRow.name == name).values(**values))


def text_of(page: str) -> str:
    """Return what a reader sees, on one line."""
    body = page.partition("<body")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())
