"""The tokens of the model: whole words of the subject are added, so that each has a vector of its own."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from tokenizers import Tokenizer

from training.tables import StaticModel, Table

_CONTINUED = "##"


def count_words(tokenizer: Tokenizer, texts: Iterable[str]) -> Counter[str]:
    """Return how often each word occurs in *texts*, as the tokenizer sees words: folded, cut at punctuation."""
    counts: Counter[str] = Counter()
    for text in texts:
        folded = tokenizer.normalizer.normalize_str(text)
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(folded))
    return counts


def new_words(tokenizer: Tokenizer, counts: Counter[str], *, least: int = 3) -> list[str]:
    """Return the words seen at least *least* times that the tokenizer would cut into pieces, most frequent first."""
    return [
        word
        for word, count in counts.most_common()
        if count >= least and len(word) > 2 and word.isalpha() and tokenizer.token_to_id(word) is None
    ]


def new_endings(tokenizer: Tokenizer, counts: Counter[str], *, least: int = 2, letters: int = 5) -> list[str]:
    """Return words of *letters* or more that end at least *least* longer words: the heads of compounds.

    Dutch and German write compounds as one word. ``##aanvraag`` lets ``subsidieaanvraag`` share the meaning of
    ``aanvraag`` even when nobody has seen the compound.
    """
    compounds: dict[str, int] = defaultdict(int)
    for word in counts:
        for start in range(3, len(word) - letters + 1):
            compounds[word[start:]] += 1
    return [
        word
        for word, count in counts.most_common()
        if count > 1
        and len(word) >= letters
        and word.isalpha()
        and compounds[word] >= least
        and tokenizer.token_to_id(_CONTINUED + word) is None
    ]


def extended(model: StaticModel, words: Sequence[str], endings: Sequence[str] = ()) -> StaticModel:
    """Return *model* with a token for each of *words*, and one for each of *endings* inside longer words.

    A new token starts as the sum of its former pieces. A text is a mean, brought to unit length, so before training
    no text without one of *endings* changes its vector.
    """
    content = json.loads(model.tokenizer.to_str())
    vocabulary: dict[str, int] = content["model"]["vocab"]
    rows: list[Table] = []
    for token, word in [*((word, word) for word in words), *((_CONTINUED + word, word) for word in endings)]:
        if token not in vocabulary:
            vocabulary[token] = len(vocabulary)
            pieces = model.tokenizer.encode(word, add_special_tokens=False).ids
            rows.append(model.table[pieces].sum(axis=0))
    if not rows:
        return model
    return StaticModel(Tokenizer.from_str(json.dumps(content)), np.vstack([model.table, *rows]))
