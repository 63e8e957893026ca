# `make demo` and `make test` do everything on a fresh machine with Python 3.11 or newer.
.PHONY: demo quick test lint types unit emulators contracts cloud bench fuzz simulate seeds catalogue docs pictures prices pins clean help

# The newest Python that serves; name another with `make PYTHON=/path/to/python demo`.
PYTHON ?= $(shell sh scripts/find-python)
VENV ?= .venv
BIN := $(VENV)/bin

help:  ## What can be made here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(VENV)/base  ## Run the whole job on this machine, and write report.html
	$(BIN)/troupe demo

# What a move or a rename can break: imports, names, the catalogue, the statements, one whole run.
QUICK := tests/test_packages.py tests/test_vocabulary.py tests/test_documents.py tests/events tests/docs/test_reference.py \
  tests/handlers/test_whole_runs.py tests/terraform/test_needs.py tests/tracking/test_statements.py

quick: lint types  ## Under a minute: style, types, and the tests that a move can break
	$(BIN)/pytest -n auto --dist loadfile -x $(QUICK)

test: lint types unit  ## Style, types and behaviour

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

unit: $(VENV)/dev
	$(BIN)/pytest -n auto --dist loadfile

emulators: $(VENV)/dev  ## Install what stands in for Google Cloud in the contract tests
	$(BIN)/python scripts/emulators.py install

contracts: emulators  ## Print the matrix of the contract tests: tool, form, differences
	$(BIN)/python -m tests.contracts

cloud: emulators  ## The whole run through the Google Cloud form on emulators, with services killed
	$(BIN)/python -m tests.cloud --kills 8

bench: $(VENV)/base  ## Measure speed, memory and growth; writes benchmarks/results.json and RESULTS.md
	$(BIN)/python -m benchmarks

fuzz: $(VENV)/dev  ## The properties of reading and writing with two hundred times the examples
	TROUPE_FUZZ=200 $(BIN)/pytest tests/analysis -n auto

simulate: $(VENV)/dev  ## Simulate twenty thousand seeds, and check that every planted fault is found
	$(BIN)/troupe simulate --seeds $(or $(SIMULATION_SEEDS),20000)
	$(BIN)/python -m tests.simulation.mutation_test --seeds 500
	TROUPE_SIMULATION_SEEDS=60 $(BIN)/pytest tests/simulation -n auto

seeds: $(VENV)/dev  ## Simulate two thousand seeds, as before every change that lands
	$(BIN)/troupe simulate --seeds 2000

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
  --no-emit-index-url --no-emit-find-links pyproject.toml

pins:  ## Renew the exact pins (needs uv)
	$(COMPILE) -o requirements/base.txt
	$(COMPILE) --extra dev -o requirements/dev.txt
	$(COMPILE) --extra gcp --extra otel --generate-hashes -o requirements/gcp.txt

catalogue: $(VENV)/base  ## Renew infra/catalogue.json from the code
	$(BIN)/python -m troupe.deployment.catalogue > infra/catalogue.json.new
	mv infra/catalogue.json.new infra/catalogue.json

docs: $(VENV)/dev  ## Renew what is read off the code, and build the site into site/
	$(BIN)/python -m scripts.reference
	$(BIN)/properdocs build --strict

pictures: $(VENV)/dev  ## Draw the pictures of the documentation anew (needs chromium)
	$(BIN)/python -m scripts.pictures

prices: $(VENV)/dev  ## Renew analysis/prices.json from the newest genai-prices
	$(BIN)/python -m pip install --quiet --upgrade genai-prices
	$(BIN)/python scripts/prices.py

clean:
	rm -rf $(VENV) .troupe report.html .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/base: requirements/base.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then sh scripts/find-python --explain; exit 1; fi
	@if [ ! -x $(BIN)/python ]; then $(PYTHON) -m venv $(VENV); fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/dev: $(VENV)/base requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@
