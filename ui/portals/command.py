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
        elif options.verb == "limit":
            _limit(portals, options)
        elif options.verb == "remove":
            portals.remove(options.name, COMMAND_LINE, origin=options.origin)
            if options.origin is None:
                say(f"{options.name}: removed")
                return 0
        else:
            portals.switch(options.name, COMMAND_LINE, closed=options.verb == "off", origin=options.origin)
        _tell(say, portals.named(options.name))
    return 0


def _limit(portals: Portals, options: argparse.Namespace) -> None:
    """Set the numbers that are given; ``none`` takes one away, and what is not given stays."""
    there = portals.named(options.name)

    def number(given: int | str | None, now: int | None) -> int | None:
        return now if given is None else None if given == "none" else int(given)

    minute, day = number(options.a_minute, there.a_minute), number(options.a_day, there.a_day)
    portals.limit(options.name, minute, day, COMMAND_LINE)


def _tell(say: Callable[[str], object], portal: Portal) -> None:
    numbers = ((portal.a_minute, "minute"), (portal.a_day, "day"))
    limits = ", ".join(f"{count} questions a {unit}" for count, unit in numbers if count)
    said = f"{limits} for each origin" if limits else "no limit of its own"
    say(f"{portal.name:<24} {'off' if portal.closed else 'on':<4} {said}")
    for origin in portal.origins:
        say(f"    {origin.text}{'  off' if origin.closed else ''}")
