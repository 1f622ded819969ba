"""A small web for the tests: names, addresses and servers of its own, all of them on loopback.

The fetcher is given two genuine doubles of its two ways out. ``World.resolve`` answers from a table; ``World.connect``
notes which address and port was asked for, and then connects to the server of the test. No packet leaves the machine.
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PUBLIC = "93.184.215.14"
PUBLIC_6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
HOST = "www.aides.example"
OTHER = "www.ailleurs.example"

Reply = bytes | Callable[[socket.socket], None]


def reply(content: bytes | str = b"", status: int = 200, **headers: str) -> bytes:
    """Return an answer of a server; headers are written with ``_`` for ``-``."""
    body = content.encode() if isinstance(content, str) else content
    given = {"content_type": "text/html; charset=utf-8", "content_length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items() if value)
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def page(*paragraphs: str) -> str:
    """Return a web page with *paragraphs*."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<!doctype html><html lang='fr'><title>Aides</title><body><article>{text}</article></body></html>"


def leading_to(location: str, status: int = 302) -> bytes:
    """Return a redirect."""
    return reply(status=status, location=location, content_type="")


@dataclass
class World:
    """Names with their answers in turn (the last one stays), pages by address, and what was asked."""

    names: dict[str, list[Sequence[str]]] = field(default_factory=lambda: {HOST: [[PUBLIC]], OTHER: [["1.1.1.1"]]})
    pages: dict[str, Reply] = field(default_factory=dict)
    looked_up: list[str] = field(default_factory=list)
    connections: list[tuple[str, int]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    certificates: ssl.SSLContext | None = None
    server_names: list[str | None] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """Addresses that refuse a connection."""

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End the server and what it still sends."""
        self._listener.close()
        for wire in self._open:
            wire.close()

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Answer for *host* from the table."""
        self.looked_up.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, ip: str, port: int, seconds: float) -> socket.socket:
        """Note the address and connect to the server of the test."""
        self.connections.append((ip, port))
        if ip in self.silent:
            raise ConnectionRefusedError("nobody there")
        wire = socket.create_connection(self._listener.getsockname(), seconds)
        wire.sendall(b"S" if port == 443 else b"P")
        return wire

    def asked(self, path: str) -> int:
        """Return how often *path* was asked for, on any host."""
        return sum(request.partition(" ")[2].partition("/")[2] == path.lstrip("/") for request in self.requests)

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(wire)
            threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: socket.socket) -> None:
        with suppress(OSError, ValueError), wire:
            secure = wire.recv(1) == b"S"
            if secure and self.certificates is None:
                return
            if secure and self.certificates is not None:
                with self.certificates.wrap_socket(wire, server_side=True) as encrypted:
                    self._answer(encrypted)
            else:
                self._answer(wire)

    def _answer(self, wire: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = wire.recv(65536)
            if not piece:
                return
            head += piece
        self.heads.append(head)
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        host = next(line[6:].decode() for line in head.split(b"\r\n") if line.lower().startswith(b"host: "))
        self.requests.append(f"{method} {host}{path}")
        said = self.pages.get(f"{method} {host}{path}", self.pages.get(f"{host}{path}", reply(status=404)))
        if callable(said):
            said(wire)
        elif method == "HEAD":
            wire.sendall(said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        else:
            wire.sendall(said)


def authority(folder: Path, world: World, *names: str) -> ssl.SSLContext:
    """Give the servers of *world* a certificate for *names*, and return the trust in who signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *secret) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    server.sni_callback = lambda _wire, name, _context: world.server_names.append(name)
    world.certificates = server
    trust = ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
    return trust
