"""``python -m ui portals``: who may embed the guichet, from the command line; a running server follows in seconds."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ingest.journal import COMMAND_LINE
from ingest.settings import Settings
from ui.portals.portals import Portal, Portals
from ui.staff.command import opened


def run(settings: Settings, options: argparse.Namespace, say: Callable[[str], object] = print) -> int:
    """Do one command; what cannot be done raises an error of ours."""
    with opened(settings) as engine:
        portals = Portals(engine)
        if options.verb == "list":
            for portal in portals.everyone():
                _tell(say, portal)
            return 0
        if options.verb == "add":
            portals.add(options.name, options.origins, COMMAND_LINE, a_minute=options.a_minute, a_day=options.a_day)
        elif options.verb == "remove":
            portals.remove(options.name, COMMAND_LINE, origin=options.origin)
            if options.origin is None:
                say(f"{options.name}: removed")
                return 0
        else:
            portals.switch(options.name, COMMAND_LINE, closed=options.verb == "off", origin=options.origin)
        _tell(say, portals.named(options.name))
    return 0


def _tell(say: Callable[[str], object], portal: Portal) -> None:
    limits = [f"{count} questions a {unit}" for count, unit in ((portal.a_minute, "minute"), (portal.a_day, "day"))
              if count]  # fmt: skip
    say(f"{portal.name:<24} {'off' if portal.closed else 'on':<4} {', '.join(limits) or 'no limit of its own'}")
    for origin in portal.origins:
        say(f"    {origin.text}{'  off' if origin.closed else ''}")
