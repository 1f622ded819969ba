"""The starter corpus says what its sources say, in four languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from ingest.documents import LANGUAGES, Statement
from ingest.readers.markdown import read_markdown
from tests.corpus import rules, sheets
from tests.corpus.rules import LanguageRule, Rule
from tests.corpus.sheets import CORPUS, Line, Sheet


def test_every_subject_has_four_languages() -> None:
    """Each fact sheet has a sheet in French, Dutch, German and English, and no other sheet is there."""
    keys = {f"{language}/{id}" for language in LANGUAGES for id in sheets.fact_sheets()}
    assert sheets.corpus().keys() == keys


def test_every_head_is_valid_and_fits_its_file() -> None:
    """The front matter validates, and its id and language are those of the path."""
    assert [sheet.key for sheet in sheets.corpus().values() if sheet.key != f"{sheet.head.lang}/{sheet.head.id}"] == []


@pytest.mark.parametrize("rule", rules.SHEET_RULES, ids=lambda rule: rule.__name__)
def test_every_sheet_keeps_to_its_facts(rule: Rule) -> None:
    """No sheet of the corpus breaks the rule."""
    assert [problem for facts, sheet in sheets.pairs() for problem in rule(facts, sheet)] == []


@pytest.mark.parametrize("rule", rules.LANGUAGE_RULES, ids=lambda rule: rule.__name__)
def test_translations_agree_with_the_french_sheet(rule: LanguageRule) -> None:
    """What a rule compares is the same in all four languages of each sheet."""
    corpus = sheets.corpus()
    couples = [(corpus[f"fr/{sheet.head.id}"], sheet) for sheet in corpus.values()]
    assert [problem for original, sheet in couples for problem in rule(original, sheet)] == []


@cache
def read_by_the_library(key: str) -> list[Statement]:
    """Return the statements that the library's own reader finds in a sheet."""
    path = CORPUS / f"{key}.md"
    sections = read_markdown(path, path.read_bytes()).pages[0].sections
    return [statement for section in sections for statement in section.statements]


def test_the_reader_finds_every_statement() -> None:
    """The library reads the statements of a sheet as they are written, with the role that their footnotes give."""
    for sheet in sheets.corpus().values():
        read = read_by_the_library(sheet.key)
        assert [statement.text for statement in read] == [line.text for line in sheet.lines]
        facts = [statement.text for statement in read if statement.role == "fact"]
        assert facts == [line.text for line in sheet.lines if line.fact_labels]


def test_the_reader_keeps_date_and_confidence() -> None:
    """The library gives each statement the date, the confidence and the name of its first footnote."""
    for facts, sheet in sheets.pairs():
        for statement, line in zip(read_by_the_library(sheet.key), sheet.lines, strict=True):
            if line.fact_labels:
                label = line.labels[0]
                assert replace(statement.source, url=None) == replace(facts.facts[label].source, url=None, note=label)


def test_the_reader_keeps_addresses() -> None:
    """The library gives each statement the address of its first footnote, %-escapes aside."""
    for facts, sheet in sheets.pairs():
        for statement, line in zip(read_by_the_library(sheet.key), sheet.lines, strict=True):
            if line.fact_labels:
                assert unquote(statement.source.url or "") == unquote(facts.facts[line.labels[0]].source.url or "")


# --- the rules notice ------------------------------------------------------------------------------------------------


def edited(folder: Path, key: str, old: str, new: str) -> Sheet:
    """Return a copy of a sheet in which the first *old* is *new*."""
    text = (CORPUS / f"{key}.md").read_text("utf-8")
    assert old in text
    path = folder / f"{key}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(old, new, 1), "utf-8")
    return sheets.parse(path)


@pytest.mark.parametrize(
    ("rule", "key", "old", "new"),
    [
        (rules.sourced_figures, "fr/start-ia", "515 organisations", "516 organisations"),
        (rules.sourced_figures, "nl/ai-act", "7\u00a0%", "8\u00a0%"),
        (rules.sourced_figures, "de/ai-act", "2. Februar 2025", "3. Februar 2025"),
        (rules.figures_of_editors, "en/ai-act-belgium", "by November 2026", "by November 2027"),
        (rules.amounts_in_facts, "fr/ai-act", "rate: 0.07", "rate: 0.08"),
        (rules.amounts_in_facts, "fr/ai-act", "ceiling_eur: 35000000", "ceiling_eur: 36000000"),
        (rules.facts_stated, "fr/start-ia", "515 organisations", "des organisations"),
        (rules.facts_stated, "fr/start-ia", "concept.[^f08]", "concept.[^f07]"),
        (rules.sources_of_facts, "fr/start-ia", "[^f01]: <https://ribbon", "[^f01]: <https://ribon"),
        (rules.sources_of_facts, "fr/start-ia", "· 2019-11 ·", "· 2019-12 ·"),
        (rules.sources_of_facts, "fr/start-ia", "confiance élevée", "confiance moyenne"),
        (rules.sources_of_facts, "fr/start-ia", "[^f07]: ", "[^f09]: "),
        (rules.footnote_on_each_statement, "fr/start-ia", "2021.[^f07]", "2021."),
        (rules.wording_of_gaps, "fr/start-ia", "Non précisé dans nos sources", "Inconnu"),
        (rules.known_headings, "en/start-ia", "## Figures", "## Zahlen"),
        (rules.traps_stated, "fr/start-ia", "- Start IA est wallon", "- Start IA n'est pas wallon"),
    ],
)
def test_a_rule_notices_a_changed_copy(rule: Rule, key: str, old: str, new: str, tmp_path: Path) -> None:
    """A sheet with one thing changed breaks the rule that watches over it."""
    sheet = edited(tmp_path, key, old, new)
    assert list(rule(sheets.fact_sheets()[sheet.head.id], sheet))


def test_a_translation_with_another_figure_is_noticed(tmp_path: Path) -> None:
    """A Dutch sheet with one number changed differs from the French one."""
    sheet = edited(tmp_path, "nl/start-ia", "515", "551")
    assert list(rules.same_figures(sheets.corpus()["fr/start-ia"], sheet))
    sheet = edited(tmp_path, "nl/start-ia", "status: unknown", "status: open")
    assert list(rules.same_head(sheets.corpus()["fr/start-ia"], sheet))


def test_any_figure_that_changes_is_noticed() -> None:
    """One more in any figure of any sourced French statement breaks a rule, unless it says that figure as well."""
    unnoticed = []
    for facts, sheet in sheets.pairs():
        if sheet.head.lang == "fr":
            for line in sheet.lines:
                for other in one_more(line):
                    changed = replace(sheet, lines=tuple(other if kept is line else kept for kept in sheet.lines))
                    noticed = [*rules.sourced_figures(facts, changed), *rules.facts_stated(facts, changed)]
                    if not noticed and sheet.figures(other) - sheets.implied(sheet.figures(line)):
                        unnoticed.append((sheet.key, other.text))
    assert unnoticed == []


def one_more(line: Line) -> Iterator[Line]:
    """Yield copies of a sourced statement, each with one number raised by one."""
    for match in re.finditer(r"(?<!\d)\d+", line.text):
        if line.fact_labels and line.section != "before":
            number = f"{int(match[0]) + 1:0{len(match[0])}}"
            yield replace(line, text=line.text[: match.start()] + number + line.text[match.end() :])
