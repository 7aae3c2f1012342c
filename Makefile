# `make demo` and `make test` are the two commands to know. Everything runs in .venv, made when it is missing.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: install demo test check bench clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv || python3 -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# Trains on the fables for two minutes, then writes a tale and scores the model on the tales it never saw.
demo: install
	$(BIN)/charnn train data/fables.txt --documents paragraph --time 2m --out checkpoints/demo --overwrite
	$(BIN)/charnn eval --model checkpoints/demo
	$(BIN)/charnn sample "The Fox and the" --model checkpoints/demo --temp 0.6 --length 1500 --seed 1

test: install
	$(BIN)/python -m pytest -q

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The figures of the README, on this machine. CORPUS is any text; the README's figures are for Tiny Shakespeare.
CORPUS ?= $(firstword $(wildcard ../shared/data/tinyshakespeare/input.txt) data/fables.txt)
bench: install
	$(BIN)/python -m tests.benchmarks $(CORPUS)

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find charnn tests -name __pycache__ -type d -prune -exec rm -rf {} +
