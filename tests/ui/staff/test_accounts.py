"""Accounts: names, roles, one-time passwords, and who may never be shut out."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.wording import catalogue
from ingest.database import AccountRow
from ingest.journal import Journal
from ingest.settings import load
from tests.ui.staff.people import CHEAP, OTHER, PASSWORD, age
from ui.staff.accounts import REASONS, AccountRefused, Accounts, clean_name
from ui.staff.entrance import Entrance, NotRight, OneTimeExpired
from ui.staff.passwords import Hasher
from ui.staff.people import ROLES
from ui.staff.sessions import Came

HERE = Came("192.0.2.1")


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Anna", "anna"), (" anna ", "anna"), ("ＡＮＮＡ", "anna"), ("\u212aim", "kim"),
     ("jean.dupont@spw.be", "jean.dupont@spw.be"),
     ("аnna", None), ("anna\u200b", None), ("an na", None), ("", None), ("a", None), ("x" * 65, None), (".anna", None),
     ("anna\n", "anna"), ("anna\r\nx", None), ("<b>anna", None), ("../anna", None), ("anna/x", None),
     ("\u0131da", None),
     ("anna'--", None), ("(command line)", None), ("\ud800nna", None)],
)  # fmt: skip
def test_a_name_has_one_form_and_none_that_looks_like_another(typed: str, name: str | None) -> None:
    """Capitals and wide letters become the plain name; letters of other scripts and invisible signs make none."""
    assert clean_name(typed) == name


@pytest.mark.parametrize("name", ["ANNA", "ａｎｎａ", "Anna "])
def test_another_writing_of_a_name_is_the_same_account(entrance: Entrance, name: str) -> None:
    """Nobody gets an account whose name reads like one that there is."""
    with pytest.raises(AccountRefused, match="anna already"):
        entrance.accounts.add(name, "administrator", "boss")


def test_the_name_of_the_guichet_itself_is_nobodys(entrance: Entrance) -> None:
    """What the guichet does by itself cannot be somebody's doing in the journal."""
    with pytest.raises(AccountRefused):
        entrance.accounts.add("Guichet", "editor", "boss")


def test_first_start_makes_admin_once(engine: Engine) -> None:
    """The first start gives a password that opens the desk and must be changed; the second gives none."""
    entrance = Entrance(engine, load(), Hasher(CHEAP))
    password = entrance.accounts.first_start()
    assert password is not None
    assert entrance.accounts.first_start() is None
    assert entrance.enter("admin", password, HERE).must_change
    account = entrance.accounts.named("admin")
    assert (account.role, account.must_change) == ("administrator", True)


def test_first_start_is_silent_where_accounts_are(entrance: Entrance) -> None:
    """A database with accounts gets no other administrator."""
    assert entrance.accounts.first_start() is None
    assert [account.name for account in entrance.accounts.everyone()] == ["anna", "boss", "paul"]


def test_first_starts_at_once_make_one_admin(engine: Engine) -> None:
    """Of several that start at the same moment, one prints a password."""
    together = threading.Barrier(4)

    def start(_: int) -> str | None:
        accounts = Accounts(engine, Hasher(CHEAP))
        together.wait()
        return accounts.first_start()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(start, range(4)))
    assert sum(password is not None for password in made) == 1


def test_no_password_lies_in_the_database(engine: Engine, tmp_path: Path) -> None:
    """Neither a one-time password nor a chosen one nor a session's cookie is found in any file."""
    entrance = Entrance(engine, load(), Hasher(CHEAP))
    first = entrance.accounts.first_start() or ""
    issued = entrance.enter("admin", first, HERE)
    login = entrance.sessions.login(issued.token)
    assert login
    again = entrance.change_password(login, "", PASSWORD, HERE)
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"admin" in files
    for secret in (first, PASSWORD, issued.token, again.token, issued.known):
        assert secret.encode() not in files


def test_a_one_time_password_waits_a_week(entrance: Entrance, engine: Engine) -> None:
    """After eight days without a login it opens nothing; a reset gives another one."""
    password = entrance.accounts.add("late", "editor", "boss")
    age(engine, dt.timedelta(days=8), AccountRow)
    with pytest.raises(OneTimeExpired):
        entrance.enter("late", password, HERE)
    assert entrance.enter("late", entrance.accounts.reset("late", "boss"), HERE).must_change


def test_a_chosen_password_does_not_expire(entrance: Entrance, engine: Engine) -> None:
    """A password that its owner chose opens the desk after two years."""
    login = entrance.sessions.login(entrance.enter("late", entrance.accounts.add("late", "editor", "boss"), HERE).token)
    assert login
    entrance.change_password(login, "", OTHER, HERE)
    age(engine, dt.timedelta(days=730))
    assert not entrance.enter("late", OTHER, HERE).must_change


def test_reset_shuts_the_old_password_out(entrance: Entrance) -> None:
    """After a reset the old password and the old sessions are void."""
    before = entrance.enter("anna", PASSWORD, HERE)
    fresh = entrance.accounts.reset("anna", "boss")
    assert entrance.sessions.login(before.token) is None
    with pytest.raises(NotRight):
        entrance.enter("anna", PASSWORD, HERE)
    assert entrance.enter("anna", fresh, HERE).must_change


@pytest.mark.parametrize("change", ["role", "disable", "reset", "end"])
def test_a_change_to_an_account_ends_its_sessions_and_no_others(entrance: Entrance, change: str) -> None:
    """Whoever gets another role, password or is shut out is logged out in the same moment."""
    anna, paul = (entrance.enter(name, PASSWORD, HERE).token for name in ("anna", "paul"))
    match change:
        case "role":
            entrance.accounts.set_role("anna", "publisher", "boss")
        case "disable":
            entrance.accounts.disable("anna", "boss")
        case "reset":
            entrance.accounts.reset("anna", "boss")
        case _:
            assert entrance.accounts.end_sessions("anna", "boss") == 1
    assert entrance.sessions.login(anna) is None
    assert entrance.sessions.login(paul) is not None


def test_a_disabled_account_opens_nothing_until_it_is_enabled(entrance: Entrance) -> None:
    """The right password of a disabled account is refused like a wrong one, and counts again afterwards."""
    entrance.accounts.disable("anna", "boss")
    with pytest.raises(NotRight):
        entrance.enter("anna", PASSWORD, HERE)
    entrance.accounts.enable("anna", "boss")
    assert entrance.enter("anna", PASSWORD, HERE)


@pytest.mark.parametrize("change", ["disable", "demote"])
def test_the_last_administrator_stays(entrance: Entrance, change: str) -> None:
    """The only one who can keep the accounts can be neither disabled nor given a lower role, not even by himself."""

    def do(name: str) -> None:
        if change == "disable":
            entrance.accounts.disable(name, name)
        else:
            entrance.accounts.set_role(name, "publisher", name)

    with pytest.raises(AccountRefused, match="last administrator"):
        do("boss")
    entrance.accounts.set_role("paul", "administrator", "boss")
    do("boss")
    with pytest.raises(AccountRefused, match="last administrator"):
        do("paul")


def test_two_administrators_cannot_shut_each_other_out_at_once(entrance: Entrance) -> None:
    """Of two that disable each other in the same moment, ten times over, one remains each time."""
    for _ in range(10):
        entrance.accounts.enable("boss", "test")
        entrance.accounts.enable("paul", "test")
        for name in ("boss", "paul"):
            entrance.accounts.set_role(name, "administrator", "test")
        together = threading.Barrier(2)

        def shut(name: str, together: threading.Barrier = together) -> bool:
            together.wait()
            try:
                entrance.accounts.disable(name, "test")
            except AccountRefused:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(shut, ("boss", "paul"))) == [False, True]


def test_a_weak_first_password_is_refused(entrance: Entrance) -> None:
    """The command line cannot give a password that its owner could not choose."""
    with pytest.raises(AccountRefused, match="12 signs"):
        entrance.accounts.add("weak", "editor", "boss", "court")
    with pytest.raises(AccountRefused, match="no account weak"):
        entrance.accounts.named("weak")


def test_an_unknown_role_is_refused(entrance: Entrance) -> None:
    """A role that does not exist gives no account and changes none."""
    for change in (
        lambda: entrance.accounts.add("root", "root", "boss"),
        lambda: entrance.accounts.set_role("anna", "", "boss"),
    ):
        with pytest.raises(AccountRefused, match="no such role"):
            change()


def test_every_change_stands_in_the_journal_without_a_secret(entrance: Entrance, engine: Engine) -> None:
    """What was done to whom by whom can be read, with no password, hash or cookie in it."""
    password = entrance.accounts.add("late", "editor", "boss")
    issued = entrance.enter("late", password, HERE)
    login = entrance.sessions.login(issued.token)
    assert login
    issued = entrance.change_password(login, "", OTHER, HERE)
    entrance.sessions.logout(issued.token)
    with pytest.raises(NotRight):
        entrance.enter("late", "falsch und lang genug", HERE)
    entrance.accounts.set_role("late", "publisher", "boss")
    entrance.accounts.disable("late", "boss")
    entrance.accounts.enable("late", "boss")
    entrance.accounts.reset("late", "boss")
    entries = Journal(engine).entries(subject="account late")[::-1]
    assert [(entry.by, entry.action) for entry in entries] == [
        ("boss", "account_added"), ("late", "login"), ("late", "password_changed"), ("late", "login"),
        ("late", "logout"),
        ("late", "login_failed"), ("boss", "role_changed"), ("boss", "account_disabled"), ("boss", "account_enabled"),
        ("boss", "password_reset"),
    ]  # fmt: skip
    written = repr(entries)
    for secret in (password, OTHER, issued.token, "falsch", "argon2"):
        assert secret not in written


def test_old_hashes_are_renewed_at_login(engine: Engine, entrance: Entrance) -> None:
    """A login after a change of cost leaves a hash of the new cost, with which the next login works."""
    dearer = Entrance(engine, load(), Hasher(type(CHEAP)(time=2, memory_kib=16)))
    with engine.connect() as connection:
        assert "m=8,t=1" in connection.exec_driver_sql("SELECT password FROM account WHERE name='anna'").scalar_one()
    dearer.enter("anna", PASSWORD, HERE)
    with engine.connect() as connection:
        assert "m=16,t=2" in connection.exec_driver_sql("SELECT password FROM account WHERE name='anna'").scalar_one()
    assert dearer.enter("anna", PASSWORD, HERE)


def test_somebody_of_the_organisation_never_gets_an_account_by_name(entrance: Entrance) -> None:
    """Who is called like an account here gets another one, and no role unless the provider gives it."""
    known = {account.name for account in entrance.accounts.everyone()}
    for subject, called in (
        ("1", "boss"),
        ("2", "ＢＯＳＳ"),
        ("3", "admin"),
        ("4", "guichet"),
        ("5", "Élise Noël"),
        ("6", "😀"),
        ("7", ""),
    ):
        account = entrance.accounts.of_identity("https://id.test", subject, called, None, ruled=False)
        assert account.name not in known
        assert account.name not in {"admin", "guichet"}
        assert clean_name(account.name) == account.name
        assert account.role is None
        known.add(account.name)
    again = entrance.accounts.of_identity("https://id.test", "5", "renamed", None, ruled=False)
    assert again.name == "elise-noel"
    assert entrance.accounts.of_identity("https://other.test", "5", "x y", None, ruled=False).name != "elise-noel"


def test_a_ruling_provider_takes_the_role_away_again(entrance: Entrance) -> None:
    """Where the provider decides the roles, leaving the group ends role and sessions at the next login."""
    accounts = entrance.accounts
    account = accounts.of_identity("https://id.test", "1", "eva", "administrator", ruled=True)
    issued = entrance.sessions.begin(account.id, HERE, by_oidc=True)
    assert issued
    assert accounts.of_identity("https://id.test", "1", "eva", None, ruled=True).role is None
    assert entrance.sessions.login(issued.token) is None


def test_an_account_of_the_organisation_has_no_password_to_try(entrance: Entrance) -> None:
    """No password opens it, and there is none to reset."""
    account = entrance.accounts.of_identity("https://id.test", "1", "eva", "editor", ruled=False)
    for guess in ("", "None", PASSWORD):
        with pytest.raises(NotRight):
            entrance.enter(account.name, guess, HERE)
    with pytest.raises(AccountRefused, match="organisation"):
        entrance.accounts.reset(account.name, "boss")


def test_every_reason_is_said_in_the_languages_of_the_desk() -> None:
    """What can be refused in the browser has its words in the catalogue."""
    assert [reason for reason in REASONS if f"desk_accounts.{reason}" not in catalogue()] == ["not_twice"]
    assert all(f"desk_accounts.role_{role}" in catalogue() for role in (*ROLES, "none"))
