#!/usr/bin/env bash
# Proves the README on a machine that has nothing: builds a minimal Debian, puts a fresh clone and
# ../shared into it and runs one of the README's two commands there.
#
#   scripts/bare_debian.sh demo|test [--user] [--worktree] [--keep]
#
# --user      run as a normal user instead of root
# --worktree  copy the files as they lie here instead of cloning the last commit
# --keep      leave the machine's folder behind, to look into
# Needs root and debootstrap. The demo is ended as soon as its first address has answered.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

suite=bookworm
packages=python3,python3-venv,make,ca-certificates
cache=${FUSION_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fusion-billing-tests}
base=$cache/bare-debian-$suite.tar
demo_seconds_max=${DEMO_SECONDS_MAX:-600}
certificates=/etc/ssl/certs/ca-certificates.crt
what='' account=root worktree='' keep='' machine='' demo_pid=''

fail() { echo "bare_debian: $*" >&2; exit 1; }

read_arguments() {
  local word
  for word in "$@"; do
    case $word in
      demo | test) what=$word ;;
      --user) account=person ;;
      --worktree) worktree=yes ;;
      --keep) keep=yes ;;
      *) fail "unknown argument $word: see the top of ${BASH_SOURCE[0]}" ;;
    esac
  done
  [ -n "$what" ] || fail "say demo or test"
  [ "$(id -u)" = 0 ] || fail "a chroot needs root: run it with sudo"
}

debian_mirror() { # The mirror this machine itself uses.
  apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' |
    sed -n 's#^Debian/Debian ##p' | sort -u | head -n 1
}

build_base() {
  [ ! -e "$base" ] || return 0
  command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
  local mirror folder
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || fail "apt knows no Debian mirror: apt-get update"
  mkdir -p "$cache"
  folder=$(mktemp -d)
  echo "Building a bare Debian $suite (two minutes, once) ..."
  debootstrap --variant=minbase --include="$packages" "$suite" "$folder" "$mirror" \
    >"$cache/debootstrap.log" 2>&1 || fail "debootstrap failed: see $cache/debootstrap.log"
  tar -C "$folder" -cf "$base.partial" .
  mv "$base.partial" "$base"
  rm -rf "$folder"
}

unpack_machine() {
  machine=$(mktemp -d)
  chmod 755 "$machine"
  tar -C "$machine" -xf "$base"
  mount -t proc proc "$machine/proc"
  mount --bind /dev "$machine/dev"
  mount -t tmpfs -o mode=1777 shm "$machine/dev/shm"
  cp /etc/resolv.conf /etc/hosts "$machine/etc/"
  chroot "$machine" useradd --create-home --shell /bin/bash person
}

copy_network_settings() { # How pip reaches its index here; this machine's own folders stay out.
  local source target
  cp "$certificates" "$machine$certificates"
  for source in /etc/pip.conf "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf"; do
    [ -f "$source" ] || continue
    target=$machine/etc/pip.conf
    [ ! -e "$target" ] || target=$machine/etc/xdg/pip/pip.conf
    mkdir -p "${target%/*}"
    grep -vE 'file:|^ *find-links' "$source" >"$target" || true
  done
}

copy_package_policy() { # Whether an old index of the mirror is good enough is this machine's choice.
  apt-config dump | grep '^Acquire::Check-Valid-Until' \
    >"$machine/etc/apt/apt.conf.d/90machine-policy" || true
}

copy_sources() {
  local place=$machine/srv/main
  mkdir -p "$place"
  if [ -n "$worktree" ]; then
    git ls-files --cached --others --exclude-standard -z |
      tar --null --files-from - --ignore-failed-read -cf - | tar -C "$place" -xf -
  else
    git clone --quiet --no-local . "$place"
  fi
  [ ! -d ../shared ] || cp -r ../shared "$machine/srv/shared"
  chroot "$machine" chown -R "$account:" /srv
}

inside() { # Runs a command in the bare machine with the network's variables and nothing else.
  local name settings=(HOME="/home/person" PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8)
  [ "$account" != root ] || settings[0]=HOME=/root
  for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_PROXY PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT \
    PIP_CERT SSL_CERT_FILE http_proxy https_proxy no_proxy CI ARGS; do
    [ -z "${!name:-}" ] || settings+=("$name=${!name}")
  done
  exec chroot --userspec="$account:$account" "$machine" env -i "${settings[@]}" \
    bash -c "cd /srv/main && $1"
}

run_demo() {
  local log=$machine/demo.log started=$SECONDS address=''
  : >"$log"
  set -m # Its own process group, so that the end of the demo ends all of it.
  (inside 'make demo') >"$log" 2>&1 </dev/null &
  demo_pid=$!
  set +m
  while [ $((SECONDS - started)) -lt "$demo_seconds_max" ]; do
    address=$(grep -oEm 1 'http://(127\.0\.0\.1|localhost):[0-9]+[^ "]*' "$log" || true)
    if [ -n "$address" ] && answers "$address"; then
      cat "$log"
      echo "bare_debian: $address answered after $((SECONDS - started)) s, as $account"
      return 0
    fi
    kill -0 "$demo_pid" 2>/dev/null || break
    sleep 1
  done
  cat "$log"
  fail "the demo gave no page within $((SECONDS - started)) s"
}

answers() {
  chroot "$machine" python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1])' "$1" \
    2>/dev/null
}

tidy_up() {
  local status=$?
  if [ -n "$demo_pid" ]; then
    kill -INT -- "-$demo_pid" 2>/dev/null || true
    timeout 20 tail --pid="$demo_pid" -f /dev/null || echo "the demo ignored Ctrl-C: killed" >&2
    kill -KILL -- "-$demo_pid" 2>/dev/null || true
  fi
  if [ -n "$machine" ]; then
    umount -l "$machine/proc" "$machine/dev/shm" "$machine/dev" 2>/dev/null || true
    if [ -n "$keep" ]; then
      echo "bare_debian: kept $machine"
    else
      # Never crosses into something still mounted, such as the machine's /dev.
      rm -rf --one-file-system "$machine"
    fi
  fi
  exit "$status"
}

read_arguments "$@"
build_base
trap tidy_up EXIT
unpack_machine
copy_network_settings
copy_package_policy
copy_sources
case $what in
  demo) run_demo ;;
  test) (inside 'make test') ;;
esac
