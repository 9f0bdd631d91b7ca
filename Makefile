# The verbs of this project. `make demo` runs the whole job; `make test` runs its tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Compiled modules are kept, whatever the environment says: compiling all of them takes each run
# of the tests some ten seconds.
unexport PYTHONDONTWRITEBYTECODE
READY := $(VENV)/.installed

.PHONY: man demo test test-slow check bench reference lock docs clean

demo: $(READY)  ## read the sample articles, publish feeds, put a digest into a mailbox
	@$(BIN)/paperround demo --into demo

test: $(READY)  ## the fast suite: about a minute on two cores
	@$(BIN)/pytest -n 2 --dist worksteal

test-slow: $(READY)  ## real processes, signals, long histories
	@$(BIN)/pytest -m slow -n 2 --dist worksteal

check: $(READY)  ## style, types, layering
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/pytest tests/test_layers.py

bench: $(READY)  ## every figure beside its reference, measured in the same run
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

docs: $(READY)  ## what the documentation must agree with
	@$(BIN)/pytest tests/test_docs.py

reference: $(READY)  ## write the schema, and the tables of the configuration's reference, anew
	@$(BIN)/python -m notifier.configuration.reference docs/configuration.md config/paperround.schema.json

man: $(READY)  ## manual pages, into man/
	@$(BIN)/python -m tests.man_pages man

lock: $(READY)  ## resolve anew, with hashes and without index addresses
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-header --no-annotate --extra dev --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) dist demo man

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Paperround needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
