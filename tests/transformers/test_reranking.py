"""A cross-encoder of sentence-transformers puts the best hits in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.bootstrap import open_bot
from bot.reranking import CrossEncoderReranker, open_reranker
from ingest.errors import ModelUnavailable, SettingsError
from ingest.settings import Settings, load
from tests.bot.library import TODAY, document
from tests.transformers.conftest import Builder

TEXTS = ["a voucher for courses", "an inn", "a loan for machines"]


def test_each_text_gets_one_score(cross_encoder: Builder) -> None:
    """A score does not depend on the other texts, and differs between texts."""
    reranker = CrossEncoderReranker(str(cross_encoder()))
    scores = reranker.scores("who pays for courses", TEXTS)
    assert (scores.shape, scores.dtype) == ((3,), np.float32)
    assert len(set(scores.tolist())) == 3
    assert reranker.scores("who pays for courses", TEXTS[1:2])[0] == pytest.approx(scores[1], abs=1e-5)


def test_one_setting_switches_it_on(cross_encoder: Builder, tmp_path: Path) -> None:
    """With a folder in the settings the bot asks it; the order changes, the scores of the fusion stay."""
    things = ("course", "machine", "study", "patent", "fair", "loan", "audit", "robot")
    sheets = [document(thing, "en", f"Aid for a {thing}", f"The aid pays a {thing}.") for thing in things]
    found = {}
    for reranker in (None, str(cross_encoder())):
        settings = load(data_dir=tmp_path, corpus_dir=tmp_path / "none", today=TODAY, reranker=reranker)
        with open_bot(settings) as bot:
            bot.library.add_documents(sheets)
            found[reranker] = bot._retriever.find("which aid pays", "en")
    plain, reranked = found.values()
    assert {hit.passage.id for hit in reranked} == {hit.passage.id for hit in plain}
    assert [hit.passage.id for hit in reranked] != [hit.passage.id for hit in plain]
    assert [hit.score for hit in reranked] == [hit.score for hit in plain]


def test_a_model_of_classes_is_refused(cross_encoder: Builder) -> None:
    """A model that gives several scores a text is no reranker."""
    with pytest.raises(SettingsError, match="gives 3 scores a text; give a model that gives one"):
        open_reranker(Settings(reranker=str(cross_encoder(labels=3))))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """A wrong folder is answered with the setting to correct."""
    with pytest.raises(ModelUnavailable, match=r"GUICHET_RERANKER: .* cannot be loaded"):
        open_reranker(Settings(reranker=str(tmp_path)))
