"""Fine-tune a static model with sentence-transformers. The only module of the project that trains, and needs torch."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset, DatasetDict
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
from tokenizers import Tokenizer
from transformers import get_linear_schedule_with_warmup

from training.pairs import Groups, draw
from training.tables import StaticModel


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one run is made: how many batches of each group, how large, how fast."""

    batches: Mapping[str, int]
    """Batches drawn from the groups whose name begins with the key, shared among them by their size.

    A group belongs to the longest key that fits; one that no key fits is not used.
    """
    seed: int
    size: int = 1024
    rate: float = 0.0015
    scale: float = 20.0
    longest: int = 96
    """Tokens of a text that count in training."""


RECIPES = (
    Recipe({"parallel": 110, "questions": 180, "questions-en-en": 20, "plain": 20, "asked": 30}, seed=2),
    Recipe(
        {"parallel": 110, "questions": 170, "questions-en-en": 40, "plain": 20, "asked": 60}
        | {"terms": 8, "glossary": 2, "statements": 10, "titles": 15},
        seed=3,
    ),
)
"""Two runs whose mean is better than either. Few short labels: they undo the matching of longer texts, French first."""


class DrawnBatches(DefaultBatchSampler):
    """The batches as :func:`training.pairs.draw` made them: rows that follow each other and carry one label."""

    def __init__(self, dataset: Dataset, batch_size: int, drop_last: bool, **options: Any) -> None:
        super().__init__(dataset, batch_size=batch_size, drop_last=drop_last, **options)
        numbers = np.asarray(dataset["label"])
        self._batches = np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(numbers)) + 1)

    def __iter__(self) -> Iterator[list[int]]:
        for rows in self._batches:
            yield rows.tolist()

    def __len__(self) -> int:
        return len(self._batches)


class SparseTrainer(SentenceTransformerTrainer):
    """The trainer of sentence-transformers, without the length of the gradient, which torch cannot take when sparse."""

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> None:
        return None


def fine_tune(model: StaticModel, groups: Groups, recipe: Recipe) -> StaticModel:
    """Return *model* after one pass over the batches of *recipe*: symmetric in-batch softmax, lazy Adam."""
    torch.manual_seed(recipe.seed)
    tokenizer = Tokenizer.from_str(model.tokenizer.to_str())
    tokenizer.enable_truncation(recipe.longest)
    embedding = StaticEmbedding(tokenizer, embedding_weights=model.table.copy())
    # Dense Adam moves 70,000 rows at every step; only the rows of the batch need to move.
    embedding.embedding.sparse = True
    # The row of unknown tokens is zero and stays so: the product leaves them out of the mean.
    embedding.embedding.padding_idx = tokenizer.token_to_id("[UNK]")
    student = SentenceTransformer(modules=[embedding, Normalize()], device="cpu")
    data = _datasets(groups, recipe)
    steps = sum(len(set(part["label"])) for part in data.values())
    optimizer = torch.optim.SparseAdam(list(embedding.parameters()), lr=recipe.rate, betas=(0.9, 0.98))
    with tempfile.TemporaryDirectory() as folder:
        SparseTrainer(
            model=student,
            args=SentenceTransformerTrainingArguments(
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=recipe.size,
                batch_sampler=DrawnBatches,
                max_grad_norm=0,
                seed=recipe.seed,
                save_strategy="no",
                logging_steps=100,
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
            ),
            train_dataset=data,
            loss=MultipleNegativesRankingLoss(
                student, scale=recipe.scale, directions=("query_to_doc", "doc_to_query"), partition_mode="per_direction"
            ),
            optimizers=(optimizer, get_linear_schedule_with_warmup(optimizer, steps // 20, steps)),
        ).train()
    return StaticModel(model.tokenizer, embedding.embedding.weight.detach().numpy())


def _datasets(groups: Groups, recipe: Recipe) -> DatasetDict:
    """Return the drawn pairs of each group; the label is the number of the batch."""
    parts = {}
    for prefix, names in _members(groups, recipe.batches).items():
        batches = recipe.batches[prefix]
        total = sum(len(groups[name]) for name in names)
        for name in names:
            share = max(1, round(batches * len(groups[name]) / total))
            drawn = draw(groups[name], share, recipe.size, recipe.seed)
            length = len(drawn) // share
            columns: dict[str, list[Any]] = {
                "anchor": [pair.left for pair in drawn],
                "positive": [pair.right for pair in drawn],
            }
            if any(pair.against for pair in drawn):
                columns["negative"] = [pair.against for pair in drawn]
            columns["label"] = [number // length for number in range(len(drawn))]
            parts[name] = Dataset.from_dict(columns)
    return DatasetDict(parts)


def _members(groups: Groups, prefixes: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of the groups of each prefix."""
    members: dict[str, list[str]] = defaultdict(list)
    for name in sorted(groups):
        if fitting := [prefix for prefix in prefixes if name.startswith(prefix)]:
            members[max(fitting, key=len)].append(name)
    return members
