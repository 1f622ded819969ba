"""How a run is made into figures, bars, comparisons and plots: on small sets made by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from ingest.documents import Language, Passage
from tests.evaluation import plots
from tests.evaluation.bars import Bar, never_below
from tests.evaluation.baselines import Meanings, PlainWords
from tests.evaluation.figures import Figure, in_words
from tests.evaluation.metrics import Estimate
from tests.evaluation.released import BEGIN, END, Released, compare, public, readme_tables, with_tables
from tests.evaluation.report import report
from tests.evaluation.retrieval import Query
from tests.evaluation.search import Meaning, search_set
from tests.evaluation.suite import Evaluation, Outcomes


class Letters:
    """A small true encoder: how often each letter stands in a text, as a unit vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector a text, of 26 places."""
        counts = np.array([[text.lower().count(chr(97 + place)) for place in range(26)] for text in texts], np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


def passage(document: str, text: str, language: Language = "fr") -> Passage:
    """A passage of which only document, language and text matter."""
    return Passage(
        id=f"{document}:{len(text)}", document=document, document_key=f"{language}/{document}", language=language,
        version=1, title="", headings=(), text=text, spans=(),
    )  # fmt: skip


def asked(text: str) -> Query:
    """A question in French of which only the text matters."""
    return Query("q", "fr", text, "", frozenset(), frozenset(), None)


def figure(value: float, **others: float) -> Figure:
    """A figure of a share with what simpler searches reach."""
    return Figure("set@5", "set, Recall@5", 10, Estimate(value), others={k: Estimate(v) for k, v in others.items()})


# Bars


@pytest.mark.parametrize(
    ("bar", "value", "met"),
    [(Bar("set@5", 0.9), 0.9, True), (Bar("set@5", 0.3), 0.1 + 0.2, True), (Bar("set@5", 0.9), 0.89, False),
     (Bar("set@5", 0.1, at_most=True), 0.1, True), (Bar("set@5", 0.1, at_most=True), 0.11, False)],
)  # fmt: skip
def test_bar_is_a_limit_on_one_side(bar: Bar, value: float, met: bool) -> None:
    """A value on its limit meets it, whatever the last binary digit says; beyond it misses."""
    assert bar.check({"set@5": figure(value)}).met is met


def test_bar_without_measurement_is_missed() -> None:
    """A bar over a figure that was not measured is not met by default."""
    assert not Bar("set@5", 0.0).check({}).met
    assert not Bar("set@5", 0.0).check({"set@5": Figure("set@5", "", 0, None)}).met


def test_only_times_have_room() -> None:
    """On a shared machine a time may take three times its limit, a share may not miss by any room."""
    slow = {"p95": Figure("p95", "", 10, Estimate(170.0), "ms")}
    assert not Bar("p95", 60, at_most=True).check(slow).met
    assert Bar("p95", 60, at_most=True).check(slow, room=3).met
    assert not Bar("set@5", 0.1, at_most=True).check({"set@5": figure(0.2)}, room=3).met


def test_every_row_has_a_bar_for_each_simpler_search() -> None:
    """A row must not be below what BM25 or MiniLM reach on it, where measured; unseen questions set no bar."""
    below = figure(0.1, bm25=0.9)
    figures = {"set@5": figure(0.8, bm25=0.9, minilm=0.7), "set@1": below, "unseen/documents@5": below}
    results = {bar.name: bar.check(figures).met for bar in never_below(figures)}
    assert results == {"set@5 not below bm25": False, "set@5 not below minilm": True}


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(0.8833, "share", "88.3 %"), (0.052, "points", "5.2 points"), (61.7, "ms", "62 ms"), (82.0, "words", "82"),
     (None, "share", "–")],
)  # fmt: skip
def test_values_are_printed_with_their_unit(value, unit, words) -> None:
    """Each unit has its form, nothing measured is a dash."""
    assert in_words(value, unit) == words


# Simpler searches


def test_plain_words_find_stems_in_the_language_of_the_passage() -> None:
    """Another form of a word finds it; the document that says it more often comes first; no shared word finds none."""
    index = PlainWords([
        passage("a", "Les entreprises wallonnes reçoivent une aide."),
        passage("b", "Une entreprise, des entreprises, encore des entreprises."),
        passage("c", "Le train part à midi."),
    ])  # fmt: skip
    assert index.rank(asked("mon entreprise")) == ["b", "a"]
    assert index.rank(asked("zzz")) == []


def test_meanings_rank_by_the_nearest_passage() -> None:
    """A document stands at the place of its nearest passage."""
    index = Meanings([passage("a", "xyz"), passage("b", "aaaa b"), passage("a", "aaaa")], Letters())
    assert index.rank(asked("aaa")) == ["a", "b"]


def test_meaning_is_not_measured_twice_on_the_same_texts() -> None:
    """A model is due only on a set whose texts differ from those that were measured."""
    meaning = Meaning(Letters(), {"set": "abc"})
    assert meaning.due("set", "abc") is None
    assert meaning.due("set", "other") is meaning.encoder
    assert meaning.due("new", "abc") is meaning.encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A question set of two documents, each in German and in English."""
    texts = {
        "de:tower": ("de", "Der Turm der Stadt wurde im Jahr 1452 gebaut."),
        "en:tower": ("en", "The tower of the town was built in the year 1452."),
        "de:bread": ("de", "Das Brot wird aus Roggen gebacken."),
        "en:bread": ("en", "The bread is baked from rye."),
    }
    corpus = [{"id": id, "lang": lang, "title": "", "text": text} for id, (lang, text) in texts.items()]
    questions = [
        {"id": "q1", "lang": "de", "history": [], "question": "Wann wurde der Turm gebaut?",
         "gold": ["de:tower"], "gold_other_language": ["en:tower"]},
        {"id": "q2", "lang": "de", "history": [], "question": "Woraus wird das Brot gebacken?",
         "gold": ["de:bread"], "gold_other_language": ["en:bread"]},
        {"id": "q3", "lang": "de", "history": [], "question": "Wer kauft?", "gold": []},
    ]  # fmt: skip
    place = tmp_path / "towns"
    place.mkdir()
    for name, records in (("corpus", corpus), ("questions", questions)):
        lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        (place / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return place


def test_a_set_is_searched_in_every_way(folder: Path) -> None:
    """All searches answer the questions that have a right document, in the own and in the other language."""
    found = search_set(folder, Meaning(Letters()))
    figures = found.figures()
    assert list(figures) == ["towns@1", "towns@5", "towns/other_language@1", "towns/other_language@5"]
    assert figures["towns@1"].value == 1.0
    assert figures["towns@1"].n == 2
    assert set(figures["towns@1"].others) == {"bm25", "minilm"}
    assert figures["towns@1"].others["bm25"].value == 1.0
    assert [row["id"] for row in found.as_rows()] == ["q1", "q2"] * 2


def test_a_set_of_talks_is_searched_by_the_bots_own_rules_too(folder: Path) -> None:
    """Where questions have turns before them, one row more says what is found when the bot picks the turns itself."""
    questions = folder / "questions.jsonl"
    first, *rest = map(json.loads, questions.read_text("utf-8").splitlines())
    first |= {"history": [{"role": "user", "text": first["question"]}], "question": "Und warum?"}
    questions.write_text("\n".join(map(json.dumps, (first, *rest))), encoding="utf-8")
    figures = search_set(folder, None).figures()
    assert figures["towns/own_rules@5"].value == 1.0
    assert not figures["towns/own_rules@5"].others


def test_texts_have_a_digest_that_changes_with_them(folder: Path) -> None:
    """The same texts have the same digest on every run; another word in the corpus changes it."""
    before = search_set(folder, None).texts
    assert search_set(folder, None).texts == before
    corpus = folder / "corpus.jsonl"
    corpus.write_text(corpus.read_text("utf-8").replace("Roggen", "Weizen"), encoding="utf-8")
    assert search_set(folder, None).texts != before


# Comparison with the last release


def outcomes(*values: float) -> Outcomes:
    """Outcomes of as many questions as values."""
    return Outcomes(tuple(f"q{number}" for number in range(len(values))), values)


def test_a_clear_loss_is_a_regression() -> None:
    """Ten of a hundred questions lost and none won is worse beyond chance, and the lost ones are named."""
    change = compare({"set": outcomes(*[0] * 10, *[1] * 90)}, {"set": outcomes(*[1] * 100)})["set"]
    assert change.regressed
    assert change.worse == tuple(f"q{number}" for number in range(10))


def test_losses_and_gains_within_chance_are_none() -> None:
    """Five lost and four won of a hundred is noise; so is one lost, and so is no change at all."""
    base = [1] * 50 + [0] * 50
    mixed = [0] * 5 + [1] * 45 + [1] * 4 + [0] * 46
    for now in (mixed, [0, *base[1:]], base):
        assert not compare({"set": outcomes(*now)}, {"set": outcomes(*base)})["set"].regressed


def test_the_pairing_counts_not_the_averages() -> None:
    """Two runs with the same average but other questions right are no regression; better and worse are both named."""
    change = compare({"set": outcomes(1, 0, 1, 0)}, {"set": outcomes(0, 1, 1, 0)})["set"]
    assert (change.difference.value, change.worse, change.better) == (0.0, ("q1",), ("q0",))


def test_replaced_questions_are_not_compared() -> None:
    """A set that shares fewer than four fifths of the released questions has no comparison; a longer one has."""
    before = outcomes(1, 1, 1, 1, 1)
    assert compare({"set": outcomes(0, 0, 0)}, {"set": before}) == {}
    assert compare({}, {"set": before}) == {}
    assert compare({"set": outcomes(1, 1, 1, 1, 1, 0, 0)}, {"set": before})["set"].n == 5


# Keeping, telling, drawing


def test_a_release_is_read_as_it_was_written(evaluation: Evaluation, tmp_path: Path) -> None:
    """Figures, outcomes and the state of the corpus survive the file."""
    made = Released.of(evaluation, None, "abc")
    made.write(tmp_path / "released.json")
    read = Released.read(tmp_path / "released.json")
    assert read is not None
    assert read.outcomes == made.outcomes
    assert (read.commit, read.corpus, read.texts) == ("abc", made.corpus, made.texts)
    assert readme_tables(read) == readme_tables(made)
    assert not any(change.worse or change.better for change in compare(evaluation.outcomes, read.outcomes).values())


def test_a_release_keeps_minilm_where_it_was_not_run(evaluation: Evaluation, released: Released) -> None:
    """Without the model, its released figures and the texts that they stand for are handed on."""
    made = Released.of(evaluation, released, None)
    assert made.minilm == released.minilm
    for key, before in released.figures.items():
        if key in made.figures and "minilm" in before.others:
            assert made.figures[key].others["minilm"] == before.others["minilm"]


def test_public_figures_put_unseen_questions_first(evaluation: Evaluation) -> None:
    """Where there is a set that nobody worked with, the page tells of it before the developers' own."""
    run = evaluation.answers["golden"]
    both = replace(evaluation, answers={"golden": run, "held": run})
    assert [found.unseen for found in public(both).sets] == [True, False]
    assert public(both).sets[0].questions == len(run.verdicts)


def test_readme_tables_stand_between_their_markers() -> None:
    """The text around the markers stays; a README without them is refused."""
    text = f"before\n{BEGIN}\nold\n{END}\nafter"
    assert with_tables(text, f"{BEGIN}\nnew\n{END}") == f"before\n{BEGIN}\nnew\n{END}\nafter"
    with pytest.raises(ValueError, match="markers"):
        with_tables("no markers", "new")


def test_the_table_names_every_figure(evaluation: Evaluation, released: Released) -> None:
    """The printed table has a line for each figure, the release it is compared with, and the missed bars below."""
    console = Console(record=True, width=200, file=io.StringIO())
    report(evaluation, released, console)
    printed = console.export_text()
    assert released.date in printed
    for measured in evaluation.figures.values():
        assert measured.label in printed
    for result in evaluation.bars():
        if not result.met:
            assert f"missed: {result.bar.name}" in printed


def test_plots_are_small_and_their_text_is_text(evaluation: Evaluation, tmp_path: Path) -> None:
    """Four SVG files under 150 kB each, with words that can be searched, the same on every run."""
    first, again = (plots.draw(evaluation, tmp_path / name) for name in ("first", "again"))
    assert [path.name for path in first] == ["search.svg", "answers.svg", "latency.svg", "length.svg"]
    for path, other in zip(first, again, strict=True):
        text = path.read_text(encoding="utf-8")
        assert len(text) < 150_000
        assert ">100 %</text>" in text or "questions</text>" in text
        assert text == other.read_text(encoding="utf-8")
