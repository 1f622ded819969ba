"""Our index as a LangChain retriever, in real chains over a real data folder."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from pydantic import ValidationError

from bot import GuichetRetriever
from bot.service import Bot
from ingest.settings import ROOT
from tests.bot import starter

QUESTION = "Quel est le taux du chèque maturité numérique ?"
GUIDE = ROOT / "docs" / "langchain.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guichet's data lie."""
    return tmp_path_factory.mktemp("retriever")


@pytest.fixture(scope="module")
def bot(folder: Path) -> Iterator[Bot]:
    """A bot over a few real sheets, the day after one of them closed."""
    with starter.starter_bot(folder, starter.LAST_DAY.replace(day=18)) as opened:
        yield opened


def test_the_example_of_the_guide_runs(folder: Path) -> None:
    """The lines of the guide, as they stand there, in a process of their own over a new data folder."""
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    environment = {
        **os.environ, "GUICHET_DATA_DIR": str(folder / "data"), "GUICHET_TODAY": "2026-11-30",
        "GUICHET_CORPUS_DIR": str(starter.corpus(folder)), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert "50 %" in done.stdout.replace("\xa0", " ")
    assert "https://" in done.stdout


def test_it_is_a_retriever_and_finds_dated_quotes(bot: Bot) -> None:
    """Each document is a passage with its closest sentence in it, its source, its date and its state."""
    retriever = GuichetRetriever(bot=bot, k=3)
    assert isinstance(retriever, BaseRetriever)
    found = retriever.invoke(QUESTION)
    assert [each.metadata["document"] for each in found] == ["cheque-maturite-numerique"] * 3
    for each in found:
        assert each.metadata["quote"] in each.page_content
        assert each.metadata["language"] == "fr"
        assert each.metadata["state"] == "open"
        assert set(each.metadata) >= {"title", "url", "page", "heading", "as_of", "verified_on", "score"}
    assert any("50" in each.metadata["quote"] for each in found)
    assert [each.metadata["score"] for each in found] == sorted((e.metadata["score"] for e in found), reverse=True)


def test_without_waiting_it_finds_the_same(bot: Bot) -> None:
    """The asynchronous side is the same search, and leaves the event loop to others meanwhile."""
    retriever = GuichetRetriever(bot=bot, k=3)

    async def both() -> tuple[list[Document], int]:
        ticks = 0
        search = asyncio.ensure_future(retriever.ainvoke(QUESTION))
        while not search.done():
            ticks += 1
            await asyncio.sleep(0)
        return await search, ticks

    found, ticks = asyncio.run(both())
    assert found == retriever.invoke(QUESTION)
    assert ticks > 1


def test_filters(bot: Bot) -> None:
    """Languages, number, and programmes that are closed today."""
    question = "EIC Accelerator subside"
    assert len(GuichetRetriever(bot=bot, k=2).invoke(question)) == 2
    assert len(GuichetRetriever(bot=bot, k=2).invoke(question, k=5)) == 5
    dutch = GuichetRetriever(bot=bot, languages=("nl",)).invoke(question)
    assert {each.metadata["language"] for each in dutch} == {"nl"}
    everything = GuichetRetriever(bot=bot, k=20).invoke(question)
    assert "closed" in {each.metadata["state"] for each in everything}
    current = GuichetRetriever(bot=bot, k=20, current=True).invoke(question)
    assert current
    assert "closed" not in {each.metadata["state"] for each in current}


@pytest.mark.parametrize("question", ["", "???", "\x00", "\ud800", "' OR 1=1 --", "a" * 5000, "🦔"])
def test_any_question_gets_a_list(bot: Bot, question: str) -> None:
    """Whatever a chain hands over, the retriever returns documents or none."""
    assert isinstance(GuichetRetriever(bot=bot).invoke(question), list)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"k": 21}, {"language": "it"}, {"currently": True}])
def test_a_wrong_argument_is_refused(bot: Bot, wrong: dict[str, Any]) -> None:
    """A filter that is misspelled would otherwise silently filter nothing."""
    with pytest.raises(ValidationError):
        GuichetRetriever(bot=bot, **wrong)


def test_in_a_chain(bot: Bot) -> None:
    """It takes its place among runnables; several questions go in a batch."""
    sources = GuichetRetriever(bot=bot, k=2) | (lambda found: "\n".join(each.metadata["quote"] for each in found))
    chain = {"sources": sources, "question": RunnablePassthrough()} | ChatPromptTemplate.from_template(
        "{sources}\n{question}"
    )
    first, second = chain.batch([QUESTION, "Qu'est-ce que Start IA ?"])
    assert "50" in first.to_string()
    assert "Start IA" in second.to_string()


def test_it_does_not_show_the_bot(bot: Bot) -> None:
    """What traces print of a retriever is its filters, not the library."""
    assert "bot" not in GuichetRetriever(bot=bot).model_dump()
    assert "Bot" not in repr(GuichetRetriever(bot=bot))


def test_langchain_is_loaded_by_this_module_only() -> None:
    """Whoever opens a bot pays nothing for a retriever that nobody uses."""
    code = "import sys; import bot.bootstrap; print('langchain_core' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_it_is_imported_from_the_package_and_only_then() -> None:
    """``from bot import GuichetRetriever`` is enough; ``import bot`` loads nothing else, and has no other names."""
    code = (
        "import sys; before = set(sys.modules); import bot; print(sorted(set(sys.modules) - before));"
        "from bot import GuichetRetriever; print(GuichetRetriever.__module__, hasattr(bot, 'Nothing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded, named = done.stdout.splitlines()
    assert "bot" in loaded
    assert not any(each in loaded for each in ("bot.", "ingest", "langchain", "numpy", "pydantic"))
    assert named == "bot.retriever False"


def test_a_second_process_is_told_who_owns_the_folder(bot: Bot, folder: Path) -> None:
    """While one process has the data folder open, another gets a sentence instead of a damaged index."""
    code = "from bot.bootstrap import open_bot\nwith open_bot(): pass"
    environment = {**os.environ, "GUICHET_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert str(folder / "data") in done.stderr.splitlines()[-1]
