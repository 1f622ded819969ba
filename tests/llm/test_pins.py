"""A validated answer is never put into other words by a language model."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from bot.answers import Message
from bot.validation import THRESHOLD
from ingest.pins import PinContent, PinSource, PinStatement, Wording
from tests.llm.double import Double
from tests.llm.library import model_bot

RATE = "La prime numérique paie 30 % des frais, avec un plafond de 50 000 €."
ASKED = "Quel est le taux de la prime numérique ?"
SAID = "La prime numérique rembourse 30 % des frais, 50 000 € au plus."
CONTENT = PinContent(
    (Wording(ASKED, "fr"),), {"fr": (PinStatement(SAID, (1,)),)}, (PinSource("fr/prime", RATE),), "ann",
    dt.date(2027, 6, 1), THRESHOLD,
)  # fmt: skip


def test_the_model_is_not_asked(tmp_path: Path, double: Double) -> None:
    """Where a model phrases answers, a validated one is given in the team's words, also to a follow-up, unasked."""
    with model_bot(tmp_path, double, "quotes") as bot:
        assert bot.ask(ASKED).is_phrased
        before = len(double.exchanges)
        pin = bot.library.pins.save(CONTENT, "ann")
        bot.library.pins.activate(pin.number, "bob", dt.date(2026, 11, 30))
        turns = [Message("user", "C'est quoi la prime numérique ?"), Message("assistant", "Une aide.")]
        answers = [bot.ask(ASKED), bot.ask("Et quel est son taux ?", turns)]
        assert len(double.exchanges) == before
    assert [answer.statements[0].text for answer in answers] == [SAID, SAID]
    assert all(answer.validated and not answer.is_phrased for answer in answers)
