# What a contributor runs; `make` alone lists it. Only `make check` and `make lint` need no root.
SHELL := /bin/bash
.DEFAULT_GOAL := help

python := .venv/bin/python
ready := .venv/.pyvrrp-installed
# Tests are compiled once and not at each start, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help check lint types fast-tests test coverage bench demo

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 18

check: lint types fast-tests ## lint, types, imports, all quick tests that need no root: a minute

lint: $(ready) ## ruff, format and the import contracts
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	.venv/bin/lint-imports

types: $(ready)
	$(python) -m mypy

fast-tests: $(ready)
	$(python) -m pytest -q -n auto --dist worksteal -m "not kernel and not interop and not slow"

test: ## everything, as CI does but for the lab (root)
	tests/run

coverage: $(ready) ## prove that the tests reach every branch of the pure core
	tests/coverage-core

bench: ## compare with keepalived in one run (root, half an hour)
	netns-lab/lab bench

demo: ## see three fail-overs in a minute (root)
	netns-lab/demo

$(ready): pyproject.toml constraints.txt
	netns-lab/bootstrap --python-only
	@touch $@
