"""Opening and closing days as a calendar that people subscribe to (RFC 5545).

Days are days in Brussels and have no hour. Only days that are known to the day are in it: «end of 2026» is no event.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator

from bot.dates import in_words
from bot.programmes import Aid, Fact
from bot.wording import say
from ingest.documents import Language

WIDTH = 75
"""Bytes of a line at most, its end not counted."""
WARNED = "-P6DT15H"
"""When a reader is reminded of a last day: at nine in the morning, a week before."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ADDRESS = re.compile(r"https?://[!#-;=?-Z\[\]_a-z~%]+")


def calendar(aids: Iterable[Aid], today: dt.date, language: Language) -> bytes:
    """Return the days of *aids* that are not past on *today*, as an iCalendar file."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Guichet IA//Programmes//EN", "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(say('programmes_api.calendar', language))}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D", "X-PUBLISHED-TTL:P1D",
    ]  # fmt: skip
    for aid in aids:
        for field, day in days(aid, today):
            lines += _event(aid, field, day, today, language)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def days(aid: Aid, today: dt.date) -> Iterator[tuple[str, dt.date]]:
    """Yield «opens» and «closes» with the day, where it is known to the day, sure, and not past.

    A calendar has no room for «check first», and reminds people who do not read it: what our sources contradict each
    other on, or what waits for another value to be confirmed, is no event.
    """
    unsure = {*aid.disputed, *aid.to_confirm}
    if aid.state == "opens" and aid.opens and len(aid.opens) == 10 and "opens" not in unsure:
        yield "opens", dt.date.fromisoformat(aid.opens)
    if aid.deadline and "closes" not in unsure and (day := dt.date.fromisoformat(aid.deadline)) >= today:
        yield "closes", day


def escaped(text: str) -> str:
    """Return *text* as a value of type TEXT."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> bytes:
    """Return a line with its end, cut where it is too long; no character is cut in two."""
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        # A piece that goes on begins with a space, which counts.
        if len(piece) + len(encoded) > WIDTH:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return b"\r\n".join((*pieces, piece)) + b"\r\n"


def _event(aid: Aid, field: str, day: dt.date, today: dt.date, language: Language) -> list[str]:
    title = aid.title.split(":")[0].strip()
    summary = escaped(say(f"programmes_api.event_{field}", language, title=title))
    lines = [
        "BEGIN:VEVENT", f"UID:{aid.id}.{field}@guichet-ia", f"DTSTAMP:{today:%Y%m%d}T000000Z",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + dt.timedelta(days=1):%Y%m%d}",
        f"SUMMARY;LANGUAGE={language}:{summary}",
        f"DESCRIPTION;LANGUAGE={language}:{escaped(_told(aid, field, language))}", "TRANSP:TRANSPARENT", "CLASS:PUBLIC",
    ]  # fmt: skip
    if (url := _address(aid, field)) is not None:
        lines.append(f"URL:{url}")
    if field == "closes":
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER:{WARNED}", f"DESCRIPTION:{summary}", "END:VALARM"]
    return [*lines, "END:VEVENT"]


def _told(aid: Aid, field: str, language: Language) -> str:
    """Return what the event says: the state, the sentence that gives the day, when it was checked, and to check."""
    lines = [aid.title, aid.state_text]
    if (fact := _fact(aid, field)) and fact.source:
        source = fact.source
        as_of = in_words(source.as_of, language) if source.as_of else say("programmes_api.undated", language)
        lines.append(say("programmes_api.quoted_from", language, quote=source.quote, title=source.title, as_of=as_of))
        if source.url:
            lines.append(source.url)
    if aid.verified_on:
        lines.append(say("programmes_api.verified_on", language, date=in_words(aid.verified_on, language)))
    return "\n".join((*lines, say("programmes_api.verify", language)))


def _fact(aid: Aid, field: str) -> Fact | None:
    return next((fact for fact in aid.facts if fact.field == field), None)


def _address(aid: Aid, field: str) -> str | None:
    """Return the address to go to: the official contact, else the source; nothing that is no plain address."""
    fact = _fact(aid, field)
    known = (aid.contact and aid.contact.url, fact and fact.source and fact.source.url)
    return next((url for url in known if url and _ADDRESS.fullmatch(url)), None)
