# shellcheck shell=bash
# Owns what is installed on the machine: which system it is, which packages it lacks, and apt.
# Decides nothing about what is needed: callers name commands and packages. Starts no service.

readonly POLICY=/usr/sbin/policy-rc.d

# lacks COMMAND:PACKAGE... : prints the packages of the commands that are not there.
lacks() {
  local need
  for need in "$@"; do
    has "${need%%:*}" || echo "${need##*:}"
  done
}

# A linker, the C library's headers and pkg-config: for the crates that build C (SQLite, ring).
lacking_build_tools() { lacks cc:build-essential pkg-config:pkg-config node:nodejs npm:npm; }

# ensure_packages WHAT-FOR PACKAGE... : says what it installs; nothing to do without packages.
ensure_packages() {
  local purpose=$1
  shift
  (($#)) || return 0
  require_known_system "$purpose" "$@"
  say "installing with apt, $purpose: $*"
  apt_update
  without_starting_services apt_get install -y --no-install-recommends "$@"
}

require_known_system() {
  local purpose=$1 system
  shift
  system=$(system_id)
  [[ $system == debian || $system == ubuntu ]] ||
    fail "this machine lacks, $purpose: $*; this script installs on Debian and Ubuntu alone, and here is \`$system\`" \
      "install what these Debian packages hold with your system's own tools, then run the same command again"
  is_root ||
    fail "this machine lacks, $purpose: $*; and installing needs root" \
      "run: sudo apt-get install $* (or the same command again as root)"
}

system_id() {
  [[ -r /etc/os-release ]] || { echo unknown && return; }
  # shellcheck source=/dev/null
  (. /etc/os-release && echo "${ID:-unknown}")
}

# Another apt may be at work (unattended upgrades at boot, say): its lock is waited for, not fought.
apt_get() {
  DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
    apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >&2 ||
    fail "\`apt-get $*\` failed" "read apt's own message above; is the package mirror reachable?"
}

# The lock of the package lists is the one that DPkg::Lock::Timeout does not cover.
apt_update() {
  local log
  log=$(mktemp)
  wait_until 300 apt_update_once "$log" || fail "the lock of apt's package lists was held for 5 minutes" "see: ps -e | grep apt"
  rm -f "$log"
}

apt_update_once() {
  if DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null >"$1" 2>&1; then return; fi
  if grep -q 'Could not get lock' "$1"; then return 1; fi
  cat "$1" >&2
  fail "\`apt-get update\` failed" "read apt's own message above; is the package mirror reachable?"
}

# A package's postinst starts its service through invoke-rc.d, and fails where no service manager runs. What has to run
# is started by its owner (lib/engine.sh, scripts/postgres). A policy that is there already is the machine's own.
without_starting_services() {
  if [[ -e $POLICY ]]; then
    "$@"
    return
  fi
  (
    trap 'rm -f "$POLICY"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 0755 "$POLICY"
    "$@"
  )
}
