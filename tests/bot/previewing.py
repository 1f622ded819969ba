"""A small library with a draft and everything that previews need of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.live import Live
from bot.preview import Comparison, Previews
from bot.service import Bot
from ingest.documents import SourceDocument
from ingest.library import Library
from ingest.settings import Settings, load
from tests.bot.library import TODAY, document

PRIME = document(
    "prime", "fr", "Prime numérique", "La prime numérique couvre 70 % des frais de conseil.",
    kind="programme", status="open", closes="2026-12-31", verified_on="2026-11-01",
)  # fmt: skip
LOAN = document("pret", "fr", "Prêt vert", "Le prêt vert finance des machines économes pour les entreprises.")
BUS = document("bus", "fr", "Ligne de bus", "Le bus 12 passe toutes les dix minutes devant la gare de Namur.")
COURSE = document(
    "formation", "fr", "Prime formation", "La prime formation paie 30 € par heure de cours aux entreprises."
)
COVERS = "Combien couvre la prime numérique ?"
FINANCES = "Que finance le prêt vert ?"
GOLDEN = (
    {"id": "g1", "lang": "fr", "question": COVERS,
     "expected": {"status": ["answered"], "facts": ["70 %"], "documents": ["prime"]}},
    {"id": "g2", "lang": "fr", "question": FINANCES,
     "expected": {"status": ["answered"], "facts": ["machines"], "documents": ["pret"]}},
)  # fmt: skip


def covering(share: str, **meta: Any) -> SourceDocument:
    """Return another version of the grant, which covers *share*."""
    text = f"La prime numérique couvre {share} des frais de conseil."
    other = document("prime", "fr", "Prime numérique", text, **{**PRIME.meta, **meta})
    return dataclasses.replace(other, digest=share.encode().hex().ljust(64, "0"))


@dataclass(frozen=True)
class Desk:
    """What the tests work with."""

    library: Library
    live: Live
    previews: Previews
    settings: Settings

    def draft(self, document: SourceDocument) -> int:
        """Return the number of a new draft."""
        return self.library.revisions.write(document, f"{document.id}.md", "upload", "ella")

    def run(self, *numbers: int, gone: Sequence[str] = ()) -> Comparison:
        """Make a preview to its end."""
        *_, last = self.previews.run(numbers, gone, "ella")
        assert isinstance(last, Comparison)
        return last


@contextmanager
def opened(folder: Path, golden: Sequence[object] = GOLDEN, **flags: Any) -> Iterator[Desk]:
    """Yield a desk over a grant and a loan, with two control questions."""
    file = folder / "golden.jsonl"
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in golden), encoding="utf-8")
    settings = load(
        data_dir=folder / "data", corpus_dir=folder / "none", golden_questions=file, **{"today": TODAY, **flags}
    )
    with Library.open(settings) as library:
        library.add_documents([PRIME, LOAN])
        with closing(Live(library, lambda snapshot: Bot(snapshot, settings))) as live:
            yield Desk(library, live, Previews(library, live, settings), settings)
