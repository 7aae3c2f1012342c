# `make demo` and `make test` are the two commands to know. Everything runs in .venv, made when it is missing.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: install demo test check docs install-check stress bench ablation clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv || python3 -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# Four models of the fables. One learns the text for two minutes, is scored on the tales it never saw, and writes one;
# one learns the tags of a few tales in half a minute, is scored on two others, and tags what the first has written; one
# learns in a quarter of a minute who speaks, is scored on other tales, and judges what the first has written; and one
# learns in three quarters of a minute the forms of their verbs, is scored on other verbs, and writes those of new ones.
demo: install
	$(BIN)/charnn train data/fables.txt --documents paragraph --time 2m --out checkpoints/demo --overwrite
	$(BIN)/charnn eval --model checkpoints/demo
	$(BIN)/charnn sample "The Fox and the" --model checkpoints/demo --temp 0.6 --length 1500 --seed 1
	$(BIN)/charnn train data/fables-train.conllu --valid data/fables-dev.conllu --out checkpoints/demo-tags --overwrite
	$(BIN)/charnn eval --model checkpoints/demo-tags
	$(BIN)/charnn sample "The " --model checkpoints/demo --temp 0.6 --length 200 --seed 2 | $(BIN)/charnn tag --model checkpoints/demo-tags
	$(BIN)/charnn train data/speakers-train.tsv --task classifier --out checkpoints/demo-speakers --overwrite
	$(BIN)/charnn eval data/speakers-test.tsv --model checkpoints/demo-speakers
	$(BIN)/charnn sample "The " --model checkpoints/demo --temp 0.6 --length 400 --seed 2 | $(BIN)/charnn classify --model checkpoints/demo-speakers
	$(BIN)/charnn train data/verbs-train.tsv --time 45s --out checkpoints/demo-verbs --overwrite
	$(BIN)/charnn eval data/verbs-test.tsv --model checkpoints/demo-verbs
	printf '%s\tV;PST\n' grin jog gnaw | $(BIN)/charnn transduce --model checkpoints/demo-verbs --keep-source

test: install
	$(BIN)/python -m pytest -q --numprocesses 2 --dist worksteal

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# docs/options.md, from what the commands say of their options, and docs/python.md, from what classes say.
docs: install
	$(BIN)/python -m charnn.cli.reference > docs/options.md
	$(BIN)/python -m tests.docs.python_page > docs/python.md

# The package as its users get it: installed without extras into a temporary folder, where it uses the golden models.
install-check:
	PYTHON=$(PYTHON) .ci/install-check

# Runs that are killed, disks that are full and files that are spoilt, for so many seconds, and what came of each.
TIME ?= 3600
stress: install
	$(BIN)/python -m tests.stress --time $(TIME)

# The figures of docs/figures, on this machine. CORPUS is any text; the figures there are for Tiny Shakespeare.
CORPUS ?= $(firstword $(wildcard ../shared/data/tinyshakespeare/input.txt) data/fables.txt)
TREEBANKS ?= $(firstword $(wildcard ../shared/data) data)
bench: install
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m tests.benchmarks $(CORPUS) --treebanks $(TREEBANKS)

# What each part of the default recipe buys: 60 s for each variant and seed. `LOG=runs.jsonl` keeps the runs that are
# done, so that a stopped ablation goes on; `OPTIONS='--seeds 1 --time 20s'` makes it short.
ablation: install
	$(BIN)/python -m tests.benchmarks $(CORPUS) ablation $(if $(LOG),--log $(LOG)) $(OPTIONS)

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find charnn tests -name __pycache__ -type d -prune -exec rm -rf {} +
