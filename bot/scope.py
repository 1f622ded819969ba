"""Decide whether a message is a question to our sources, and if not, what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot.answers import Status
from ingest.analysis import fold


@dataclass(frozen=True, slots=True)
class Rule:
    """A class of messages with the status and the words that answer it."""

    name: str
    status: Status
    wording: str
    patterns: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None = None
    """What makes the rule not apply: a hotel that asks for aid does not ask for a hotel."""
    facts: bool = False
    """Show as well what the sources say."""
    sheets: tuple[str, ...] = ()
    """The documents that speak of this class."""

    def applies(self, text: str) -> bool:
        """Return whether *text*, in lower case without accents, is of this class."""
        if self.unless and self.unless.search(text):
            return False
        return any(pattern.search(text) for pattern in self.patterns)


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules of ``scope.yaml`` in order."""
    entries = yaml.safe_load((Path(__file__).parent / "scope.yaml").read_text(encoding="utf-8"))
    return tuple(
        Rule(
            entry["name"],
            entry["status"],
            entry["wording"],
            tuple(re.compile(pattern) for pattern in entry["patterns"]),
            re.compile(entry["unless"]) if "unless" in entry else None,
            entry.get("facts", False),
            tuple(entry.get("sheets", ())),
        )
        for entry in entries
    )


def classify(question: str) -> Rule | None:
    """Return the first rule that *question* falls under, or ``None`` when it goes to the sources."""
    text = re.sub(r"[’ʼ`´]", "'", fold(question))
    return next((rule for rule in rules() if rule.applies(text)), None)
