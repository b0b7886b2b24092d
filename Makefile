# make run: everything a newcomer needs. make test: everything a contributor needs. Both install what they use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test test-trackers test-server check gate baseline lint format lock tiny benchmarks wheel clean

help:
	@echo "make run         the main job over the seed text, models baseline and tiny, and their comparison"
	@echo "make test        every test (installs what the tests need)"
	@echo "make test-trackers   export to MLflow, Weights & Biases and Trackio (large packages)"
	@echo "make test-server GGUF=FILE   models behind an endpoint, against a real llama.cpp server"
	@echo "make check       formatting, lint, types, tests and the gate, as CI has them"
	@echo "make gate        do the models over the seed text still answer as results/baseline says?"
	@echo "make baseline    takes today's answers as the baseline, and prints what moved"
	@echo "make benchmarks  speed against peers; writes benchmarks/TABLE.md"
	@echo "make tiny DATA=DIR   trains the three tiny checkpoints again"
	@echo "make lock        resolves the lock files again"

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "harness needs Python 3.11 or newer, found $$($(PYTHON) --version); give make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps make a second call work without a network.
$(VENV)/.run-installed: $(VENV)/pyvenv.cfg requirements/run.txt requirements/torch.txt
	@echo "installing into $(VENV) (torch and transformers among it: some hundred MB, a few minutes)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/torch.txt
	touch $@

$(VENV)/.dev-installed: $(VENV)/.run-installed requirements/dev.txt requirements/schemas.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
	  --python-version 3.12 -r requirements/schemas.txt -d $(VENV)/schemas
	touch $@

# The report is tested in a real browser. Without one its tests are left out, and say so.
$(VENV)/.browser: $(VENV)/.dev-installed
	@if command -v chromium && command -v chromedriver; then :; \
	elif command -v apt-get && [ "$$(id -u)" = 0 ]; then apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null || \
	  echo "chromium could not be installed: the browser tests are left out"; \
	else echo "no chromium with chromedriver here: the browser tests are left out"; fi
	touch $@

run: $(VENV)/.run-installed
	$(BIN)/python -m harness -m model=baseline,tiny

test: $(VENV)/.browser
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-trackers: $(VENV)/.dev-installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/trackers.txt
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/export

# GGUF=FILE, a small chat model; the server is built from its source, which takes minutes.
test-server: $(VENV)/.dev-installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'llama-cpp-python[server]'
	HARNESS_GGUF="$(GGUF)" $(BIN)/python -m pytest tests/weights/test_llama_server.py

lint: $(VENV)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev-installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: lint test gate

# Stored answers would hide a change of the code, so every model is asked again.
gate: $(VENV)/.dev-installed
	rm -rf build/gate
	$(BIN)/python -m harness +experiment=regression fresh=true results=build/gate > /dev/null
	$(BIN)/python -m harness check build/gate --baseline results/baseline --gate unchanged --junit build/gate/check.xml

baseline: $(VENV)/.dev-installed
	$(BIN)/python -m tools.baseline

benchmarks: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks

tiny: $(VENV)/.dev-installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r training/requirements.txt
	$(BIN)/python -m training.tiny --data "$(DATA)"

wheel: $(VENV)/.dev-installed
	$(BIN)/python -m build --wheel --no-isolation

# torch.txt is installed before what is locked after it, and its packages stay out of every other lock.
lock:
	cd requirements && for part in run dev trackers; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links --excludes torch.txt $$part.in -o $$part.txt; done

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
