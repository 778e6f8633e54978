#!/usr/bin/env bash
# Makes .venv hold exactly what a lock names: `environment.sh runtime` or `environment.sh dev`.
# A repeated run is instant: the environment remembers what it was built from. The dev lock holds
# everything of the runtime lock, so a dev environment serves both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kind=$1
lock=requirements.lock
[ "$kind" = runtime ] || lock=requirements-$kind.lock
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONUNBUFFERED=1

facts() { # What the environment is made from; a change of any line makes it anew.
  printf '%s %s\n' "$PWD" "$(cat "$1" pyproject.toml | cksum)"
}

built_from() { [ "$(cat ".venv/$1.facts" 2>/dev/null)" = "$(facts "$2")" ]; }

runs_here() { # A .venv that was moved or copied still points to its old place.
  .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
    [ "$(cat .venv/place 2>/dev/null || echo "$PWD")" = "$PWD" ]
}

find_python() {
  local name too_old='' no_venv=''
  for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    "$name" -c '' 2>/dev/null || continue
    if ! "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      too_old=$name
    elif ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
      no_venv=$name
    else
      printf '%s\n' "$name"
      return
    fi
  done
  explain_missing_python "$too_old" "$no_venv"
}

explain_missing_python() {
  {
    if [ -n "$2" ]; then
      echo "$2 is here, but it cannot make virtual environments. On Debian or Ubuntu:"
      echo "    apt-get install $(python_package "$2")-venv      (as root, or with sudo)"
    else
      [ -z "$1" ] || echo "$1 is $("$1" -V), which is too old."
      echo "Fusion Billing needs Python 3.11 or newer, with venv. On Debian or Ubuntu:"
      echo "    apt-get install python3 python3-venv      (as root, or with sudo)"
    fi
    echo "Then run make again. To use a Python of your own: make PYTHON=/path/to/python3.11"
  } >&2
  return 1
}

python_package() { "$1" -c 'import sys; print("python%d.%d" % sys.version_info[:2])'; }

make_venv() {
  if ! runs_here; then
    local python
    python=$(find_python)
    rm -rf .venv
    "$python" -m venv .venv
  elif ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    .venv/bin/python -m ensurepip >/dev/null
  fi
  printf '%s\n' "$PWD" >.venv/place
}

show_progress() { # One line a package, out of pip's many.
  local word rest
  while read -r word rest; do
    case $word in
      Collecting) echo "  ${rest%% (*}" ;;
      Installing) echo "  unpacking" ;;
    esac
  done
}

main() {
  if runs_here; then
    built_from "$kind" "$lock" && return
    [ "$kind" != runtime ] || ! built_from dev requirements-dev.lock || return 0
  fi
  make_venv
  echo "Installing the packages of $lock into .venv (needed once; about a minute):"
  # The lock is whole, so pip need not resolve; Python compiles what it imports by itself.
  .venv/bin/python -m pip install --no-deps --no-compile --require-hashes --requirement "$lock" |
    show_progress
  .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
  facts "$lock" >".venv/$kind.facts"
}

main
