"""The room of the gap board: what staff see of the questions, and what they can do with them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.gaps import Board
from bot.gaps.board import PAGE
from bot.service import Bot
from bot.wording import catalogue
from ingest.database import connect, now
from ingest.documents import LANGUAGES, Language
from ingest.errors import UnreadableFile
from ingest.journal import Journal
from tests.bot.asking import labelled, rate, receipt, receipts
from tests.bot.library import document, small_bot
from ui.markup import Markup
from ui.staff.charts import Series, bars, sparkline, stacked
from ui.staff.desk import Desk, NotAllowed, Outcome
from ui.staff.forms import words
from ui.staff.people import Person
from ui.staff.rooms.questions import Questions
from ui.staff.spreadsheet import safe, spreadsheet

EDITOR, PUBLISHER = Person("Léa", "editor"), Person("Marc", "publisher")
ROBOT = "Existe-t-il une aide pour acheter un robot de soudure ?"
DRONE = "Existe-t-il une aide pour acheter un drone agricole ?"
XSS = "<script>alert(1)</script> une aide pour un robot de soudure <img src=x onerror=alert(2)>"
LOAN = document("pret", "fr", "Prêt vert", "Le prêt vert finance des machines économes.", kind="programme")


class Drafts:
    """Where documents are started: a genuine one keeps them in the library."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Language, str, str]] = []

    def start(self, title: str, language: Language, text: str, by: str) -> int:
        """Keep a draft and return its number; one that is called taken is refused."""
        if title == "taken":
            raise UnreadableFile("taken: larger than permitted", "too_large")
        self.made.append((title, language, text, by))
        return 40 + len(self.made)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with small_bot(tmp_path_factory.mktemp("small"), LOAN) as opened:
        yield opened


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture
def drafts() -> Drafts:
    return Drafts()


@pytest.fixture
def room(small: Bot, engine: Engine, drafts: Drafts) -> Questions:
    board = Board(small.library, engine, lambda: now().date())
    return Questions(board, Journal(engine), drafts.start)


@pytest.fixture
def desk(room: Questions) -> Desk:
    return Desk([room])


class Balance(HTMLParser):
    """Checks that what is opened is closed, and collects ids and tags."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("input", "br", "hr", "use", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def act(desk: Desk, person: Person, action: str, **fields: str) -> Outcome:
    """Do an action of the room and return its outcome."""
    *_, last = desk.act(person, "fr", "questions", f"questions.{action}", fields)
    assert isinstance(last, Outcome)
    return last


def shown(desk: Desk, address: str, person: Person = PUBLISHER, language: Language = "fr") -> Markup:
    """Return a page of the room, whose markup holds together: no id twice."""
    page = desk.show(person, language, address)
    balance = Balance(page)
    assert balance.open == []
    assert sorted(balance.ids) == sorted(set(balance.ids))
    return page


def rows_of(content: bytes) -> list[list[str]]:
    """Return the rows of a file as a spreadsheet reads them."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


# Looking


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_board_says_what_to_do_first(desk: Desk, language: Language) -> None:
    """A board without items says how one comes there, and the charts say that there is nothing."""
    board = catalogue()["desk_questions.empty_board"][language][:20]
    assert board in shown(desk, "questions", language=language)
    assert 'class="empty"' in shown(desk, "questions/trends", language=language)


def test_without_kept_questions_the_room_says_why(small: Bot, engine: Engine, drafts: Drafts) -> None:
    """Where visitors' words are not kept the board names the setting instead of promising items."""
    room = Questions(Board(small.library, engine, lambda: now().date()), Journal(engine), drafts.start, 0)
    assert "GUICHET_QUESTION_DAYS" in shown(Desk([room]), "questions")


def test_the_list_shows_what_is_asked(desk: Desk, room: Questions, engine: Engine) -> None:
    """A row holds the question, its count, kinds, languages, trend, programme, state and owner."""
    receipt(engine, ROBOT, near="pret")
    receipt(engine, "Is there a grant to buy a welding robot?", "en", status="partial")
    page = shown(desk, "questions")
    for text in (ROBOT[:40], "pas dans nos sources (1)", "réponse peu sûre (1)", "en 1, fr 1", "nouveau",
                 "Prêt vert (le plus proche)", "à faire", "personne"):  # fmt: skip
        assert text in page
    assert room.count() == 1


def test_what_visitors_write_is_data(desk: Desk, engine: Engine) -> None:
    """Markup in a question, a remark, a title or a filter is shown as it was written, on every page."""
    id = receipt(engine, XSS, status="answered", evidence=0.9)
    rate(engine, id, -1, "<b onmouseover=alert(3)>non</b>")
    shown(desk, "questions")
    act(desk, EDITOR, "rename", id="1", title='"><script>alert(4)</script>')
    act(desk, EDITOR, "note", id="1", note="</textarea><script>alert(5)</script>")
    for address in ("questions", "questions/1", "questions?text=<script>&state=<script>&page=<b>", "questions/<b>"):
        page = shown(desk, address)
        assert not {"script", "img", "b"} & set(Balance(page).tags)
    assert "&lt;script&gt;alert(1)" in shown(desk, "questions/1")
    assert "&lt;b onmouseover" in shown(desk, "questions/1")


def test_a_page_of_the_list_leads_to_the_next(desk: Desk, engine: Engine) -> None:
    """Many items are shown in pages whose links keep the filters; a page beyond the last is the last."""
    asked = [(text, la, 0.0) for part in labelled().values() for group in part for la, text in group]
    asked += [
        (f"Où sont {what} ?", "fr", 0.0) for what in ("les girafes", "mes clés", "la lune et Mars", "Noël, Pâques")
    ]
    receipts(engine, asked)
    first = shown(desk, "questions?state=todo&text=a")
    assert int(re.search(r"trouvés\W+(\d+)", first)[1]) > PAGE  # type: ignore[index]
    assert "questions?state=todo&amp;text=a&amp;page=2" in first
    assert shown(desk, "questions?state=todo&page=2") == shown(desk, "questions?state=todo&page=99")


def test_an_item_that_is_not_there_is_said(desk: Desk) -> None:
    """An unknown number shows a sentence and the way back, and no action on it works."""
    assert "n'existe pas" in shown(desk, "questions/17").replace("’", "'").replace("&#x27;", "'")
    assert act(desk, EDITOR, "take", id="17").failed
    assert act(desk, EDITOR, "take", id="x").failed
    assert act(desk, EDITOR, "start", id="17", heading="T", text="x").failed


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_item_is_shown_in_four_languages(desk: Desk, engine: Engine, language: Language) -> None:
    """The page of an item shows questions, facts and actions in the language of the desk."""
    receipt(engine, ROBOT)
    page = shown(desk, "questions/1", language=language)
    assert catalogue()["desk_questions.start"][language] in page
    assert f'lang="fr">{ROBOT[:20]}' in page


# Doing


def test_an_editor_works_on_items_and_a_publisher_closes_them(desk: Desk, engine: Engine) -> None:
    """Taking, naming, noting and reopening are an editor's; closing, merging and splitting are not."""
    receipt(engine, ROBOT)
    shown(desk, "questions")
    for action in ("done", "merge", "split"):
        with pytest.raises(NotAllowed):
            act(desk, EDITOR, action, id="1")
    assert 'data-action="questions.done"' not in shown(desk, "questions/1", EDITOR)
    assert not act(desk, EDITOR, "take", id="1", owner="").failed
    assert "Léa" in shown(desk, "questions")
    assert not act(desk, PUBLISHER, "done", id="1").failed
    page = shown(desk, "questions/1")
    assert "Terminé par Marc" in page
    assert not act(desk, EDITOR, "reopen", id="1").failed
    history = shown(desk, "questions/1")
    assert all(what in history for what in ("Léa", "Marc", "pris en charge", "rouvert"))


def test_a_document_is_started_from_an_item(desk: Desk, engine: Engine, drafts: Drafts) -> None:
    """The draft holds what staff wrote and no question; the item links to it and is in hand."""
    receipt(engine, ROBOT)
    before = shown(desk, "questions/1")
    start = before[before.index("questions.start") :]
    assert "soudure" not in start[: start.index("</form>")]
    done = act(desk, EDITOR, "start", id="1", heading=" Prime  robot ", in_language="nl", text="De premie…")
    assert (done.failed, done.go) == (False, "documents/41")
    assert drafts.made == [("Prime robot", "nl", "De premie…", "Léa")]
    page = shown(desk, "questions/1")
    assert "#/documents/41" in page
    assert "en cours" in page


def test_a_draft_that_cannot_be_started_changes_nothing(desk: Desk, engine: Engine, drafts: Drafts) -> None:
    """Missing fields are said beside the field, a refusal in its own words, and the item stays to do."""
    receipt(engine, ROBOT)
    shown(desk, "questions")
    assert set(act(desk, EDITOR, "start", id="1", heading=" ", text="").wrong) == {"heading", "text"}
    refused = act(desk, EDITOR, "start", id="1", heading="taken", text="x", in_language="xx")
    assert refused.message == words("desk_findings.refused_too_large", "fr", name="taken")
    assert "à faire" in shown(desk, "questions/1")


def test_items_are_merged_and_split(desk: Desk, engine: Engine) -> None:
    """Two items become one and apart again; a choice that makes no sense is said."""
    receipt(engine, ROBOT)
    drone = receipt(engine, DRONE)
    assert DRONE[:30] in shown(desk, "questions/1")  # offered for a merge
    assert act(desk, PUBLISHER, "merge", id="1", into="1").wrong.keys() == {"into"}
    assert act(desk, PUBLISHER, "merge", id="2", into="1").go == "questions/1"
    assert DRONE[:30] in shown(desk, "questions/2")
    assert act(desk, PUBLISHER, "split", id="1", chosen="").failed
    assert act(desk, PUBLISHER, "split", id="1", chosen=drone).go == "questions/3"
    assert "drone" in shown(desk, "questions/3")


# Files


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1", "\n=1", "＝1", "\x00=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """Whatever a spreadsheet may compute begins with a quote; other texts are left alone."""
    assert safe(cell).startswith("'")
    assert safe('2025: 50 % = la moitié; "oui"') == '2025: 50 % = la moitié; "oui"'


def test_a_file_is_read_as_it_was_written() -> None:
    """Semicolons, quotes, line ends and accents come back as they were, figures as figures."""
    cell = 'é;"x"\ny'
    assert rows_of(spreadsheet(["a", "b"], [[cell, 3]])) == [["a", "b"], [cell, "3"]]


def test_the_board_leaves_the_house_without_visitors_words(desk: Desk, engine: Engine) -> None:
    """The file of the items holds counts and what staff wrote, formulas made harmless, and no question."""
    receipt(engine, ROBOT, near="pret")
    receipt(engine, DRONE)
    shown(desk, "questions")
    act(desk, EDITOR, "rename", id="2", title="=HYPERLINK(1)")
    export, content = desk.export(EDITOR, "fr", "questions", "gaps.csv")
    head, *rows = rows_of(content)
    assert export.media_type.startswith("text/csv")
    assert [row[:2] for row in rows] == [["1", ""], ["2", "'=HYPERLINK(1)"]]
    assert b"soudure" not in content
    assert dict(zip(head, rows[0], strict=True))["Fois posée"] == "1"


def test_the_weeks_are_a_file(desk: Desk, engine: Engine) -> None:
    """A row a week of the last year, a column a status; the present week is the last."""
    receipt(engine, ROBOT, status="answered", evidence=0.9)
    receipt(engine, DRONE, status="refused")
    head, *rows = rows_of(desk.export(EDITOR, "en", "questions", "weeks.csv")[1])
    assert (len(rows), head[0]) == (52, "Week of")
    last = dict(zip(head, rows[-1], strict=True))
    assert (last["answered"], last["refused"], last["partly"]) == ("1", "1", "0")


def test_the_topics_of_the_weeks_are_a_file(desk: Desk, engine: Engine) -> None:
    """A row a week of the last year, a column a topic; a figure below five is not told, zero neither."""
    receipts(engine, [(f"{ROBOT} {number}", "fr", 0.0) for number in range(6)], near="pret")
    receipts(engine, [(f"{ROBOT} {number}", "fr", 21.0) for number in range(4)], near="pret")
    receipts(engine, [(DRONE, "fr", 0.0)], near="prime")
    head, *rows = rows_of(desk.export(EDITOR, "en", "questions", "topics.csv")[1])
    assert (len(rows), head) == (52, ["Week of", "Prêt vert", "prime"])
    assert rows[-1][1:] == ["6", "< 5"]
    assert {tuple(row[1:]) for row in rows[:-1]} == {("< 5", "< 5")}


# Over time


def test_topics_are_drawn_week_by_week(desk: Desk, engine: Engine) -> None:
    """Each of the most asked topics has its bars over the weeks and its column of figures, none below five."""
    receipts(engine, [(f"{ROBOT} {number}", "fr", 7.0) for number in range(3)], near="pret")
    assert 'id="topic-weeks-title"' not in shown(desk, "questions/trends?weeks=4")
    receipts(engine, [(f"{DRONE} {number}", "fr", 0.0) for number in range(7)], near="pret")
    page = shown(desk, "questions/trends?weeks=4")
    chart = page[page.index('id="topic-weeks-title"') :]
    assert re.findall(r"<td[^>]*>(.*?)</td>", chart[: chart.index("</table>")]) == ["&lt; 5", "&lt; 5", "&lt; 5", "7"]
    assert "Prêt vert 7</title>" in chart
    assert Balance(page).open == []


def test_the_charts_tell_statuses_and_topics(desk: Desk, engine: Engine) -> None:
    """Bars have a name, a description and a table; shares of what is apart are given; the period is chosen."""
    receipts(engine, [(ROBOT, "fr", 1.0)] * 3, near="pret")
    receipts(engine, [(DRONE, "fr", 1.0)] * 1, status="out_of_scope")
    page = shown(desk, "questions/trends?weeks=4")
    assert page.count("<title") >= 2
    assert "4 réponses en 4 semaines" in page.replace("\u00a0", " ")
    assert "25,0 %" in page.replace("\u00a0", " ")
    assert "Prêt vert" in page
    assert '<option value="4" selected>' in page
    assert '<option value="12" selected>' in shown(desk, "questions/trends?weeks=<b>")


def test_small_figures_by_place_are_not_shown(desk: Desk, engine: Engine) -> None:
    """Four different questions on a place are no row; six are a figure, and the other places are below 5."""
    days = now().date().weekday() + 3.0
    receipts(engine, [(f"{ROBOT} à Liège {n}", "fr", days) for n in range(4)], near="pret")
    assert "Pas encore assez" in shown(desk, "questions/trends")


def test_places_asked_often_are_shown(desk: Desk, engine: Engine) -> None:
    """Six different questions are a figure, and what was asked once is told from nothing by nobody."""
    days = now().date().weekday() + 3.0
    receipts(engine, [(f"{ROBOT} à Liège {n}", "fr", days) for n in range(6)], near="pret")
    receipts(engine, [(f"{ROBOT} à Gand", "fr", days)], near="pret")
    page = shown(desk, "questions/trends")
    table = page[page.rindex("<table") :]
    assert re.findall(r"<td[^>]*>(.*?)</td>", table) == ["6", "&lt; 5", "&lt; 5", "&lt; 5"]


def test_a_chart_tells_the_same_as_its_table() -> None:
    """Heights are in proportion, names are escaped, an empty chart is drawn too."""
    series = [Series("<b>", "good", [10, 0]), Series("two", "attention", [10, 5])]
    chart = stacked("c", "T", "D", ["one", "x"], series, "W", "en")
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" fill="[^"]*(?:open|c-attention)', chart)]
    assert heights[:3] == [85.0, 85.0, 42.5]
    assert "<b>" not in chart
    assert 'aria-labelledby="c-title c-desc"' in chart
    assert Balance(stacked("c", "T", "D", [], [], "W", "en")).open == []
    assert "10" in bars("b", "T", "D", [("a", 10, 4), ("b", 0, 0)], ("x", "y", "z"), "r", "en")
    assert "&lt;i&gt;" in sparkline([0, 0], "<i>")
    assert Balance(sparkline([], "x")).open == []


# Words


def test_every_string_is_there_in_four_languages_and_used() -> None:
    """No word of the room is missing in a language, none forgets a value, none is left over."""
    texts = {key[15:]: told for key, told in catalogue().items() if key.startswith("desk_questions.")}
    for key, told in texts.items():
        places = {language: sorted(re.findall(r"\{(\w+)\}", told[language])) for language in LANGUAGES}
        assert len({tuple(names) for names in places.values()}) == 1, key
        assert not {"language", "key"} & set(places["fr"]), key
    folder = Path(__file__).parents[3] / "ui" / "staff"
    code = "".join((folder / name).read_text(encoding="utf-8") for name in (
        "charts.py", "rooms/questions.py", "rooms/question.py", "rooms/trends.py"))  # fmt: skip
    families = ("state_", "kind_", "language_", "trend_", "did_", "status_", "region_", "head_", "said_", "wrong_")
    unused = [key for key in texts if not re.search(rf"""['".]{key}['"]""", code) and not key.startswith(families)]
    assert unused == []


def test_two_people_who_write_a_note_hear_of_each_other(desk: Desk, engine: Engine) -> None:
    """The second note overwrites the first only when its writer has been told of it; other changes do not matter."""
    receipt(engine, ROBOT)
    shown(desk, "questions")
    opened = re.search(r'name="seen" value="(\d+)"', desk.show(EDITOR, "fr", "questions/1"))
    assert opened
    assert not act(desk, PUBLISHER, "take", id="1", owner="Marc", seen=opened[1]).failed
    assert not act(desk, PUBLISHER, "note", id="1", note="J'appelle l'agence.", seen=opened[1]).failed
    outcome = act(desk, EDITOR, "note", id="1", note="Fiche en cours.", seen=opened[1])
    assert outcome.wrong == {"note": words("desk.there_now", "fr", value="J'appelle l'agence.")}
    assert "Marc" in outcome.message
    assert not act(desk, EDITOR, "note", id="1", note="Fiche en cours.", **outcome.renewed).failed
