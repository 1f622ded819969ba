"""The public quality page, in process, over figures of a made-up release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ingest.documents import LANGUAGES, Language
from ingest.settings import load
from tests.ui.released import MISSED, SAMPLE, UNSEEN
from tests.ui.scripted import ScriptedBot
from ui import quality
from ui.server import create_app


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of the figures of a release."""
    path = tmp_path / "quality.json"
    quality.write(SAMPLE, path)
    return path


@pytest.fixture
def visitor(file: Path) -> Iterator[TestClient]:
    """A client of an application that ships with the figures."""
    with TestClient(create_app(ScriptedBot(), load(), figures=file)) as client:
        yield client


def text_of(page: str) -> str:
    """Return what a reader sees of a page, on one line."""
    body = page.partition("<body")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\u00a0", " ").split())


def test_figures_are_read_as_they_were_written(file: Path) -> None:
    """What a release writes, the page reads, whole."""
    assert quality.read(file) == SAMPLE


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"released": 1}'])
def test_a_file_of_another_form_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    """A damaged file, or one of another version, gives no figures rather than wrong ones."""
    path = tmp_path / "quality.json"
    path.write_bytes(content)
    assert quality.read(path) is None


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("fr", "Les chiffres de cette version ne sont pas encore publiés"), ("nl", "nog niet gepubliceerd"),
     ("de", "noch nicht veröffentlicht"), ("en", "The figures of this release are not published yet")],
)  # fmt: skip
def test_absent_figures_are_said(tmp_path: Path, language: str, sentence: str) -> None:
    """Without the file the page says in the reader's language that there are no figures, and shows none."""
    with TestClient(create_app(ScriptedBot(), load(), figures=tmp_path / "none.json")) as client:
        response = client.get(f"/quality?lang={language}")
    assert response.status_code == 200
    assert sentence in text_of(response.text)
    assert "<table" not in response.text


@pytest.mark.parametrize(
    ("language", "heading"),
    [("fr", "Peut-on se fier aux réponses ?"), ("nl", "Kunt u op de antwoorden vertrouwen?"),
     ("de", "Kann man sich auf die Antworten verlassen?"), ("en", "How good are the answers?")],
)  # fmt: skip
def test_the_page_speaks_four_languages(visitor: TestClient, language: str, heading: str) -> None:
    """The address chooses the language, of the words and of the document."""
    response = visitor.get(f"/quality?lang={language}")
    assert heading in text_of(response.text)
    assert f'<html lang="{language}">' in response.text
    assert response.headers["content-language"] == language


def test_the_browser_chooses_where_the_address_does_not(visitor: TestClient) -> None:
    """Without a language in the address, the browser's is spoken."""
    response = visitor.get("/quality", headers={"Accept-Language": "de-BE,fr;q=0.4"})
    assert response.headers["content-language"] == "de"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_what_the_file_says(visitor: TestClient, language: Language) -> None:
    """Right and wrong answers, the interval, quotes, length, time and the weakest are those of the figures."""
    told = text_of(visitor.get(f"/quality?lang={language}").text)
    for figure in ("88 ", "12 ", "82", "94", "99 ", "97 ", "556", "129", "2026", "58"):
        assert figure in told


def test_dates_are_those_of_the_release_and_of_the_corpus(visitor: TestClient) -> None:
    """The day of the figures and the day of the last comparison with the sources are both in words."""
    told = text_of(visitor.get("/quality?lang=fr").text)
    assert "Chiffres du 1er décembre 2026" in told
    assert "le 23 novembre 2026" in told


def test_what_is_missed_is_told_with_its_goal(visitor: TestClient) -> None:
    """Each missed goal that the page has words for is a line with the value and the limit; others are left out."""
    told = text_of(visitor.get("/quality?lang=en").text)
    assert "Distance between the best and the weakest language: 11 points; goal: at most 6 points." in told
    assert "Computing time: 71 milliseconds; goal: at most 60 milliseconds." in told
    assert "Length in words: 94; goal: at most 90." in told
    assert "among the first five (DE): 85 of 100; goal: at least 88 of 100." in told
    assert "in first place: 75 of 100; goal: at least 80 of 100." in told
    assert "among the first five: 91 of 100; a simple word search does better, with 100 of 100." in told
    assert "the model MiniLM does better, with 91 of 100." in told
    assert "a_set_without_words" not in told


def test_reached_goals_are_said_too() -> None:
    """Where no goal is missed, the page says so instead of an empty list."""
    told = text_of(quality.page(replace(SAMPLE, missed=()), "en", "v"))
    assert "None: all goals of this release are reached." in told


def test_known_questions_are_admitted() -> None:
    """Figures of questions that the team worked with are not passed off as those of fresh ones."""
    told = text_of(quality.page(replace(SAMPLE, sets=(replace(UNSEEN, unseen=False),)), "en", "v"))
    assert "with yours the result may be less good" in told
    assert "Nobody had worked with these questions" not in told


@pytest.mark.parametrize(("share", "said"), [(0.9999, 99), (1.0, 100), (0.0001, 1), (0.0, 0), (0.8833, 88)])
def test_all_and_none_are_said_only_of_all_and_none(share: float, said: int) -> None:
    """A rounded figure never claims perfection, nor hides the last case."""
    assert quality.of_hundred(share) == said


def test_the_page_needs_no_script(visitor: TestClient) -> None:
    """There is no script on the page, and its policy would run none."""
    response = visitor.get("/quality")
    assert "<script" not in response.text
    assert "script-src 'none'" in response.headers["content-security-policy"]


def test_every_goal_of_the_sample_is_escaped() -> None:
    """A figure whose name holds markup cannot become markup."""
    evil = replace(MISSED[0], key="<b>/answers/spread")
    assert "<b>" not in quality.page(replace(SAMPLE, missed=(evil,)), "en", "v")


def test_the_shipped_figures_can_be_told() -> None:
    """The file that ships with the product has the form that the page reads."""
    assert quality.read() is not None


def test_the_about_panel_leads_to_the_page(visitor: TestClient) -> None:
    """The chat page's about text has a link to the quality page in the same language."""
    about = visitor.get("/?lang=nl").text.partition('<template id="about"')[2].partition("</template>")[0]
    assert 'href="quality?lang=nl"' in about
