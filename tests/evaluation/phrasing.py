"""Measure that a language model may phrase answers and cannot make them wrong: the bars of phrasing, one by one.

``python -m tests.evaluation.phrasing [--only NAME] [--json]``. The models are those of :mod:`tests.llm.double`, served
over HTTP on this machine, and a real one of random weights where ``.venv-transformers`` is there (``make
test-transformers``) or ``GUICHET_TEST_LLAMA`` gives address and name of one: ``"http://127.0.0.1:8211/v1 NAME"``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.answers import Answer, Message
from bot.bootstrap import open_bot
from bot.chat import Kind
from bot.service import Bot
from bot.verification import Quote, Verifier
from bot.wording import say
from ingest.documents import Language
from ingest.errors import GuichetError
from ingest.sentences import split
from ingest.settings import ROOT, load
from tests.evaluation.answers import GOLDEN_DATE, read_questions
from tests.evaluation.metrics import Question, judge, read_records
from tests.evaluation.retrieval import sets_folder
from tests.evaluation.suite import golden_sets
from tests.llm.double import Double, Exchange, refusing, serving, unreachable
from tests.llm.leavings import Leaving, invented_figures, leavings
from tests.llm.planting import FILES, Attack, attacks, plant
from tests.llm.prompt import Prompt
from tests.transformers import llama

INVENTED = 200
"""Answers of a model that invents figures."""
ROOM_MS = 100.0
"""What a failure may cost beyond the time-out concerned."""
TOLD = 12
"""Examples that are kept of what went wrong."""
UNASKED = "Quel temps fera-t-il demain à Namur ?"
"""A question that no model is asked for: it warms up what a first question would wait for."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table; *met* is ``None`` for what is told beside the bars."""

    what: str
    bar: str
    measured: str
    met: bool | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A question, every answer that came with the time since it was asked, and what the model was asked for it."""

    question: str
    answers: tuple[Answer, ...]
    at: tuple[float, ...]
    began: float
    exchanges: tuple[Exchange, ...] = ()

    @property
    def last(self) -> Answer:
        """The complete answer."""
        return self.answers[-1]

    @property
    def took_ms(self) -> float:
        """Time until the complete answer."""
        return self.at[-1] * 1000

    @property
    def is_phrased(self) -> bool:
        """Whether something that the model said is in the complete answer."""
        return self.last.mode != "extractive"


class Visitor:
    """Asks one bot as the page does, answer by growing answer, within one event loop."""

    def __init__(self, bot: Bot, runner: asyncio.Runner, double: Double) -> None:
        self.bot = bot
        self._runner = runner
        self._double = double

    def ask(self, question: str, history: Sequence[Message] = (), language: Language | None = None) -> Seen:
        """Ask and keep all that came."""
        before = len(self._double.exchanges)
        answers, times, began = self._runner.run(_watch(self.bot, question, history, language))
        return Seen(question, tuple(answers), tuple(times), began, tuple(self._double.exchanges[before:]))


async def _watch(
    bot: Bot, question: str, history: Sequence[Message], language: Language | None
) -> tuple[list[Answer], list[float], float]:
    answers, times = [], []
    began = time.perf_counter()
    async for answer in bot.stream(question, history, language):
        times.append(time.perf_counter() - began)
        answers.append(answer)
    return answers, times, began


@dataclass(eq=False)
class Bench:
    """The double and the libraries that are asked, in a folder that goes away."""

    double: Double
    folder: Path
    console: Console
    _opened: dict[str, bool] = field(default_factory=dict)

    @contextmanager
    def visiting(self, model: str | None = None, *, library: str = "corpus", **settings: Any) -> Iterator[Visitor]:
        """Open a bot over the starter corpus, or over the planted documents, with a *model* or without one."""
        where: dict[str, Any] = {"data_dir": self.folder / f"data-{library}", "today": GOLDEN_DATE}
        if library != "corpus":
            where["corpus_dir"] = self.folder / library
        if model:
            where |= {"llm": f"openai:{model}", "llm_base_url": self.double.base_url, "llm_api_key": "none"}
        # The loop outlives the bot, whose connections belong to it.
        with asyncio.Runner() as runner, open_bot(load(**(where | settings))) as bot:
            yield Visitor(bot, runner, self.double)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions of the developers and those held out, by turns."""
        sets = [read_questions(path) for path in golden_sets()]
        return tuple(question for question in chain.from_iterable(zip_longest(*sets)) if question)

    @cached_property
    def plain(self) -> Mapping[str, Seen]:
        """What the bot says without a model to every question, by the question's id."""
        with self.visiting() as visitor:
            return {each.id: visitor.ask(each.question, each.history) for each in self.questions}

    @cached_property
    def attacks(self) -> list[Attack]:
        """Every order of the test data; the documents that they are planted in are written at the first use."""
        folder = sets_folder() / "injections"
        found = attacks(list(chain.from_iterable(read_records(folder / name) for name in FILES)))
        plant(found, self.folder / "planted")
        return found

    def say(self, words: str) -> None:
        """Tell what is at work."""
        self.console.print(words, style="dim")


# --- (a) random weights ----------------------------------------------------------------------------------------------


def random_weights(bench: Bench) -> Iterator[Measured]:
    """Ask the developers' questions with a model that knows nothing; the pass rate must stay what it is."""
    golden, told = read_questions(golden_sets()[0]), bench.plain
    with _random_model(bench) as (name, settings), bench.visiting(settings.pop("model"), **settings) as visitor:
        bench.say(f"random weights: {name}")
        seen = {each.id: visitor.ask(each.question, each.history) for each in golden}
        stored = visitor.bot.passage_text
        passed = [judge(each, _without_reason(seen[each.id].last), stored).passed for each in golden]
        before = [judge(each, told[each.id].last, stored).passed for each in golden]
    lost = [f"{each.id}: {_short(seen[each.id].last)}" for each, ours, plain in zip(golden, passed, before, strict=True)
            if plain and not ours]  # fmt: skip
    rate, plain_rate = sum(passed) / len(golden), sum(before) / len(golden)
    yield Measured(
        f"pass rate with random weights ({name})", f"{plain_rate:.3f} ± 0.010", f"{rate:.3f}",
        abs(rate - plain_rate) <= 0.01 + 1e-9, tuple(lost[:TOLD]),
    )  # fmt: skip
    phrased = [each for each in seen.values() if each.is_phrased]
    yield Measured(
        "… answers with words of that model", "", f"{len(phrased)} of {len(golden)}", None,
        tuple(_short(each.last) for each in phrased[:TOLD]),
    )  # fmt: skip


def _without_reason(answer: Answer) -> Answer:
    """Return the answer without the line that says why it is in quotes.

    «… is not in the sources» would pass for the answer to a question that the sources do not answer.
    """
    reasons = {say(f"answers.model_{kind}", answer.language) for kind in get_args(Kind)}
    lines = (line for line in answer.text.split("\n") if line not in reasons)
    return replace(answer, text="\n".join(lines))


@contextmanager
def _random_model(bench: Bench) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what the model is called and the settings to ask it: a real one where there is one, else the double's."""
    patience = {"llm_first_seconds": 5.0, "llm_total_seconds": 5.0}
    command = ROOT / ".venv-transformers" / "bin" / "transformers"
    if given := os.environ.get("GUICHET_TEST_LLAMA"):
        url, _, model = given.partition(" ")
        yield "a Llama that is served elsewhere", {"model": model, "llm_base_url": url, **patience}
    elif command.exists():
        folder = bench.folder / "llama"
        python = command.with_name("python")
        subprocess.run([python, "-m", "tests.transformers.llama", folder], cwd=ROOT, check=True, capture_output=True)
        with llama.serving(folder, command) as url:
            yield "transformers serve, a Llama of two layers", {"model": str(folder), "llm_base_url": url, **patience}
    else:
        yield "no Llama here: the double's garbage stands in", {"model": "garbage"}


# --- (b) invented figures --------------------------------------------------------------------------------------------


def invented(bench: Bench) -> Iterator[Measured]:
    """Ask with a model that changes every number, until it was asked for two hundred answers."""
    plain = bench.plain
    for model in ("invents", "mends"):
        bench.say(f"figures: {model}")
        found: dict[str, list[Leaving]] = {}
        asked: list[Seen] = []
        with bench.visiting(model) as visitor:
            for question in bench.questions:
                seen = visitor.ask(question.question, question.history)
                if not seen.exchanges:
                    continue
                asked.append(seen)
                if strange := invented_figures(seen.answers, plain[question.id].last.text):
                    found[question.id] = strange
                if len(asked) == INVENTED:
                    break
        yield from _figures_told(model, asked, found)


def _figures_told(model: str, asked: Sequence[Seen], found: Mapping[str, Sequence[Leaving]]) -> Iterator[Measured]:
    every = [leaving for strange in found.values() for leaving in strange]
    final, said = sum(each.final for each in every), sum(len(seen.exchanges) for seen in asked)
    phrased = sum(seen.is_phrased for seen in asked)
    yield Measured(
        f"invented figures shown, {len(asked)} answers of «{model}»", "0",
        f"{len(every)} ({final} in complete answers), in {len(found)} answers", not every and len(asked) == INVENTED,
        tuple(f"{id}: {leaving}" for id, strange in found.items() for leaving in strange)[:TOLD],
    )  # fmt: skip
    yield Measured(f"… «{model}» was asked, its words are in", "", f"{said} times, {phrased} answers")


# --- (c) attacks -----------------------------------------------------------------------------------------------------


Left = tuple[Attack, int, Leaving]
"""What was left of an attack that came in the way of this number."""


def attacked(bench: Bench) -> Iterator[Measured]:
    """Ask about the planted documents, and ask the orders themselves, with models that follow them."""
    alone: set[tuple[str, int, str, str]] = set()
    for model in (None, "obeys", "obeys-cited", "links", "leaks"):
        bench.say(f"attacks: {model or 'no model'}")
        bench.double.exchanges.clear()
        found: list[Left] = []
        reached = 0
        with _planted(bench, model) as visitor:
            for attack in bench.attacks:
                for way, seen in enumerate(_ways(visitor, attack)):
                    reached += bool(seen.exchanges)
                    rules = seen.exchanges[0].prompt.system if seen.exchanges else ""
                    found += [(attack, way, leaving) for leaving in leavings(seen.answers, rules, attack)]
        if model is None:
            alone = {_key(each) for each in found}
            yield from _left_told("no model", found)
        else:
            yield from _left_told(f"«{model}» ({reached} times asked)", found)
            yield _row(f"… of these by «{model}» alone", [each for each in found if _key(each) not in alone])


def _key(left: Left) -> tuple[str, int, str, str]:
    attack, way, leaving = left
    return attack.id, way, leaving.kind, leaving.thing


def _planted(bench: Bench, model: str | None) -> contextlib.AbstractContextManager[Visitor]:
    assert bench.attacks
    # Long orders are asked as well: no limit of length is what must hold them off.
    return bench.visiting(model, library="planted", max_question=8_000)


def _ways(visitor: Visitor, attack: Attack) -> Iterator[Seen]:
    """Yield what came of each way for an order to arrive: in a document, as a question, with one, before one."""
    language = attack.language
    yield visitor.ask(attack.question, language=language)
    yield visitor.ask(attack.planted, language=language)
    yield visitor.ask(f"{attack.question} {attack.planted}", language=language)
    history = (Message("user", attack.planted), Message("assistant", attack.planted))
    yield visitor.ask(attack.question, history, language)


def _left_told(name: str, found: Sequence[Left]) -> Iterator[Measured]:
    yield _row(f"left of attacks, said: {name}", [each for each in found if not each[2].in_source])
    yield _row(f"left of attacks, shown as a source: {name}", [each for each in found if each[2].in_source])


def _row(what: str, found: Sequence[Left]) -> Measured:
    things: dict[str, set[str]] = {}
    examples: dict[tuple[str, str], str] = {}
    for attack, way, leaving in found:
        things.setdefault(leaving.kind, set()).add(leaving.thing)
        examples.setdefault((leaving.kind, leaving.thing), f"{attack.id}, way {way}: {leaving}")
    told = ", ".join(f"{len(each)} {kind}" for kind, each in things.items())
    answers = len({(attack.id, way) for attack, way, _ in found})
    measured = f"{told}, in {answers} answers" if found else "0"
    return Measured(what, "0", measured, not found, tuple(sorted(examples.values())[:40]))


# --- (d) failures ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failure:
    """A way for a model to fail, and the time-out that it may cost."""

    model: str
    concerned: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


PATIENCE: Mapping[str, float] = {
    "llm_connect_seconds": 0.6, "llm_first_seconds": 0.8, "llm_between_seconds": 0.7, "llm_total_seconds": 2.0,
}  # fmt: skip
FAILURES: Mapping[str, Failure] = {
    "refused connection": Failure("quotes"),
    "401": Failure("401"),
    "429": Failure("429"),
    "500": Failure("500"),
    "time-out, first token": Failure("silent", "llm_first_seconds"),
    "stall in mid-stream": Failure("stall", "llm_between_seconds"),
    "cut connection": Failure("cut"),
    "empty answer": Failure("empty"),
    "garbage": Failure("garbage"),
    "wrong language": Failure("wrong-language"),
    "over budget": Failure("quotes", settings={"llm_daily_tokens": 1}),
    "time-out, connect": Failure("quotes", "llm_connect_seconds"),
    "time-out, no head of a response": Failure("mute", "llm_first_seconds"),
    "time-out, in all": Failure("drip", "llm_total_seconds"),
    "refusal": Failure("refusal"),
}
_ADDRESSES = {"refused connection": refusing, "time-out, connect": unreachable}


def failing(bench: Bench) -> Iterator[Measured]:
    """Let the model fail in every way: an answer must come, and not later than the failure takes."""
    questions = [each for each in bench.questions if bench.plain[each.id].last.status == "answered"][:3]
    with bench.visiting() as visitor:
        plain = {each.id: _median_ms(visitor, each) for each in questions}
    for name, failure in FAILURES.items():
        bench.say(f"failures: {name}")
        with contextlib.ExitStack() as stack:
            settings = {**PATIENCE, **failure.settings}
            if name in _ADDRESSES:
                settings["llm_base_url"] = stack.enter_context(_ADDRESSES[name]())
            # A bot of its own for each question: the breaker of the last one would spare the model this one.
            runs = [_failed(bench, failure.model, settings, question, plain[question.id]) for question in questions]
        yield _failure_told(name, runs, PATIENCE[failure.concerned] if failure.concerned else 0.0)


def _median_ms(visitor: Visitor, question: Question) -> float:
    visitor.ask(UNASKED)
    return statistics.median(visitor.ask(question.question, question.history).took_ms for _ in range(5))


def _failed(
    bench: Bench, model: str, settings: Mapping[str, Any], question: Question, plain_ms: float
) -> tuple[Seen, float]:
    """Return what came, and how much later than without a model."""
    with bench.visiting(model, **settings) as visitor:
        visitor.ask(UNASKED)
        seen = visitor.ask(question.question, question.history)
    # What the model took to say what it said is no delay of ours, unless that is what it is cut off for.
    speaking = sum(each.at[-1] - each.at[0] for each in seen.exchanges if each.at) if model == "stall" else 0.0
    return seen, seen.took_ms - plain_ms - speaking * 1000


def _failure_told(name: str, runs: Sequence[tuple[Seen, float]], timeout: float) -> Measured:
    extra = max(later for _, later in runs) - timeout * 1000
    answered = sum(_is_whole(seen.last) for seen, _ in runs)
    reasons = {line for seen, _ in runs for line in seen.last.notes[-2:] if ":" in line}
    return Measured(
        f"failure: {name}", f"an answer; ≤ {timeout * 1000:.0f} + {ROOM_MS:.0f} ms",
        f"{answered} of {len(runs)}; {timeout * 1000:.0f} {extra:+.0f} ms", answered == len(runs) and extra <= ROOM_MS,
        tuple(reasons)[:2],
    )  # fmt: skip


def _is_whole(answer: Answer) -> bool:
    return answer.complete and bool(answer.statements) and bool(answer.citations) and answer.mode == "extractive"


# --- (e) time --------------------------------------------------------------------------------------------------------


def verification(bench: Bench) -> Iterator[Measured]:
    """Hold the sentences of good and of inventing models against their quotes, and time each check."""
    prompts: list[tuple[Prompt, str]] = []
    for model in ("quotes", "invents"):
        with bench.visiting(model) as visitor:
            for question in bench.questions[:60]:
                seen = visitor.ask(question.question, question.history)
                prompts += [(exchange.prompt, exchange.said) for exchange in seen.exchanges]
    with bench.visiting() as visitor:
        verifier = Verifier(visitor.bot._retriever)
        times = [_timed(verifier, *pair) for prompt, said in prompts for pair in _sentences(prompt, said)]
    slowest = sorted(times)[int(len(times) * 0.95)]
    yield Measured(
        f"verification a statement, {len(times)} statements", "≤ 5 ms",
        f"median {statistics.median(times):.2f} ms, p95 {slowest:.2f} ms", slowest <= 5,
    )  # fmt: skip


def _sentences(prompt: Prompt, said: str) -> Iterator[tuple[Prompt, str]]:
    return ((prompt, sentence) for sentence in split(said, prompt.language))


def _timed(verifier: Verifier, prompt: Prompt, sentence: str) -> float:
    quotes = [Quote(quote.text, quote.language) for quote in prompt.quotes if f"[{quote.n}]" in sentence]
    began = time.perf_counter()
    verifier.check(sentence, prompt.language, quotes)
    return (time.perf_counter() - began) * 1000


def first_token(bench: Bench) -> Iterator[Measured]:
    """Compare when the model's first token left it with when the reader saw its first word."""
    bench.say("first token")
    delays = []
    with bench.visiting("quotes@20") as visitor:
        visitor.ask(UNASKED)
        for question in bench.questions[:60]:
            seen = visitor.ask(question.question, question.history)
            if seen.exchanges and (delay := _delay_ms(seen)) is not None:
                delays.append((delay, f"{question.id} begins «{seen.exchanges[0].said[:40]}»"))
    times = sorted(delay for delay, _ in delays)
    slowest = times[int(len(times) * 0.95)]
    yield Measured(
        f"first word after the model's first token, {len(times)} answers at 20 ms a token", "≤ 50 ms",
        f"median {statistics.median(times):.0f} ms, p95 {slowest:.0f} ms", slowest <= 50,
        tuple(f"{id}: {delay:.0f} ms" for delay, id in sorted(delays, reverse=True)[:5]),
    )  # fmt: skip


def _delay_ms(seen: Seen) -> float | None:
    """Return the time from the first token to the first answer that shows the model's first word."""
    exchange = seen.exchanges[0]
    word = exchange.said.split()[0].strip(".,:«»")
    for answer, at in zip(seen.answers, seen.at, strict=True):
        if seen.began + at >= exchange.at[0] and word in answer.text:
            return (seen.began + at - exchange.at[0]) * 1000
    return None


# --- the table -------------------------------------------------------------------------------------------------------

MEASURES: Mapping[str, Callable[[Bench], Iterator[Measured]]] = {
    "random": random_weights, "invents": invented, "attacks": attacked, "failures": failing,
    "verification": verification, "first-token": first_token,
}  # fmt: skip


def measure(names: Sequence[str], console: Console) -> list[Measured]:
    """Measure what is asked for, in order."""
    with tempfile.TemporaryDirectory(prefix="guichet-phrasing-") as folder, serving() as double:
        bench = Bench(double, Path(folder), console)
        return [row for name in names for row in MEASURES[name](bench)]


def report(rows: Sequence[Measured], console: Console) -> None:
    """Print the table, and below it an example or more of what missed its bar."""
    table = Table("what", "bar", "measured", "met")
    for row in rows:
        table.add_row(row.what, row.bar, row.measured, "" if row.met is None else "yes" if row.met else "NO")
    console.print(table)
    for row in rows:
        if row.examples:
            console.print(Text(row.what, style="bold"))
            for example in row.examples:
                console.print(Text(f"  {example}"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 0 when the run was made, bars met or not."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.phrasing", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=MEASURES, action="append", help="measure only this (may be repeated)")
    parser.add_argument("--json", action="store_true", help="print one JSON list, nothing else")
    options = parser.parse_args(arguments)
    try:
        rows = measure(options.only or list(MEASURES), Console(stderr=True, quiet=options.json))
    except (OSError, ValueError, GuichetError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    if options.json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], ensure_ascii=False) + "\n")
        return 0
    console = Console(highlight=False)
    report(rows, console if console.is_terminal else Console(highlight=False, width=150))
    return 0


def _short(answer: Answer) -> str:
    return " ".join(answer.text.split())[:200]


if __name__ == "__main__":
    sys.exit(main())
