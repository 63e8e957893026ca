# `make demo` and `make test` do everything on a fresh machine with Python 3.11 or newer.
.PHONY: demo quick test check slow lint types emulators contracts cloud bench fuzz simulate seeds mutants catalogue deploy-plan docs pictures prices pins coverage clean help

# The newest Python that serves; name another with `make PYTHON=/path/to/python demo`.
PYTHON ?= $(shell sh scripts/find-python)
VENV ?= .venv
BIN := $(VENV)/bin
CHECKS = $(BIN)/python -m scripts.checks --since $(STARTED)
STARTED := $(shell date +%s)

# Every process of the tests would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

help:  ## What can be made here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(VENV)/base  ## Run the whole job on this machine, and write report.html
	$(BIN)/troupe demo

# What a move or a rename can break: imports, names, the catalogue, the statements, one whole run.
QUICK := tests/test_packages.py tests/test_vocabulary.py tests/test_documents.py tests/events tests/docs/test_reference.py \
  tests/handlers/test_whole_runs.py tests/terraform/test_needs.py tests/tracking/test_statements.py

quick: $(VENV)/dev  ## Under 40 seconds: style, types, and the tests that a move can break
	@$(CHECKS) $(QUICK)

test: $(VENV)/dev  ## Four minutes: style, types, and what decides whether a change is right
	@$(CHECKS)

check: test slow seeds  ## Everything: also emulators, services killed, a browser, mutations, seeds

slow: $(VENV)/dev emulators
	@$(CHECKS) --only-tests --tests slow --dist loadfile

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

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

seeds: $(VENV)/dev  ## Simulate two thousand seeds, or SEEDS of them
	$(BIN)/troupe simulate --seeds $(or $(SEEDS),2000)

mutants: $(VENV)/dev  ## Plant known faults one by one, and check that a test notices each
	$(BIN)/python -m tests.mutants --only "$(ONLY)"

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
  --no-emit-index-url --no-emit-find-links pyproject.toml

# What Google's client for Vertex has for other products, and what the command line and its laptop need.
NOT_IN_AN_IMAGE = google-genai google-cloud-resource-manager websockets httpx httpcore tenacity distro docstring-parser
NOT_IN_A_SERVICE = $(NOT_IN_AN_IMAGE) duckdb sqlglot filelock rich markdown-it-py mdurl pygments typer shellingham \
  colorama annotated-doc pydantic pydantic-core annotated-types typing-inspection

pins:  ## Renew the exact pins (needs uv)
	$(COMPILE) -o requirements/base.txt
	$(COMPILE) --extra dev -o requirements/dev.txt
	$(COMPILE) --extra gcp --extra otel --generate-hashes $(NOT_IN_A_SERVICE:%=--no-emit-package %) -o requirements/service.txt
	$(COMPILE) --extra gcp --extra console --generate-hashes $(NOT_IN_AN_IMAGE:%=--no-emit-package %) -o requirements/console.txt

catalogue: $(VENV)/base  ## Renew infra/catalogue.json and the view answers_daily from the code
	$(BIN)/python -m troupe.deployment.answers_view > tracking/views/answers_daily.sql.new
	mv tracking/views/answers_daily.sql.new tracking/views/answers_daily.sql
	$(BIN)/python -m troupe.deployment.catalogue > infra/catalogue.json.new
	mv infra/catalogue.json.new infra/catalogue.json

deploy-plan: $(VENV)/base  ## Print the first deployment for PROJECT, REGION and BILLING; executes nothing
	@$(BIN)/python -m scripts.deploy_plan --project "$(PROJECT)" --region "$(REGION)" --billing "$(BILLING)"

docs: $(VENV)/dev  ## Renew what is read off the code, and build the site into site/
	$(BIN)/python -m scripts.reference
	$(BIN)/properdocs build --strict

pictures: $(VENV)/dev  ## Draw the pictures of the documentation anew (needs chromium)
	$(BIN)/python -m scripts.pictures

prices: $(VENV)/dev  ## Renew analysis/prices.json from the newest genai-prices
	$(BIN)/python -m pip install --quiet --upgrade genai-prices
	$(BIN)/python scripts/prices.py

coverage: $(VENV)/dev  ## Print the lines and branches that no test of `make test` reaches
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'coverage>=7.10,<8'
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 0 -m 'not slow'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

clean:
	rm -rf $(VENV) .troupe report.html .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The pins name every package, so nothing is left to resolve.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then sh scripts/find-python --explain; exit 1; fi
	@$(PYTHON) -m venv $(VENV)

$(VENV)/base: requirements/base.txt pyproject.toml | $(BIN)/python
	@$(INSTALL) -r requirements/base.txt -e .
	@touch $@

# Without --no-compile, half of the time would go into modules that no test imports. Each of two
# processes installs half of the packages: unpacking them takes one core. Google's client for Vertex
# has most of the modules that are imported: each process of the tests would compile them again.
$(VENV)/dev: requirements/base.txt requirements/dev.txt pyproject.toml | $(BIN)/python
	@awk 'NR % 2' requirements/dev.txt > $(VENV)/half.txt
	@awk 'NR % 2 == 0' requirements/dev.txt > $(VENV)/other-half.txt
	@$(INSTALL) --no-compile -r $(VENV)/half.txt & half=$$!; \
	  $(INSTALL) --no-compile -r $(VENV)/other-half.txt -e . && wait $$half
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib/python*/site-packages/google/cloud/aiplatform_v1
	@touch $@ $(VENV)/base
