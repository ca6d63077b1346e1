# Everything starts from a bare clone: each target makes what it needs first, and only what has changed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# Another installation's modules (a sourced ROS workspace, say) must not leak into this one.
unexport PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PYTHON ?= python3# what makes the virtual environment, 3.11 or later
WORKERS ?= 2# test processes
ARGS ?=# more arguments for pytest or the demo

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# One thread in each test process: more than there are cores wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS)
FOLDERS := ctr_env scenes estimators controllers

# Stamps are named by content, not by time: a changed, added or removed file gives another name.
digest = sha256sum | cut -c1-16
DEPENDENCIES := $(STAMPS)/dependencies-$(shell cat pyproject.toml constraints.txt | $(digest))
PACKAGE := $(STAMPS)/package-$(shell find $(FOLDERS) pyproject.toml -type f ! -name '*.pyc' ! -name '.*' -print0 \
	| LC_ALL=C sort -z | xargs -0 sha256sum | $(digest))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: install ## Run the demonstration; its videos, plot and figures are written to demo/
	$(BIN)/ctr-env demo --out demo $(ARGS)

.PHONY: test
test: install ## Run the tests, without the slow ones
	$(PYTEST) $(ARGS)

.PHONY: test-slow
test-slow: install ## Run the slow tests
	$(PYTEST) -m slow $(ARGS)

# mypy looks in the working folder first, so it is started where the sources are not.
.PHONY: check
check: install ## Check format, style, types and import contracts, and run the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	cd $(VENV) && bin/mypy --config-file ../pyproject.toml -p ctr_env
	cd $(VENV) && bin/lint-imports --no-cache ../pyproject.toml
	$(PYTEST) $(ARGS)

.PHONY: docs
docs: install ## Build the documentation site in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: format
format: $(DEPENDENCIES) ## Format the sources and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: install
install: $(BIN)/pip gl $(PACKAGE) ## Set everything up in .venv

.PHONY: gl
gl:
	@bash .ci/install-gl

.PHONY: clean
clean: ## Remove what builds, tests and the demonstration left
	rm -rf build dist site *.egg-info demo .pytest_cache .ruff_cache .mypy_cache .hypothesis $(VENV)/.mypy_cache
	find $(FOLDERS) tests examples benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove the virtual environment as well
	rm -rf $(VENV)

$(BIN)/pip:
	@bash .ci/make-venv '$(PYTHON)' '$(VENV)'

$(DEPENDENCIES): | $(BIN)/pip
	rm -rf build *.egg-info $(STAMPS)
	$(BIN)/pip install -c constraints.txt '.[dev]'
	rm -rf build *.egg-info
	mkdir -p $(STAMPS)
	touch $@

# Not editable: tests, types and demonstration meet what a user would have installed.
# No build folder may remain, or files that are gone from the sources would be installed again.
$(PACKAGE): $(DEPENDENCIES)
	rm -rf build *.egg-info
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --force-reinstall .
	rm -rf build *.egg-info $(STAMPS)/package-*
	touch $@
