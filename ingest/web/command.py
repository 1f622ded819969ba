"""The commands of ``python -m ingest`` that ask the web: ``watch`` for pages on watch, ``links`` for what is cited."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.database import now
from ingest.intake import Intake
from ingest.journal import COMMAND_LINE
from ingest.judging import Judge
from ingest.web.addresses import shown
from ingest.web.arriving import WebIntake
from ingest.web.fetching import Fetcher
from ingest.web.links import Link, Links, cited
from ingest.web.watching import Outcome, Watched, Watching

if TYPE_CHECKING:
    from ingest.library import Library

__all__ = ["COMMANDS", "Told", "declare", "run"]

COMMANDS = frozenset({"watch", "links"})


@dataclass(frozen=True, slots=True)
class Told:
    """What a command has to say, as data and in lines, and whether something is wrong."""

    rows: list[dict[str, Any]]
    lines: list[str]
    trouble: bool = False


def declare(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add our commands to those of ``python -m ingest``."""
    watch = commands.add_parser("watch", help="pages of the web that are fetched again and again")
    actions = watch.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", parents=[common], help="put a page on watch")
    add.add_argument("url", metavar="URL")
    add.add_argument("--days", type=int, help="look at it every so many days")
    add.add_argument("--document", metavar="KEY", help="the document that was made of it, such as fr/start-ia")
    remove = actions.add_parser("remove", parents=[common], help="take a page off watch")
    remove.add_argument("url", metavar="URL")
    actions.add_parser("list", parents=[common], help="show the pages on watch")
    check = actions.add_parser("run", parents=[common], help="look at the pages that are due")
    links = commands.add_parser("links", parents=[common], help="check the addresses that documents cite")
    for limited in (check, links):
        limited.add_argument("--limit", type=int, help="look at so many at most")


def run(library: Library, options: argparse.Namespace) -> Told:
    """Do what *options* ask of *library*."""
    fetcher = Fetcher(library.settings)
    if options.command == "links":
        return _links(library, Links(library.engine, fetcher), options.limit)
    # The intake does not run here: what has changed is stored, and read when the server starts.
    with closing(WebIntake(library, Intake(library, Judge(library)), fetcher)) as web:
        return _watch(web.watching, options)


def _watch(watching: Watching, options: argparse.Namespace) -> Told:
    if options.action == "add":
        added = watching.add(options.url, COMMAND_LINE, document=options.document, every_days=options.days)
        return Told([_row(added)], [f"{added.url}: looked at every {added.every_days} days from now on"])
    if options.action == "remove":
        watching.remove(options.url, COMMAND_LINE)
        return Told([], [f"{shown(options.url)}: no longer on watch"])
    if options.action == "list":
        pages = watching.all()
        return Told([_row(page) for page in pages], [_line(page) for page in pages] or ["No page is on watch."])
    outcomes = watching.run_due(now(), options.limit or 100)
    return Told(
        [_outcome(outcome) for outcome in outcomes],
        [_said(outcome) for outcome in outcomes] or ["No page is due."],
        any(outcome.what in {"vanished", "failed"} for outcome in outcomes),
    )


def _links(library: Library, links: Links, limit: int | None) -> Told:
    links.collect(cited(library))
    allowed = library.settings.web_links_a_run
    checked = links.run_due(now(), allowed if limit is None else min(limit, allowed))
    wrong = [*links.all("dead"), *links.all("uncertain")]
    return Told(
        [_row(link) for link in wrong],
        [f"{len(checked)} links checked, {len(links.all())} known", *map(_line, wrong)],
        bool(wrong),
    )


def _row(found: Watched | Link) -> dict[str, Any]:
    return dataclasses.asdict(found)


def _line(found: Watched | Link) -> str:
    health = found.health
    reason = f" ({health.problem}{f' {health.status}' if health.status else ''})" if health.problem else ""
    state = f"{health.state} since {health.since:%Y-%m-%d}" if health.checked_at else "not looked at yet"
    return f"{state}{reason}  {shown(found.url)}"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {"url": outcome.url, "what": outcome.what, "problem": outcome.problem, "message": outcome.message}


def _said(outcome: Outcome) -> str:
    if outcome.page is not None:
        return f"changed: {outcome.url}\n  it will be a draft at the desk once the server runs"
    return f"{outcome.what}: {outcome.message or outcome.url}"
