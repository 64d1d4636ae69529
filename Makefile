# The commands of this repository. `make` lists them.

PYTHON ?= python3
VENV := .venv
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ARGS ?=
PROCESSES ?= 6
ONLY ?=
KILLS ?= 1000
SEED ?= 7
CELLS ?=
COUNT ?=

# Tests start the commands hundreds of times: what was compiled once is kept.
export PYTHONDONTWRITEBYTECODE :=
PYTEST := $(VENV)/bin/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

.PHONY: help demo demo-headless test test-fast check bench chaos thousand matrix mutants picture man clean
.DEFAULT_GOAL := help

help: ## List the commands
	@echo "Usage: make COMMAND"
	@sed -n 's/^\([a-z-]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

demo: $(VENV)/ready ## Show a deployment in nxtui, simulated from end to end
	$(VENV)/bin/nxd demo $(ARGS)

demo-headless: $(VENV)/ready ## The same without a screen
	$(VENV)/bin/nxd demo --headless $(ARGS)

test: $(VENV)/ready-dev ## Run all tests (ARGS="-k name" for some; PROCESSES=6 share them, 0 for none)
	$(PYTEST) $(ARGS)

test-fast: $(VENV)/ready-dev ## Run the tests that start no process
	$(PYTEST) -m 'not e2e' $(ARGS)

test-real: $(VENV)/ready-dev ## Run the tests with real machines: iPXE, a kernel and disks in QEMU (ARGS="-k name" for some)
	PYTHON=$(VENV)/bin/python tests/real/run $(ARGS)

check: $(VENV)/ready-dev ## Check format, lint and types
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

bench: $(VENV)/ready-dev ## Measure speed and size (ONLY=name for a part)
	ONLY='$(ONLY)' $(VENV)/bin/python tests/bench/run.py

chaos: $(VENV)/ready-dev ## Kill the daemon again and again (KILLS=1000 SEED=7) and count what went wrong
	KILLS=$(KILLS) SEED=$(SEED) $(VENV)/bin/python tests/chaos/run.py

thousand: $(VENV)/ready-dev ## Deploy a thousand simulated nodes, as forty clusters and as one
	THOUSAND=1 $(VENV)/bin/pytest tests/e2e/test_thousand.py

matrix: $(VENV)/ready-dev ## Every crash point × every fault of the cloud, cell by cell (SEED=7, CELLS=N for a sample)
	SEED=$(SEED) CELLS=$(CELLS) $(VENV)/bin/python tests/chaos/matrix.py

mutants: $(VENV)/ready-dev ## Take one rule of the product away after the other and see whether the tests notice (SEED=7, COUNT=N for a sample)
	SEED=$(SEED) COUNT=$(COUNT) $(VENV)/bin/python -m tests.mutants.run

picture: $(VENV)/ready-dev ## Photograph nxtui for the README
	$(VENV)/bin/python tests/bench/picture.py

man: $(VENV)/ready ## Write the man pages into build/man
	$(VENV)/bin/python packaging/man.py build/man

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nxd needs Python 3.11 or later; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "This Python cannot make virtual environments: install the package python3-venv." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What is installed depends on these two files alone: the project itself is installed in place.
$(VENV)/ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/ready-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/ready
