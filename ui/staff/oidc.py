"""Login through an organisation: OpenID Connect, authorization code with PKCE, state, nonce and a checked ID token.

What has to come back with the browser (state, nonce, verifier) travels in a cookie that is sealed with a key of this
run: nothing is kept for those who never return, and an answer counts only in the browser that asked.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from cryptography.fernet import Fernet, InvalidToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from ingest.errors import GuichetError, SettingsError
from ingest.settings import LOOPBACK, Settings
from ui.staff.people import ROLES, Role

logger = logging.getLogger(__name__)

START = "/staff/login/oidc"
CALLBACK = f"{START}/callback"
COOKIE = "guichet_oidc"
"""Lax, unlike the session's: it must come along when the provider sends the browser back."""
TIME_TO_LOG_IN = 600
"""Seconds that somebody may take at the provider."""
KEPT = 3600.0
"""Seconds after which the provider's description and keys are read again."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by a key that only the provider has; ``none`` and those with a shared secret are not among them."""
LEEWAY = 60
"""Seconds by which the clocks of provider and guichet may differ."""


class OidcFailed(GuichetError):
    """A login through the organisation that cannot be accepted; the reason is for the log and holds no secret."""


class OidcRefused(OidcFailed):
    """The provider said no, or the person did."""


class OidcStale(OidcFailed):
    """An answer that this browser did not ask for, or too long ago."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is."""

    issuer: str
    subject: str
    called: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the cookie that it must bring back."""

    address: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, and where at the desk the person wanted to go."""

    identity: Identity
    place: str


class Provider:
    """The OpenID provider of the settings."""

    def __init__(self, settings: Settings) -> None:
        if not (settings.staff_oidc_issuer and settings.public_url):
            raise SettingsError("GUICHET_STAFF_OIDC_ISSUER and GUICHET_PUBLIC_URL are needed to log in elsewhere.")
        self.issuer = settings.staff_oidc_issuer
        self.name = settings.staff_oidc_name or urlsplit(self.issuer).hostname or self.issuer
        self.rules_roles = bool(settings.staff_oidc_role_claim)
        """Whether the provider decides the roles."""
        self._settings = settings
        self._public = settings.public_url
        self._seal = Fernet(Fernet.generate_key())
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    # The way there

    async def depart(self, place: str) -> Departure:
        """Return the address of the provider's login, for somebody who wants to go to *place* at the desk."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with _translated():
            metadata = await self._described()
            async with self._client(metadata) as client:
                address, _ = client.create_authorization_url(
                    _endpoint(metadata, "authorization_endpoint", self.issuer),
                    state=state,
                    nonce=nonce,
                    code_verifier=verifier,
                )
        kept = json.dumps({"state": state, "nonce": nonce, "verifier": verifier, "place": place})
        return Departure(address, self._seal.encrypt(kept.encode()).decode())

    # The way back

    async def arrive(self, answer: Mapping[str, str], sealed: str | None) -> Arrival:
        """Return who came back with *answer*, the query of the callback, and with the cookie *sealed*."""
        kept = self._unsealed(sealed)
        if not hmac.compare_digest(kept["state"].encode(), answer.get("state", "").encode(errors="replace")):
            raise OidcStale("state does not match")
        if "iss" in answer and answer["iss"] != self.issuer:
            raise OidcFailed("answer of another issuer")
        if "error" in answer or not answer.get("code"):
            raise OidcRefused("the provider sent no code")
        with _translated():
            metadata = await self._described()
            if metadata.get("authorization_response_iss_parameter_supported") and "iss" not in answer:
                raise OidcFailed("answer without its issuer")
            claims = await self._claims(metadata, answer["code"], kept)
        return Arrival(self._identity(claims), kept["place"])

    def _unsealed(self, sealed: str | None) -> dict[str, str]:
        try:
            kept: dict[str, str] = json.loads(self._seal.decrypt((sealed or "").encode(), ttl=TIME_TO_LOG_IN))
        except (InvalidToken, ValueError) as error:
            raise OidcStale("no cookie of ours") from error
        return kept

    async def _claims(self, metadata: Mapping[str, Any], code: str, kept: Mapping[str, str]) -> dict[str, Any]:
        async with self._client(metadata) as client:
            token: dict[str, Any] = await client.fetch_token(
                _endpoint(metadata, "token_endpoint", self.issuer), code=code, code_verifier=kept["verifier"]
            )
            claims = await self._checked(metadata, token, kept["nonce"])
            if "userinfo_endpoint" not in metadata or "access_token" not in token:
                return claims
            found = await client.get(_endpoint(metadata, "userinfo_endpoint", self.issuer))
            found.raise_for_status()
            more = found.json()
            if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
                raise OidcFailed("userinfo of somebody else")
            return more | claims

    async def _checked(self, metadata: Mapping[str, Any], token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """Return the claims of the ID token, once everything about it is right."""
        text = token.get("id_token")
        if not isinstance(text, str):
            raise OidcFailed("no ID token")
        # Not what the provider's description allows: it may allow none.
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        try:
            read = jwt.decode(text, await self._signers(metadata), registry=registry)
        except InvalidKeyIdError:
            # The provider has a new key.
            read = jwt.decode(text, await self._signers(metadata, anew=True), registry=registry)
        claims = CodeIDToken(
            read.claims,
            read.header,
            {
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self._settings.staff_oidc_client_id},
            },
            {
                "nonce": nonce,
                "client_id": self._settings.staff_oidc_client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=LEEWAY)
        return dict(claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise OidcFailed("no usable subject")
        called = next(
            (claims[key] for key in ("preferred_username", "name") if isinstance(claims.get(key), str)), "staff"
        )
        return Identity(self.issuer, subject, called.partition("@")[0], self._role(claims))

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the highest role among the values of the claim that the settings name."""
        value: Any = claims
        for part in (self._settings.staff_oidc_role_claim or "").split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        values = value if isinstance(value, list) else [value]
        found = {self._settings.staff_oidc_roles.get(each) for each in values if isinstance(each, str)}
        return next((role for role in reversed(ROLES) if role in found), None)

    # To leave

    async def farewell(self) -> str | None:
        """Return the address at which one logs out of the provider as well, if it has one."""
        try:
            with _translated():
                metadata = await self._described()
                if "end_session_endpoint" not in metadata:
                    return None
                address = _endpoint(metadata, "end_session_endpoint", self.issuer)
        except OidcFailed:
            return None
        back = {
            "client_id": self._settings.staff_oidc_client_id or "",
            "post_logout_redirect_uri": f"{self._public}/staff/login",
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(back)}"

    # What the provider publishes

    @asynccontextmanager
    async def _client(self, metadata: Mapping[str, Any]) -> AsyncIterator[Any]:
        secret = self._settings.staff_oidc_client_secret
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
        client = AsyncOAuth2Client(
            client_id=self._settings.staff_oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            token_endpoint_auth_method=way if secret else "none",
            scope=self._settings.staff_oidc_scopes,
            redirect_uri=self._public + CALLBACK,
            code_challenge_method="S256",
            timeout=10,
            follow_redirects=False,
        )
        async with client:
            yield client

    async def _described(self) -> dict[str, Any]:
        if self._metadata and time.monotonic() - self._metadata[0] < KEPT:
            return self._metadata[1]
        metadata = await self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != self.issuer:
            raise OidcFailed("the description is of another issuer")
        self._metadata = (time.monotonic(), metadata)
        return metadata

    async def _signers(self, metadata: Mapping[str, Any], *, anew: bool = False) -> KeySet:
        if self._keys and not anew and time.monotonic() - self._keys[0] < KEPT:
            return self._keys[1]
        published = await self._read(_endpoint(metadata, "jwks_uri", self.issuer))
        keys = [key for key in published.get("keys", []) if isinstance(key, dict) and key.get("use", "sig") == "sig"]
        # A key of a kind that is not known here must not shut out those that are.
        usable = [key for key in keys if key.get("kty") in {"RSA", "EC", "OKP"}]
        self._keys = (time.monotonic(), KeySet.import_key_set({"keys": usable}))
        return self._keys[1]

    async def _read(self, address: str) -> dict[str, Any]:
        async with httpx2.AsyncClient(timeout=10, follow_redirects=False) as client:
            found = await client.get(address, headers={"accept": "application/json"})
        found.raise_for_status()
        read = found.json()
        if found.status_code != 200 or not isinstance(read, dict):
            raise OidcFailed("no description at the address")
        return read


@contextmanager
def _translated() -> Iterator[None]:
    """Turn everything that provider, network and tokens can do wrong into one error of ours."""
    try:
        yield
    except (httpx2.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
        # The kind only: what a provider writes may hold codes and tokens.
        logger.warning("login through the organisation failed: %s", type(error).__name__)
        raise OidcFailed(type(error).__name__) from error


def _endpoint(metadata: Mapping[str, Any], name: str, issuer: str) -> str:
    """Return an address that the provider publishes; it may be unencrypted only where the issuer itself is, at home."""
    address = metadata.get(name)
    if not isinstance(address, str):
        raise OidcFailed(f"the provider has no {name}")
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK and urlsplit(issuer).hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise OidcFailed(f"{name} is not encrypted")
    return address
