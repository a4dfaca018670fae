# Two commands do all the set-up: `make up` runs it, `make test` tests it.
PYTHON ?= python3
BIN := .venv/bin
export HOMEOSTAT_CONFIG ?= config/demo.yaml

.PHONY: help install install-dev up test suite conformance lint style types lock clean

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

install: .venv/.installed  ## Prepare .venv with what is pinned in requirements.lock

install-dev: .venv/.installed-dev  ## … and with what the tests need

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Homeostat needs Python 3.11 or later; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python config/link.py
	touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

up: install  ## Run it all: broker, database, workers, API; prints the address
	exec $(BIN)/homeostat up

test: install-dev  ## Lint, type-check and test, with a real broker
	$(MAKE) --no-print-directory style
	$(MAKE) --no-print-directory --jobs 2 types suite

conformance: install-dev  ## Hold the API to its document, with a thousand requests of each operation
	HOMEOSTAT_CONFORMANCE=1000 $(BIN)/python -m pytest tests/integration/contracts

lint: style types  ## ruff, import-linter, mypy

style: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: install-dev
	$(BIN)/mypy

suite: install-dev
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --durations 15

lock: install-dev  ## Resolve the pins anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -c requirements-dev.lock -o requirements.lock

clean:  ## Remove .venv; the log in .homeostat stays
	rm -rf .venv
