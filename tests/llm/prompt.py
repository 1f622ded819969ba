"""Read back what the product sends to a language model: the instructions, the question, the quotes, earlier turns."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.documents import Language

NAMES: Mapping[str, Language] = {"French": "fr", "Dutch": "nl", "German": "de", "English": "en"}
_ASKED = re.compile(r"Answer in (French|Dutch|German|English)")
# The end must carry the suffix of the beginning: a document may well hold tags of its own.
_FENCE = re.compile(
    r"<(?P<tag>(?P<kind>question|quote|turn|sentence)-\w+)(?P<attributes>[^>]*)>(?P<text>.*?)</(?P=tag)>", re.DOTALL
)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Quote:
    """One numbered quote that the model may cite."""

    n: int
    document: str
    language: Language
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request as a model would understand it."""

    system: str
    user: str
    language: Language
    """The language to answer in."""
    question: str
    quotes: tuple[Quote, ...]
    turns: tuple[str, ...]
    """What the user said before, oldest first."""
    wrong: tuple[str, ...] = ()
    """Sentences that are to be written anew, because they say something else than their quotes."""

    @property
    def rewriting(self) -> bool:
        """Whether the product wants a question that stands alone instead of an answer."""
        return "stand-alone" in self.system

    @property
    def seed(self) -> int:
        """The same for the same question over the same quotes: fences differ from request to request."""
        return zlib.crc32("\n".join((self.question, *(quote.text for quote in self.quotes), *self.wrong)).encode())

    @property
    def text(self) -> str:
        """Everything that was sent."""
        return f"{self.system}\n{self.user}"

    @classmethod
    def read(cls, messages: Sequence[Mapping[str, Any]]) -> Prompt:
        """Read the messages of one request; what a prompt does not hold stays empty."""
        system, user = (_joined(messages, roles) for roles in (("system", "developer"), ("user",)))
        asked = _ASKED.search(system)
        fences = [(match["kind"], dict(_ATTRIBUTE.findall(match["attributes"])), match["text"].strip())
                  for match in _FENCE.finditer(user)]  # fmt: skip
        quotes = tuple(_quote(attributes, text) for kind, attributes, text in fences if kind == "quote")
        told = {kind: [text for other, _, text in fences if other == kind] for kind in ("question", "sentence")}
        turns = tuple(text for kind, attributes, text in fences if kind == "turn" and attributes.get("role") == "user")
        language = NAMES[asked[1]] if asked else quotes[0].language if quotes else "en"
        question = (told["question"] or [user])[-1]
        return cls(system, user, language, question, quotes, turns, tuple(told["sentence"]))


def _quote(attributes: Mapping[str, str], text: str) -> Quote:
    language: Language = next((known for known in NAMES.values() if known == attributes.get("language")), "en")
    return Quote(int(attributes.get("n", "0")), attributes.get("document", ""), language, text)


def _joined(messages: Sequence[Mapping[str, Any]], roles: Sequence[str]) -> str:
    return "\n".join(_content(message["content"]) for message in messages if message["role"] in roles)


def _content(content: str | Sequence[Mapping[str, Any]]) -> str:
    return content if isinstance(content, str) else "\n".join(str(part.get("text", "")) for part in content)
