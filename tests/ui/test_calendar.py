"""The calendar of days, held to RFC 5545: lines, escapes, properties, and what is no event."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest

from bot.programmes import Aid, Contact, Fact, Proof
from ingest.documents import LANGUAGES, Language
from ui.calendar import WIDTH, calendar, escaped, folded

TODAY = dt.date(2026, 12, 2)
QUOTE = "L'appel se clôture le 17 décembre 2026 ; à 17 h, heure de Bruxelles, au plus tard.\nEnsuite, plus rien."
AID = Aid(
    id="aide-x", title="Aide X, Y; Z : le « grand » appel", language="fr", kind="subsidy", operator="SPW",
    audience=None, state="open", state_text="Aide X : ouvert jusqu'au 17 décembre 2026.", as_of=TODAY.isoformat(),
    opens="2026-12-01", closes="2026-12-17", deadline="2026-12-17",
    facts=(Fact("closes", "2026-12-17", "date", "", "17 décembre 2026",
                Proof(QUOTE, "fr", "aide-x", "Aide X", "https://example.org/appel?a=1&b=2", "2026-02")),),
    contact=Contact("https://example.org/aide", None, confirmed=True), verified_on="2026-11-01", missing=(),
    to_confirm=(), disputed=(),
)  # fmt: skip
Line = tuple[str, dict[str, str], str]


def parsed(file: bytes) -> list[Line]:
    """Return name, parameters and value of each line; whatever is not by the book fails."""
    assert file.endswith(b"\r\n")
    raw = file[:-2].split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in raw)
    assert all(0 < len(line) <= 75 for line in raw)
    for line in raw:
        line.decode("utf-8")  # no character is cut in two
    text = b"".join(b"\r\n" + line if line[:1] not in b" \t" else line[1:] for line in raw).decode("utf-8")
    found = []
    for joined in text.split("\r\n")[1:]:
        matched = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[^;:\",]+)*):(.*)", joined)
        assert matched, joined
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", matched[3])
        parameters = dict(part.split("=") for part in matched[2].split(";")[1:])
        found.append((matched[1], parameters, matched[3]))
    return found


def unescaped(value: str) -> str:
    """Return a value of type TEXT; an escape that there is not fails."""
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value)
    assert not re.search(r"(?<!\\)(?:\\\\)*\\[^\\;,nN]", value)
    return re.sub(r"\\(.)", lambda each: "\n" if each[1] in "nN" else each[1], value)


def components(lines: list[Line]) -> list[dict[str, str]]:
    """Return the events, each with its properties but those of its alarm; components have to nest."""
    opened: list[str] = []
    events: list[dict[str, str]] = []
    for name, _, value in lines:
        if name == "BEGIN":
            opened.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert opened.pop() == value
        elif opened == ["VCALENDAR", "VEVENT"]:
            assert name not in events[-1]
            events[-1][name] = value
    assert not opened
    return events


def test_an_event_is_the_last_day_as_a_whole() -> None:
    """One all-day event, with a stamp, an id that stays, the sentence that gives the day, and where to go."""
    lines = parsed(calendar([AID], TODAY, "fr"))
    (event,) = components(lines)
    assert (event["DTSTART"], event["DTEND"], event["DTSTAMP"]) == ("20261217", "20261218", "20261202T000000Z")
    assert event["UID"] == "aide-x.closes@guichet-ia"
    assert event["URL"] == "https://example.org/aide"
    assert unescaped(event["SUMMARY"]) == "Dernier jour : Aide X, Y; Z"
    told = unescaped(event["DESCRIPTION"])
    assert QUOTE in told
    assert AID.state_text in told
    assert "https://example.org/appel?a=1&b=2" in told
    dates = {name: parameters for name, parameters, _ in lines if name in ("DTSTART", "DTEND")}
    assert dates == {"DTSTART": {"VALUE": "DATE"}, "DTEND": {"VALUE": "DATE"}}


def test_the_calendar_has_what_every_calendar_needs() -> None:
    """Version and product stand once, before the first event."""
    names = [name for name, _, _ in parsed(calendar([AID], TODAY, "fr"))]
    head = names[: names.index("BEGIN", 1)]
    assert {"VERSION", "PRODID", "CALSCALE", "METHOD"} <= set(head)
    assert len(head) == len(set(head))


def test_the_file_is_the_same_all_day() -> None:
    """Nothing in it depends on the moment, so that a client that asks often is told «unchanged»."""
    assert calendar([AID], TODAY, "fr") == calendar([AID], TODAY, "fr")


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, ["closes"]), ({"deadline": None}, []), ({"closes": "2026-12", "deadline": None}, []),
        ({"state": "opens", "opens": "2026-12-05"}, ["opens", "closes"]),
        ({"state": "opens", "opens": "2026-12", "deadline": None}, []),
        ({"state": "closed", "deadline": None}, []), ({"deadline": "2026-12-01"}, []),
        ({"deadline": "2026-12-02"}, ["closes"]),
        ({"disputed": ("closes",)}, []), ({"to_confirm": ("closes",)}, []), ({"disputed": ("rate",)}, ["closes"]),
        ({"state": "opens", "opens": "2026-12-05", "to_confirm": ("opens",)}, ["closes"]),
    ],
)  # fmt: skip
def test_only_days_that_are_known_sure_and_not_past(change: dict[str, Any], fields: list[str]) -> None:
    """A month is no event, nor is a day that has passed, or that is not sure; the day itself is one."""
    events = components(parsed(calendar([replace(AID, **change)], TODAY, "fr")))
    assert [event["UID"] for event in events] == [f"aide-x.{field}@guichet-ia" for field in fields]


def test_a_reminder_comes_a_week_before_in_the_morning() -> None:
    """The alarm belongs to its event and says what it is about."""
    lines = parsed(calendar([AID], TODAY, "en"))
    start = lines.index(("BEGIN", {}, "VALARM"))
    end = lines.index(("END", {}, "VALARM"))
    alarm = {name: value for name, _, value in lines[start + 1 : end]}
    assert alarm["ACTION"] == "DISPLAY"
    assert alarm["TRIGGER"] == "-P6DT15H"
    assert unescaped(alarm["DESCRIPTION"]) == "Last day: Aide X, Y; Z"


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language(language: Language) -> None:
    """The words are those of the language; the sentence stays as it stands in its source."""
    (event,) = components(parsed(calendar([AID], TODAY, language)))
    assert QUOTE in unescaped(event["DESCRIPTION"])
    summaries = {"fr": "Dernier jour", "nl": "Laatste dag", "de": "Letzter Tag", "en": "Last day"}
    assert event["SUMMARY"].startswith(summaries[language])


@pytest.mark.parametrize(
    "hostile",
    [
        "x\r\nBEGIN:VEVENT\r\nUID:evil", "x\nATTACH:https://evil.example", "\x00\x07\x1b[2J", "é" * 200, "🦔" * 60,
        "\\n;,:\\", 'quote"quote', "\u2028\u2029\x85", "\ud800", "a" * 75, "", " lead", "\ttab",
    ],
)  # fmt: skip
def test_no_text_breaks_out_of_its_line(hostile: str) -> None:
    """Whatever a title or a sentence holds, there is one event and it is by the book."""
    proof = Proof(hostile, "fr", "aide-x", hostile, f"https://example.org/{hostile}", None)
    aid = replace(AID, title=hostile, state_text=hostile, contact=None,
                  facts=(Fact("closes", "2026-12-17", "date", "", "", proof),))  # fmt: skip
    (event,) = components(parsed(calendar([aid], TODAY, "fr")))
    assert event["UID"] == "aide-x.closes@guichet-ia"
    assert "ATTACH" not in event
    assert re.fullmatch(r"https?://[!-~]+", event.get("URL", "https://x"))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a b", "https://x\r\nATTACH:y", "ftp://x", 'https://x"']
)
def test_only_plain_addresses_are_links(url: str) -> None:
    """An address that is none stands in no URL property."""
    (event,) = components(
        parsed(calendar([replace(AID, contact=Contact(url, None, confirmed=True), facts=())], TODAY, "fr"))
    )
    assert "URL" not in event


@pytest.mark.parametrize("length", range(60, 240, 7))
def test_lines_are_cut_at_75_bytes_and_join_again(length: int) -> None:
    """Folding loses nothing, whatever the width of the characters."""
    line = ("aé€🦔" * length)[:length]
    pieces = folded(line)[:-2].split(b"\r\n")
    assert all(len(piece) <= WIDTH for piece in pieces)
    assert (pieces[0] + b"".join(piece[1:] for piece in pieces[1:])).decode() == line


def test_escapes() -> None:
    """Backslash first, so that nothing is escaped twice."""
    assert escaped("a\\b;c,d\ne\r\nf") == "a\\\\b\\;c\\,d\\ne\\nf"
