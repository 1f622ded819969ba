"""Small sheets, and a tiny embedding model that is a real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel, WordPiece
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


PIECES = ("[PAD]", "[UNK]", "aide", "lening", "##en", "subsid", "##e", "ki", "ia", "conseil")
"""The tokens of ``word_piece_model``."""


def word_piece_model(folder: Path, *, dimension: int = 8, kind: str = "float16", place: str = "") -> Path:
    """Make a static model of ten word pieces in *folder*, as sentence-transformers writes it.

    *kind* is the type of its numbers (with int8 go factors a row), *place* the sub-folder of table and tokenizer.
    """
    (folder / place).mkdir(parents=True)
    tokenizer = Tokenizer(WordPiece({piece: id for id, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / place / "tokenizer.json"))
    table = np.random.default_rng(dimension).standard_normal((len(PIECES), dimension)).astype(np.float32)
    tensors = {"embedding.weight": table.astype(kind)}
    if kind == "int8":
        scale = np.abs(table).max(axis=1, keepdims=True) / 127
        tensors = {"embedding.weight": np.rint(table / scale).astype(np.int8), "scale": scale}
    save_file(tensors, folder / place / "model.safetensors")
    parts = [
        {"idx": 0, "name": "0", "path": place, "type": "sentence_transformers.models.StaticEmbedding"},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    (folder / "modules.json").write_text(json.dumps(parts), "utf-8")
    return folder
