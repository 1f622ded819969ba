"""The model as two things that need no torch: a tokenizer and a table of one vector a token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

Table = NDArray[np.float32]

_MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding",
    },
    {
        "idx": 1,
        "name": "1",
        "path": "1_Normalize",
        "type": "sentence_transformers.base.modules.normalize.Normalize",
    },
]
_CONFIG = {
    "__version__": {"sentence_transformers": "6.2.0"},
    "model_type": "SentenceTransformer",
    "prompts": {"document": "", "query": ""},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}
_FILES = {
    "modules.json": _MODULES,
    "config_sentence_transformers.json": _CONFIG,
    "1_Normalize/config.json": {
        "module_input_name": "sentence_embedding",
        "module_output_name": "sentence_embedding",
    },
}


@dataclass(frozen=True, slots=True)
class StaticModel:
    """A tokenizer and the vectors of its tokens, *table* of shape ``(tokens, dimension)``, float32."""

    tokenizer: Tokenizer
    table: Table

    @classmethod
    def load(cls, folder: Path) -> StaticModel:
        """Return the model in *folder*, in half precision or in one byte a number."""
        tensors = load_file(folder / "model.safetensors")
        if "embedding.weight" in tensors:
            table = tensors["embedding.weight"].astype(np.float32)
        else:
            table = tensors["embeddings"] * tensors["weights"].astype(np.float32)[:, None]
        return cls(Tokenizer.from_file(str(folder / "tokenizer.json")), table)

    def encode(self, texts: Sequence[str]) -> Table:
        """Return one unit vector a text, shape ``(len(texts), dimension)``; the zero vector without a known token."""
        vectors = np.zeros((len(texts), self.table.shape[1]), dtype=np.float32)
        for row, encoding in enumerate(self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)):
            vectors[row] = self.table[encoding.ids].sum(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(np.divide(vectors, lengths, out=vectors, where=lengths > 0), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the model to *folder* in sentence-transformers format, one byte a number and one scale a token.

        The two tensors carry the names that sentence-transformers (6.2 and later) and model2vec multiply on loading.
        """
        (folder / "1_Normalize").mkdir(parents=True, exist_ok=True)
        numbers, scales = quantised(self.table)
        save_file({"embeddings": numbers, "weights": scales}, folder / "model.safetensors")
        (folder / "model.safetensors").chmod(0o644)
        # Written without blanks, the tokenizer takes two thirds of the room.
        tokenizer = json.loads(self.tokenizer.to_str())
        (folder / "tokenizer.json").write_text(
            json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )
        for name, content in _FILES.items():
            (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def quantised(table: Table) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return *table* in whole numbers from -127 to 127 and the factor of each row, shape ``(tokens,)``."""
    scales = np.abs(table).max(axis=1) / 127
    numbers = np.divide(table, scales[:, None], out=np.zeros_like(table), where=scales[:, None] > 0)
    return np.rint(numbers).astype(np.int8), scales.astype(np.float32)


def soup(start: StaticModel, tuned: Sequence[StaticModel], share: float) -> StaticModel:
    """Return *share* of the mean of the *tuned* models and the rest of *start*, all with one tokenizer.

    Weight averaging after robust fine-tuning: Wortsman et al., "Robust fine-tuning of zero-shot models" (2022) and
    "Model soups" (2022).
    """
    mean = np.mean([model.table for model in tuned], axis=0)
    return replace(start, table=((1 - share) * start.table + share * mean).astype(np.float32))
