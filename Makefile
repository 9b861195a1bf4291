# Each command sets up its own environment in .venv, the first time; after that it starts at once.
# `make help` prints every line here that has a `##`.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
TEST_OPTIONS ?= -n auto --dist loadfile

.PHONY: help set-up run test test-slow check check-style check-types check-imports check-readme check-notebooks \
	check-version format bench constraints clean

help: ## Say what can be made
	@echo 'usage: make COMMAND      each sets up .venv by itself, the first time'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile
	@echo 'variables:'
	@echo '  PYTHON           the Python to make .venv with (3.11 or later; by default the first one found)'
	@echo '  TEST_OPTIONS     what pytest is given; now: $(TEST_OPTIONS)'

set-up: ## Make .venv and install everything into it; the other commands do this themselves
	@PYTHON='$(PYTHON)' sh .ci/set_up.sh

run: set-up ## The main job: simulate, sweep, print the table of effects, draw the figures
	.venv/bin/python experiments/main_job.py

test: set-up ## Run the tests, without the slow ones
	.venv/bin/python -m pytest $(TEST_OPTIONS)

test-slow: set-up ## Run all tests, the slow ones too
	.venv/bin/python -m pytest $(TEST_OPTIONS) -m 'slow or not slow'

check: check-style check-types check-imports check-readme check-notebooks check-version ## All of the checks below

check-style: set-up ## Ruff: the rules, and the format
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .

check-types: set-up ## Mypy: strict on the language and the engine, basic on the rest
	.venv/bin/python -m mypy

check-imports: set-up ## Import directions: no module imports one that stands above it
	.venv/bin/lint-imports

check-readme: set-up ## Run the code blocks of README.md and compare what they print
	.venv/bin/python .ci/check_readme.py

check-notebooks: set-up ## No notebook stores outputs
	.venv/bin/python .ci/check_notebooks.py

check-version: set-up ## One version everywhere
	.venv/bin/python .ci/check_version.py

format: set-up ## Put every file into ruff's format
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

bench: set-up ## Compare the engine with others, interleaved, agreement asserted first
	.venv/bin/python experiments/benchmarks/engines.py

constraints: set-up ## Pin the packages that .venv now holds in constraints.txt
	.venv/bin/python -m pip install --quiet --no-build-isolation --editable '.[dev,notebooks]'
	.venv/bin/python .ci/write_constraints.py

clean: ## Remove .venv and what the tools leave; saved results stay
	rm -rf .venv build dist .pytest_cache .hypothesis .ruff_cache .mypy_cache .import_linter_cache
	find . -name '*.egg-info' -prune -exec rm -rf {} +
	find . -name __pycache__ -prune -exec rm -rf {} +
