"""The room of accounts, through the desk that checks the roles."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine

from ingest.documents import LANGUAGES, Language
from ingest.settings import Settings, load
from tests.ui.staff.people import OTHER, PASSWORD, text_of
from ui.staff.desk import Desk, NoSuchPlace, NotAllowed, Outcome
from ui.staff.entrance import Entrance, NotRight
from ui.staff.people import Person
from ui.staff.rooms.accounts import AccountsRoom
from ui.staff.sessions import Came

HERE = Came("192.0.2.1", browser="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
ONE_TIME = re.compile(r"\b(?:[a-z2-9]{5}-){3}[a-z2-9]{5}\b")


@pytest.fixture
def desk(entrance: Entrance, settings: Settings) -> Desk:
    """A desk with this room only."""
    return Desk([AccountsRoom(entrance, settings)])


def logged_in(entrance: Entrance, name: str) -> Person:
    """Return somebody who has just logged in."""
    login = entrance.sessions.login(entrance.enter(name, PASSWORD, HERE).token)
    assert login
    assert login.person
    return login.person


def act(desk: Desk, person: Person, action: str, language: Language = "en", **fields: str) -> Outcome:
    """Return what an action says in the end."""
    *_, last = desk.act(person, language, "accounts", f"accounts.{action}", fields)
    assert isinstance(last, Outcome)
    return last


def read(desk: Desk, person: Person, address: str = "accounts", language: Language = "en") -> str:
    """Return what the person reads at an address."""
    return text_of(f"<body>{desk.show(person, language, address)}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_sees_everybody(desk: Desk, entrance: Entrance, language: Language) -> None:
    """All names with their states, in each language, and the form for another account."""
    boss = logged_in(entrance, "boss")
    page = str(desk.show(boss, language, "accounts"))
    assert all(f'href="#/accounts/{name}"' in page for name in ("anna", "boss", "paul"))
    assert 'data-action="accounts.add"' in page
    assert all(
        f'data-action="accounts.{verb}"' in desk.show(boss, language, "accounts/anna")
        for verb in ("role", "reset", "disable", "end")
    )


def test_others_see_themselves_only(desk: Desk, entrance: Entrance) -> None:
    """An editor sees the own account and sessions and the way to the own password, and no other name."""
    anna = logged_in(entrance, "anna")
    page = str(desk.show(anna, "en", "accounts"))
    assert "You are anna, editor." in read(desk, anna)
    assert "/staff/password?" in page
    assert "boss" not in page
    assert "accounts.add" not in page
    with pytest.raises(NoSuchPlace):
        desk.show(anna, "en", "accounts/boss")


@pytest.mark.parametrize("verb", ["add", "role", "disable", "enable", "reset", "end"])
@pytest.mark.parametrize("name", ["anna", "paul"])
def test_only_administrators_change_accounts(desk: Desk, entrance: Entrance, name: str, verb: str) -> None:
    """Editors and publishers can do none of it, not even to themselves."""
    person = logged_in(entrance, name)
    with pytest.raises(NotAllowed):
        act(desk, person, verb, name=name, role="administrator")


def test_a_new_account_shows_its_password_once(desk: Desk, entrance: Entrance) -> None:
    """The answer holds a one-time password that works; the room never shows it again."""
    boss = logged_in(entrance, "boss")
    said = act(desk, boss, "add", name="Late", role="publisher")
    password = ONE_TIME.search(said.message)
    assert password
    assert entrance.enter("late", password[0], HERE).must_change
    for address in ("accounts", "accounts/late"):
        assert not ONE_TIME.search(read(desk, boss, address))
    assert entrance.accounts.named("late").role == "publisher"


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [({"name": "anna", "role": "editor"}, "name", "There is an account anna already."),
     ({"name": "<b>", "role": "editor"}, "name", "A name has 2 to 64 signs"), ({}, "name", "A name has 2 to 64 signs"),
     ({"name": "late", "role": "root"}, "role", "Choose a role of the list.")],
)  # fmt: skip
def test_what_is_wrong_with_a_new_account_is_told_at_its_field(
    desk: Desk, entrance: Entrance, fields: dict[str, str], field: str, sentence: str
) -> None:
    """A name that is taken or impossible, or a role that is none, makes no account and says which field."""
    said = act(desk, logged_in(entrance, "boss"), "add", **fields)
    assert said.failed
    assert sentence in said.message
    assert list(said.wrong) == [field]
    assert len(entrance.accounts.everyone()) == 3


def test_an_account_is_reset_disabled_and_enabled(desk: Desk, entrance: Entrance) -> None:
    """Each button does what it says, and the page tells the state."""
    boss = logged_in(entrance, "boss")
    password = ONE_TIME.search(act(desk, boss, "reset", name="anna").message)
    assert password
    assert "waits for the first login" in read(desk, boss, "accounts/anna")
    assert not act(desk, boss, "disable", name="anna").failed
    assert "disabled" in read(desk, boss, "accounts/anna")
    with pytest.raises(NotRight):
        entrance.enter("anna", password[0], HERE)
    assert "enable it first" in act(desk, boss, "reset", name="anna").message
    assert not act(desk, boss, "enable", name="anna").failed
    assert entrance.enter("anna", password[0], HERE)


@pytest.mark.parametrize(("verb", "role"), [("disable", ""), ("role", "editor")])
def test_the_last_administrator_is_told_so(desk: Desk, entrance: Entrance, verb: str, role: str) -> None:
    """In the room as everywhere, somebody must remain who can keep the accounts."""
    said = act(desk, logged_in(entrance, "boss"), verb, language="fr", name="boss", role=role)
    assert said.failed
    assert "boss est le dernier compte d'administration" in said.message


@pytest.mark.parametrize("verb", ["role", "disable", "enable", "reset", "end"])
@pytest.mark.parametrize("name", ["", "nobody", "<img src=x>", "../boss"])
def test_a_name_that_is_nobodys_is_told(desk: Desk, entrance: Entrance, verb: str, name: str) -> None:
    """An account that does not exist is a sentence."""
    said = act(desk, logged_in(entrance, "boss"), verb, name=name, role="editor")
    assert said.failed
    assert "There is no account" in said.message


@pytest.mark.parametrize("address", ["accounts/nobody", "accounts/anna/x", "accounts/<b>", "accounts/é"])
def test_an_address_that_is_none_is_refused(desk: Desk, entrance: Entrance, address: str) -> None:
    """The room shows accounts that exist and nothing else."""
    with pytest.raises(NoSuchPlace):
        desk.show(logged_in(entrance, "boss"), "en", address)


def test_own_sessions_can_be_ended_one_by_one(desk: Desk, entrance: Entrance) -> None:
    """Everybody can end a session at another computer; this one is marked; another person's number does nothing."""
    away = entrance.enter("anna", PASSWORD, HERE).token
    foreign = entrance.sessions.login(entrance.enter("paul", PASSWORD, HERE).token)
    anna = logged_in(entrance, "anna")
    page = str(desk.show(anna, "en", "accounts"))
    assert page.count('data-action="accounts.leave"') == 1
    assert read(desk, anna).count("Firefox on Linux") == 2
    number = entrance.sessions.login(away)
    assert number
    assert foreign
    assert act(desk, anna, "leave", number=str(foreign.number)).failed
    assert not act(desk, anna, "leave", number=str(number.number)).failed
    assert entrance.sessions.login(away) is None
    for nonsense in ("", "x", "-1", "9" * 40, "²"):
        assert act(desk, anna, "leave", number=nonsense).failed


def test_what_a_browser_calls_itself_is_not_repeated(desk: Desk, entrance: Entrance) -> None:
    """A hostile name of a browser is not shown at all."""
    entrance.enter("anna", PASSWORD, Came("192.0.2.1", browser="<img src=x onerror=alert(1)> " + "x" * 5000))
    page = str(desk.show(logged_in(entrance, "anna"), "en", "accounts"))
    assert "onerror" not in page
    assert "unnamed browser" in page


def test_people_of_the_organisation_wait_for_a_role(desk: Desk, entrance: Entrance) -> None:
    """Who has no role yet is counted at the menu, and is given one here."""
    boss = logged_in(entrance, "boss")
    assert desk.rooms["accounts"].count() == 0
    name = entrance.accounts.of_identity("https://id.test", "1", "Eva Maes", None, ruled=False).name
    assert desk.rooms["accounts"].count() == 1
    assert "waits for a role" in read(desk, boss, f"accounts/{name}")
    assert 'data-action="accounts.reset"' not in desk.show(boss, "en", f"accounts/{name}")
    assert not act(desk, boss, "role", name=name, role="editor").failed
    assert desk.rooms["accounts"].count() == 0


def test_a_role_that_the_provider_gives_is_not_changed_here(entrance: Entrance, engine: Engine) -> None:
    """Where the organisation rules the roles, the room says so for its people; local accounts stay ours."""
    ruled = load(
        public_url="https://guichet.example.be", staff_oidc_issuer="https://id.test", staff_oidc_client_id="x",
        staff_oidc_role_claim="groups", staff_oidc_roles={"a": "editor"},
    )  # fmt: skip
    desk = Desk([AccountsRoom(entrance, ruled)])
    boss = logged_in(entrance, "boss")
    name = entrance.accounts.of_identity("https://id.test", "1", "eva", "editor", ruled=True).name
    assert 'data-action="accounts.role"' not in desk.show(boss, "en", f"accounts/{name}")
    assert "comes from the organisation" in act(desk, boss, "role", name=name, role="administrator").message
    assert not act(desk, boss, "role", name="anna", role="publisher").failed


def test_own_password_is_not_offered_to_those_without(desk: Desk, entrance: Entrance) -> None:
    """Who logs in through the organisation finds no link to a password."""
    account = entrance.accounts.of_identity("https://id.test", "1", "eva", "editor", ruled=False)
    issued = entrance.sessions.begin(account.id, HERE, by_oidc=True)
    assert issued
    login = entrance.sessions.login(issued.token)
    assert login
    assert login.person
    assert "/staff/password" not in desk.show(login.person, "en", "accounts")
    assert OTHER not in read(desk, login.person)
