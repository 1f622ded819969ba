"""A process that is killed while documents come and go: what it acknowledged is there, nothing is half there.

``GUICHET_KILLS`` sets how many random moments are tried; the default keeps the run short. One in six hits a
running server while files are sent to it.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from ingest.checking import check
from ingest.documents import SourceDocument
from ingest.embedding import StaticEmbedder
from ingest.library import Library
from ingest.settings import Settings
from tests.ui.running import Running, running

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("GUICHET_KILLS", "6"))
UPLOAD_KILLS = max(1, KILLS // 6)

WORKER = """
import itertools, json, os, sys, time
from ingest.intake import Intake
from ingest.library import Library
from ingest.revisions import Edit
from ingest.settings import Settings

acknowledged = open(sys.argv[2], "a")

def say(**what):
    acknowledged.write(json.dumps(what) + "\\n")
    acknowledged.flush()

run = sys.argv[3]
def judge(examined, revision):
    return examined.document, {}

with Library.open(Settings(data_dir=sys.argv[1])) as library, Intake(library, judge) as intake:
    print("ready", flush=True)
    for n in itertools.count():
        id = f"aide-{n % 4}"
        text = f"# Aide {id}\\n\\nEssai {run}, tour {n} : cette aide couvre {n % 90 + 1} % des frais de conseil.\\n"
        number = intake.write(text, f"{id}.md", "anne")
        say(did="upload", number=number, text=text)
        while library.revisions.get(number).state == "received":
            time.sleep(0.005)
        library.revisions.edit(number, Edit(id=id, language="fr"), "anne")
        say(did="edit", number=number, key=f"fr/{id}")
        library.publish([number], "anne")
        say(did="publish", number=number, key=f"fr/{id}")
        if n % 3 == 2:
            library.remove([f"fr/{id}"], by="anne")
            say(did="remove", number=number, key=f"fr/{id}")
"""


def acknowledgements(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what the worker had acknowledged; the kill may have cut the last line."""
    for line in path.read_text("utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def test_nothing_acknowledged_is_lost_and_nothing_is_half_visible(
    settings: Settings, embedder: StaticEmbedder, tmp_path: Path
) -> None:
    """Killed at random moments of upload, publish, replace and delete, the library starts whole, with all it said."""
    told = tmp_path / "acknowledged"
    told.touch()
    chance = random.Random(int(os.environ.get("GUICHET_SEED", "1")))
    slowest = 0.0
    for kill in range(KILLS):
        command = [sys.executable, "-c", WORKER, str(settings.data_dir), str(told), str(kill)]
        worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.05, 2.5))
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        begun = time.monotonic()
        with Library.open(settings, embedder) as library:
            slowest = max(slowest, time.monotonic() - begun)
            _look(library, list(acknowledgements(told)))
    assert slowest < 10, f"a start took {slowest:.1f} s"


def test_no_upload_that_was_answered_is_lost(settings: Settings, embedder: StaticEmbedder) -> None:
    """A server that is killed while files are sent to it keeps each file for which it gave a number, byte for byte."""
    chance = random.Random(int(os.environ.get("GUICHET_SEED", "1")))
    answered: dict[int, bytes] = {}
    for kill in range(UPLOAD_KILLS):
        with running(settings.data_dir) as guichet:
            before = len(answered)
            with ThreadPoolExecutor(3) as senders:
                sent = [senders.submit(_send, guichet, f"{kill}-{sender}", answered) for sender in range(3)]
                while len(answered) == before and not any(each.done() for each in sent):
                    time.sleep(0.01)
                time.sleep(chance.uniform(0.0, 0.5))
                guichet.process.send_signal(signal.SIGKILL)
            for each in sent:
                each.result()
        with Library.open(settings, embedder) as library:
            assert check(library) == []
            for number, content in answered.items():
                kept = library.revisions.get(number).original or ""
                assert library.originals.path(kept).read_bytes() == content, number
            assert list(library.originals.arriving.iterdir()) == []
    assert answered


def _send(guichet: Running, sender: str, answered: dict[int, bytes]) -> None:
    """Upload one file after the other until the server is gone; note what was answered."""
    for n in itertools.count():
        # Long enough that some are under way when the kill comes.
        content = f"# Aide {sender}, fichier {n}\n\n".encode() + b"Cette aide couvre la moitie des frais.\n" * 20_000
        try:
            number = guichet.upload(f"{sender}-{n}.md", content)
        except (OSError, HTTPException):
            return
        answered[number] = content


def _look(library: Library, told: list[dict[str, Any]]) -> None:
    assert check(library) == []
    served: dict[str, int | None] = {}
    removed: dict[str, int] = {}
    for entry in told:
        revision = library.revisions.get(entry["number"])
        if entry["did"] == "upload":
            assert library.originals.path(revision.original or "").read_text("utf-8") == entry["text"]
        elif entry["did"] == "publish":
            served[entry["key"]] = entry["number"]
            assert revision.state in ("published", "replaced", "archived")
        elif entry["did"] == "remove":
            served[entry["key"]], removed[entry["key"]] = None, entry["number"]
            assert revision.state == "archived"
    for key, number in served.items():
        present = library.documents.get(key)
        # The last thing may have been done and not yet told: a removal, or the publication of a newer one.
        if present is None:
            assert number is None or library.revisions.get(number).state == "archived"
        elif present.revision != number:
            newest = max(entry["number"] for entry in told if entry.get("key") == key)
            assert present.revision >= newest
            assert present.revision > (number or removed[key]), f"{key}: the removal of {present.revision} is lost"
    for key in library.documents:
        passages = library.passages_of([key])
        assert len(passages) == library.documents[key].passages > 0
        found = library.lexicon.words_of([passage.id for passage in passages])
        assert all(len(words) for words in found)
    assert {info.revision for info in library.documents.values()} == {
        revision.number for revision in library.revisions.list("published")
    }


def test_a_lost_removal_is_noticed(library: Library, documents: list[SourceDocument]) -> None:
    """What these tests look at is not whole where a removal was acknowledged and the document is there all the same."""
    library.add_documents(documents[:1])
    ((key, document),) = library.documents.items()
    told = [{"did": did, "number": document.revision, "key": key} for did in ("edit", "publish")]
    _look(library, told)
    with pytest.raises(AssertionError):
        _look(library, [*told, {"did": "remove", "number": document.revision, "key": key}])
    library.remove([key], by="anne")
    _look(library, [*told, {"did": "remove", "number": document.revision, "key": key}])
    _look(library, told)
    library.add_documents(documents[:1])
    assert library.documents[key].revision > document.revision
    _look(library, [*told, {"did": "remove", "number": document.revision, "key": key}])
