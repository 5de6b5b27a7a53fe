# Two commands suffice: `make repro` regenerates every table and figure, `make test` checks everything.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Packages are installed without byte code, which the first process to import one then keeps. Where
# that is forbidden, as in many containers, each of the pipeline's processes would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup repro test lint smoke bench params
setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && touch $@

repro: setup
	$(BIN)/python -m dvc repro

test: setup lint
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

smoke: setup
	$(BIN)/python -m pytest -m smoke

params: setup
	$(BIN)/clmr params $(SCALE)

bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks
