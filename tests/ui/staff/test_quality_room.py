"""The quality room: figures of the last weeks, control questions, and the preview of a change."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from sqlalchemy.orm import Session

from bot.answers import STATUSES
from bot.preview import PreviewTooSlow
from bot.wording import catalogue
from ingest.database import AnswerRow, now
from ingest.documents import LANGUAGES
from tests.bot.previewing import BUS, COURSE, COVERS, FINANCES, Desk, covering, opened
from ui.staff.desk import Desk as StaffDesk
from ui.staff.desk import NoSuchPlace, Outcome, Step
from ui.staff.people import Person
from ui.staff.rooms.quality import Quality

WORDS = {key.partition(".")[2]: texts for key, texts in catalogue().items() if key.startswith("desk_quality.")}
ROOMS = Path(__file__).parents[3] / "ui" / "staff" / "rooms"
ELLA, PAUL = Person("ella", "editor"), Person("paul", "publisher")
PAYLOAD = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Desk]:
    """A library with two documents, its bot and its previews."""
    with opened(tmp_path) as desk:
        yield desk


@pytest.fixture
def room(found: Desk) -> StaffDesk:
    """A staff desk with this room only."""
    return StaffDesk([Quality(found.library, found.previews)])


def act(room: StaffDesk, action: str, person: Person = ELLA, **fields: str) -> Outcome:
    """Return what an action says in the end."""
    *_, last = room.act(person, "en", "quality", f"quality.{action}", fields)
    assert isinstance(last, Outcome)
    return last


def seen(room: StaffDesk, address: str = "quality", person: Person = ELLA) -> str:
    """Return what the room shows, as the eye reads it."""
    shown = re.sub(r"<[^>]+>", " ", room.show(person, "en", address))
    return " ".join(html.unescape(shown).split())


def text_of(shown: str, element: str) -> list[str]:
    """Return what stands in each *element*."""
    return [re.sub(r"<[^>]+>", "", each) for each in re.findall(rf"<{element}[ >].*?</{element}>", shown)]


# --- the preview of a change -------------------------------------------------------------------------------------


def test_a_preview_is_run_and_shown(found: Desk, room: StaffDesk) -> None:
    """An editor runs it step by step; then the summary and both answers are seen, with what differs marked."""
    number = found.draft(covering("50 %"))
    address = f"quality/preview?revisions={number}"
    assert "has not been looked at yet" in seen(room, address)
    *steps, last = room.act(ELLA, "en", address, "quality.run", {"revisions": str(number), "gone": ""})
    assert [step.text for step in steps if isinstance(step, Step)][:2] == [
        "Preparing the documents…", "Question 1 of 2…",
    ]  # fmt: skip
    assert last == Outcome("The comparison is done. Answers that change: 1.")
    shown = room.show(ELLA, "en", address)
    assert "Control questions that lose their right answer: 1" in shown
    assert "2, of which 2 control questions and 0 by visitors" in shown
    assert "2 before, 1 after" in shown
    assert COVERS in shown
    assert "“70 %” is not said" in seen(room, address)
    assert "70" in text_of(shown, "del")
    assert "50" in text_of(shown, "ins")
    assert "removed: " in text_of(shown, "span")
    assert f'href="#/documents/{number}"' in shown


def test_changes_are_filtered_by_kind(found: Desk, room: StaffDesk) -> None:
    """Each kind has a view with its count; a kind that nobody knows shows all."""
    found.live.bot.ask("Combien paie la prime formation par heure de cours ?")
    one, two = found.draft(covering("50 %")), found.draft(COURSE)
    found.run(one, two)
    address = f"quality/preview?revisions={one},{two}"
    assert re.search(r"All \(\d\) Worse \(1\) Better \(1\)", seen(room, address))
    better = seen(room, f"{address}&kind=better")
    assert "Combien paie la prime formation" in better
    assert COVERS not in better
    assert COVERS in seen(room, f"{address}&kind=worse")
    assert COVERS in seen(room, f"{address}&kind=nonsense")
    assert "No answers of this kind." in seen(room, f"{address}&from=99")


def test_removing_a_document_is_previewed(found: Desk, room: StaffDesk) -> None:
    """The address may name documents that go; one that is not there is said when it is run."""
    assert "Would be removed: Prêt vert" in seen(room, "quality/preview?gone=fr/pret")
    assert act(room, "run", gone="fr/pret", revisions="").message.startswith("The comparison is done.")
    assert act(room, "run", gone="fr/nothing") == Outcome(WORDS["not_possible"]["en"], failed=True)


def test_publishing_asks_for_a_reason_where_control_questions_break(found: Desk, room: StaffDesk) -> None:
    """A publisher may overrule, with a reason; an editor sees no way to publish; a clear change asks for none."""
    broken, clear = found.draft(covering("50 %")), found.draft(BUS)
    found.run(broken)
    found.run(clear)
    overruled = room.show(PAUL, "en", f"quality/preview?revisions={broken}")
    assert 'data-action="documents.publish"' in overruled
    assert re.search(r'<input[^>]* name="reason" required', overruled)
    assert f'name="number" value="{broken}"' in overruled
    plain = room.show(PAUL, "en", f"quality/preview?revisions={clear}")
    assert 'data-action="documents.publish"' in plain
    assert 'name="reason"' not in plain
    assert "documents.publish" not in room.show(ELLA, "en", f"quality/preview?revisions={broken}")


def test_what_is_out_of_date_says_so_and_publishes_nothing(found: Desk, room: StaffDesk) -> None:
    """After a publication the preview is shown as out of date, without a way to publish from it."""
    number = found.draft(covering("50 %"))
    found.run(number)
    found.library.publish([found.draft(BUS)], "paul")
    shown = room.show(PAUL, "en", f"quality/preview?revisions={number}")
    assert "Out of date" in shown
    assert "documents.publish" not in shown


def test_a_purged_question_is_not_shown(found: Desk, room: StaffDesk) -> None:
    """A visitor's question is read from its receipt; when that is purged, only the answers are left."""
    found.live.bot.ask(f"{COVERS} Pour ma boulangerie.")
    number = found.draft(covering("50 %"))
    found.run(number)
    address = f"quality/preview?revisions={number}"
    assert "Pour ma boulangerie" in room.show(ELLA, "en", address)
    found.library.receipts.purge(now() + dt.timedelta(seconds=1))
    shown = room.show(ELLA, "en", address)
    assert "boulangerie" not in shown
    assert "This question is no longer kept" in shown


def test_everything_is_escaped(found: Desk, room: StaffDesk) -> None:
    """Titles, texts, questions, addresses and names are shown as text, whatever they hold."""
    draft = covering("50 %")
    number = found.draft(dataclasses.replace(draft, title=f"Prime {PAYLOAD}"))
    found.live.bot.ask(f"{COVERS} {PAYLOAD}")
    *_, _last = found.previews.run([number], [], f"ella{PAYLOAD}")
    pages = [
        room.show(PAUL, "fr", f"quality/preview?revisions={number}&kind={PAYLOAD}&from={PAYLOAD}"),
        room.show(PAUL, "fr", "quality/preview?gone=fr/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"),
    ]
    for shown in pages:
        assert "<img" not in shown
        assert "&lt;img src=x" in shown


@pytest.mark.parametrize(
    "address",
    ["nowhere", "preview/1", "preview?revisions=1;2", "preview?revisions=²", f"preview?revisions={'1,' * 2_001}"],
)
def test_addresses_of_nothing_are_no_place(room: StaffDesk, address: str) -> None:
    """What names no page and no change is not found; nothing is guessed."""
    with pytest.raises(NoSuchPlace):
        room.show(ELLA, "en", f"quality/{address}")


def test_revisions_that_are_not_there_are_said(room: StaffDesk) -> None:
    """An unknown revision is shown by its number, and cannot be compared; no change at all is told what to do."""
    assert "Would be published: 9999" in seen(room, "quality/preview?revisions=9999")
    assert act(room, "run", revisions="9999") == Outcome(WORDS["not_possible"]["en"], failed=True)
    assert act(room, "run") == Outcome(WORDS["preview_nothing"]["en"], failed=True)
    assert WORDS["preview_nothing"]["en"] in seen(room, "quality/preview")


def test_the_second_preview_is_told_of_the_first(found: Desk, room: StaffDesk) -> None:
    """While one is made, another is refused in words, the page shows it, and it can be stopped."""
    number = found.draft(BUS)
    assert act(room, "stop") == Outcome("No comparison is under way.", failed=True)
    first = found.previews.run([number], [], "paul")
    for _ in range(2):
        next(first)
    refused = act(room, "run", revisions=str(number))
    assert refused.failed
    assert refused.message.startswith("paul is already making a comparison (question 1 of 2)")
    assert 'data-refresh="2"' in room.show(ELLA, "en", "quality")
    assert act(room, "stop") == Outcome("The comparison is being stopped.")
    with pytest.raises(Exception, match="stopped"):
        list(first)
    assert "data-refresh" not in room.show(ELLA, "en", "quality")


def test_every_end_is_a_sentence_in_the_language_of_the_desk(
    found: Desk, room: StaffDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the previews raise is told in the words of the catalogue."""

    def slow(*_: object) -> Iterator[None]:
        raise PreviewTooSlow("in English")
        yield

    monkeypatch.setattr(found.previews, "run", slow)
    *_, last = room.act(ELLA, "de", "quality", "quality.run", {"revisions": "1"})
    assert last == Outcome(WORDS["too_slow"]["de"], failed=True)


# --- the home of the room ----------------------------------------------------------------------------------------


def test_control_questions_are_asked_and_failures_listed(found: Desk, room: StaffDesk) -> None:
    """The button asks them; what fails is listed with what it lacks, and counted in the menu."""
    assert "The 2 control questions have not been asked yet." in seen(room)
    assert act(room, "check").message == "2 of 2 control questions get the right answer."
    found.library.publish([found.draft(covering("50 %"))], "paul")
    assert "This preview is out of date" in seen(room)
    assert room.rooms["quality"].count() == 0
    assert act(room, "check").message == "1 of 2 control questions get the right answer."
    shown = seen(room)
    assert COVERS in shown
    assert "“70 %” is not said" in shown
    assert FINANCES not in shown
    assert room.rooms["quality"].count() == 1


def test_a_wrong_file_is_told(found: Desk, room: StaffDesk) -> None:
    """A file that cannot be read is told with its line, on the page and by the action; an empty one says what to do."""
    assert found.settings.golden_questions
    found.settings.golden_questions.write_text("{", encoding="utf-8")
    assert "golden.jsonl, line 1" in seen(room)
    assert "golden.jsonl, line 1" in act(room, "check").message
    found.settings.golden_questions.write_text("", encoding="utf-8")
    assert WORDS["golden_none"]["en"] in seen(room)


def test_the_last_weeks_are_told_in_figures(found: Desk, room: StaffDesk) -> None:
    """Answers, shares, thumbs, words and times stand by week, then by outcome and language."""
    assert WORDS["weeks_empty"]["en"] in seen(room)
    bot = found.live.bot
    given = [bot.ask(COVERS), bot.ask(COVERS, language="nl"), bot.ask("Bonjour"), bot.ask(FINANCES)]
    found.live.feedback(given[0].id, 1)
    found.live.feedback(given[1].id, -1)
    with Session(found.library.engine) as session, session.begin():
        session.get_one(AnswerRow, given[3].id).at = now() - dt.timedelta(days=100)
        row = session.get_one(AnswerRow, given[0].id)
        row.data = json.loads(json.dumps(row.data | {"timings": {"retrieve": 90_000.0, "compose": 2.0}}))
    shown = seen(room)
    assert re.search(r" 3 67% 1 1 \d+ \d+ ms 90002 ms ", shown)
    assert "answered 2 67%" in shown
    assert "French 2 67%" in shown
    assert "Dutch 1 33%" in shown
    assert '<meter value="67" min="0" max="100"' in room.show(ELLA, "en", "quality")
    assert 'href="/quality"' in room.show(ELLA, "en", "quality")


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", WORDS)
def test_every_string_is_there_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    texts = WORDS[key]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert all(place == places[0] for place in places)


def test_every_status_has_a_word() -> None:
    """However an answer ends, the room has a word for it."""
    assert {f"status_{status}" for status in STATUSES} <= set(WORDS)
