"""Two OpenID providers to log in with: a certified one, run by Node, and a hostile one of our own."""

from __future__ import annotations

import base64
import hmac
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

FOLDER = Path(__file__).parent / "provider"
CLIENT, SECRET = "guichet", "a-secret-of-the-tests-that-is-long-enough"
GROUPS = {"eva": ["ia-publication", "everybody"], "tom": ["ia-redaction"], "lea": ["everybody"]}
ROLES = {"ia-redaction": "editor", "ia-publication": "publisher", "ia-administration": "administrator"}


def installed() -> Path:
    """Return Node with the provider installed beside it; without Node the test is skipped, but never in CI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        if os.environ.get("CI"):
            pytest.fail("node or npm is missing; install Node 20 or newer")
        pytest.skip("node or npm is missing")
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]["oidc-provider"]
    found = FOLDER / "node_modules" / "oidc-provider" / "package.json"
    if not found.exists() or json.loads(found.read_text())["version"] != wanted:
        # No lock file: it would name the host that each package came from.
        flags = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(
            [npm, "install", *flags], cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            if os.environ.get("CI"):
                pytest.fail(f"the provider cannot be installed: {done.stderr[-500:]}")
            pytest.skip("the provider cannot be installed here")
    return Path(node)


@contextmanager
def certified(address: str) -> Iterator[str]:
    """Run the certified provider for a guichet at *address* and return its issuer."""
    node = installed()
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [f"{address}/staff/login/oidc/callback"],
        "post_logout_redirect_uris": [f"{address}/staff/login"],
    }
    arguments = [node, FOLDER / "provider.mjs", json.dumps(client), json.dumps(GROUPS)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            issuer = process.stdout.readline().strip()
            assert issuer, "the provider did not start"
            yield issuer
        finally:
            process.terminate()


@cache
def key(kid: str, turn: int = 0) -> RSAKey:
    """Return a key of the provider; another *turn* is another key that calls itself the same."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class Hostile:
    """A provider whose tokens and descriptions can be spoilt one by one."""

    issuer: str = ""
    nonce: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Put over the right claims of the ID token; ``None`` takes one out."""
    header: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    """Put over the right description."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
    status: dict[str, int] = field(default_factory=dict)
    """Answers that are not 200, by path."""
    key: RSAKey = field(default_factory=lambda: key("one"))
    published: list[RSAKey] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    """What the guichet asked."""
    broken: list[Exception] = field(default_factory=list)
    """What failed in here: then the guichet was not put to the test."""

    def id_token(self, **header: Any) -> str:
        """Return a signed ID token."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "subject-of-eva", "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": self.nonce,            "preferred_username": "eva",
        } | self.claims  # fmt: skip
        kept = {key: value for key, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "one"} | self.header | header, kept, self.key)

    def unsigned(self) -> str:
        """Return an ID token of the algorithm «none»."""
        parts = self.id_token().split(".")
        return f"{_coded({'alg': 'none'})}.{parts[1]}."

    def signed_with(self, secret: str | bytes) -> str:
        """Return an ID token signed with something that others know: the client's secret, or the public key."""
        # By hand: no library signs with a public key.
        head, claims = _coded({"alg": "HS256", "kid": "one"}), self.id_token().split(".")[1]
        secret = secret.encode() if isinstance(secret, str) else secret
        return f"{head}.{claims}.{_base64(hmac.digest(secret, f'{head}.{claims}'.encode(), 'sha256'))}"

    def answer(self, path: str) -> dict[str, Any]:
        """Return what is at a path."""
        match path:
            case "/.well-known/openid-configuration":
                return {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/auth",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/jwks",
                    "userinfo_endpoint": f"{self.issuer}/me",
                    "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
                } | self.described
            case "/jwks":
                return {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}
            case "/token":
                return self.token({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token()})
            case _:
                return {"sub": "subject-of-eva"} | self.userinfo


def _coded(header: dict[str, Any]) -> str:
    return _base64(json.dumps(header).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def hostile() -> Iterator[Hostile]:
    """Run the hostile provider on a free loopback port."""
    provider = Hostile()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                body = json.dumps(provider.answer(self.path)).encode()
            except Exception as error:
                provider.broken.append(error)
                raise
            self.send_response(provider.status.get(self.path, 200))
            self.send_header("content-type", "application/json")
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            provider.sent.append({"body": body, "authorization": self.headers.get("authorization", "")})
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()
