"""``python -m ui staff``."""

from __future__ import annotations

import io
import re
import shutil
import threading
from pathlib import Path

import pytest

from ingest.database import connect
from ingest.settings import load
from tests.ui.staff.people import OTHER, PASSWORD
from ui.__main__ import main
from ui.staff.entrance import Entrance, NotRight
from ui.staff.sessions import Came

HERE = Came("192.0.2.1")
ONE_TIME = re.compile(r"^One-time password, shown only now: ((?:[a-z2-9]{5}-){3}[a-z2-9]{5})$", re.MULTILINE)


@pytest.fixture
def missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that does not exist yet."""
    monkeypatch.setenv("GUICHET_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def folder(missing: Path, empty_database: Path) -> Path:
    """A data folder with a database and no accounts."""
    missing.mkdir()
    shutil.copy(empty_database, missing / "guichet.sqlite")
    return missing


def made(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one-time password that was printed."""
    found = ONE_TIME.search(capsys.readouterr().out)
    assert found
    return found[1]


def test_an_account_can_be_made_before_the_first_start(missing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``staff add`` makes the database if need be and prints a password that opens the desk and must be changed."""
    assert main(["staff", "add", "Anna", "--role", "publisher"]) == 0
    password = made(capsys)
    engine = connect(missing / "guichet.sqlite")
    assert Entrance(engine, load()).enter("anna", password, HERE).must_change
    engine.dispose()
    assert main(["staff", "list"]) == 0
    said = capsys.readouterr().out
    assert "anna" in said
    assert "publisher" in said
    assert password not in said


def test_a_typed_password_is_not_printed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``--prompt`` the password is read, kept, and shown nowhere."""
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert main(["staff", "add", "anna", "--prompt"]) == 0
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err
    assert not ONE_TIME.search(said.out)
    engine = connect(folder / "guichet.sqlite")
    assert Entrance(engine, load()).enter("anna", PASSWORD, HERE).must_change
    engine.dispose()


def test_the_two_typings_must_agree(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal the password is asked for twice, and a slip makes no account."""
    typed = iter([PASSWORD, OTHER])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert main(["staff", "add", "anna", "--prompt"]) == 2
    assert capsys.readouterr().err.strip() == "The two passwords are not the same; begin again."
    assert main(["staff", "list"]) == 0
    assert capsys.readouterr().out == ""


def test_a_running_server_sees_the_change_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reset, role and disable work while another connection has the database open and owns the folder."""
    main(["staff", "add", "boss", "--role", "administrator"])
    main(["staff", "add", "anna"])
    capsys.readouterr()
    engine = connect(folder / "guichet.sqlite")
    server = Entrance(engine, load())
    assert main(["staff", "reset", "anna"]) == 0
    password = made(capsys)
    token = server.enter("anna", password, HERE).token
    assert server.sessions.login(token)
    assert main(["staff", "role", "anna", "publisher"]) == 0
    assert server.sessions.login(token) is None
    assert main(["staff", "disable", "anna"]) == 0
    with pytest.raises(NotRight):
        server.enter("anna", password, HERE)
    assert main(["staff", "enable", "anna"]) == 0
    assert server.enter("anna", password, HERE)
    entries = server.journal.entries(subject="account anna", by="(command line)")
    assert [entry.action for entry in entries[::-1]] == [
        "account_added", "password_reset", "role_changed", "account_disabled", "account_enabled",
    ]  # fmt: skip
    engine.dispose()


def test_server_and_command_write_at_the_same_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While the server writes all the time, commands wait for their turn and nothing is lost."""
    main(["staff", "add", "boss", "--role", "administrator"])
    engine = connect(folder / "guichet.sqlite")
    server = Entrance(engine, load())
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            server.journal.note("test", "written", "nothing")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert [main(["staff", "add", f"person{number}"]) for number in range(2)] == [0] * 2
    finally:
        ended.set()
        writer.join()
    assert len(server.accounts.everyone()) == 3
    engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["reset", "nobody"], "There is no account nobody"), (["disable", "boss"], "boss is the last administrator"),
     (["role", "boss", "editor"], "boss is the last administrator"), (["add", "BOSS"], "an account boss already"),
     (["add", "bo ss"], "A name has 2 to 64")],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """The command ends with code 2, says why and the way out, and changes nothing."""
    main(["staff", "add", "boss", "--role", "administrator"])
    capsys.readouterr()
    assert main(["staff", *arguments]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert main(["staff", "list"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data folder that is a file says so and names the setting."""
    (tmp_path / "data").write_text("")
    monkeypatch.setenv("GUICHET_DATA_DIR", str(tmp_path / "data"))
    assert main(["staff", "list"]) == 2
    assert "GUICHET_DATA_DIR" in capsys.readouterr().err
