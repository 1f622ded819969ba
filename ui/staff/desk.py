"""The staff desk as data: rooms that show themselves and do what is asked of them. What carries it (Gradio) is apart.

An address such as ``documents/17?tab=text`` names a room, what of it, and how; it is what stands after ``#/`` in the
browser. A room shows an address as markup and does actions: an action gets the fields of a form and returns an
:class:`Outcome`, or yields the steps of a long work before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable
from urllib.parse import parse_qsl, unquote

from ingest.documents import Language
from ingest.errors import ChangedMeanwhile, GuichetError
from ui.markup import Markup
from ui.staff import refusals
from ui.staff.forms import words
from ui.staff.people import Person, Role

SEEN = "seen"
"""The hidden field in which a form carries the mark of what it was opened on."""
Fields = Mapping[str, str]
"""What a form holds; a field that was left empty is an empty string, a list is joined by commas."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at the desk: who, in which language, at which address."""

    person: Person
    language: Language
    path: tuple[str, ...] = ()
    """What follows the room's name: ``("17",)`` of ``documents/17``."""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: one sentence, and the address to show next (None: stay)."""

    message: str
    go: str | None = None
    failed: bool = False
    wrong: Mapping[str, str] = field(default_factory=dict)
    """Sentences about single fields of the form, by the field's name."""
    renewed: Mapping[str, str] = field(default_factory=dict)
    """Hidden fields of the form that get another value, so that sending it once more is meant."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a long action: what is being done, and how far it is."""

    text: str
    done: int = 0
    total: int = 0


Doing = Callable[[Visit, Fields], Outcome | Iterator[Step | Outcome]]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that staff can do in a room, and the role that it needs."""

    role: Role
    do: Doing


@dataclass(frozen=True, slots=True)
class Export:
    """A file to download: ``make`` returns its content."""

    role: Role
    name: str
    media_type: str
    make: Callable[[Visit], bytes]


class Room(Protocol):
    """One entry of the desk's menu."""

    @property
    def name(self) -> str:
        """The first part of its addresses, and of its words in the catalogue (``desk.room_documents``)."""

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be done here, by name; a form names ``documents.publish``."""

    @property
    def exports(self) -> Mapping[str, Export]:
        """What can be downloaded here, by name: ``/staff/export/questions/gaps.csv``."""

    def count(self) -> int:
        """Return how many things wait here for somebody: the number beside its name; 0 shows none."""

    def show(self, visit: Visit) -> Markup:
        """Return what the room looks like at an address."""


@runtime_checkable
class Restricted(Protocol):
    """A room that only some may enter; a room without ``role`` is open to all staff."""

    @property
    def role(self) -> Role:
        """The role that is needed to see the room at all, in the menu too."""


class NotAllowed(GuichetError):
    """Something that the person's role does not permit."""


class NoSuchPlace(GuichetError):
    """An address or an action that the desk does not have."""


class Desk:
    """The rooms together; every way in asks here, and the roles are checked here."""

    def __init__(self, rooms: Sequence[Room]) -> None:
        self.rooms = {room.name: room for room in rooms}

    def open_to(self, person: Person) -> list[Room]:
        """Return the rooms that *person* may enter, in the order of the menu."""
        return [room for room in self.rooms.values() if _may_enter(person, room)]

    def show(self, person: Person, language: Language, address: str) -> Markup:
        """Return the room at *address*; an empty one is the first room. Raises ``NoSuchPlace``, ``NotAllowed``."""
        room, visit = self._find(person, language, address)
        return room.show(visit)

    def act(
        self, person: Person, language: Language, address: str, action: str, fields: Fields
    ) -> Iterator[Step | Outcome]:
        """Do *action* (``documents.publish``) from the page *address*; the last value is the outcome.

        Raises ``NotAllowed`` and ``NoSuchPlace``; errors of the rooms themselves (``GuichetError``) become outcomes.
        """
        _, visit = self._find(person, language, address)
        name, _, verb = action.partition(".")
        room = self.rooms.get(name)
        if room is None or verb not in room.actions:
            raise NoSuchPlace(action)
        found = room.actions[verb]
        if not (_may_enter(person, room) and person.may(found.role)):
            raise NotAllowed(action)
        try:
            done = found.do(visit, fields)
            if isinstance(done, Outcome):
                yield done
            else:
                yield from done
        except (NotAllowed, NoSuchPlace):
            raise
        except ChangedMeanwhile as error:
            yield overtaken(error, visit)
        except GuichetError as error:
            yield Outcome(refusals.sentence(error, language), failed=True)

    def export(self, person: Person, language: Language, room: str, name: str) -> tuple[Export, bytes]:
        """Return a file to download with its content."""
        found = self.rooms[room].exports.get(name) if room in self.rooms else None
        if found is None:
            raise NoSuchPlace(name)
        if not (_may_enter(person, self.rooms[room]) and person.may(found.role)):
            raise NotAllowed(name)
        return found, found.make(Visit(person, language))

    def _find(self, person: Person, language: Language, address: str) -> tuple[Room, Visit]:
        place, _, query = address.partition("?")
        name, *rest = place.strip("/").split("/")
        room = self.rooms.get(name) if name else next(iter(self.rooms.values()))
        if room is None:
            raise NoSuchPlace(address)
        if not _may_enter(person, room):
            raise NotAllowed(address)
        # A browser writes letters beyond ASCII, spaces and quotes of an address with percent signs.
        parts = tuple(unquote(part) for part in rest)
        return room, Visit(person, language, parts, dict(parse_qsl(query, keep_blank_values=True)))


def overtaken(error: ChangedMeanwhile, visit: Visit, present: Fields | None = None) -> Outcome:
    """Return what is said to somebody whose form has grown old: who changed what, what is there now (*present*).

    What was typed stays in the form, and saving once more is meant then.
    """
    held, language = present or {}, visit.language
    now = {name: words("desk.there_now", language, value=held[name] or "–") for name in error.fields if name in held}
    sentence = refusals.changed(error, language, visit.person.name)
    return Outcome(sentence, failed=True, wrong=now, renewed={SEEN: str(error.seen)})


def seen(fields: Fields) -> int | None:
    """Return the mark of what a form was opened on; None where it carries none."""
    mark = fields.get(SEEN, "")
    return int(mark) if mark.isdecimal() and len(mark) < 15 else None


def _may_enter(person: Person, room: Room) -> bool:
    return person.may(room.role) if isinstance(room, Restricted) else True
