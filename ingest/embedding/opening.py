"""From the setting to the model: the one place that names the classes of this room."""

from __future__ import annotations

import re
from pathlib import Path

from ingest.embedding.embedder import Embedder
from ingest.embedding.endpoint import EndpointEmbedder
from ingest.embedding.prompts import Prompts
from ingest.embedding.static import StaticEmbedder, is_static
from ingest.embedding.transformer import TransformerEmbedder
from ingest.errors import SettingsError
from ingest.settings import BUNDLED_MODEL, Settings

_KIND = re.compile(r"([a-z][a-z0-9_-]+):(.*)", re.DOTALL)
"""What stands before a colon; two letters at least, since ``C:`` is a drive."""
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?(@[\w./-]+)?")


def open_embedder(settings: Settings) -> Embedder:
    """Return the model that ``GUICHET_EMBEDDING_MODEL`` names; raises ``SettingsError`` or ``ModelUnavailable``."""
    kind, name = _kind_and_name(settings.embedding_model)
    prompts = Prompts(settings.embedding_query_prompt, settings.embedding_passage_prompt)
    if kind == "static":
        return StaticEmbedder(name)
    if kind == "openai":
        return EndpointEmbedder(name, settings.embedding_base_url, settings.embedding_api_key, prompts)
    return TransformerEmbedder(name, prompts)


def open_words_model(embedder: Embedder) -> StaticEmbedder:
    """Return the bundled model, which is *embedder* itself when no other one is set."""
    if isinstance(embedder, StaticEmbedder) and embedder.folder == BUNDLED_MODEL:
        return embedder
    return StaticEmbedder(BUNDLED_MODEL)


def _kind_and_name(value: str) -> tuple[str, str]:
    """Return ``static``, ``openai`` or ``sentence-transformers``, and the name or folder."""
    value = value.strip()
    if given := _KIND.fullmatch(value):
        kind, name = given[1], given[2].strip()
        if kind not in ("openai", "sentence-transformers") or not name:
            raise SettingsError(
                f"GUICHET_EMBEDDING_MODEL: {value} is not understood; give a folder, sentence-transformers:NAME or "
                "openai:NAME"
            )
        return kind, name
    folder = Path(value).expanduser()
    if folder.is_dir():
        if is_static(folder):
            return "static", value
        if (folder / "modules.json").is_file() or (folder / "config.json").is_file():
            return "sentence-transformers", value
        raise SettingsError(f"{value}: no embedding model is in this folder; correct GUICHET_EMBEDDING_MODEL")
    if _HUB_NAME.fullmatch(value):
        return "sentence-transformers", value
    raise SettingsError(f"{value}: no such folder; correct GUICHET_EMBEDDING_MODEL")
