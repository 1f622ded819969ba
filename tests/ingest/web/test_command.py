"""``python -m ingest watch`` and ``links``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.__main__ import main
from ingest.library import Library
from ingest.settings import load
from ingest.web import command
from ingest.web.fetching import Fetcher
from tests.ingest.web.conftest import MakeFetcher
from tests.ingest.web.world import HOST, World, page, reply

URL = f"http://{HOST}/aide"
TEXT = "La Région accorde aux petites entreprises une aide qui couvre la moitié de leurs frais de conseil."


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, fetcher_with: MakeFetcher) -> Path:
    """A data folder, and a web that is the test's own."""
    monkeypatch.setenv("GUICHET_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("GUICHET_READER_SECONDS", "120")  # the first reading imports its libraries, on a busy machine

    def fetcher(settings: Any) -> Fetcher:
        return Fetcher(settings, resolve=world.resolve, connect=world.connect)

    monkeypatch.setattr(command, "Fetcher", fetcher)
    return tmp_path / "data"


def test_a_page_is_watched(world: World, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page is put on watch, looked at, listed and taken off; what changed waits to be a draft, and is not public."""
    world.pages[f"{HOST}/aide"] = reply(page(TEXT))
    assert main(["watch", "add", URL, "--days", "3"]) == 0
    assert capsys.readouterr().out == f"{URL}: looked at every 3 days from now on\n"
    assert main(["watch", "run", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["url"], told["what"]) == (URL, "changed")
    assert main(["watch", "run"]) == 0
    assert capsys.readouterr().out == "No page is due.\n"
    assert main(["watch", "list"]) == 0
    assert capsys.readouterr().out.startswith("valid since ")
    assert main(["watch", "remove", URL]) == 0
    with Library.open(load()) as library:
        assert library.documents == {}  # publishing is for staff
        (arrived,) = library.revisions.list("received")
        assert library.originals.path(arrived.original or "").read_text("utf-8") == page(TEXT)


def test_a_refusal_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that may not be asked is told in one sentence, with status 2."""
    assert main(["watch", "add", "http://169.254.169.254/"]) == 2
    errors = capsys.readouterr().err
    assert errors == "http://169.254.169.254/: is no public address; only public addresses are asked\n"


def test_links_are_checked(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The links of the documents are checked, and those in doubt are listed with the reason, with status 1."""
    source = f"<!doctype html><html lang='fr'><link rel='canonical' href='{URL}'><title>Aide</title>"
    (tmp_path / "aide.html").write_text(f"{source}<body><article><p>{TEXT}</p></article></body></html>", "utf-8")
    assert main(["add", str(tmp_path / "aide.html")]) == 0
    capsys.readouterr()
    assert main(["links"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 links checked, 1 known"
    assert lines[1].startswith("uncertain since ")
    assert lines[1].endswith(f" (status 404)  {URL}")
