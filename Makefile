# `make demo` and `make test` do everything on a fresh machine with Python 3.11 or newer.
.PHONY: demo test lint types unit bench fuzz chaos clean pins catalogue help

# The newest Python that serves; name another with `make PYTHON=/path/to/python demo`.
PYTHON ?= $(shell sh tools/find-python)
VENV ?= .venv
BIN := $(VENV)/bin

help:  ## What can be made here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(VENV)/base  ## Run the whole job on this machine, and write report.html
	$(BIN)/troupe demo

test: lint types unit  ## Everything that is checked before a change lands

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

unit: $(VENV)/dev
	$(BIN)/pytest -n auto

bench: $(VENV)/base  ## Measure speed, memory and growth; writes bench/results.json and RESULTS.md
	$(BIN)/python -m bench

fuzz: $(VENV)/dev  ## The properties of reading and writing with two hundred times the examples
	TROUPE_FUZZ=200 $(BIN)/pytest tests/analysis -n auto

chaos: $(VENV)/dev  ## Many seeds of simulated trouble, and every planted fault hunted down
	TROUPE_CHAOS_SEEDS=500 $(BIN)/pytest tests/chaos -n auto

pins:  ## Renew the exact pins (needs uv)
	for each in base dev gcp; do \
	  uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links $$( [ $$each = base ] || echo --extra $$each ) \
	    pyproject.toml -o requirements/$$each.txt; \
	done

catalogue: $(VENV)/base  ## Renew events/catalogue.json from the code
	$(BIN)/python -m handlers.catalogue

clean:
	rm -rf $(VENV) .troupe report.html .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/base: requirements/base.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then sh tools/find-python --explain; exit 1; fi
	@if [ ! -x $(BIN)/python ]; then $(PYTHON) -m venv $(VENV); fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/dev: $(VENV)/base requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@
