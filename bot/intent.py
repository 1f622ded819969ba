"""What kind of answer a question wants."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

from ingest.analysis import fold
from ingest.listing import read_list

Want = Literal["how_much", "when", "where", "who", "allowed", "difference", "open", "support", "price", "what"]


@cache
def _compiled() -> tuple[tuple[Want, re.Pattern[str]], ...]:
    patterns = read_list(Path(__file__).parent / "intent.yaml")
    return tuple((want, re.compile("|".join(alternatives))) for want, alternatives in patterns.items())


def wants(question: str) -> frozenset[Want]:
    """Return what *question* asks for; ``what`` when nothing special."""
    text = re.sub(r"[’ʼ`´]", "'", fold(question))
    found = frozenset(want for want, pattern in _compiled() if pattern.search(text))
    return found or frozenset({"what"})
