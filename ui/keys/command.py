"""``python -m ui keys``: the keys of programs, from the command line; a running server follows in seconds."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable

from ingest.journal import COMMAND_LINE
from ingest.settings import Settings
from ui.keys.keys import Key, KeyRefused, Keys
from ui.staff.command import opened


def run(settings: Settings, options: argparse.Namespace, say: Callable[[str], object] = print) -> int:
    """Do one command; what cannot be done raises an error of ours."""
    with opened(settings) as engine:
        keys = Keys(engine)
        if options.verb == "list":
            for key in keys.everyone():
                say(_line(key))
            return 0
        if options.verb == "add":
            made = keys.add(
                options.name, options.scopes.split(","), COMMAND_LINE, expires=day(options.expires),
                a_minute=options.a_minute, a_day=options.a_day,
            )  # fmt: skip
            say(f"Key, shown only now: {made}")
        elif options.verb == "rotate":
            made = keys.rotate(options.name, COMMAND_LINE, dt.timedelta(days=options.grace))
            say(f"New key, shown only now: {made}")
        else:
            keys.revoke(options.name, COMMAND_LINE)
        say(_line(keys.named(options.name)))
    return 0


def day(text: str | None) -> dt.date | None:
    """Return the day that *text* writes as 2027-06-30; nothing is no day."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise KeyRefused("bad_expiry") from error


def _line(key: Key) -> str:
    at = dt.datetime.now(dt.UTC)
    state = "revoked" if key.revoked_at else "good" if key.is_good(at) else "expired"
    if key.former_until and at < key.former_until and state == "good":
        state += f", former secret until {key.former_until:%Y-%m-%d}"
    scopes = ",".join(sorted(key.scopes))
    return f"{key.name:<24} {state:<10} {scopes}  last used {key.used_on or 'never'}"
