"""A language model that is real in all but its learning: a Llama of two layers with random weights, and its server.

``transformers serve`` speaks OpenAI's chat completions over HTTP, as llama.cpp, vLLM and Ollama do. What this model
says is noise, so whatever of it reached a reader would be seen at once.

``python -m tests.transformers.llama FOLDER`` writes the model, for a server that is started by hand.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from ingest.settings import ROOT

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
CHAT = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant: "
WORDS = 500
"""Entries of the vocabulary."""
SPREAD = 0.5
"""Of the weights. With less, the likeliest word is the same one over and over; the product asks for the likeliest."""
CONTEXT = 8192
"""Tokens that a prompt and its reply may have: with so small a vocabulary, a token is three letters."""
READY_WITHIN = 120.0
"""Seconds until the server must answer; importing torch alone takes some 10 on a busy machine."""


def build(folder: Path, texts: Iterable[str]) -> Path:
    """Write the model, its tokenizer (made of *texts*) and its chat template into *folder*; 0.5 MB."""
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, set_seed

    tokenizer = _tokenizer(texts)
    tokenizer.save_pretrained(folder)
    set_seed(3)
    names = ("pad", "bos", "eos")
    marks = {f"{name}_token_id": number for number, name in enumerate(names)}
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, tie_word_embeddings=False,
        initializer_range=SPREAD, **marks,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(**marks)
    model.save_pretrained(folder)
    return folder


def _tokenizer(texts: Iterable[str]) -> Any:  # a class of a package that may be absent
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=WORDS, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        chat_template=CHAT, model_max_length=CONTEXT,
    )  # fmt: skip


def corpus() -> Iterator[str]:
    """Yield some sheets of the starter corpus in four languages: what the tokenizer is made of."""
    return (path.read_text("utf-8") for path in sorted((ROOT / "corpus").glob("*/a*.md")))


@contextmanager
def serving(folder: Path, command: Path | None = None) -> Iterator[str]:
    """Serve the model of *folder* in a process of its own and yield the address, up to ``/v1``.

    *command* is the program ``transformers`` of another environment; left out, that of this one.
    """
    command = command or Path(sys.executable).with_name("transformers")
    port = _free_port()
    log = folder.with_suffix(".log")
    arguments = [str(command), "serve", str(folder), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    # Nothing is looked up on the hub: the model lies here.
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            _wait_until_ready(server, f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], health: str, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            if httpx.get(health, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass  # not yet
        time.sleep(0.2)
    raise RuntimeError(f"transformers serve did not get ready: {log.read_text(errors='replace')[-2000:]}")


if __name__ == "__main__":
    build(Path(sys.argv[1]), corpus())
