"""How well phrased statements are told from those that their quotes do not bear out."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.verification import Quote, unheld_figure
from ingest.documents import LANGUAGES
from tests.corpus import sheets
from tests.evaluation.support import Judged, as_data, judge, measured
from tests.slowness import slowness
from training.support import read

MARGIN = 0.04
"""By which a rate may be worse than what the README tells; a fit on another machine differs in the last digits."""


@pytest.fixture(scope="module")
def judged(bot) -> list[Judged]:
    """The half of the pairs that nothing was fitted on, verified."""
    return judge(bot._retriever, [pair for pair in read() if pair.held])


def test_pairs_cover_four_languages_and_both_outcomes() -> None:
    """There are at least 200 pairs, 40 in each language, and neither outcome has less than two in five."""
    pairs = read()
    assert len(pairs) >= 200
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert min(Counter(pair.language for pair in pairs)[language] for language in LANGUAGES) >= 40
    assert 0.4 <= sum(pair.supported for pair in pairs) / len(pairs) <= 0.6


def test_statements_on_the_same_quotes_are_in_one_half() -> None:
    """What the fit has seen of a quote does not come again where it is measured."""
    halves = {(pair.quotes, pair.held) for pair in read()}
    assert len(halves) == len({quotes for quotes, _ in halves})


def test_few_unsupported_statements_are_shown(judged: list[Judged]) -> None:
    """At most 9 in 100 statements that are wrong on purpose pass."""
    assert measured(judged)["all"].false_alarm_rate <= 0.085 + MARGIN


def test_most_supported_statements_are_shown(judged: list[Judged]) -> None:
    """Seven in ten statements that are right pass; the others are replaced by their quotes."""
    assert measured(judged)["all"].hit_rate >= 0.714 - MARGIN


@pytest.mark.parametrize("kind", ["date", "unit", "unrelated"])
def test_no_wrong_date_or_unit_and_nothing_unrelated_is_shown(judged: list[Judged], kind: str) -> None:
    """None of these passes at all."""
    assert measured(judged)[kind].false_alarms == 0


@pytest.mark.parametrize("kind", ["number", "name"])
def test_hardly_a_wrong_number_or_name_is_shown(judged: list[Judged], kind: str) -> None:
    """At most one passes: a number or a name of another part of the same quote."""
    assert measured(judged)[kind].false_alarms <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_is_left_behind(judged: list[Judged], language: str) -> None:
    """In each language at least three right statements in five pass, and at most one wrong one in five."""
    rates = measured(judged)[language]
    assert rates.hit_rate >= 0.6
    assert rates.false_alarm_rate <= 0.2


def test_verification_takes_milliseconds(judged: list[Judged]) -> None:
    """The median is within the 5 ms that a statement may cost; three times that on shared machines."""
    assert as_data(judged)["milliseconds"]["median"] <= 15 * slowness()


def test_hardly_a_figure_of_the_corpus_is_refused_against_its_translation() -> None:
    """Of all facts, held against the same fact in the next language, at most 1 in 100 fails for a figure."""
    facts = {
        (sheet.head.id, line.fact_labels, sheet.head.lang): line.text
        for sheet in sheets.corpus().values()
        for line in sheet.lines
        if len(line.fact_labels) == 1
    }
    following = dict(zip(LANGUAGES, (*LANGUAGES[1:], LANGUAGES[0]), strict=True))
    refused = [
        bool(unheld_figure(text, language, [Quote(facts[id, label, following[language]], following[language])]))
        for (id, label, language), text in facts.items()
        if (id, label, following[language]) in facts
    ]
    assert len(refused) > 4_000
    assert sum(refused) <= 0.01 * len(refused)
