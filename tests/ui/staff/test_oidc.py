"""Login through an organisation, against a certified provider, and against one that lies."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from ingest.errors import SettingsError
from ingest.journal import Journal
from ingest.settings import Settings, load
from tests.ui.staff.people import CHEAP, PASSWORD, Visitor, text_of
from tests.ui.staff.providers import CLIENT, ROLES, SECRET, Hostile, certified, hostile, key
from ui.staff.entrance import Entrance
from ui.staff.login import routes
from ui.staff.oidc import Provider
from ui.staff.passwords import Hasher

GUICHET = "http://127.0.0.1:7860"
CALLBACK = "/staff/login/oidc/callback"


def configured(issuer: str, **more: Any) -> Settings:
    """Return settings with this provider."""
    return load(
        public_url=GUICHET, staff_oidc_issuer=issuer, staff_oidc_name="Wallex", staff_oidc_client_id=CLIENT,
        staff_oidc_client_secret=SecretStr(SECRET), **more,
    )  # fmt: skip


RULED = {"staff_oidc_scopes": "openid profile groups", "staff_oidc_role_claim": "groups", "staff_oidc_roles": ROLES}


class Site:
    """A guichet with a provider, and browsers of their own."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.entrance = Entrance(engine, settings, Hasher(CHEAP))
        self.app = FastAPI()
        self.app.include_router(routes(self.entrance, settings, "v1", Provider(settings)))

    def visitor(self) -> Visitor:
        """Return a new browser."""
        return Visitor(TestClient(self.app, base_url=GUICHET, follow_redirects=False))


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A certified provider, running."""
    with certified(GUICHET) as issuer:
        yield issuer


def log_in_there(departure: str, name: str) -> str:
    """Do what a person does at the certified provider, and return the address that it sends the browser back to."""
    with httpx2.Client(follow_redirects=False, timeout=10) as browser:
        answer = browser.get(departure)
        for _ in range(12):
            if answer.is_redirect:
                address = urljoin(str(answer.url), answer.headers["location"])
                if address.startswith(GUICHET):
                    return address
                answer = browser.get(address)
                continue
            action = html.unescape((re.search(r'<form[^>]*action="([^"]+)"', answer.text) or [""] * 2)[1])
            prompt = (re.search(r'name="prompt" value="(\w+)"', answer.text) or [""] * 2)[1]
            fields = {"prompt": prompt} | ({"login": name, "password": "x"} if prompt == "login" else {})
            answer = browser.post(urljoin(str(answer.url), action), data=fields)
    raise AssertionError("the provider never sent the browser back")


def through(visitor: Visitor, name: str, query: str = "") -> Any:
    """Go to the provider, log in there, come back, and return the answer of the guichet."""
    departure = visitor.get(f"/staff/login/oidc{query}").headers["location"]
    return visitor.get(log_in_there(departure, name).removeprefix(GUICHET))


# With a certified provider


def test_somebody_of_the_organisation_logs_in(engine: Engine, issuer: str) -> None:
    """Code, PKCE, state, nonce, ID token and groups: the person arrives at the desk with the role of the group."""
    site = Site(engine, configured(issuer, **RULED))
    visitor = site.visitor()
    answer = through(visitor, "eva", "?next=/staff/x")
    assert answer.status_code == 200
    assert 'content="0;url=/staff/x"' in answer.text
    login = site.entrance.sessions.login(visitor.session or "")
    assert login
    assert (login.name, login.role, login.by_oidc) == ("eva", "publisher", True)
    account = site.entrance.accounts.named("eva")
    assert (account.issuer, account.local) == (issuer, False)


def test_the_departure_asks_for_what_it_must(engine: Engine, issuer: str) -> None:
    """The way to the provider carries a code challenge, state and nonce, each new each time, and no secret."""
    visitor = Site(engine, configured(issuer)).visitor()
    one, other = (parse_qs(urlsplit(visitor.get("/staff/login/oidc").headers["location"]).query) for _ in range(2))
    assert one["response_type"] == ["code"]
    assert one["code_challenge_method"] == ["S256"]
    assert one["redirect_uri"] == [GUICHET + CALLBACK]
    assert all(one[key] != other[key] and len(one[key][0]) >= 43 for key in ("state", "nonce", "code_challenge"))
    assert SECRET not in str(one)


def test_the_cookies_of_the_way_are_bound(engine: Engine, issuer: str) -> None:
    """The cookie for the way back is lax and only for the way back; the session's is strict."""
    visitor = Site(engine, configured(issuer, **RULED)).visitor()
    there = visitor.get("/staff/login/oidc").headers["set-cookie"]
    assert all(part in there for part in ("HttpOnly", "Path=/staff/login/oidc", "SameSite=lax", "Max-Age=600"))
    back = through(visitor, "tom").headers.get_list("set-cookie")
    assert any(each.startswith("guichet_staff=") and "SameSite=strict" in each for each in back)
    assert any(each.startswith('guichet_oidc=""') and "Max-Age=0" in each for each in back)


def test_without_a_group_there_is_no_access(engine: Engine, issuer: str) -> None:
    """Who is in no group of ours is told so, gets no session, and can be seen by an administrator."""
    site = Site(engine, configured(issuer, **RULED))
    visitor = site.visitor()
    answer = through(visitor, "lea")
    assert answer.status_code == 403
    assert "We know you as “lea”, but you have no role yet" in text_of(answer.text)
    assert visitor.session is None
    assert site.entrance.accounts.named("lea").role is None


def test_without_groups_an_administrator_gives_the_role(engine: Engine, issuer: str) -> None:
    """Where the provider rules no roles, the first login gives none, and the one given here stays."""
    site = Site(engine, configured(issuer))
    assert through(site.visitor(), "eva").status_code == 403
    site.entrance.accounts.set_role("eva", "editor", "boss")
    visitor = site.visitor()
    assert through(visitor, "eva").status_code == 200
    login = site.entrance.sessions.login(visitor.session or "")
    assert login
    assert login.role == "editor"


def test_a_disabled_account_stays_out(engine: Engine, issuer: str) -> None:
    """Whoever was shut out here does not come in through the provider."""
    site = Site(engine, configured(issuer, **RULED))
    assert through(site.visitor(), "eva").status_code == 200
    site.entrance.accounts.disable("eva", "boss")
    visitor = site.visitor()
    assert through(visitor, "eva").status_code == 403
    assert visitor.session is None


def test_a_namesake_of_a_local_account_does_not_become_it(engine: Engine, issuer: str) -> None:
    """Who is called like an administrator at the provider is somebody else here."""
    site = Site(engine, configured(issuer, **RULED))
    site.entrance.accounts.add("eva", "administrator", "test", PASSWORD)
    visitor = site.visitor()
    assert through(visitor, "eva").status_code == 200
    login = site.entrance.sessions.login(visitor.session or "")
    assert login
    assert (login.name, login.role) == ("eva-2", "publisher")


def test_logout_offers_the_providers(engine: Engine, issuer: str) -> None:
    """After a logout here one can log out there as well, and is brought back."""
    visitor = Site(engine, configured(issuer, **RULED)).visitor()
    through(visitor, "eva")
    answer = visitor.post("/staff/logout", {"token": visitor.token("/staff/logout")}, origin=GUICHET)
    assert answer.headers["location"] == "/staff/login?lang=en&out=there"
    assert "You may still be logged in at Wallex" in text_of(visitor.get(answer.headers["location"]).text)
    there = visitor.get("/staff/login/oidc/logout").headers["location"]
    assert there.startswith(f"{issuer}/session/end?client_id={CLIENT}&")
    assert "post_logout_redirect_uri" in httpx2.get(there).text or httpx2.get(there).status_code == 200


def test_an_answer_counts_in_its_own_browser_only(engine: Engine, issuer: str) -> None:
    """An attacker who sends a visitor the end of his own login puts nobody into his account."""
    site = Site(engine, configured(issuer, **RULED))
    attacker, victim = site.visitor(), site.visitor()
    address = log_in_there(attacker.get("/staff/login/oidc").headers["location"], "tom").removeprefix(GUICHET)
    assert victim.get(address).status_code == 403
    assert victim.get("/staff/login/oidc").status_code == 303
    assert victim.get(address).status_code == 403
    assert victim.session is None
    assert attacker.get(address).status_code == 200


def test_a_code_works_once(engine: Engine, issuer: str) -> None:
    """The same answer a second time is refused: the cookie is gone, and the provider knows the code as used."""
    site = Site(engine, configured(issuer, **RULED))
    visitor = site.visitor()
    departure = visitor.get("/staff/login/oidc").headers["location"]
    sealed = visitor.client.cookies["guichet_oidc"]
    address = log_in_there(departure, "tom").removeprefix(GUICHET)
    assert visitor.get(address).status_code == 200
    assert visitor.get(address).status_code == 403
    thief = site.visitor()
    thief.client.cookies.set("guichet_oidc", sealed, domain="127.0.0.1", path="/staff/login/oidc")
    assert thief.get(address).status_code == 403
    assert thief.session is None


def test_a_session_of_the_organisation_has_no_password(engine: Engine, issuer: str) -> None:
    """The page of the own password says that there is none, and takes none."""
    site = Site(engine, configured(issuer, **RULED))
    visitor = site.visitor()
    through(visitor, "eva")
    assert "through the organisation" in text_of(visitor.get("/staff/password").text)
    token = site.entrance.sessions.login(visitor.session or "")
    assert token
    sent = {"token": token.form_token, "current": "x", "new": PASSWORD, "again": PASSWORD}
    assert visitor.post("/staff/password", sent, origin=GUICHET).status_code == 422


# With one that lies


@pytest.fixture
def liar() -> Iterator[Hostile]:
    """A provider that does as it is told."""
    with hostile() as provider:
        yield provider


def arrive(engine: Engine, liar: Hostile, **answer: str) -> tuple[int, Site]:
    """Log in with the lying provider and return the status, after making sure that only 200 gives a session."""
    site = Site(
        engine, configured(liar.issuer, staff_oidc_role_claim="preferred_username", staff_oidc_roles={"eva": "editor"})
    )
    visitor = site.visitor()
    asked = parse_qs(urlsplit(visitor.get("/staff/login/oidc").headers.get("location", "")).query)
    liar.nonce = asked["nonce"][0] if asked else ""
    query = {"code": "c", "state": asked["state"][0] if asked else ""} | answer
    found = visitor.client.get(CALLBACK, params=query, headers={"accept-language": "en"})
    assert (visitor.session is not None) is (found.status_code == 200)
    assert liar.broken == []
    return found.status_code, site


def test_an_honest_answer_is_taken(engine: Engine, liar: Hostile) -> None:
    """Unspoilt, the lying provider logs somebody in: what follows fails for its own reason."""
    assert arrive(engine, liar)[0] == 200
    assert liar.sent[0]["authorization"].startswith("Basic ")
    assert "code_verifier=" in liar.sent[0]["body"]


OLD = 10_000
SPOILT: dict[str, Callable[[Hostile], object]] = {
    "another nonce": lambda liar: liar.claims.update(nonce="of another login"),
    "no nonce": lambda liar: liar.claims.update(nonce=None),
    "nonce not supported": lambda liar: liar.claims.update(nonce=None, nonce_supported=False),
    "another audience": lambda liar: liar.claims.update(aud="somebody-else"),
    "another audience, we authorised": lambda liar: liar.claims.update(aud="somebody-else", azp=CLIENT),
    "two audiences, nobody authorised": lambda liar: liar.claims.update(aud=[CLIENT, "somebody-else"]),
    "another is authorised": lambda liar: liar.claims.update(azp="somebody-else"),
    "no audience": lambda liar: liar.claims.update(aud=None),
    "another issuer": lambda liar: liar.claims.update(iss="https://id.test"),
    "issuer with a stroke": lambda liar: liar.claims.update(iss=liar.issuer + "/"),
    "no issuer": lambda liar: liar.claims.update(iss=None),
    "expired": lambda liar: liar.claims.update(exp=1_700_000_000, iat=1_699_999_000),
    "no end": lambda liar: liar.claims.update(exp=None),
    "an end that is no time": lambda liar: liar.claims.update(exp="never"),
    "of the future": lambda liar: liar.claims.update(iat=4_000_000_000, exp=4_100_000_000),
    "not yet": lambda liar: liar.claims.update(nbf=4_000_000_000),
    "nobody": lambda liar: liar.claims.update(sub=None),
    "an empty subject": lambda liar: liar.claims.update(sub=""),
    "a subject that is no text": lambda liar: liar.claims.update(sub=17),
    "a very long subject": lambda liar: liar.claims.update(sub="x" * 5000),
    "of another access token": lambda liar: liar.claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no signature": lambda liar: _token(liar, liar_token=liar.unsigned),
    "signed with our secret": lambda liar: _token(liar, liar_token=lambda: liar.signed_with(SECRET)),
    "signed with the public key": lambda liar: _token(
        liar, liar_token=lambda: liar.signed_with(liar.key.as_pem(private=False))
    ),
    "signature cut": lambda liar: _token(liar, liar_token=lambda: liar.id_token()[:-4]),
    "claims changed": lambda liar: _token(liar, liar_token=lambda: _changed(liar.id_token())),
    "another's key": lambda liar: setattr(liar, "published", [key("one", 1)]),
    "a key that is not published": lambda liar: liar.header.update(kid="two"),
    "its own key in the head": lambda liar: (
        setattr(liar, "published", [key("two")]),
        liar.header.update(jwk=liar.key.as_dict(private=False)),
    ),
    "no token": lambda liar: setattr(liar, "token", lambda answer: {"access_token": "at", "token_type": "Bearer"}),
    "no object": lambda liar: setattr(liar, "token", lambda answer: ["x"]),
    "not a token": lambda liar: _token(liar, liar_token=lambda: "x.y.z"),
    "a number": lambda liar: _token(liar, liar_token=lambda: 7),
    "an error": lambda liar: setattr(liar, "token", lambda answer: {"error": "invalid_grant"}),
    "userinfo of somebody else": lambda liar: liar.userinfo.update(sub="subject-of-boss"),
    "no userinfo": lambda liar: liar.status.update({"/me": 500}),
    "broken token endpoint": lambda liar: liar.status.update({"/token": 500}),
    "no keys": lambda liar: liar.status.update({"/jwks": 404}),
    "keys elsewhere": lambda liar: liar.status.update({"/jwks": 302}),
    "tokens in the clear": lambda liar: liar.described.update(token_endpoint="http://id.test/token"),
    "keys in the clear": lambda liar: liar.described.update(jwks_uri="http://id.test/jwks"),
    "tokens from a file": lambda liar: liar.described.update(token_endpoint="file:///etc/passwd"),
    "description of another issuer": lambda liar: liar.described.update(issuer="https://id.test"),
    "no description": lambda liar: liar.status.update({"/.well-known/openid-configuration": 404}),
    "description elsewhere": lambda liar: liar.status.update({"/.well-known/openid-configuration": 302}),
}


def _token(liar: Hostile, liar_token: Callable[[], object]) -> None:
    liar.token = lambda answer: answer | {"id_token": liar_token()}


def _changed(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.eyJzdWIiOiJzdWJqZWN0LW9mLWJvc3MifQ.{signature}"


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_wrong_is_refused(engine: Engine, liar: Hostile, spoilt: str) -> None:
    """A token, key or description that is not right logs nobody in, and makes no account."""
    SPOILT[spoilt](liar)
    status, site = arrive(engine, liar)
    assert status == 403
    assert site.entrance.accounts.everyone() == []


@pytest.mark.parametrize(
    "answer",
    [{"state": "x" * 43}, {"state": ""}, {"code": ""}, {"iss": "https://id.test"}, {"error": "access_denied"},
     {"error": "<script>alert(1)</script>", "code": ""}, {"state": "\u00e9"}],
)  # fmt: skip
def test_an_answer_that_was_not_asked_for_is_refused(engine: Engine, liar: Hostile, answer: dict[str, str]) -> None:
    """Another state, another issuer, no code, or an error: the login is shown again and nothing is repeated."""
    assert arrive(engine, liar, **answer)[0] == 403
    assert liar.sent == []


def test_an_answer_without_its_issuer_is_refused_where_one_was_promised(engine: Engine, liar: Hostile) -> None:
    """A provider that says that it names itself in every answer must do so: else another's answer could be mixed in."""
    liar.described.update(authorization_response_iss_parameter_supported=True)
    assert arrive(engine, liar)[0] == 403
    assert arrive(engine, liar, iss=liar.issuer)[0] == 200


def test_a_new_key_of_the_provider_is_found(engine: Engine, liar: Hostile) -> None:
    """When the provider changes its key, logins go on without a restart."""
    site = Site(
        engine, configured(liar.issuer, staff_oidc_role_claim="preferred_username", staff_oidc_roles={"eva": "editor"})
    )
    for kid in ("one", "two"):
        liar.key = key(kid)
        liar.header = {"kid": kid}
        visitor = site.visitor()
        asked = parse_qs(urlsplit(visitor.get("/staff/login/oidc").headers["location"]).query)
        liar.nonce = asked["nonce"][0]
        assert visitor.client.get(CALLBACK, params={"code": "c", "state": asked["state"][0]}).status_code == 200


def test_a_cookie_of_before_a_restart_is_refused(engine: Engine, liar: Hostile) -> None:
    """The seal is of this run: what was sealed with another key does not count."""
    visitor = Site(engine, configured(liar.issuer)).visitor()
    asked = parse_qs(urlsplit(visitor.get("/staff/login/oidc").headers["location"]).query)
    sealed = visitor.client.cookies["guichet_oidc"]
    after = Site(engine, configured(liar.issuer)).visitor()
    after.client.cookies.set("guichet_oidc", sealed, domain="127.0.0.1", path="/staff/login/oidc")
    answer = after.client.get(
        CALLBACK, params={"code": "c", "state": asked["state"][0]}, headers={"accept-language": "en"}
    )
    assert answer.status_code == 403
    assert "took too long" in text_of(answer.text)


@pytest.mark.parametrize("place", ["//evil.test", "https://evil.test", '/staff/"><script>', "/staff/;url=//evil.test"])
def test_the_way_through_the_provider_leads_nowhere_else(engine: Engine, liar: Hostile, place: str) -> None:
    """The page that goes on leads to the desk, whatever was asked for."""
    settings = configured(liar.issuer, staff_oidc_role_claim="preferred_username", staff_oidc_roles={"eva": "editor"})
    visitor = Site(engine, settings).visitor()
    answer = visitor.client.get("/staff/login/oidc", params={"next": place})
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    liar.nonce = asked["nonce"][0]
    page = visitor.client.get(CALLBACK, params={"code": "c", "state": asked["state"][0]}).text
    assert 'content="0;url=/staff/"' in page
    assert "evil" not in page


def test_nothing_secret_is_written_down(engine: Engine, liar: Hostile, caplog: pytest.LogCaptureFixture) -> None:
    """Journal and log name neither codes nor tokens nor what the provider wrote."""
    arrive(engine, liar, code="the-code")
    liar.claims.update(exp=OLD)
    arrive(engine, liar, code="the-code")
    written = repr(Journal(engine).entries()) + caplog.text
    assert "login" in written
    assert not any(secret in written for secret in ("the-code", "subject-of", "eyJ", SECRET))


def test_it_is_off_unless_it_is_set(visitor: Visitor) -> None:
    """Without a provider there is no such address and no such button."""
    assert visitor.get("/staff/login/oidc").status_code == 404
    assert visitor.get(CALLBACK).status_code == 404
    assert "Log in with" not in visitor.get("/staff/login").text


@pytest.mark.parametrize(
    ("values", "named"),
    [({"staff_oidc_issuer": "http://id.test"}, "https"), ({"staff_oidc_issuer": "id.test"}, "address"),
     ({"staff_oidc_issuer": "https://id.test"}, "GUICHET_PUBLIC_URL"),
     ({"staff_oidc_role_claim": "groups"}, "GUICHET_STAFF_OIDC_ROLES"),
     ({"staff_oidc_roles": {"a": "root"}}, "STAFF_OIDC_ROLES"),
     ({"public_url": "https://x.be/guichet"}, "host of its own"),
     ({"public_url": "https://user:pw@x.be"}, "address"), ({"public_url": "javascript:alert(1)"}, "address")],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(values: dict[str, Any], named: str) -> None:
    """Half a provider, one without encryption, or an address that is none, is said at the start."""
    with pytest.raises(SettingsError, match=named):
        load(**values)
