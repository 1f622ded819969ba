"""Small sheets, and a tiny embedding model that is a real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace


def head(**keys: str) -> str:
    """Return the head of a sheet; *keys* replace its lines, an empty one leaves the line out."""
    lines = {
        "id": "aide", "lang": "fr", "title": "Une aide", "kind": "subsidy", "operator": "SPW", "audience": "PME",
        "status": "open", "verified_on": "2026-11-23", "review_by": "2099-01-01", **keys,
    }  # fmt: skip
    return "\n".join(f"{key}: {value}" for key, value in lines.items() if value)


def sheet(id: str, *statements: str, **keys: str) -> str:
    """Return a sheet with *statements*, each with a source."""
    items = "\n".join(f"- {statement}[^f01]" for statement in statements)
    footnote = "[^f01]: <https://example.org/page> · 2026-05-31 · confiance élevée"
    return f"---\n{head(id=id, **keys)}\n---\n\n# Une aide\n\n## En bref\n\n{items}\n\n{footnote}\n"


def two_sheets(folder: Path) -> Path:
    """Write an aid in French and a loan in Dutch into a new folder."""
    folder.mkdir()
    (folder / "aide.md").write_text(sheet("aide", "L'aide couvre la moitié des frais de conseil."), "utf-8")
    (folder / "lening.md").write_text(sheet("lening", "De lening bedraagt 50.000 euro.", lang="nl"), "utf-8")
    return folder


def tiny_model(folder: Path) -> Path:
    """Make a static embedding model of four words and two dimensions in *folder*."""
    folder.mkdir()
    words = {"[UNK]": 0, "aide": 1, "lening": 2, "moitié": 3}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.array([[9, 9], [3, 0], [0, 4], [1, 1]], dtype=np.float16)
    save_file({"embedding.weight": table}, folder / "model.safetensors")
    return folder
