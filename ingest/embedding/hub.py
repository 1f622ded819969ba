"""Models of sentence-transformers by folder or by name, opened so that each failure is one sentence.

A model that was downloaded once is opened from the cache without asking the hub: the index was made with that one, and
a start must not wait for a network.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from ingest.errors import ModelUnavailable, SettingsError

_HUB_SECONDS = 10.0
_WEIGHTS = (".safetensors", ".bin", ".json", ".txt", ".model")
"""What decides the vectors of a model: its weights, and how text becomes tokens."""


def open_model(kind: Literal["SentenceTransformer", "CrossEncoder"], name: str, setting: str) -> tuple[Any, str]:
    """Return the model and its revision. *name* is a folder, or a name of the hub with or without ``@revision``.

    Raises ``SettingsError`` (extra not installed, no such model) or ``ModelUnavailable`` (it cannot be downloaded),
    naming the *setting*.
    """
    folder = Path(name).expanduser()
    try:
        make = getattr(importlib.import_module("sentence_transformers"), kind)
    except ImportError as error:
        which = name if folder.is_dir() else f"{name} is no folder here, and a model by name"
        raise SettingsError(
            f"{setting}: {which} needs the extra guichet-ia[transformers]; install it with "
            '`uv sync --extra transformers` or `pip install ".[transformers]"`'
        ) from error
    if folder.is_dir():
        return _made(make, str(folder), setting), _digest(folder)
    model_id, _, revision = name.partition("@")
    if kind == "SentenceTransformer" and "/" not in model_id:
        model_id = f"sentence-transformers/{model_id}"  # as the library itself completes a short name
    wanted = revision or None
    try:
        model = make(model_id, revision=wanted, local_files_only=True)
    except Exception:  # noqa: BLE001  # whatever hinders it: what is not whole in the cache is downloaded
        wanted = _commit(model_id, wanted, setting)
        model = _made(make, model_id, setting, revision=wanted)
    return model, _revision(model_id, wanted, model)


def _made(make: Any, name: str, setting: str, **options: Any) -> Any:
    try:
        return make(name, **options)
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, SafetensorError, …
        raise ModelUnavailable(f"{setting}: {name} cannot be loaded ({_reason(error)}); give another model") from error


def _commit(model_id: str, revision: str | None, setting: str) -> str | None:
    """Return the commit that *revision* stands for at the hub.

    One question, answered or not within seconds: left to itself, loading tries every file six times, for a minute.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return HfApi().model_info(model_id, revision=revision, timeout=_HUB_SECONDS).sha
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        raise SettingsError(
            f"{setting}: neither a folder nor a public model of the hub is called {model_id}"
            f"{f'@{revision}' if revision else ''}; correct the name"
        ) from error
    except Exception as error:  # the HTTP library differs between releases of the hub's client
        raise ModelUnavailable(
            f"{setting}: {model_id} is no folder here and cannot be downloaded ({_reason(error)}); go online once, or "
            "give a folder"
        ) from error


def _revision(model_id: str, wanted: str | None, model: Any) -> str:
    """Return the commit that was loaded, which its folder in the cache is called by, or a digest of the settings."""
    from huggingface_hub import try_to_load_from_cache

    for file in ("modules.json", "config.json"):
        found = try_to_load_from_cache(model_id, file, revision=wanted)
        if isinstance(found, str):
            return Path(found).parent.name[:12]
    configs = [str(config) for part in model.modules() if (config := getattr(part, "config", None)) is not None]
    return hashlib.sha256("\n".join(configs).encode()).hexdigest()[:12]


def _digest(folder: Path) -> str:
    """Return a digest over everything in *folder* that decides the vectors."""
    digest = hashlib.sha256()
    for path in _parts(folder):
        digest.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def _parts(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and path.suffix in _WEIGHTS and not hidden:
            yield path


def _reason(error: BaseException) -> str:
    """Return the first sentence of an error, short enough to stand in brackets."""
    first = re.split(r"[.;]?\s*\n|\. ", str(error).strip() or type(error).__name__)[0]
    return first if len(first) <= 160 else first[:159] + "…"
