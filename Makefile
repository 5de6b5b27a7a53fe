# Two commands suffice: `make repro` regenerates every table and figure, `make test` checks everything.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps
# Three times as fast as pip, which installs the same where uv has no wheel or fails.
# Hard links cost no space and outlive uv's cache, which symbolic ones would not.
UV := $(BIN)/python -m uv pip install --quiet --no-config --no-deps --python $(BIN)/python --link-mode hardlink
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Packages are installed without byte code, which the first process to import one then keeps. Where
# that is forbidden, as in many containers, each of the pipeline's processes would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup repro test lint smoke bench params
setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --only-binary uv uv==0.13.9 && $(UV) -r requirements.lock || $(PIP) -r requirements.lock
	$(PIP) --no-build-isolation --editable . && touch $@

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
	$(PIP) -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks
