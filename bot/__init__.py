"""A question in, a cited answer out; others plug our index into their chains by ``GuichetRetriever``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.retriever import GuichetRetriever

__all__ = ["GuichetRetriever"]


def __getattr__(name: str) -> Any:
    """Import the retriever when it is asked for: it needs langchain-core, which no answer does."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bot import retriever

    return getattr(retriever, name)
