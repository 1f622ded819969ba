"""Files in and out over HTTP."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.ui.staff.conftest import Enter
from tests.ui.staff.demo import Desktop
from ui.staff.uploads import disposition

TOKEN = {"X-Guichet-Token": "token-of-ella", "Accept": "application/json"}


def send(
    client: TestClient, name: str, content: bytes | Iterator[bytes], **headers: str
) -> tuple[int, dict[str, object]]:
    """Upload *content* as the page does and return status and answer."""
    answer = client.post(f"/staff/files?name={quote(name, safe='')}", content=content, headers=TOKEN | headers)
    return answer.status_code, answer.json()


def test_a_file_arrives_whole_under_its_name(enter: Enter, desktop: Desktop) -> None:
    """Every byte reaches the receiver, with the name as data, and the answer is the revision's number."""
    content = bytes(range(256)) * 6000
    assert send(enter("ella"), "rapport été.pdf", content) == (200, {"revision": 1})
    assert desktop.received == [("ella", "rapport été.pdf", content)]
    assert list(desktop.folder.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\x", "a\nb", "<img src=x onerror=alert(1)>", "🗎.pdf", "CON", ".htaccess", "a\x00b"]
)
def test_names_are_only_data(enter: Enter, desktop: Desktop, name: str) -> None:
    """A name chooses no place on the disk and reaches the receiver as it is."""
    assert send(enter("ella"), name, b"x")[0] == 200
    assert desktop.received[0][1] == name
    assert list(desktop.folder.parent.iterdir()) == [desktop.folder]
    assert list(desktop.folder.iterdir()) == []


def test_a_refusal_of_the_receiver_is_its_sentence(enter: Enter, desktop: Desktop) -> None:
    """What the receiver says about a file is what the person reads, and nothing stays behind."""
    status, problem = send(enter("ella"), "refuse.pdf", b"x")
    assert status == 422
    assert problem["detail"] == "Ce fichier est protégé par un mot de passe. Enlevez-le et recommencez."
    assert list(desktop.folder.iterdir()) == []


def test_a_file_that_says_it_is_too_large_is_not_read(enter: Enter, desktop: Desktop) -> None:
    """A stated length over the limit is refused with the limit in words."""
    status, problem = send(enter("ella"), "big.pdf", b"x" * 2_000_001)
    assert status == 413
    assert "1,9\u00a0Mo" in str(problem["detail"])
    assert desktop.received == []
    assert not desktop.folder.exists()


def test_a_file_that_grows_too_large_is_cut_off(enter: Enter, desktop: Desktop) -> None:
    """Without a stated length the bytes are counted as they come, and what was written is removed."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while taken < 50_000_000:
            taken += 100_000
            yield b"x" * 100_000

    status, _ = send(enter("ella"), "big.pdf", endless())
    assert status == 413
    assert desktop.received == []
    assert list(desktop.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "key"), [("", b"x", "no_name"), (" ", b"x", "no_name"), ("a", b"", "file_empty")]
)
def test_a_file_without_name_or_content_is_refused(enter: Enter, name: str, content: bytes, key: str) -> None:
    """Nothing and nobody's file are refused with a sentence each."""
    status, problem = send(enter("ella"), name, content)
    assert status == 422
    assert str(problem["type"]).endswith(key)


@pytest.mark.parametrize("token", ["", "token-of-ada", "x"])
def test_an_upload_needs_the_token_of_its_session(enter: Enter, desktop: Desktop, token: str) -> None:
    """A form of another site, which knows no token, uploads nothing."""
    assert send(enter("ella"), "a.pdf", b"x", **{"X-Guichet-Token": token})[0] == 403
    assert desktop.received == []


def test_nobody_uploads_nothing(enter: Enter, desktop: Desktop) -> None:
    """Without a session nothing is written."""
    assert send(enter(""), "a.pdf", b"x")[0] == 401
    assert not desktop.folder.exists()


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [(OSError(errno.ENOSPC, "full"), 507, "disque"), (OSError(errno.EIO, "broken"), 500, "pas fonctionné")],
)
def test_a_disk_that_fails_is_said(enter: Enter, desktop: Desktop, error: OSError, status: int, words: str) -> None:
    """A file that cannot be kept is a sentence, not a crash, and leaves nothing behind."""
    desktop.broken = error
    answered, problem = send(enter("ella"), "a.pdf", b"x")
    assert answered == status
    assert words in str(problem["detail"])
    assert list(desktop.folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(enter: Enter, desktop: Desktop) -> None:
    """Where nothing can be written, the first file says so."""
    desktop.folder.write_bytes(b"in the way")
    assert send(enter("ella"), "a.pdf", b"x")[0] == 500
    desktop.folder.unlink()


def test_only_uploads_may_be_long(enter: Enter) -> None:
    """The other routes of the desk keep their limit."""
    assert enter("ella").post("/staff/gradio_api/queue/join", content=b"x" * 1_100_000).status_code == 413


def test_an_export_is_a_file_to_save(enter: Enter) -> None:
    """It comes as an attachment under a name that cannot break out of its header."""
    answer = enter("ella").get("/staff/export/documents/list.csv")
    assert answer.status_code == 200
    assert answer.content.startswith(b"Start IA")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"liste __t__.csv\"; filename*=UTF-8''liste%20%22%C3%A9t%C3%A9%22.csv"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; script-src 'none'")


def test_an_export_needs_its_role_and_exists(enter: Enter) -> None:
    """Files for administrators are refused to others; files that do not exist are not found."""
    assert enter("ella").get("/staff/export/documents/all.csv").status_code == 403
    assert enter("ada").get("/staff/export/documents/all.csv").status_code == 200
    for path in ("documents/none.csv", "nothing/list.csv", "documents/..%2F..%2Fetc"):
        assert enter("ada").get(f"/staff/export/{path}").status_code == 404
    assert enter("").get("/staff/export/documents/list.csv").status_code == 303


@pytest.mark.parametrize("name", ['a"; filename="evil.exe', "a\r\nSet-Cookie: x=1", "été.csv", "a;b", "\\"])
def test_the_name_of_an_export_stays_in_its_place(name: str) -> None:
    """Quotes, line ends and letters beyond ASCII cannot end the header's value."""
    header = disposition(name)
    assert header.isascii()
    assert header.count('"') == 2
    assert not {"\r", "\n"} & set(header)
