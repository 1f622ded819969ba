"""The one place that puts the staff desk together: its rooms, its way in, and what it does by itself."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.gaps import Board, replayed_gaps
from bot.live import Live
from bot.preview import Previews
from ingest.database import now
from ingest.documents import Language
from ingest.intake import Intake
from ingest.judging import Judge
from ingest.settings import Settings
from ingest.web.arriving import WebIntake
from ingest.web.fetching import Fetcher
from ingest.web.links import Links, cited
from ui.admission import Admission
from ui.chores import DAY, MINUTE, Chore
from ui.keys import Keys
from ui.portals import Portals
from ui.staff import login, oidc
from ui.staff.desk import Desk, Room
from ui.staff.entrance import Entrance
from ui.staff.mount import Staff
from ui.staff.people import Person
from ui.staff.rooms.accounts import AccountsRoom
from ui.staff.rooms.answers import Answers
from ui.staff.rooms.documents import Documents
from ui.staff.rooms.journal import JournalRoom
from ui.staff.rooms.keys import KeysRoom
from ui.staff.rooms.portals import PortalsRoom
from ui.staff.rooms.programmes import Programmes
from ui.staff.rooms.quality import Quality
from ui.staff.rooms.questions import Questions
from ui.staff.rooms.todo import Todo
from ui.staff.rooms.watched import WatchedPages


@dataclass(frozen=True, slots=True)
class Opened:
    """A desk that is open, what the guichet does by itself for it, and the first password if there was nobody."""

    staff: Staff
    chores: tuple[Chore, ...]
    web_chores: tuple[Chore, ...]
    """Those that wait for other sites: they must not keep the others waiting."""
    admission: Admission
    """Portals, keys and limits, as the rooms of the desk change them."""
    first_password: str | None


@contextmanager
def open_desk(live: Live, settings: Settings, *, fetcher: Fetcher | None = None) -> Iterator[Opened]:
    """Yield the desk over a live bot and its library; *fetcher* is how pages of the web are asked for."""
    library = live.library
    with ExitStack() as stack:
        intake = stack.enter_context(Intake(library, Judge(library)))
        fetcher = fetcher or Fetcher(settings)
        parts = _Parts(
            live, settings, intake, stack.enter_context(closing(WebIntake(library, intake, fetcher))),
            Links(library.engine, fetcher), Board(library, library.engine, lambda: live.today),
            Previews(library, live, settings), Entrance(library.engine, settings),
            Admission(settings, Portals(library.engine), Keys(library.engine)),
        )  # fmt: skip
        asking = parts.web_chores() if settings.web_enabled else ()
        first = parts.entrance.accounts.first_start()
        yield Opened(parts.staff(), parts.chores(), asking, parts.admission, first)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the desk is made of."""

    live: Live
    settings: Settings
    intake: Intake
    web: WebIntake
    links: Links
    board: Board
    previews: Previews
    entrance: Entrance
    admission: Admission

    def staff(self) -> Staff:
        """Return the rooms with their way in."""
        settings = self.settings
        provider = oidc.Provider(settings) if settings.staff_oidc_issuer else None

        def receive(person: Person, name: str, path: Path, /) -> int:
            return self.intake.receive(path, name, person.name)

        return Staff(
            Desk(self.rooms()), self.entrance.sessions, receive, self.intake.folder,
            largest=settings.max_file_megabytes * 2**20,
            routes=(login.routes(self.entrance, settings, secrets.token_hex(4), provider),),
        )  # fmt: skip

    def rooms(self) -> list[Room]:
        """Return the rooms in the order of the menu."""
        live, library, settings = self.live, self.live.library, self.settings

        def start_draft(title: str, language: Language, text: str, by: str) -> int:
            return self.intake.write(f"# {title}\n\n{text}\n", f"{title[:80]}.md", by, language=language)

        questions = Questions(self.board, library.journal, start_draft, settings.question_days)
        answers = Answers(lambda: live.bot.pins)
        programmes = Programmes(library, live.bot.contradictions)
        others = {
            "gaps": ("questions", questions.count),
            "contradictions": ("programmes", programmes.count),
            "answers": ("answers", answers.count),
        }
        return [
            Todo(library, self.links, self.web.watching, others),
            Documents(library, self.intake, self.previews, self.web if settings.web_enabled else None),
            WatchedPages(library, self.web.watching, asks=settings.web_enabled),
            questions,
            answers,
            programmes,
            Quality(library, self.previews),
            JournalRoom(library.journal),
            PortalsRoom(self.admission.portals),
            KeysRoom(self.admission.keys),
            AccountsRoom(self.entrance, settings),
        ]

    def chores(self) -> tuple[Chore, ...]:
        """Return what the guichet does by itself for the desk."""
        live, library = self.live, self.live.library

        def expire() -> None:
            # What the questions said goes from the board before their receipts forget it.
            self.board.purge(now() - dt.timedelta(days=self.settings.question_days))
            library.expire()

        def replay() -> None:
            # Without a language model: whether the sources answer is not for it to say, and it costs.
            replayed_gaps(live.bot.beside(library.current), self.board, live.today)

        return (
            Chore("settle", live.settle, MINUTE, MINUTE),
            Chore("publish what is due", lambda: self.previews.publish_due(live.today), MINUTE, MINUTE),
            Chore("gather", self.board.gather, 5 * MINUTE, MINUTE),
            # It asks nothing as long as neither documents nor validated answers have changed.
            Chore("replay", replay, 10 * MINUTE, 10 * MINUTE),
            Chore("expire", expire, DAY, 0.0),
        )

    def web_chores(self) -> tuple[Chore, ...]:
        """Return what waits for other sites."""

        def check_links() -> None:
            self.links.collect(cited(self.live.library.current))
            self.links.run_due(now(), self.settings.web_links_a_run)

        return (
            Chore("watch", self.web.look, 10 * MINUTE, 2 * MINUTE),
            Chore("links", check_links, DAY, 15 * MINUTE),
        )
