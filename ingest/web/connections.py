"""The one way out: a connection to exactly the address that was checked, with an end to everything it may take.

``Line`` looks a name up, checks every address that it gave and connects to one of these; nothing looks it up again, so
that no answer of the name server can differ between check and use. The name itself is only used for the ``Host`` header
and for the certificate.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol

import httpcore
import httpx

from ingest.errors import AddressRefused, FetchFailed
from ingest.web.addresses import Address, is_public, to_ip

__all__ = ["Connector", "Deadline", "GuardedTransport", "Line", "Resolver", "connect", "resolve"]

HEAD_BYTES = 64 * 1024
"""Status line and headers, of interim answers too."""
TRIED = 4
"""Addresses of one name that are tried, one after the other."""

Connector = Callable[[str, int, float], socket.socket]
"""Connects to an IP address and port within seconds."""


class Resolver(Protocol):
    """Gives the IP addresses of a name; raises ``OSError`` when it has none."""

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return all of them as text."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the name servers of this machine."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connect(ip: str, port: int, seconds: float) -> socket.socket:
    """Connect to an IP address; a name is never looked up here."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    wire = socket.socket(family, socket.SOCK_STREAM)
    try:
        wire.settimeout(seconds)
        wire.connect((ip, port))
    except BaseException:
        wire.close()
        raise
    return wire


class Deadline:
    """The moment when the whole of a fetch must be over, redirects and robots.txt included."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, address: Address) -> float:
        """Return the seconds that are left for *address*, or raise ``FetchFailed``."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise FetchFailed(f"{address}: takes longer than {self.seconds:g} seconds; try again later", "timeout")
        return left


class Line(httpcore.NetworkBackend):
    """Connects to one address, as often as it is asked: looked up, checked and connected to in one step."""

    def __init__(
        self, address: Address, resolve: Resolver, connect: Connector, deadline: Deadline, seconds: float
    ) -> None:
        self._address = address
        self._resolve = resolve
        self._connect = connect
        self._deadline = deadline
        self._seconds = seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a checked address of *host*; every one that it has must be public."""
        if (host, port) != (self._address.host, self._address.port):
            raise AddressRefused(f"{self._address}: is not read alike by all; copy it anew", "refused_address")
        problem: OSError | None = None
        for ip in self._checked()[:TRIED]:
            try:
                wire = self._connect(str(ip), port, min(self._seconds, self._deadline.left(self._address)))
            except OSError as error:
                problem = error
            else:
                return _Stream(wire, self._address, self._deadline)
        if isinstance(problem, TimeoutError):
            raise httpcore.ConnectTimeout(str(problem)) from problem
        raise httpcore.ConnectError(str(problem)) from problem

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: no web page lives there."""
        raise AddressRefused(f"{self._address}: is no web address", "refused_address")

    def _checked(self) -> list[IPv4Address | IPv6Address]:
        literal = to_ip(self._address.host)
        found = [literal] if literal else [to_ip(text) for text in self._looked_up()]
        if not found:
            raise _unknown(self._address)
        checked = [ip for ip in found if ip is not None and is_public(ip)]
        if len(checked) < len(found):
            # One bad address among good ones is how a name is moved inside after the check.
            raise AddressRefused(
                f"{self._address}: leads to an address that is not public; only public addresses are asked",
                "refused_address",
            )
        return list(dict.fromkeys(checked))

    def _looked_up(self) -> Sequence[str]:
        """Look the name up in a thread: the system's resolver knows no time limit."""
        found: list[Sequence[str] | OSError | UnicodeError] = []

        def ask() -> None:
            try:
                found.append(self._resolve(self._address.host, self._address.port))
            except (OSError, UnicodeError) as error:
                found.append(error)

        asking = threading.Thread(target=ask, name="resolver", daemon=True)
        asking.start()
        asking.join(min(self._seconds, self._deadline.left(self._address)))
        if not found:
            raise FetchFailed(f"{self._address}: the name server does not answer; try again later", "dns")
        if isinstance(found[0], OSError | UnicodeError):
            raise _unknown(self._address) from found[0]
        return found[0]


def _unknown(address: Address) -> FetchFailed:
    return FetchFailed(f"{address}: nobody knows the host {address.host}; check the spelling", "dns")


class _Stream(httpcore.NetworkStream):
    """A connection of which every read and write ends with the deadline, and whose headers have a limit."""

    def __init__(self, wire: socket.socket, address: Address, deadline: Deadline) -> None:
        self._wire = wire
        self._address = address
        self._deadline = deadline
        self._head: int | None = HEAD_BYTES

    def headers_are_over(self) -> None:
        """From now on only the body's own limit counts."""
        self._head = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is, at most *max_bytes*."""
        if self._head is not None:
            if self._head <= 0:
                raise FetchFailed(f"{self._address}: sends endless headers", "too_large")
            max_bytes = min(max_bytes, self._head)
        with _translated(httpcore.ReadTimeout, httpcore.ReadError):
            self._wire.settimeout(self._within(timeout))
            data = self._wire.recv(max_bytes)
        if self._head is not None:
            self._head -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send the whole of *buffer*."""
        with _translated(httpcore.WriteTimeout, httpcore.WriteError):
            while buffer:
                self._wire.settimeout(self._within(timeout))
                buffer = buffer[self._wire.send(buffer) :]

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Encrypt; the certificate must be that of the name in the address, not of where it led."""
        self._wire.settimeout(self._within(timeout))
        try:
            wire = ssl_context.wrap_socket(self._wire, server_hostname=self._address.host)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, ValueError) as error:
            self.close()
            reason = getattr(error, "verify_message", None) or "no secure connection could be agreed on"
            raise FetchFailed(f"{self._address}: its certificate or encryption is wrong ({reason})", "tls") from error
        return _Stream(wire, self._address, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return nothing: no socket is handed out that would not be limited."""
        return None

    def _within(self, timeout: float | None) -> float:
        left = self._deadline.left(self._address)
        return left if timeout is None else min(timeout, left)


class _translated:
    """Turns what a socket raises into what httpcore expects of a stream."""

    def __init__(self, late: type[Exception], broken: type[Exception]) -> None:
        self._late = late
        self._broken = broken

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TimeoutError):
            raise self._late(str(error)) from error
        if isinstance(error, OSError):
            raise self._broken(str(error)) from error


class GuardedTransport(httpx.BaseTransport):
    """A transport of httpx over one ``Line``: no proxy, no cookies, no second connection kept for later."""

    def __init__(self, line: Line, trust: ssl.SSLContext | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust, max_connections=1, max_keepalive_connections=0, network_backend=line
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* and return the answer with its body still to be read."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        reply = self._pool.handle_request(
            httpcore.Request(
                method=request.method, url=url, headers=request.headers.raw, extensions=dict(request.extensions)
            )
        )
        stream = reply.extensions.get("network_stream")
        if isinstance(stream, _Stream):
            stream.headers_are_over()
        return httpx.Response(reply.status, headers=reply.headers, stream=_Body(reply))

    def close(self) -> None:
        """Hang up."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, reply: httpcore.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        return self._reply.iter_stream()

    def close(self) -> None:
        self._reply.close()
