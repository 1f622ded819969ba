"""The shell of the staff desk as staff meet it."""

from __future__ import annotations

import json
import os
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, Visit
from tests.browser.test_chat import NARROW, PHONE, sideways, violations
from tests.testdata import needed
from tests.ui.staff.demo import Attacked, Desktop

ALL = os.environ.get("GUICHET_ATTACKS") == "all"
"""Whether every one of them is tried (a minute on two busy cores), or one in eight."""
AT_ONCE = 100
CLASSES = (
    "<script>attacked()</script>",
    "</textarea></title></style><script>attacked()</script>",
    '"><img src=x onerror=attacked()>',
    "' autofocus onfocus=attacked() x='",
    '" autofocus onfocus=attacked() tabindex=1 style="position:fixed;inset:0"',
    "<svg onload=attacked()><animate onbegin=attacked() attributeName=x>",
    "javascript:attacked()",
    "java\tscript:attacked()",
    "data:text/html,<script>parent.attacked()</script>",
    "<iframe srcdoc='<script>parent.attacked()</script>'>",
    "<a href=javascript:attacked()>x</a><base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css><img src=https://evil.example/x>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=attacked()&gt;'>",
    "${attacked()} {{attacked()}} #{attacked()} <%= attacked() %>",
    "<details open ontoggle=attacked()><video><source onerror=attacked()></video>",
    "\\u003cimg src=x onerror=attacked()\\u003e %3Cscript%3Eattacked()%3C/script%3E",
    "&lt;script&gt;attacked()&lt;/script&gt;",
)


def go(page: Page, address: str) -> None:
    """Open an address of the desk as its links do, and wait until it is shown."""
    page.evaluate("address => { location.hash = `#/${address}` }", address)
    page.wait_for_selector("#room-page:not([aria-busy])")


def test_menu_address_title_and_focus_go_together(enter: Visit) -> None:
    """A link of the menu shows its room, names the tab, marks the menu, moves the focus; the browser's back returns."""
    page = enter()
    expect(page).to_have_title("Documents · Bureau de Guichet IA")
    page.get_by_role("link", name="Journal").click()
    expect(page.locator("h1")).to_have_text("Journal")
    expect(page.locator("h1")).to_be_focused()
    expect(page).to_have_title("Journal · Bureau de Guichet IA")
    expect(page.locator("#menu [aria-current=page]")).to_have_text("Journal")
    assert page.url.endswith("#/journal")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Documents")
    page.reload()
    expect(page.locator("h1")).to_have_text("Documents")


def test_an_address_opens_at_once_and_tabs_keep_the_place(enter: Visit) -> None:
    """A deep address opens; another view of the same thing keeps the focus on its tab."""
    page = enter("#/documents/0?tab=text")
    expect(page.locator("#room-page")).to_contain_text("Le texte du document.")
    page.get_by_role("link", name="Fiche", exact=True).click()
    expect(page.get_by_label("Titre")).to_be_visible()
    expect(page.get_by_role("link", name="Fiche", exact=True)).to_be_focused()
    assert page.url.endswith("#/documents/0")


def test_a_form_says_all_that_it_holds(enter: Visit, desktop: Desktop) -> None:
    """Texts, lists, boxes and the pressed button reach the room as fields; the outcome stays until the next action."""
    page = enter("#/documents/0")
    page.get_by_label("Titre").fill("Été, à 100 % <b>")
    page.get_by_label("Note").fill("deux\nlignes")
    page.get_by_label("nuage").check()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#said")).to_have_text("Le document est enregistré.")
    expect(page.locator("#announce")).to_have_text("Le document est enregistré.")
    expect(page.locator("h1")).to_have_text("Été, à 100 % <b>")
    assert desktop.shelf.done == [
        ("ella", "save", {"number": "0", "title": "Été, à 100 % <b>", "note": "deux\nlignes", "kind": "law",
                          "topics": "ai,cloud,data", "final": ""}),
    ]  # fmt: skip


def test_errors_stand_beside_their_field(enter: Visit, desktop: Desktop) -> None:
    """What is wrong or missing is said at the field, which gets the focus; what was typed stays."""
    page = enter("#/documents/0")
    page.get_by_label("Note").fill("je reste")
    for typed, said in (("x", "Ce titre est trop court."), ("", "Remplissez ce champ.")):
        page.get_by_label("Titre").fill(typed)
        page.get_by_role("button", name="Enregistrer").click()
        expect(page.locator("#field-title-error")).to_have_text(said)
        expect(page.get_by_label("Titre")).to_be_focused()
        expect(page.get_by_label("Titre")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Note")).to_have_value("je reste")
    assert len(desktop.shelf.done) == 1
    page.get_by_label("Titre").fill("Assez long")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#said.good")).to_be_visible()
    expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_a_dangerous_button_asks_first(enter: Visit, desktop: Desktop) -> None:
    """The question stands in our own dialog, the way out has the focus, Esc does nothing; yes does it."""
    page = enter("#/documents/0")
    page.get_by_role("button", name="Supprimer").click()
    dialog = page.get_by_role("dialog", name="Supprimer le document ?")
    expect(dialog.get_by_role("button", name="Annuler")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Supprimer")).to_be_focused()
    page.get_by_role("button", name="Supprimer").click()
    assert desktop.shelf.done == []
    dialog.get_by_role("button", name="Supprimer").click()
    expect(page.locator("#said")).to_have_text("Le document est enregistré.")
    assert [fields["also"] for _, _, fields in desktop.shelf.done] == ["x"]


def test_a_double_click_acts_once_and_a_long_work_says_how_far(enter: Visit, desktop: Desktop) -> None:
    """While an action runs its steps are shown, every button waits, and pressing again does nothing."""
    page = enter()
    button = page.get_by_role("button", name="Relire tout")
    button.dblclick()
    expect(page.locator("#step")).to_have_text("Je relis le document 1 sur 3…")
    expect(page.locator("#doing progress")).to_have_attribute("max", "3")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    page.keyboard.press("Enter")
    desktop.shelf.go_on.set()
    expect(page.locator("#said")).to_have_text("Tout est relu.")
    expect(page.locator("#doing")).to_be_hidden()
    expect(page.get_by_role("button", name="Relire tout")).to_be_focused()
    assert [action for _, action, _ in desktop.shelf.done] == ["begin", "end"]


def test_one_can_look_elsewhere_while_a_work_goes_on(enter: Visit, desktop: Desktop) -> None:
    """Navigation is free during an action; its outcome is said where one is, and does not take one back."""
    page = enter()
    page.get_by_role("button", name="Relire tout").click()
    page.wait_for_selector("#doing:not([hidden])")
    page.get_by_role("link", name="Journal").click()
    expect(page.locator("h1")).to_have_text("Journal")
    desktop.shelf.go_on.set()
    expect(page.locator("#said")).to_have_text("Tout est relu.")
    expect(page.locator("h1")).to_have_text("Journal")


def test_an_outcome_may_lead_on(enter: Visit) -> None:
    """After an action that says where to go, the address, the heading's focus and the way back are right."""
    page = enter("#/documents/1", "paul")
    page.get_by_role("button", name="Publier").click()
    expect(page.locator("h1")).to_have_text("Documents")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("#said")).to_have_text("Le document est publié.")
    assert page.url.endswith("#/documents")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Tremplin IA")


def test_a_search_is_an_address(enter: Visit) -> None:
    """A form that searches changes the address, so that it can be kept and gone back from."""
    page = enter()
    page.get_by_label("Chercher").fill("été & co")
    page.get_by_role("button", name="Chercher").click()
    expect(page.get_by_label("Chercher")).to_have_value("été & co")
    assert page.url.endswith("#/documents?q=%C3%A9t%C3%A9+%26+co")


def test_a_room_can_ask_to_be_shown_again(enter: Visit, desktop: Desktop) -> None:
    """It is, but not while somebody types; what has the focus keeps it."""
    page = enter("#/documents?refresh=1")
    page.get_by_role("button", name="Relire tout").focus()
    page.wait_for_function("document.querySelector('[data-refresh]').textContent !== 'shown 1'")
    expect(page.get_by_role("button", name="Relire tout")).to_be_focused()
    page.get_by_label("Chercher").fill("je tape")
    seen = desktop.shelf.shown
    page.wait_for_timeout(2500)
    expect(page.get_by_label("Chercher")).to_have_value("je tape")
    assert desktop.shelf.shown <= seen + 1


def test_files_go_up_together_and_say_how_they_fared(enter: Visit, desktop: Desktop) -> None:
    """Files that are taken leave the list and the room is shown again; the others say why, with a retry."""
    page = enter()
    files = [{"name": f"fiche {n}.pdf", "mimeType": "application/pdf", "buffer": b"x" * 50_000} for n in range(5)]
    files += [{"name": "refuse <b>.pdf", "mimeType": "application/pdf", "buffer": b"x"},
              {"name": "grand.pdf", "mimeType": "application/pdf", "buffer": b"x" * 2_000_001}]  # fmt: skip
    shown = desktop.shelf.shown
    page.locator("#files").set_input_files(files)  # type: ignore[arg-type]
    rows = page.locator(".uploads li")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="refuse <b>.pdf")).to_contain_text("protégé par un mot de passe")
    expect(rows.filter(has_text="grand.pdf")).to_contain_text("trop grand : 1,9 Mo au plus")
    expect(page.locator("#announce")).to_have_text("Fichiers reçus : 5. Échecs : 2")
    assert sorted(name for _, name, _ in desktop.received) == [f"fiche {n}.pdf" for n in range(5)]
    page.wait_for_selector("#room-page:not([aria-busy])")
    assert desktop.shelf.shown == shown + 1
    expect(rows.filter(has_text="grand").get_by_role("button", name=re.compile("Réessayer"))).to_be_hidden()
    rows.filter(has_text="refuse").get_by_role("button", name="Réessayer refuse <b>.pdf").click()
    expect(rows.filter(has_text="refuse")).to_contain_text("protégé")
    page.get_by_role("button", name="Retirer refuse <b>.pdf de la liste").click()
    expect(rows).to_have_count(1)


def test_three_files_at_most_are_under_way(enter: Visit, desktop: Desktop) -> None:
    """The others wait their turn, also while another room is shown; a dropped file is like a chosen one."""
    desktop.free.clear()
    page = enter()
    page.evaluate(
        "const data = new DataTransfer();"
        "for (let n = 0; n < 7; n++) data.items.add(new File(['x'], `f${n}.txt`));"
        "const drop = new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});"
        "document.querySelector('.dropzone').dispatchEvent(drop)"
    )
    expect(page.locator(".uploads .waiting")).to_have_count(4)
    expect(page.locator(".uploads .sending")).to_have_count(3)
    page.get_by_role("link", name="Journal").click()
    expect(page.locator("h1")).to_have_text("Journal")
    desktop.free.set()
    expect(page.locator("#announce")).to_have_text("Fichiers reçus : 7")
    assert len(desktop.received) == 7


def test_an_ended_session_says_so_and_keeps_what_was_typed(enter: Visit, desktop: Desktop) -> None:
    """After the session has ended, one logs in again in another tab and sends what was typed, with the new token."""
    page = enter("#/documents/0")
    page.get_by_label("Titre").fill("Gardé")
    ella = desktop.sessions.people.pop("ella")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#said")).to_contain_text("Votre session est terminée")
    expect(page.locator("#said a")).to_have_attribute("href", "login?lang=fr")
    expect(page.get_by_label("Titre")).to_have_value("Gardé")
    desktop.sessions.people["ella"] = type(ella)(ella.name, ella.role, "a-new-token")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#said")).to_have_text("Le document est enregistré.")
    assert [fields["title"] for _, _, fields in desktop.shelf.done] == ["Gardé"]


def test_a_lost_server_is_said_and_what_was_typed_survives_the_reload(enter: Visit, office: Site) -> None:
    """When the server is gone one is told; after the reload the form holds what was typed."""
    page = enter("#/documents/0")
    page.get_by_label("Note").fill("ne me perdez pas")
    office.stop()
    try:
        page.get_by_role("button", name="Enregistrer").click()
        expect(page.locator("#said")).to_contain_text("La liaison avec le serveur est coupée", timeout=20_000)
    finally:
        office.start()
    page.get_by_role("button", name="Recharger la page").click()
    expect(page.get_by_label("Note")).to_have_value("ne me perdez pas")


def test_the_language_changes_and_the_address_stays(enter: Visit) -> None:
    """The switch speaks another language at the same address."""
    page = enter("#/journal")
    page.get_by_role("link", name="NL, Nederlands").click()
    expect(page.locator("h1")).to_have_text("Logboek")
    assert page.url.endswith("/staff/?lang=nl#/journal")
    assert page.evaluate("document.documentElement.lang") == "nl"


def test_everything_by_keyboard(enter: Visit) -> None:
    """Skip link, menu, files, search, table and buttons are reached with keys, each with a visible focus."""
    page = enter()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_focused()
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("[document.activeElement.localName, document.activeElement.textContent.slice(0, 12)]")
        )
        outlined = page.evaluate(
            "(e => [e, e.previousElementSibling].some(x => x && getComputedStyle(x).outlineStyle !== 'none'))"
            "(document.activeElement)"
        )
        assert outlined, seen[-1]
    assert seen[-1] == ["button", "Relire tout"]
    page.keyboard.press("Enter")
    expect(page.locator("#doing")).to_be_visible()


def test_the_menu_folds_on_a_phone(enter: Visit) -> None:
    """The menu opens by its button, which says where one is, and closes by Esc and after a choice."""
    page = enter(**PHONE)
    fold = page.get_by_role("button", name="Menu")
    expect(fold).to_contain_text("Documents")
    expect(page.locator("#rooms")).to_be_hidden()
    fold.tap()
    expect(fold).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#rooms")).to_be_hidden()
    fold.tap()
    page.get_by_role("link", name="Journal").tap()
    expect(page.locator("h1")).to_have_text("Journal")
    expect(page.locator("#rooms")).to_be_hidden()
    expect(fold).to_contain_text("Journal")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(enter: Visit, scheme: str, options: dict[str, object]) -> None:
    """List, form with errors, question, journal and missing page have no accessibility violation."""
    page = enter(color_scheme=scheme, reduced_motion="reduce", **options)
    page.locator("#files").set_input_files({"name": "refuse.pdf", "mimeType": "application/pdf", "buffer": b"x"})
    page.wait_for_selector(".uploads .failed")
    assert violations(page) == []
    go(page, "documents/0")
    page.get_by_label("Titre").fill("x")
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_selector("#said.bad")
    assert violations(page) == []
    page.get_by_role("button", name="Supprimer").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    for address in ("journal", "nowhere"):
        go(page, address)
        assert violations(page) == []


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_no_sideways_scroll_at_320_pixels(enter: Visit, language: str) -> None:
    """The narrowest phone, as 400 % zoom, scrolls one way only; wide tables scroll within their own frame."""
    page = enter(f"?lang={language}", **NARROW)
    page.locator("#files").set_input_files(
        {"name": "refuse" + "x" * 90 + ".pdf", "mimeType": "application/pdf", "buffer": b"x"}
    )
    page.wait_for_selector(".uploads .failed")
    for address in ("documents", "documents/0", "journal", "nowhere"):
        go(page, address)
        assert sideways(page) == 0, address
    page.locator("#menu-fold").tap()
    assert sideways(page) == 0


def test_targets_are_large_enough(enter: Visit) -> None:
    """Whatever can be pressed is at least 24 by 24 pixels, links in running text and tables apart."""
    page = enter("#/documents/0", **NARROW)
    page.locator("#menu-fold").tap()
    sizes = page.evaluate(
        "[...document.querySelectorAll('button, #top a, #menu a, .tabs a, fieldset label, select')]"
        ".filter(e => e.offsetParent).map(e => { const r = e.getBoundingClientRect();"
        "return [e.outerHTML.slice(0, 80), r.width, r.height]})"
    )
    assert [size for size in sizes if min(size[1], size[2]) < 23.9] == []


FORBIDDEN = "script, iframe, img, style, link, meta, base, object, embed, video, math"
WATCH = """() => {
  window.ran = 0;
  for (const name of ["attacked", "alert", "prompt", "confirm", "print"]) window[name] = () => { window.ran++ };
}"""
TOUCH = """() => {
  addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && !/^javascript:/i.test(link.protocol)) event.preventDefault();
  }, true);
  for (const each of document.querySelectorAll("#room-page a.raw")) each.click();
  for (const each of document.querySelectorAll("#room-page :is(input, select, textarea, button)")) each.focus();
}"""


def attack(page: Page, desktop: Desktop, texts: list[str]) -> list[str]:
    """Show *texts* in every place, press what can be pressed, and return the hosts that were asked for."""
    room = desktop.staff.desk.rooms["attacked"]
    assert isinstance(room, Attacked)
    room.texts = texts
    hosts: list[str] = []
    page.on("request", lambda request: hosts.append(request.url))
    page.on("dialog", lambda dialog: (hosts.append("dialog"), dialog.dismiss()))
    page.evaluate(WATCH)
    go(page, f"attacked?{texts[0].encode().hex()[:40]}")
    expect(page.locator("#room-page section")).to_have_count(len(texts))
    page.evaluate(TOUCH)
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") == 0
    assert page.locator(f"#room-page :is({FORBIDDEN})").count() == 0
    shown = page.locator("#room-page h2").all_text_contents()
    assert shown == [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    return [url for url in hosts if "127.0.0.1" not in url]


def test_no_attack_of_any_class_runs(enter: Visit, desktop: Desktop) -> None:
    """Hostile text as title, field, option, link, caption and attribute stays text; nothing runs or calls elsewhere."""
    assert attack(enter(), desktop, list(CLASSES)) == []


@pytest.mark.parametrize("name", ["payloads.jsonl", "naughty_strings.jsonl"])
def test_no_known_attack_runs(enter: Visit, desktop: Desktop, name: str) -> None:
    """The public collections of attacks and naughty strings stay text; ``GUICHET_ATTACKS=all`` tries every one."""
    lines = needed(f"xss/{name}").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    texts = [str(each.get("payload", each.get("text"))).replace("\x00", "") for each in found]
    texts = texts if ALL else texts[::8]
    page = enter()
    for start in range(0, len(texts), AT_ONCE):
        assert attack(page, desktop, texts[start : start + AT_ONCE]) == []
