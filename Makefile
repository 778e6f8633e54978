# Fusion Billing: one verb for each thing a person does here; `make` alone lists them.
# Needs bash, make and Python 3.11 or newer with venv. Everything else goes into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo serve test check nightly bench bare docs lock parts clean runtime dev

# ARGS goes to the program a verb starts: make demo ARGS="--help", make test ARGS="-k money".
ARGS ?=
JOBS ?= 2
PY := .venv/bin/python
# The longest stories first, as conftest sorts them, and not the files with the most tests.
PYTEST := $(PY) -m pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder
# A test that hangs fails alone; one that not even a signal reaches ends its worker. By night they take hours.
LIMITS := --timeout 600 -o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true
# Code that imports by room name must see this folder's rooms, wherever make was called from.
export PYTHONPATH :=
export PYTHONSAFEPATH :=
# What was compiled once is kept: the tests start hundreds of processes that import the same files.
export PYTHONDONTWRITEBYTECODE :=
# A home folder that cannot be written to must not stop a test run.
ifneq ($(shell test -n "$$HOME" && test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME ?= $(CURDIR)/.cache
endif

help: ## List these verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: runtime ## Start with sample data and open the dashboards' address; Ctrl-C ends it
	@.venv/bin/fusion-billing demo $(ARGS)

serve: runtime ## Start the product on its own data folder (./fusion-data)
	@.venv/bin/fusion-billing serve $(ARGS)

test: dev ## Prepare the real parts, then lint, types, import contracts and every test
	@$(PY) -m tests.real_parts || echo "Some real parts are missing: see above."
	@checked=0; scripts/check.sh || checked=$$?; \
	echo "== tests"; $(PYTEST) $(LIMITS) $(ARGS); \
	[ $$checked -eq 0 ] || { echo "The checks before the tests failed: see above."; exit 1; }

check: dev ## Lint, formatting, types and import contracts only (half a minute)
	@scripts/check.sh

nightly: dev ## The slow tests, and every property with 10,000 examples
	@$(PY) -m tests.real_parts || echo "Some real parts are missing: see above."
	@$(PYTEST) -m "nightly or hypothesis" --hypothesis-profile nightly $(ARGS)

bench: dev ## Measure speed against limits and peers; prints one line each
	@$(PY) -m benchmarks $(ARGS)

bare: ## Run the demo on a bare Debian made from nothing (needs root and debootstrap)
	@scripts/bare_debian.sh $(or $(ARGS),demo)

docs: dev ## Write the generated parts of docs/ and .env.example again
	@$(PY) -m tests.house.write_docs

parts: dev ## Prepare the real parts of the tests: PostgreSQL, Chromium, Node, Odoo
	@$(PY) -m tests.real_parts $(ARGS)

# Releases younger than three days are not taken: a bad one is usually withdrawn by then.
# make lock ARGS=--upgrade takes newer releases than the locks name today.
LOCK := $(PY) -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --exclude-newer "3 days" \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra build
lock: dev ## Pin every package with hashes, after a change of pyproject.toml
	@$(LOCK) $(ARGS) --output-file requirements.lock
	@$(LOCK) $(ARGS) --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock

clean: ## Remove .venv and every cache; your data stays
	@rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@rm -rf .import_linter_cache build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@scripts/environment.sh runtime

dev:
	@scripts/environment.sh dev
