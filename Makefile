# Everything people and machines do with this repository. `make` alone lists it.

PYTHON ?= python3
BIN := .venv/bin
export PARLEY_DATA_DIR ?= ./data
# Compiled once, loaded by every server that is started; nothing may forbid that.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test lint bench soak docs fuzz

help: # What can be made
	@awk -F ':.*# ' '/^[a-z]+:.*# / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

run: .venv/installed # Install into .venv if needed and start the server; data in ./data
	@exec $(BIN)/parley serve

# Stories that want much of the processor: after the others, and two at a time.
HEAVY := $(wildcard tests/stories/test_browser_*.py) tests/stories/test_pages_spaces.py tests/stories/test_kit_browser.py \
	tests/stories/test_survival.py tests/stories/test_twelve_callers.py

test: .venv/installed-for-tests # Install what the tests need and run them all
	scripts/install_test_peers.sh
	$(BIN)/pytest -n 2 --ignore=tests/stories tests
	$(BIN)/pytest -n 4 --maxschedchunk 1 tests/stories $(addprefix --ignore=,$(HEAVY))
	$(BIN)/pytest -n 2 --dist loadgroup $(HEAVY)

lint: .venv/installed-for-tests # Style, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: .venv/installed-for-tests # Measure, and print what was measured
	@for program in bench/bench_*.py; do echo "== $$program"; $(BIN)/python "$$program" || exit 1; done

soak: .venv/installed-for-tests # An hour of the engine's time and ten minutes of a hundred callers: does anything leak?
	$(BIN)/python bench/soak.py

# Led by coverage where atheris can be installed, by chance where it cannot.
SECONDS ?= 600
fuzz: .venv/installed-for-tests # Feed every parser changed inputs, each for SECONDS=600
	-@$(BIN)/pip install --quiet --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

docs: .venv/installed # Write the generated pages anew
	@for program in scripts/generate_*.py; do echo "$$program"; $(BIN)/python "$$program" || exit 1; done

# Editable: a changed source needs no new installation, changed requirements do.
.venv/installed: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/installed-for-tests: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ .venv/installed

.venv/bin/pip:
	@scripts/make_venv.sh $(PYTHON)
