"""Pairs of the corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import sheets
from training.embedding import CORPUS
from training.sheets import Sheet


@pytest.fixture(scope="module")
def corpus() -> list[Sheet]:
    """Every language version of every sheet of the starter corpus."""
    return sheets.read(CORPUS)


def test_every_statement_exists_in_four_languages(corpus: list[Sheet]) -> None:
    """Footnotes align the whole corpus: no statement is missing in a language."""
    versions = sheets.aligned(corpus)
    assert len(versions) > 1000
    assert all(set(found) == {"fr", "nl", "de", "en"} for found in versions.values())


def test_a_footnote_aligns_translations(corpus: list[Sheet]) -> None:
    """What carries one footnote says the same in each language, with the same figure."""
    found = sheets.aligned(corpus)["start-ia", "f02"]
    assert found["fr"].text.startswith("En 2025, 515 organisations")
    assert all("515" in statement.text for statement in found.values())


def test_a_footnote_used_twice_keeps_its_statements_apart(tmp_path: Path) -> None:
    """Two statements with one footnote have two places, in reading order, and marks are not part of the text."""
    path = tmp_path / "x.md"
    head = next(CORPUS.glob("fr/start-ia.md")).read_text(encoding="utf-8").split("---\n")[1]
    path.write_text(
        f"---\n{head}---\n\n# T\n\n## En bref\n\n- Un.[^f01]\n- Deux.[^f01]\n- Contact : x\n", encoding="utf-8"
    )
    found = sheets.read_sheet(path).statements
    assert [(statement.place, statement.text) for statement in found] == [("f01", "Un."), ("f01.1", "Deux.")]


def test_statements_of_a_title_share_its_key(corpus: list[Sheet]) -> None:
    """Whatever stands under a title has the sheet as its key, so that a batch never sets a sheet against itself."""
    titled = sheets.pairs(corpus)["titles"]
    assert {pair.key for pair in titled} == {sheet.id for sheet in corpus}


def test_the_glossary_pairs_words_across_languages() -> None:
    """Words of one concept of the glossary are pairs, within a language and across."""
    found = {(pair.left, pair.right) for pair in sheets.glossary(CORPUS / "glossary.yaml")}
    assert ("subside", "subvention") in found
    assert ("subside", "Zuschuss") in found
