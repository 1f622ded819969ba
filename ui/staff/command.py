"""``python -m ui staff``: the accounts from the command line, also while the server runs."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from ingest.database import connect
from ingest.errors import LibraryUnwritable
from ingest.journal import COMMAND_LINE
from ingest.settings import Settings
from ui.staff.accounts import Account, AccountRefused, Accounts


def run(settings: Settings, options: argparse.Namespace, say: Callable[[str], object] = print) -> int:
    """Do one command; what cannot be done raises an error of ours."""
    with opened(settings) as engine:
        accounts = Accounts(engine)
        if options.verb == "list":
            for account in accounts.everyone():
                say(_line(account))
        elif options.verb == "add":
            password = _typed() if options.prompt else None
            made = accounts.add(options.name, options.role, COMMAND_LINE, password)
            _tell(say, accounts.named(options.name), None if password else made)
        elif options.verb == "reset":
            accounts.named(options.name)
            password = _typed() if options.prompt else None
            made = accounts.reset(options.name, COMMAND_LINE, password)
            _tell(say, accounts.named(options.name), None if password else made)
        else:
            _change(accounts, options)
            say(_line(accounts.named(options.name)))
    return 0


def _change(accounts: Accounts, options: argparse.Namespace) -> None:
    if options.verb == "role":
        accounts.set_role(options.name, options.role, COMMAND_LINE)
    elif options.verb == "disable":
        accounts.disable(options.name, COMMAND_LINE)
    else:
        accounts.enable(options.name, COMMAND_LINE)


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """Open the database without owning the data folder: SQLite lets a running server and us write in turn."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = connect(settings.data_dir / "guichet.sqlite")
    except (OSError, OperationalError) as error:
        raise LibraryUnwritable(f"{settings.data_dir} cannot be written; set GUICHET_DATA_DIR to a folder.") from error
    try:
        yield engine
    finally:
        engine.dispose()


def _typed() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise AccountRefused("not_twice")
    return password


def _tell(say: Callable[[str], object], account: Account, made: str | None) -> None:
    say(_line(account))
    if made:
        say(f"One-time password, shown only now: {made}")
    say("It works for 7 days; the first login asks for a new one.")


def _line(account: Account) -> str:
    state = "disabled" if account.disabled else "one-time password" if account.must_change else "active"
    way = "password" if account.local else f"organisation ({account.issuer})"
    seen = f"{account.seen_at:%Y-%m-%d}" if account.seen_at else "never"
    return f"{account.name:<24} {account.role or 'no role':<14} {state:<18} {way}, last login {seen}"
