"""python -m bot ask "…" [--lang fr] [--json] | batch QUESTIONS.jsonl ANSWERS.jsonl"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from bot.answers import Message
from bot.bootstrap import open_bot
from bot.service import Bot
from ingest.documents import LANGUAGES, Language
from ingest.errors import GuichetError


class _Turn(BaseModel):
    role: Literal["user", "assistant"]
    text: str


class _Asked(BaseModel):
    """A line of a file of questions; ``lang`` only where the product would know it."""

    id: str | int | None = None
    question: str
    history: list[_Turn] = []
    lang: Language | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 2 on an error."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Ask the guichet.")
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="answer one question")
    ask.add_argument("question")
    ask.add_argument("--lang", choices=LANGUAGES, help="language of the answer; default: that of the question")
    ask.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    batch = commands.add_parser("batch", help="answer the questions of a file, one JSON object a line")
    batch.add_argument("questions", type=Path)
    batch.add_argument("answers", type=Path)
    options = parser.parse_args(arguments)
    try:
        with open_bot() as bot:
            if options.command == "batch":
                return _batch(bot, options.questions, options.answers)
            answer = bot.ask(options.question, language=options.lang)
            print(json.dumps(answer.as_json(), ensure_ascii=False, indent=2) if options.json else answer.text)
            if not options.json:
                for citation in answer.citations:
                    print(f"[{citation.n}] {citation.title} · {citation.as_of or '–'} · {citation.link or ''}")
    except GuichetError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _batch(bot: Bot, questions: Path, answers: Path) -> int:
    """Write one answer a line, in the order of the questions; a line that is no question ends the run by name."""
    lines = questions.read_bytes().splitlines()
    with answers.open("w", encoding="utf-8") as out:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                asked = _Asked.model_validate_json(line)
            except ValidationError as error:
                print(f"{questions}, line {number}: not a question ({error.errors()[0]['msg']})", file=sys.stderr)
                return 2
            history = [Message(turn.role, turn.text) for turn in asked.history]
            answer = bot.ask(asked.question, history, asked.lang)
            row = {"question_id": asked.id, **answer.as_json()}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
