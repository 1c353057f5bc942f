# make caption  sets everything up and captions the sample photographs, or PHOTO=path
# make notebooks  writes the lessons in notebooks/ as .ipynb, for Jupyter
# make test     sets everything up, then lint, types and tests
# make bench    speed beside other engines, installed for it (gigabytes); BENCH="--only A1,D"
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PHOTO  ?= samples

.PHONY: notebooks caption test lint types test-browser test-parity bench format clean help

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

caption: $(VENV)/.installed
	@$(BIN)/tushuo caption "$(PHOTO)"

test: $(VENV)/.dev lint types
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The lessons as notebooks, to be opened in Jupyter.
notebooks: $(VENV)/.dev
	$(BIN)/jupytext --quiet --to ipynb notebooks/*/*.py

# The pages in Chromium, which is not installed here; axe-core (MPL-2.0) is fetched for the test alone.
test-browser: $(VENV)/.browser
	$(BIN)/python -m pytest -m browser

$(VENV)/.browser: pyproject.toml $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --group browser
	-npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@4.14.1
	@touch $@

# The comparison with reference implementations needs PyTorch, in an environment of its own.
test-parity: .venv-parity/.installed
	.venv-parity/bin/python -m pytest -m parity

# Speed beside other engines, each in an environment of its own; see docs/benchmarks.md.
bench: $(VENV)/.dev
	$(BIN)/python -m bench $(BENCH)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tushuo needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@ $(VENV)/.installed

.venv-parity/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-parity
	.venv-parity/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venv-parity/bin/python -m pip install --quiet --editable . --group dev --group parity
	@touch $@

clean:
	rm -rf $(VENV) .venv-parity .bench .mypy_cache .ruff_cache .pytest_cache build dist
