"""python -m bot ask "…" [--lang fr] [--json] | batch QUESTIONS.jsonl ANSWERS.jsonl | replay ID [--json] | doctor"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.live import Live
from rich.text import Text

from bot.answers import Answer, Message
from bot.bootstrap import open_bot
from bot.chat import open_chat_model
from bot.doctor import examine
from bot.replay import replay, told
from bot.service import COMMAND, Bot
from ingest.documents import LANGUAGES, Language
from ingest.errors import GuichetError
from ingest.settings import Settings, load


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
    again = commands.add_parser("replay", help="answer a stored question again and show the differences")
    again.add_argument("id", help="id of the answer, as its receipt has it")
    again.add_argument("--json", action="store_true", help="print both answers and the differences as JSON")
    commands.add_parser("doctor", help="try the language model that is set: connect, stream one test answer")
    options = parser.parse_args(arguments)
    try:
        if options.command == "doctor":
            return _doctor(load())
        with open_bot() as bot:
            if options.command == "batch":
                return _batch(bot, options.questions, options.answers)
            if options.command == "replay":
                played = replay(bot, options.id)
                print(json.dumps(played.as_json(), ensure_ascii=False, indent=2) if options.json else told(played))
                return 0
            answer = bot.ask(options.question, language=options.lang) if options.json else _watched(bot, options)
            print(json.dumps(answer.as_json(), ensure_ascii=False, indent=2) if options.json else answer.text)
            if not options.json:
                for citation in answer.citations:
                    print(f"[{citation.n}] {citation.title} · {citation.as_of or '–'} · {citation.link or ''}")
    except GuichetError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _watched(bot: Bot, options: argparse.Namespace) -> Answer:
    """Answer on a terminal as one watches: what was not checked yet is pale, and goes when the answer is there."""
    screen = Console(stderr=True)

    async def watch() -> Answer:
        answer = None
        with Live(console=screen, transient=True, refresh_per_second=12) as live:
            async for answer in bot.stream(options.question, language=options.lang, origin=COMMAND):
                checked = answer.text.removesuffix(answer.provisional)
                live.update(Text.assemble(checked, (answer.provisional, "dim")))
        assert answer
        return answer

    return asyncio.run(watch()) if screen.is_terminal else bot.ask(options.question, language=options.lang)


def _doctor(settings: Settings) -> int:
    model = open_chat_model(settings)
    if model is None:
        print("No language model is set: answers are quotes. GUICHET_LLM=ollama:llama3.2, for example, sets one.")
        return 0
    # Without the name and password that an address may hold.
    where = f" at {urlsplit(settings.llm_base_url).netloc.rpartition('@')[2]}" if settings.llm_base_url else ""
    print(f"Asking {model.name}{where} for one sentence:")
    finding = asyncio.run(examine(model, settings, lambda text: print(text, end="", flush=True)))
    print(("\n" if finding.text else "") + finding.told)
    return 1 if finding.failure else 0


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
