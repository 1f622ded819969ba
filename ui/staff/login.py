"""``/staff/login``, ``/staff/logout``, ``/staff/password``: the way in to the desk. Pages of the server, no script.

Forms have no ``action``: the browser sends them to the address they are at, with what stands after its ``#``, and so a
link to a page of the desk still leads there after the login.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ingest.documents import LANGUAGES
from ingest.errors import Busy
from ingest.settings import Settings
from ui.markup import Markup
from ui.staff import login_pages as pages
from ui.staff import oidc, sessions
from ui.staff.accounts import AccountRefused
from ui.staff.entrance import Entrance, MustWait, NotRight, OneTimeExpired
from ui.staff.login_pages import Form, Look, say
from ui.staff.sessions import Came, Forged, Issued, Login
from ui.words import preferred

HOME = "/staff/"
COOKIES = (sessions.COOKIE, sessions.KNOWN, oidc.COOKIE)
"""The cookies that pages of this module set; nothing else of the guichet sets any."""
LARGEST = 16 * 1024
"""Bytes of a form of ours, at most."""

_OWN = re.compile(r"/staff(?:/[\w.~-]+)*/?(?:\?[\w.~=&%+-]*)?", re.ASCII)
_LANGUAGE = re.compile(r"[?&]lang=(\w\w)(?=&|$)", re.ASCII)
_WAY_IN = re.compile(r"/staff/(?:login|logout|password)\b")


def own_place(asked: str | None) -> str:
    """Return the address of the desk that was *asked* for, or the desk itself for anything that is not of it."""
    if not asked or len(asked) > 1000 or not _OWN.fullmatch(asked):
        return HOME
    return HOME if _WAY_IN.match(asked) or "/.." in asked or "/./" in asked else asked


def routes(
    entrance: Entrance, settings: Settings, version: str = "", provider: oidc.Provider | None = None
) -> APIRouter:
    """Return the pages of the way in; they come before the mount of the desk itself."""
    return _WayIn(entrance, settings, version, provider).router


class _WayIn:
    """The handlers, over what they share."""

    def __init__(self, entrance: Entrance, settings: Settings, version: str, provider: oidc.Provider | None) -> None:
        self.entrance, self.settings, self.version = entrance, settings, version
        self.sessions = entrance.sessions
        self.provider = provider
        self.router = APIRouter(prefix="/staff", include_in_schema=False)
        for path, method, handler in (
            ("/login", "GET", self.show_login),
            ("/login", "POST", self.log_in),
            ("/logout", "GET", self.show_logout),
            ("/logout", "POST", self.log_out),
            ("/password", "GET", self.show_password),
            ("/password", "POST", self.change_password),
        ):
            self.router.add_api_route(path, handler, methods=[method], response_model=None)
        if provider:
            self.router.add_api_route("/login/oidc", self.depart, methods=["GET"], response_model=None)
            self.router.add_api_route("/login/oidc/callback", self.arrive, methods=["GET"], response_model=None)
            self.router.add_api_route("/login/oidc/logout", self.leave, methods=["GET"], response_model=None)

    # Login

    async def show_login(self, request: Request) -> Response:
        """Show the login, or go on if somebody is logged in."""
        look = self.look(request)
        found = self.sessions.login_of(request)
        if found:
            return self.go_on(look, must_change=found.must_change)
        out = request.query_params.get("out")
        form = Form(note=say("logged_out", look.language)) if out else Form()
        elsewhere = request.headers.get("sec-fetch-site") == "cross-site"
        return self.page(pages.login(look, form, elsewhere=elsewhere, leave=out == "there"))

    async def log_in(self, request: Request) -> Response:
        """Compare name and password, and begin a session."""
        look = self.look(request)
        fields = await _fields(request)
        name, password = fields.get("name", ""), fields.get("password", "")
        missing = {key: say(f"{key}_missing", look.language) for key in ("name", "password") if not fields.get(key)}
        if missing:
            return self.page(pages.login(look, Form(name, missing)), 422)
        try:
            self.sessions.refuse_forged(request)
            issued = await self.entrance.aside(self.entrance.enter, name, password, _came(request))
        except (Forged, NotRight, MustWait, OneTimeExpired, Busy) as error:
            key, status, headers = _refusal(error)
            values = {"minutes": error.minutes} if isinstance(error, MustWait) else {}
            form = Form(name[:64], {"password": say(key, look.language, **values)})
            return self.page(pages.login(look, form), status, headers)
        return self.with_session(self.go_on(look, must_change=issued.must_change), request, issued)

    # Logout

    async def show_logout(self, request: Request) -> Response:
        """Ask whether to log out."""
        look = self.look(request)
        found = self.sessions.login_of(request)
        return self.page(pages.logout(look, found)) if found else _to(look, "/staff/login", next_too=False)

    async def log_out(self, request: Request) -> Response:
        """End the session of this browser."""
        look = self.look(request)
        fields = await _fields(request)
        token = sessions.cookie(request, sessions.COOKIE)
        found = self.sessions.login_of(request)
        try:
            # Also of a request without a session: another site's comes without the cookie, and must not delete it.
            self.sessions.refuse_forged(request, found.form_token if found else None, fields.get("token", ""))
            if found:
                await self.entrance.aside(self.sessions.logout, token or "")
        except (Forged, Busy) as error:
            return self.refusal(look, error)
        there = "there" if found and found.by_oidc and self.provider else "1"
        response = RedirectResponse(f"/staff/login?lang={look.language}&out={there}", 303)
        self.set_cookie(response, request, sessions.COOKIE, "", 0)
        return response

    # Own password

    async def show_password(self, request: Request) -> Response:
        """Show the form for a new password."""
        look = self.look(request)
        found = self.sessions.login_of(request)
        if not found:
            return _to(look, "/staff/login")
        if not found.local:
            sentence = say("no_password", look.language, name=found.name)
            return self.page(pages.message(look, say("change_title", look.language), sentence), 404)
        return self.page(pages.password(look, Form(), found))

    async def change_password(self, request: Request) -> Response:
        """Give the person a new password and this browser a new session."""
        look = self.look(request)
        fields = await _fields(request)
        found = self.sessions.login_of(request)
        if not found:
            return _to(look, "/staff/login")
        try:
            self.sessions.refuse_forged(request, found.form_token, fields.get("token", ""))
            if wrong := self.wrong_again(look, found, fields):
                return self.page(pages.password(look, Form(wrong=wrong), found), 422)
            issued = await self.entrance.aside(
                self.entrance.change_password, found, fields.get("current", ""), fields["new"], _came(request)
            )
        except (Forged, Busy) as error:
            return self.refusal(look, error)
        except (NotRight, MustWait, AccountRefused) as error:
            return self.page(pages.password(look, Form(wrong=_wrong_password(look, error)), found), 422)
        return self.with_session(self.go_on(look), request, issued)

    @staticmethod
    def wrong_again(look: Look, found: Login, fields: Mapping[str, str]) -> dict[str, str]:
        """Return what can be said of the form before anything is compared."""
        if not found.must_change and not fields.get("current"):
            return {"current": say("password_missing", look.language)}
        if not fields.get("new"):
            return {"new": say("password_short", look.language)}
        if fields["new"] != fields.get("again"):
            return {"again": say("again_differs", look.language)}
        return {}

    # Through the organisation

    async def depart(self, request: Request) -> Response:
        """Send the browser to the provider. A link and no form: the policy of the page binds forms to this site."""
        assert self.provider
        look = self.look(request)
        try:
            departure = await self.provider.depart(look.place)
        except oidc.OidcFailed as error:
            return self.not_through(look, error)
        response = RedirectResponse(departure.address, 303, headers=_PRIVATE)
        self.set_cookie(
            response, request, oidc.COOKIE, departure.sealed, oidc.TIME_TO_LOG_IN, strict=False, path=oidc.START
        )
        return response

    async def arrive(self, request: Request) -> Response:
        """Take the browser back from the provider and begin a session."""
        assert self.provider
        look = self.look(request)
        pairs = request.query_params.multi_items()
        answer = dict(pairs)
        try:
            if len(answer) != len(pairs):
                raise oidc.OidcFailed("the answer says something twice")
            arrival = await self.provider.arrive(answer, sessions.cookie(request, oidc.COOKIE))
            response = await self.entrance.aside(self.admit, request, look, arrival)
        except oidc.OidcFailed as error:
            response = self.not_through(look, error)
        except Busy as error:
            response = self.refusal(look, error)
        self.set_cookie(response, request, oidc.COOKIE, "", 0, strict=False, path=oidc.START)
        return response

    def admit(self, request: Request, look: Look, arrival: oidc.Arrival) -> Response:
        """Let in whom the provider has named, if there is an account with a role for the person."""
        assert self.provider
        found = arrival.identity
        account = self.entrance.accounts.of_identity(
            found.issuer, found.subject, found.called, found.role, ruled=self.provider.rules_roles
        )
        language = look.language
        if account.disabled or account.role is None:
            self.entrance.journal.note(account.name, "login_failed", f"account {account.name}", by_organisation=True)
            sentence = say("no_access", language, name=account.name)
            return self.page(pages.message(look, say("no_access_title", language), sentence), 403)
        issued = self.sessions.begin(account.id, _came(request), by_oidc=True)
        if issued is None:
            return self.not_through(look, oidc.OidcFailed("changed meanwhile"))
        there = Look(language, self.version, own_place(arrival.place), look.provider)
        return self.with_session(self.page(pages.going_on(there)), request, issued)

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider's own logout."""
        assert self.provider
        address = await self.provider.farewell()
        return RedirectResponse(address or "/staff/login", 303, headers=_PRIVATE)

    def not_through(self, look: Look, error: oidc.OidcFailed) -> Response:
        """Show the login with what went wrong."""
        key = "oidc_refused" if isinstance(error, oidc.OidcRefused) else "oidc_failed"
        key = "oidc_stale" if isinstance(error, oidc.OidcStale) else key
        note = say(key, look.language, provider=look.provider or "")
        return self.page(pages.login(look, Form(note=note, bad=True)), 403)

    # What they share

    def look(self, request: Request) -> Look:
        """Return language and aim of a request."""
        place = own_place(request.query_params.get("next"))
        # Who chose a language on the way here goes on in it.
        chosen = _LANGUAGE.search(place)
        asked = request.query_params.get("lang") or (chosen[1] if chosen else None)
        language = preferred(asked, request.headers.get("accept-language"))
        if asked in LANGUAGES:
            place, _, query = place.partition("?")
            others = [pair for pair in query.split("&") if pair and not pair.startswith("lang=")]
            place += "?" + "&".join([*others, f"lang={language}"])
        return Look(language, self.version, place, self.provider.name if self.provider else None)

    @staticmethod
    def page(content: Markup, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Return a page that nobody between keeps."""
        return HTMLResponse(str(content), status, headers=_PRIVATE | dict(headers or {}))

    def refusal(self, look: Look, error: Forged | Busy) -> Response:
        """Say that something was not done."""
        key, status, headers = _refusal(error)
        content = pages.message(look, say("login_title", look.language), say(key, look.language))
        return self.page(content, status, headers)

    @staticmethod
    def go_on(look: Look, *, must_change: bool = False) -> Response:
        """Send the browser to the desk, or to its own password first."""
        return _to(look, "/staff/password") if must_change else RedirectResponse(look.place, 303, headers=_PRIVATE)

    def with_session(self, response: Response, request: Request, issued: Issued) -> Response:
        """Give the browser its session, and the sign that somebody has logged in with it."""
        self.set_cookie(response, request, sessions.COOKIE, issued.token, None)
        self.set_cookie(response, request, sessions.KNOWN, issued.known, int(sessions.KNOWN_FOR.total_seconds()))
        return response

    def set_cookie(
        self, response: Response, request: Request, name: str, value: str, age: int | None,
        *, strict: bool = True, path: str = "/staff",
    ) -> None:  # fmt: skip
        """Set a cookie that no script reads; without an *age* it ends with the browser, 0 deletes it."""
        response.set_cookie(
            name,
            value,
            max_age=age,
            path=path,
            secure=self.sessions.secure(request),
            httponly=True,
            samesite="strict" if strict else "lax",
        )


_PRIVATE = {"cache-control": "no-store", "referrer-policy": "same-origin", "vary": "Accept-Language, Cookie"}


def _to(look: Look, path: str, *, next_too: bool = True) -> Response:
    query = urlencode({"next": look.place}) if next_too else f"lang={look.language}"
    return RedirectResponse(f"{path}?{query}", 303, headers=_PRIVATE)


def _refusal(error: Exception) -> tuple[str, int, dict[str, str]]:
    """Return the words, the status and the headers of what keeps somebody out."""
    if isinstance(error, MustWait):
        return "must_wait", 429, {"retry-after": str(60 * error.minutes)}
    if isinstance(error, Busy):
        return "busy", 503, {"retry-after": "30"}
    if isinstance(error, Forged):
        return "forged", 403, {}
    return ("one_time_expired" if isinstance(error, OneTimeExpired) else "not_right"), 422, {}


def _wrong_password(look: Look, error: Exception) -> dict[str, str]:
    """Return beside which field of the password form an error stands."""
    if isinstance(error, AccountRefused):
        return {"new": say(error.reason, look.language, **error.values)}
    if isinstance(error, MustWait):
        return {"current": say("must_wait", look.language, minutes=error.minutes)}
    return {"current": say("current_wrong", look.language)}


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form; of anything else, none. Read here: a form of ours has no files."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return {}
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _came(request: Request) -> Came:
    return Came(
        address=request.client.host if request.client else "",
        browser=request.headers.get("user-agent", ""),
        known=sessions.cookie(request, sessions.KNOWN),
        session=sessions.cookie(request, sessions.COOKIE),
    )
