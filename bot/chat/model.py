"""A chat model behind one method, and LangChain's as the one that serves: any provider, or any address.

LangChain's types go no further than this file.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

import httpx

from bot.chat.failures import ChatFailure, translated
from ingest.errors import SettingsError
from ingest.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

LONGEST = 500
"""Tokens of an answer at most: five sentences need some 200."""
PROVIDERS: dict[str, str] = {"openai": "", "ollama": "ollama", "mistralai": "mistralai", "anthropic": "anthropic"}
"""Providers that have a part of their own in our manual, with the extra that installs their package."""

_ENDS = ("finish_reason", "done_reason", "stop_reason")
"""What each provider calls the reason for which a reply ended."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message to a model."""

    role: Literal["system", "user"]
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text as it comes, or at the end what it cost; 0 where the provider does not tell."""

    text: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


class ChatModel(Protocol):
    """What phrasing needs of a language model."""

    @property
    def name(self) -> str:
        """What the model is called, for receipts and for the reader."""

    def stream(self, turns: Sequence[Turn]) -> AsyncGenerator[Piece, None]:
        """Yield the reply piece by piece; raises ``ChatFailure``. Closing the generator ends the request upstream."""


class LangChainModel:
    """A chat model of LangChain."""

    def __init__(self, model: BaseChatModel, name: str, *, tells_end: bool = False) -> None:
        """Take LangChain's *model*; when it *tells its end*, a stream that ends without was cut off."""
        self._model = model
        self._tells_end = tells_end
        self.name = name

    async def stream(self, turns: Sequence[Turn]) -> AsyncGenerator[Piece, None]:
        """Yield the reply piece by piece; raises ``ChatFailure``."""
        begun = ended = False
        half = ""  # of a character that a server has cut in two
        last = ""
        messages = [(turn.role, turn.text) for turn in turns]
        try:
            async with aclosing(self._model.astream(messages)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    usage: Any = chunk.usage_metadata or {}
                    text, half = _whole(half + str(chunk.text))
                    begun = begun or bool(text)
                    last = text.strip()[-1:] or last
                    ended = ended or any(chunk.response_metadata.get(key) for key in _ENDS)
                    if text or usage:
                        yield Piece(text, usage.get("input_tokens") or 0, usage.get("output_tokens") or 0)
        except Exception as error:  # a provider's package raises what it likes; it becomes one of ours here
            raise translated(error, begun=begun) from error
        # Some servers tell no end; a sentence that is whole was not cut.
        if begun and self._tells_end and not ended and last not in ".!?]":
            raise ChatFailure("cut", "the stream ended without its end")


def open_chat_model(settings: Settings) -> ChatModel | None:
    """Return the model that ``GUICHET_LLM`` or ``GUICHET_LLM_BASE_URL`` names, if one does.

    Raises ``SettingsError`` when its package is missing or the name cannot be used. Nothing is sent yet.
    """
    if not settings.llm and not settings.llm_base_url:
        return None
    provider, model = _named(settings)
    # Here and not above: with no model set, half a second of start-up is saved.
    from langchain.chat_models import init_chat_model

    try:
        chat = init_chat_model(model, model_provider=provider, **_options(provider, settings))
    except ImportError as error:
        extra = PROVIDERS.get(provider)
        command = (
            f'`uv sync --extra {extra}` or `pip install ".[{extra}]"`' if extra
            else f"`pip install langchain-{provider.replace('_', '-')}`"
        )  # fmt: skip
        raise SettingsError(f"GUICHET_LLM: the package for {provider} is not installed; run {command}") from error
    except Exception as error:  # packages check their settings with errors of their own
        reason = _first_line(error)
        keyless = not settings.llm_api_key and ("api_key" in reason.lower() or "credential" in reason.lower())
        advice = "set GUICHET_LLM_API_KEY" if keyless else f"{reason}; correct it"
        raise SettingsError(f"GUICHET_LLM: {provider}:{model} cannot be used: {advice}") from error
    return LangChainModel(chat, model, tells_end=provider in PROVIDERS)


def _whole(text: str) -> tuple[str, str]:
    """Return *text* with the halves of UTF-16 joined, and a half at its end that waits for the other one."""
    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    return text[: len(text) - len(half)].encode("utf-16", "surrogatepass").decode("utf-16", "replace"), half


def _named(settings: Settings) -> tuple[str, str]:
    """Return provider and model; a colon may also belong to the model's own name (``llama3.2:1b``)."""
    name = (settings.llm or "default").strip()
    if not name.strip(": ") or name.endswith(":"):
        raise SettingsError("GUICHET_LLM: names no model; write PROVIDER:NAME, such as ollama:llama3.2")
    provider, colon, model = name.partition(":")
    if colon and model and (provider in PROVIDERS or not settings.llm_base_url):
        return provider, model
    if settings.llm_base_url:
        return "openai", name
    raise SettingsError(
        f"GUICHET_LLM: {name} names no provider; write ollama:{name}, openai:…, mistralai:… or anthropic:…, "
        "or set GUICHET_LLM_BASE_URL to an OpenAI-compatible address"
    )


def _options(provider: str, settings: Settings) -> dict[str, Any]:
    """Return what each provider's class calls address, key, time-outs and tries.

    The time-outs that matter are ours (:mod:`bot.chat.patience`); only connecting cannot be told from outside, and the
    classes of mistralai and anthropic have no setting for it: there a dead host is a first word that does not come.
    """
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    patience = {"timeout": settings.llm_total_seconds, "connect": settings.llm_connect_seconds}
    options: dict[str, Any] = {"temperature": 0.0}
    if settings.llm_base_url:
        options["base_url"] = _address(settings.llm_base_url)
    if key and not (key.isascii() and key.isprintable()):
        raise SettingsError("GUICHET_LLM_API_KEY: holds a character that no key has; copy it again")
    if key:
        options["api_key"] = key
    if provider == "openai":
        from openai import Timeout

        options |= {"timeout": Timeout(**patience), "max_retries": 0, "stream_usage": True, "max_tokens": LONGEST}
        if settings.llm_base_url:
            # A server of one's own wants no key, and the class wants one; its newer interface is OpenAI's alone.
            options |= {"api_key": key or "none", "use_responses_api": False}
    elif provider == "ollama":
        options |= {"client_kwargs": {"timeout": httpx.Timeout(**patience)}, "num_predict": LONGEST}
        options.pop("api_key", None)
    elif provider == "mistralai":
        options |= {"timeout": int(settings.llm_total_seconds) + 1, "max_retries": 1, "max_tokens": LONGEST}
    elif provider == "anthropic":
        options |= {"timeout": settings.llm_total_seconds, "max_retries": 0, "max_tokens": LONGEST}
    return options


def _address(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"GUICHET_LLM_BASE_URL: {url} is no address; write http://… or https://…, up to /v1")
    return url.strip().rstrip("/")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
