"""Train the embedding model that the product ships.

python -m training.embedding DATA_FOLDER OUT_FOLDER [--questions FILE…] [--compare MODEL_FOLDER…] [--qa FOLDER]
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from training import card, pairs, questions, sheets, vocabulary
from training.pairs import Pair
from training.questions import Question
from training.sheets import Sheet
from training.tables import StaticModel, soup

CORPUS = Path(__file__).parent.parent / "corpus"
SHARE = 0.8
"""Of the fine-tuned tables in the final one; the rest is the table that training started from."""

log = logging.getLogger("training")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write the model with its card."""
    parser = argparse.ArgumentParser(prog="python -m training.embedding", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with train/, dev/ and prototype/")
    parser.add_argument("out", type=Path, help="folder for the model; made if need be")
    parser.add_argument("--questions", type=Path, nargs="*", default=[], help="files of questions to learn from")
    parser.add_argument("--compare", type=Path, nargs="*", default=[], help="model folders to measure too")
    parser.add_argument("--qa", type=Path, help="folder of question sets to measure on")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    # The evaluators report ten lines for each set.
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)

    asked = [question for path in options.questions for question in questions.read(path)]
    corpus = sheets.read(CORPUS)
    start = enlarged(StaticModel.load(options.data / "prototype"), corpus, asked)
    groups = pairs.read(options.data) | own_pairs(corpus, asked, start)
    log.info("%d pairs in %d groups, %d tokens", sum(map(len, groups.values())), len(groups), len(start.table))
    model = trained(start, groups)
    model.save(options.out)
    folders = {options.out.name: options.out, "prototype": options.data / "prototype"}
    folders |= {path.name: path for path in options.compare}
    figures = measured(folders, options.data, options.qa)
    facts = card.Facts(
        tokens=model.table.shape[0],
        dimension=model.table.shape[1],
        size=sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file()),
        pairs={name: len(group) for name, group in sorted(groups.items())},
        questions=len(asked),
        share=SHARE,
    )
    card.write(options.out, facts, figures)
    log.info("%s is written", options.out)


def enlarged(model: StaticModel, corpus: Iterable[Sheet], asked: Iterable[Question]) -> StaticModel:
    """Return *model* with tokens for the words of the corpus and of the questions that it cut into pieces so far."""
    by_language: dict[str, list[str]] = {}
    for sheet in corpus:
        by_language.setdefault(sheet.language, []).extend(
            [sheet.title, *sheet.aliases, *(statement.text for statement in sheet.statements)]
        )
    for question in asked:
        by_language.setdefault(question.language, []).append(question.text)
    counts = {
        language: vocabulary.count_words(model.tokenizer, texts) for language, texts in sorted(by_language.items())
    }
    words = [word for count in counts.values() for word in vocabulary.new_words(model.tokenizer, count)]
    endings = [
        word
        for language, count in counts.items()
        if language in ("de", "nl")
        for word in vocabulary.new_endings(model.tokenizer, count)
    ]
    return vocabulary.extended(model, words, endings)


def own_pairs(corpus: Sequence[Sheet], asked: Sequence[Question], start: StaticModel) -> dict[str, list[Pair]]:
    """Return the pairs made of the product's own corpus and of the questions *asked* about it."""
    groups = sheets.pairs(corpus)
    groups["glossary"] = sheets.glossary(CORPUS / "glossary.yaml")
    if asked:
        found = questions.pairs(asked, corpus)
        groups["asked"] = questions.with_rivals(found, asked, corpus, start.encode)
    return groups


def trained(start: StaticModel, groups: pairs.Groups) -> StaticModel:
    """Return *start* fine-tuned twice, averaged and mixed with itself."""
    from training.finetuning import RECIPES, fine_tune

    return soup(start, [fine_tune(start, groups, recipe) for recipe in RECIPES], SHARE)


def measured(folders: dict[str, Path], data: Path, qa: Path | None) -> dict[str, dict[str, float]]:
    """Return the figures of each model, in percent."""
    from sentence_transformers import SentenceTransformer

    from training.measures import measure

    return {name: measure(SentenceTransformer(str(folder), device="cpu"), data, qa) for name, folder in folders.items()}


if __name__ == "__main__":
    main()
