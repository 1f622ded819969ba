"""Read files of unknown origin in a child process with limits on memory and time, one child for many files.

The child is a plain subprocess, not a ``multiprocessing`` one: those import the program's main module again, which may
be a whole web server. Requests and replies are pickles over its pipes; what comes back is unpickled from a list of
known classes, because the child has handled a hostile file by then.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Protocol

from ingest.documents import SourceDocument
from ingest.errors import UnreadableFile
from ingest.filenames import shown

if TYPE_CHECKING:
    from ingest.findings import Findings

__all__ = ["Examined", "ReadingLimits", "Sandbox"]

_ROOT = Path(__file__).resolve().parent.parent.parent
_KNOWN = {
    *(("ingest.documents", name) for name in ("SourceDocument", "Page", "Section", "Statement", "Source", "FileFacts")),
    *(("ingest.errors", name) for name in ("UnreadableFile", "InvalidFrontMatter")),
    *(("ingest.readers.sandbox", name) for name in ("Reply", "Examined")),
    *(("ingest.findings", name) for name in ("Findings", "Fingerprint", "Guess")),
    ("datetime", "date"),
    ("datetime", "datetime"),
}
LARGEST_REPLY = 128 * 2**20
"""Bytes of a document as it comes from the child; the longest that a reader makes takes a third of it."""
_SIZE = 8
_BY_MEMORY = {getattr(signal, name, None) for name in ("SIGKILL", "SIGABRT", "SIGTRAP", "SIGILL")}
"""How a child dies that gets no more memory: killed by the system, or by its own library's guard."""


class ReadingLimits(Protocol):
    """What the sandbox needs to know; ``Settings`` is one."""

    @property
    def max_file_megabytes(self) -> int:
        """Largest file that is read."""

    @property
    def reader_seconds(self) -> float:
        """Longest time to read one file."""

    @property
    def reader_megabytes(self) -> int:
        """Memory that reading one file may take."""


@dataclass(frozen=True)
class Limits:
    """The limits as the child gets them: plain numbers, none of the secrets that settings hold."""

    max_file_megabytes: int
    reader_seconds: float
    reader_megabytes: int


@dataclass(frozen=True)
class _Request:
    """What the parent asks of the child: a file, the id of its document, and the name that people know it by."""

    path: Path
    id: str | None
    name: str
    examined: bool = False
    last_modified: str | None = None

    @property
    def shown(self) -> str:
        """The name as messages begin with it."""
        return shown(self.name)


@dataclass(frozen=True)
class Examined:
    """A document, with what was found in it where that was asked for."""

    document: SourceDocument
    asked: Findings | None = None

    @property
    def findings(self) -> Findings:
        """What was found in the document."""
        if self.asked is None:
            raise ValueError("this document was read, not examined")
        return self.asked


@dataclass(frozen=True)
class Reply:
    """What the child says of a file, and whether it is its last word: a child that has grown large makes way."""

    outcome: Examined | UnreadableFile
    last: bool


class Sandbox:
    """Reads files in a child process; a context manager, safe to use from several threads (they take turns)."""

    def __init__(self, settings: ReadingLimits) -> None:
        self._limits = Limits(settings.max_file_megabytes, settings.reader_seconds, settings.reader_megabytes)
        self._child: subprocess.Popen[bytes] | None = None
        self._listening = False
        self._lock = threading.Lock()
        self.broken = 0
        """How many children broke down on a file, neither for time nor for memory."""

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child; the next :meth:`read` starts another."""
        with self._lock:
            self._end()

    def read(self, path: Path, id: str | None = None, name: str | None = None) -> SourceDocument:
        """Return the document in the file *path*, or raise ``UnreadableFile``, also for time or memory.

        *name* is what people know the file by, when it is stored under another one.
        """
        return self._read(_Request(path.absolute(), id, path.name if name is None else name)).document

    def examine(
        self, path: Path, id: str | None = None, name: str | None = None, *, last_modified: str | None = None
    ) -> Examined:
        """Return the document in the file *path* with what was found in it; *last_modified* is what its server says."""
        request = _Request(path.absolute(), id, path.name if name is None else name, True, last_modified)
        return self._read(request)

    def _read(self, request: _Request) -> Examined:
        with self._lock:
            outcome = self._ask(request)
        if isinstance(outcome, UnreadableFile):
            raise outcome
        return outcome

    def _ask(self, request: _Request) -> Examined | UnreadableFile:
        stdin, stdout = _pipes(self._running())
        child = self._child
        expired = threading.Event()
        timer = threading.Timer(self._limits.reader_seconds, _give_up, (child, expired))
        timer.start()
        try:
            pickle.dump(request, stdin)
            stdin.flush()
            reply = _received(stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            timer.cancel()
            outcome = self._autopsy(request.shown, expired.is_set())
            self._child = _spawned(self._limits)
            return outcome
        except BaseException:
            # The person pressed Ctrl-C: the child is in the middle of a reply that no later file must get.
            self._end()
            raise
        finally:
            timer.cancel()
        if reply.last or expired.is_set():
            self._end()
            # The next file finds a child that is up, or nearly.
            self._child = _spawned(self._limits)
        return reply.outcome

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self._end()
        if self._child is None:
            self._child = _spawned(self._limits)
        if not self._listening:
            # Its start does not count as time of the file.
            _pipes(self._child)[1].read(1)
            self._listening = True
        return self._child

    def _autopsy(self, name: str, expired: bool) -> UnreadableFile:
        """Bury the child and say what it died of."""
        code = self._end()
        if expired:
            seconds = f"{self._limits.reader_seconds:g}"
            message = f"{name}: takes longer than {seconds} seconds to read; split it or export it again"
            return UnreadableFile(message, "timeout")
        if -code in _BY_MEMORY:
            return _too_much_memory(name, self._limits.reader_megabytes)
        self.broken += 1
        return UnreadableFile(f"{name}: is damaged (the reader broke down); export it again", "damaged")

    def _end(self) -> int:
        """End the child and return its exit status; one that still works on a file is not waited for."""
        child, self._child, self._listening = self._child, None, False
        if child is None:
            return 0
        for pipe in _pipes(child):
            with suppress(OSError):
                pipe.close()
        try:
            return child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


def _give_up(child: subprocess.Popen[bytes], expired: threading.Event) -> None:
    expired.set()
    child.kill()


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise ValueError("the child has no pipes")
    return child.stdin, child.stdout


def _spawned(limits: Limits) -> subprocess.Popen[bytes]:
    """Start a child; it says by one byte that it listens."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GUICHET_")}
    paths = [str(_ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    # Each thread of a numerical library reserves memory that would count as the file's.
    environment |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    numbers = (limits.max_file_megabytes, limits.reader_seconds, limits.reader_megabytes)
    program = f"from ingest.readers.sandbox import serve; serve{numbers}"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _received(stdout: IO[bytes]) -> Reply:
    """Return what the child says; more than any document holds is not taken into this process."""
    size = int.from_bytes(_exactly(stdout, _SIZE), "big")
    if size > LARGEST_REPLY:
        raise ValueError("the reply is larger than any document")
    reply = _Unpickler(io.BytesIO(_exactly(stdout, size))).load()
    if not isinstance(reply, Reply) or not isinstance(reply.outcome, Examined | UnreadableFile):
        raise ValueError("the reply is neither a document nor a refusal")
    return reply


def _exactly(stdout: IO[bytes], size: int) -> bytes:
    content = stdout.read(size)
    if len(content) < size:
        raise EOFError
    return content


def _send(reply: Reply, replies: IO[bytes]) -> None:
    content = pickle.dumps(reply)
    replies.write(len(content).to_bytes(_SIZE, "big"))
    replies.write(content)
    replies.flush()


class _Unpickler(pickle.Unpickler):
    """Unpickles documents and refusals, nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a document")
        return super().find_class(module, name)


def serve(max_file_megabytes: int, reader_seconds: float, reader_megabytes: int) -> None:
    """Read one file after another in the child, until its parent closes the pipe."""
    limits = Limits(max_file_megabytes, reader_seconds, reader_megabytes)
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not end up between the replies.
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # People who ask go first: a file may take a little longer.
    if hasattr(os, "nice"):
        os.nice(5)
    ceiling = _megabytes() + reader_megabytes
    replies.write(b".")
    replies.flush()
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        outcome = _read(request, limits)
        out_of_memory = isinstance(outcome, UnreadableFile) and outcome.kind == "memory"
        _send(Reply(outcome, out_of_memory or _megabytes() > ceiling), replies)


def _read(request: _Request, limits: Limits) -> Examined | UnreadableFile:
    from ingest.readers import read

    _limit_memory(limits.reader_megabytes)
    _limit_time(limits.reader_seconds + 5)
    try:
        document = read(request.path, limits, id=request.id, name=request.name)
        return Examined(document, _findings(document, request) if request.examined else None)
    except UnreadableFile as refusal:
        if refusal.kind == "memory":
            return _too_much_memory(request.shown, limits.reader_megabytes)
        # The cause may be of a class that the parent does not know.
        return refusal.with_traceback(None)
    except MemoryError:
        return _too_much_memory(request.shown, limits.reader_megabytes)
    finally:
        _limit_time(0)
        _limit_memory(None)


def _findings(document: SourceDocument, request: _Request) -> Findings:
    from ingest.findings import examine

    return examine(document, last_modified=request.last_modified)


def _too_much_memory(name: str, megabytes: int) -> UnreadableFile:
    message = f"{name}: takes more than {megabytes} MB of memory to read; split it into smaller files"
    return UnreadableFile(message, "memory")


def _limit_time(seconds: float) -> None:
    """Have the system end this process after *seconds*, in case no parent is left to do so; 0 lifts the limit."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(megabytes: int | None) -> None:
    """Allow *megabytes* on top of what the process holds now; ``None`` lifts the limit."""
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = hard if megabytes is None else (_megabytes() + megabytes) * 2**20
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    # macOS knows this limit and refuses to set it.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _megabytes() -> int:
    """Return the address space of this process; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20
