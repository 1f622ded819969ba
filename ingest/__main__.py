"""python -m ingest add PATH… | remove ID… | list | rebuild | check | watch add|remove|list|run | links"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.checking import check
from ingest.errors import GuichetError
from ingest.library import Library
from ingest.progress import bar
from ingest.report import Report
from ingest.settings import load
from ingest.web import command as web


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 when files failed or a check found something, 2 on an error."""
    options = _parser().parse_args(arguments)
    try:
        with Library.open(load(), repair=options.command not in ("rebuild", "check")) as library:
            return _run(library, options)
    except GuichetError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Keep the documents of a guichet.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object")
    add = commands.add_parser("add", parents=[common], help="take in files, or a folder with all it holds")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    remove = commands.add_parser("remove", parents=[common], help="remove documents by id, or by key such as fr/ID")
    remove.add_argument("ids", nargs="+", metavar="ID")
    commands.add_parser("list", parents=[common], help="show every document")
    commands.add_parser("rebuild", parents=[common], help="derive vectors and words anew")
    commands.add_parser("check", parents=[common], help="say whether the stores agree and what is due for review")
    web.declare(commands, common)
    return parser


def _run(library: Library, options: argparse.Namespace) -> int:
    if options.command in web.COMMANDS:
        told = web.run(library, options)
        print(json.dumps(told.rows, ensure_ascii=False, default=str) if options.json else "\n".join(told.lines))
        return 1 if told.trouble else 0
    if options.command in ("add", "remove"):
        if options.command == "add":
            with bar() as progress:
                report = library.add(options.paths, progress)
        else:
            report = library.remove(options.ids)
        print(json.dumps(dataclasses.asdict(report), ensure_ascii=False) if options.json else _summary(report))
        return 1 if report.failed else 0
    if options.command == "list":
        rows = list(library.documents.values())
        if options.json:
            print(json.dumps([dataclasses.asdict(row) for row in rows], ensure_ascii=False, default=str))
        for row in () if options.json else rows:
            print(f"{row.key:<44} {row.version:>3}  {row.title}")
        return 0
    if options.command == "rebuild":
        with bar() as progress:
            library.rebuild(progress)
        result: dict[str, object] = {"passages": library.count(), "generation": library.generation}
        print(json.dumps(result) if options.json else f"{library.count()} passages, generation {library.generation}")
        return 0
    problems = check(library)
    print(
        json.dumps({"problems": problems}, ensure_ascii=False) if options.json else "\n".join(problems or ["All good."])
    )
    return 1 if problems else 0


def _summary(report: Report) -> str:
    lines = [
        f"added {len(report.added)}, replaced {len(report.replaced)}, removed {len(report.removed)}, "
        f"unchanged {len(report.unchanged)}, failed {len(report.failed)}"
    ]
    lines += [f"  failed: {failure.message}" for failure in report.failed]
    lines += [f"  note: {warning}" for warning in report.warnings]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
