"""How documents stand in the lists of the desk, and how long lists are parted into pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingest.documents import LANGUAGES, Language
from ingest.revisions import Revision, State
from ui.markup import Markup, tag
from ui.staff import forms
from ui.staff.forms import words
from ui.words import date_in_words

LOOKS: Mapping[State, str] = {
    "received": "quiet", "refused": "bad", "draft": "attention", "waiting": "attention", "scheduled": "attention",
    "published": "good", "replaced": "quiet", "archived": "quiet", "discarded": "quiet",
}  # fmt: skip


def named(revision: Revision) -> Markup:
    """Return the title of a revision, or the name of its file, as the way to its page."""
    return forms.link(forms.address("documents", revision.number), revision.title or revision.name)


def in_languages(revisions: Sequence[Revision], language: Language) -> Markup:
    """Return a document by its title in the reader's language, if it has one, with a link to each of its languages."""
    leading = next((each for each in revisions if each.language == language), revisions[0])
    others = [each for each in revisions if each is not leading]
    links = [
        forms.link(forms.address("documents", each.number), (each.language or "").upper())
        for each in sorted(others, key=lambda each: LANGUAGES.index(each.language or "fr"))
    ]
    return tag("span", named(leading), tag("span", [tag("span", " ", link) for link in links], class_="languages"))


def state_badge(found: Revision, language: Language) -> Markup:
    """Return the state of a revision in words."""
    key, date = found.state, ""
    if found.state == "scheduled":
        date = date_in_words(found.publish_on, language)
    elif found.state == "published" and found.expires_on:
        key, date = "published_until", date_in_words(found.expires_on, language)  # type: ignore[assignment]
    return forms.badge(LOOKS[found.state], words(f"desk_documents.state_{key}", language, date=date))


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a long list that is shown: things *start* to *end* of *total*."""

    start: int
    total: int
    size: int

    @property
    def end(self) -> int:
        """The first thing that is not shown any more."""
        return min(self.start + self.size, self.total)


def page(asked: str, total: int, size: int) -> Part:
    """Return the part that an address asks for by its first thing; of nonsense, the first one."""
    start = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
    last = max(0, total - 1) // size * size
    return Part(min(start // size * size, last), total, size)


def pages(part: Part, where: Callable[[int], str], language: Language) -> Markup | None:
    """Return the way to the parts before and after; *where* is the address of the part that begins at a number."""
    if part.total <= part.size:
        return None
    said = words("desk.part", language, first=part.start + 1, last=part.end, total=part.total)
    before = forms.link(where(part.start - part.size), words("desk.part_before", language)) if part.start else None
    after = forms.link(where(part.end), words("desk.part_after", language)) if part.end < part.total else None
    return tag("nav", tag("p", said), before, after, class_="row pages", aria_label=said)
