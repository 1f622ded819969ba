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
from ui.chores import DAY, HOUR, MINUTE, Chore
from ui.keys import Keys
from ui.portals import Portals
from ui.staff import login, oidc
from ui.staff.desk import Desk
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
        web = stack.enter_context(closing(WebIntake(library, intake, fetcher)))
        links = Links(library.engine, fetcher)
        board = Board(library, library.engine, lambda: live.today)
        previews = Previews(library, live, settings)
        entrance = Entrance(library.engine, settings)
        admission = Admission(settings, Portals(library.engine), Keys(library.engine))
        provider = oidc.Provider(settings) if settings.staff_oidc_issuer else None

        def start_draft(title: str, language: Language, text: str, by: str) -> int:
            return intake.write(f"# {title}\n\n{text}\n", f"{title[:80]}.md", by, language=language)

        def receive(person: Person, name: str, path: Path, /) -> int:
            return intake.receive(path, name, person.name)

        questions = Questions(board, library.journal, start_draft, settings.question_days)
        answers = Answers(lambda: live.bot.pins)
        programmes = Programmes(library, live.bot.contradictions)
        others = {
            "gaps": ("questions", questions.count),
            "contradictions": ("programmes", programmes.count),
            "answers": ("answers", answers.count),
        }
        rooms = (
            Todo(library, links, web.watching, others),
            Documents(library, intake, previews, web if settings.web_enabled else None),
            questions,
            answers,
            programmes,
            Quality(library, previews),
            JournalRoom(library.journal),
            PortalsRoom(admission.portals),
            KeysRoom(admission.keys),
            AccountsRoom(entrance, settings),
        )
        staff = Staff(
            Desk(rooms), entrance.sessions, receive, intake.folder,
            largest=settings.max_file_megabytes * 2**20,
            routes=(login.routes(entrance, settings, secrets.token_hex(4), provider),),
        )  # fmt: skip

        def expire() -> None:
            # What the questions said goes from the board before their receipts forget it.
            board.purge(now() - dt.timedelta(days=settings.question_days))
            library.expire()

        def replay() -> None:
            # Without a language model: whether the sources answer is not for it to say, and it costs.
            replayed_gaps(live.bot.beside(library.current), board, live.today)

        def check_links() -> None:
            links.collect(cited(library.current))
            links.run_due(now(), settings.web_links_a_run)

        chores = [
            Chore("settle", live.settle, MINUTE, MINUTE),
            Chore("gather", board.gather, 5 * MINUTE, MINUTE),
            Chore("replay", replay, HOUR, 10 * MINUTE),
            Chore("expire", expire, DAY, 0.0),
        ]
        asking = (
            Chore("watch", web.look, 10 * MINUTE, 2 * MINUTE),
            Chore("links", check_links, DAY, 15 * MINUTE),
        )
        first = entrance.accounts.first_start()
        yield Opened(staff, tuple(chores), asking if settings.web_enabled else (), admission, first)
