#!/usr/bin/env bash
# Lint, formatting, types and import contracts: runs all four, then says which failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=.venv/bin/python
failed=''
step() {
  local name=$1
  shift
  echo "== $name"
  "$python" -m "$@" || failed="$failed $name"
}

step lint ruff check .
step formatting ruff format --check .
step types mypy
step imports tests.house.contracts

[ -z "$failed" ] || { echo "Failed:$failed" >&2; exit 1; }
