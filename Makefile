# make demo and make test do all the set-up they need. `make help` lists the rest.

PYTHON ?=
BIN := .venv/bin
STAMP := .venv/.made-from-constraints
BENCHES := strokes others masks speed live tune next tutorial

# Windows open here: the person's display, or a virtual one when there is none.
WITH_DISPLAY := scripts/with-display.sh
# Tests that open a window and tests that import TensorFlow must not share a process,
# so there are two runs of pytest.
WINDOW_TESTS := tests/widgets

.DEFAULT_GOAL := help
.PHONY: help setup system demo tutorial test test-all lint format validate clean \
	$(addprefix bench-,$(BENCHES))

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo "bench-NAME    run a benchmark: $(BENCHES)"

setup: $(STAMP) ## make .venv with the pinned versions

$(STAMP): pyproject.toml constraints.txt scripts/environment.sh
	@PYTHON="$(PYTHON)" scripts/environment.sh
	@touch $@

system: ## see that Qt's and OpenGL's system libraries are there
	@scripts/system-libraries.sh

demo: system setup ## train on the garage photograph in napari, write demo/
	$(WITH_DISPLAY) $(BIN)/python -m napari_garage_unet.demo

tutorial: setup ## run the lesson whole, write its notebook and docs/tutorial.md
	$(BIN)/python scripts/make_tutorial.py

test: PYTEST_SELECT := -m "not slow"
test test-all: system setup lint validate
	QT_QPA_PLATFORM=offscreen $(BIN)/pytest tests --ignore=$(WINDOW_TESTS) $(PYTEST_SELECT)
	$(WITH_DISPLAY) --virtual $(BIN)/pytest $(WINDOW_TESTS) $(PYTEST_SELECT)

test: ## lint, then the tests, window tests included
test-all: ## the same with the slow tests

lint: setup ## ruff, mypy and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

validate: setup system ## see that napari can import everything the manifest names
	QT_QPA_PLATFORM=offscreen $(BIN)/npe2 validate napari-garage-unet --imports

format: setup ## let ruff mend and format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(addprefix bench-,$(BENCHES)): bench-%: system setup
	$(WITH_DISPLAY) --virtual $(BIN)/python benchmarks/bench_$*.py

clean: ## remove .venv, caches, builds and demo/
	rm -rf .venv .tox .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist demo tutorial
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
