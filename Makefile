# make run: everything a newcomer needs. make test: everything a contributor needs. Both install what they use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test check lint format lock tiny benchmarks wheel clean

help:
	@echo "make run         the main job over the seed text, models baseline and tiny, and their comparison"
	@echo "make test        every test (installs what the tests need)"
	@echo "make check       formatting, lint, types and tests, as CI has them"
	@echo "make benchmarks  speed against peers; writes benchmarks/TABLE.md"
	@echo "make tiny DATA=DIR   trains the three tiny checkpoints again"
	@echo "make lock        resolves the lock files again"

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "harness needs Python 3.11 or newer, found $$($(PYTHON) --version); give make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps make a second call work without a network.
$(VENV)/.run-installed: $(VENV)/pyvenv.cfg requirements/run.txt requirements/torch.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/torch.txt
	touch $@

$(VENV)/.dev-installed: $(VENV)/.run-installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	touch $@

run: $(VENV)/.run-installed
	$(BIN)/python -m harness -m model=baseline,tiny

test: $(VENV)/.dev-installed
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev-installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: lint test

benchmarks: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks

tiny: $(VENV)/.dev-installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r training/requirements.txt
	$(BIN)/python -m training.tiny --data "$(DATA)"

wheel: $(VENV)/.dev-installed
	$(BIN)/python -m build --wheel --no-isolation

lock:
	cd requirements && for part in run dev; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links $$part.in -o $$part.txt; done

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
