# Works in a checkout whose path has a space in it, and twice at the same time.

.DEFAULT_GOAL := help
SHELL := /bin/bash
# Whose shell it is changes nothing: neither what Python imports and reads, nor what pytest runs.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONUTF8 PYTHONIOENCODING PYTHONINSPECT
unexport PYTEST_ADDOPTS PYTEST_PLUGINS PYTEST_DISABLE_PLUGIN_AUTOLOAD CDPATH BASH_ENV ENV
# Some tests only, as `make test TESTS=tests/unit`.
TESTS =
# So many tests at once, on two cores: many of them wait. Each worker brings up what its tests need.
WORKERS = 3
# `make bench BENCH_PERSONS=500 BENCH_WITHDRAWALS=1` is quick, but says little.
BENCH_PERSONS = 15000
BENCH_WITHDRAWALS = 20
.PHONY: help setup demo test lint bench mutate pictures rules clean

help: ## print this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

setup: ## make .venv and download what the stack needs
	@.ci/setup

demo: setup ## show one declaration on its way from employer to letter
	@exec .venv/bin/kruispunt demo

test: setup ## run every test, on a stack of its own
	@exec .venv/bin/python -E -s -m pytest -n $(WORKERS) $(TESTS)

lint: setup ## ruff and mypy
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy

bench: setup ## measure every stage, and the whole
	@exec .venv/bin/python -m benchmarks.run --persons $(BENCH_PERSONS) --withdrawals $(BENCH_WITHDRAWALS)

mutate: setup ## find changes to the rules that no case notices; MUTANTS="rules.calculation.bonus*" for some, about 6 a second
	@.venv/bin/mutmut run $(MUTANTS)
	@.venv/bin/mutmut results

pictures: setup ## make the pictures of the README from the demo
	@exec .venv/bin/python docs/pictures.py

rules: setup ## write docs/rules.md from the catalogue
	@.venv/bin/python -m docs.rules

clean: ## stop this checkout's stack, remove its data and everything that make made
	@if [ -x .venv/bin/kruispunt ]; then .venv/bin/kruispunt down --wipe; fi
	@rm -rf .venv .kruispunt .mypy_cache .pytest_cache .ruff_cache .hypothesis mutants
