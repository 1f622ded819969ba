"""A small genuine desk for the tests of its shell: sessions in memory, two rooms that remember what is done in them."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ui.markup import Markup, joined, tag
from ui.staff import forms
from ui.staff.desk import Action, Desk, Export, Fields, NoSuchPlace, Outcome, Room, Step, Visit
from ui.staff.mount import Staff
from ui.staff.people import Person, Role
from ui.staff.refusals import Refused

COOKIE = "session"
ROLES: Mapping[str, Role] = {"ella": "editor", "paul": "publisher", "ada": "administrator"}


class Sessions:
    """A gate that knows three people; their cookie is their name until they leave."""

    def __init__(self) -> None:
        self.people = {name: Person(name, role, f"token-of-{name}") for name, role in ROLES.items()}

    def person(self, cookies: Mapping[str, str], /) -> Person | None:
        """Return whose cookie it is."""
        return self.people.get(cookies.get(COOKIE, ""))


class Shelf:
    """A room of documents: a list, a page for each, a form, a long work, a place for files."""

    name = "documents"

    def __init__(self) -> None:
        self.titles = ["Start IA, cinq jours d'accompagnement", "Tremplin IA", "Chèques-entreprises : maturité"]
        self.done: list[tuple[str, str, dict[str, str]]] = []
        self.shown = 0
        self.go_on = threading.Event()

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be done."""
        return {
            "save": Action("editor", self._save),
            "publish": Action("publisher", self._publish),
            "remove": Action("editor", self._remove),
            "wait": Action("editor", self._wait),
            "refuse": Action("editor", self._refuse),
            "crash": Action("editor", self._crash),
        }

    @property
    def exports(self) -> Mapping[str, Export]:
        """Two files, one of them for administrators."""
        return {
            "list.csv": Export("editor", 'liste "été".csv', "text/csv; charset=utf-8", self._list),
            "all.csv": Export("administrator", "all.csv", "text/csv; charset=utf-8", self._list),
        }

    def count(self) -> int:
        """Return how many documents there are."""
        return len(self.titles)

    def show(self, visit: Visit) -> Markup:
        """Return the list, or one document."""
        self.shown += 1
        if not visit.path:
            return self._all(visit)
        try:
            return self._one(int(visit.path[0]), visit)
        except (ValueError, IndexError):
            raise NoSuchPlace(visit.path[0]) from None

    def _all(self, visit: Visit) -> Markup:
        states = [("good", "publié"), ("attention", "à revoir"), ("quiet", "brouillon")] * 9
        rows = [
            (forms.link(f"documents/{number}", title), forms.badge(look, text), "23 novembre 2026", "Wallonie")
            for number, (title, (look, text)) in enumerate(zip(self.titles, states, strict=False))
        ]
        return forms.titled(
            "Documents",
            forms.dropzone("documents", visit.language, largest=2_000_000),
            forms.search("documents", forms.field("q", "Chercher", visit.query.get("q", "")), forms.submit("Chercher")),
            forms.table("Documents publiés et en préparation", ["Titre", "État", "Vu le", "Région"], rows)
            if rows
            else forms.empty("Aucun document. Déposez le premier ci-dessus."),
            forms.do("documents.wait", "Relire tout"),
            tag("p", f"shown {self.shown}", data_refresh="1") if "refresh" in visit.query else None,
            lead="Ce que le guichet sait : ajoutez, corrigez, publiez.",
        )

    def _one(self, number: int, visit: Visit) -> Markup:
        tab = visit.query.get("tab", "")
        here = f"documents/{number}"
        return forms.titled(
            self.titles[number],
            forms.tabs("Vues", here if not tab else f"{here}?tab={tab}", {here: "Fiche", f"{here}?tab=text": "Texte"}),
            tag("p", "Le texte du document.") if tab else self._form(number),
            lead="Fiche",
        )

    def _form(self, number: int) -> Markup:
        edit = forms.form(
            "documents.save",
            tag("input", type="hidden", name="number", value=number),
            forms.field("title", "Titre", self.titles[number], guessed="deviné", required=True),
            forms.field("note", "Note", rows=3, hint="Pour vos collègues."),
            forms.select("kind", "Genre", {"sheet": "fiche", "law": "décret"}, "law"),
            forms.choices("topics", "Sujets", {"ai": "IA", "cloud": "nuage", "data": "données"}, ["ai", "data"]),
            forms.checkbox("final", "Version finale"),
            tag(
                "div",
                forms.submit("Enregistrer", look="primary"),
                forms.submit(
                    "Supprimer", look="danger", data_confirm="Supprimer le document ?", name="also", value="x"
                ),
                class_="row",
            ),
        )
        return joined(edit, forms.do("documents.publish", "Publier", number=number))

    def _note(self, visit: Visit, action: str, fields: Fields) -> None:
        self.done.append((visit.person.name, action, dict(fields)))

    def _save(self, visit: Visit, fields: Fields) -> Outcome:
        self._note(visit, "save", fields)
        if fields["title"] == "x":
            return Outcome("Le document n'est pas enregistré.", wrong={"title": "Ce titre est trop court."})
        self.titles[int(fields["number"])] = fields["title"]
        return Outcome("Le document est enregistré.")

    def _publish(self, visit: Visit, fields: Fields) -> Outcome:
        self._note(visit, "publish", fields)
        return Outcome("Le document est publié.", go="documents")

    def _remove(self, visit: Visit, fields: Fields) -> Outcome:
        self._note(visit, "remove", fields)
        return Outcome("Supprimé.", go="documents")

    def _refuse(self, visit: Visit, fields: Fields) -> Outcome:
        raise Refused("Ce document est verrouillé. Attendez la fin de la relecture.")

    def _crash(self, visit: Visit, fields: Fields) -> Outcome:
        raise ZeroDivisionError("secret words")

    def _wait(self, visit: Visit, fields: Fields) -> Iterator[Step | Outcome]:
        self._note(visit, "begin", fields)
        for number in range(1, 4):
            yield Step(f"Je relis le document {number} sur 3…", number, 3)
            self.go_on.wait(5)
            time.sleep(0.05)
        self._note(visit, "end", fields)
        yield Outcome("Tout est relu.")

    def _list(self, visit: Visit) -> bytes:
        return "\n".join(self.titles).encode()


class Attacked:
    """A room where every text that it is given stands in every place that a text can have."""

    name = "attacked"
    actions: Mapping[str, Action] = {}
    exports: Mapping[str, Export] = {}

    def __init__(self) -> None:
        self.texts: list[str] = []

    def count(self) -> int:
        """Nothing waits here."""
        return 0

    def show(self, visit: Visit) -> Markup:
        """Return all texts as titles, fields, links, options, addresses, cells and attributes."""
        return forms.titled("Attaques", [tag("section", self._everywhere(text)) for text in self.texts])

    def _everywhere(self, text: str) -> Markup:
        return joined(
            tag("h2", text, title=text, lang=text),
            forms.form(
                "attacked.nothing",
                forms.field("title", text, text, hint=text, guessed=text, within=text),
                forms.field("text", text, text, rows=2, within=text, placeholder=text),
                forms.select("kind", text, {text: text}, text, within=text),
                forms.choices("topics", text, {text: text}, [text], within=text),
                forms.submit(text, name=text, value=text, data_confirm=text),
            ),
            forms.table(text, [text, text], [(text, forms.badge("good", text))]),
            forms.link(text, text),
            forms.link(forms.address("documents", text, q=text), text),
            forms.outside(text, "fr", text),
            tag("a", text, href=text, class_="raw", target="_self"),
            forms.tabs(text, text, {text: text}),
            forms.copy(text, text),
        )


class Vault:
    """A room for administrators only."""

    name = "accounts"
    role: Role = "administrator"
    actions: Mapping[str, Action] = {}
    exports: Mapping[str, Export] = {}

    def count(self) -> int:
        """Nothing waits here."""
        return 0

    def show(self, visit: Visit) -> Markup:
        """Return a secret."""
        return forms.titled("Comptes", tag("p", "secret"))


class Desktop:
    """The whole: rooms, sessions, and the files that arrived."""

    def __init__(self, folder: Path, *more: Room) -> None:
        self.shelf = Shelf()
        self.sessions = Sessions()
        self.folder = folder
        self.received: list[tuple[str, str, bytes]] = []
        self.broken: Exception | None = None
        self.free = threading.Event()
        self.free.set()
        self.staff = Staff(Desk([self.shelf, *more, Vault()]), self.sessions, self.receive, folder, largest=2_000_000)

    def tidy(self) -> None:
        """Begin anew: as it was built."""
        self.shelf.__init__()  # type: ignore[misc]
        self.sessions.__init__()  # type: ignore[misc]
        self.received.clear()
        self.broken = None
        self.free.set()
        shutil.rmtree(self.folder, ignore_errors=True)

    def receive(self, person: Person, name: str, path: Path, /) -> int:
        """Keep the file, unless its name says not to."""
        self.free.wait(20)
        if self.broken:
            raise self.broken
        if name.startswith("refuse"):
            raise Refused("Ce fichier est protégé par un mot de passe. Enlevez-le et recommencez.")
        self.received.append((person.name, name, path.read_bytes()))
        return len(self.received)
