# shellcheck shell=bash
# What every script shares: where things are, how it talks, the lock, waiting with a deadline.
# Owns no package, process or file except the state directory itself.
#
# PORTOLAN_STATE   where `make run` keeps everything it makes (default: .portolan in the checkout)
# PORTOLAN_LISTEN  the address of the control plane (default: 127.0.0.1:7070)

CHECKOUT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
STATE=$(realpath -m "${PORTOLAN_STATE:-$CHECKOUT/.portolan}")
readonly CHECKOUT STATE

# dockerd, iptables and useradd live in the sbin directories, which a user's PATH leaves out. rustup's own directory
# comes last: it is found in a shell that has not read the profile yet, and overrides nothing.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:${HOME:-/root}/.cargo/bin
export PATH

# stdout is data (an address, a summary); what the scripts have to say goes to stderr.
say() { printf '==> %s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }

# fail WHAT-AND-WHY [HOW-TO-FIX]
fail() {
  printf 'error: %s\n' "$1" >&2
  [[ -z ${2:-} ]] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

has() { command -v "$1" >/dev/null; }
is_root() { [[ $EUID -eq 0 ]]; }

# wait_until SECONDS COMMAND... : polls; false after the deadline.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

# Private to its owner: it will hold the sign-in token and the master key.
ensure_state() {
  (umask 077 && mkdir -p "$STATE") ||
    fail "could not create the state directory $STATE" "choose another one: PORTOLAN_STATE=DIRECTORY"
}

# One `make run` or `make stop` at a time. Processes that outlive the script are started with `9>&-`.
lock_state() {
  ensure_state
  exec 9>"$STATE/lock"
  flock --wait 600 9 || fail "another make run or make stop has held $STATE/lock for 10 minutes" "see what it waits for"
}

require_cargo() {
  has cargo || fail "there is no cargo on this machine" "install Rust: https://rustup.rs (or set PATH to where it is)"
}

# Asked of cargo, because CARGO_TARGET_DIR and its configuration files may move it.
target_directory() {
  cargo metadata --manifest-path "$CHECKOUT/Cargo.toml" --no-deps --format-version 1 --locked |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# Where what is thrown away soon is written: in memory where there is room, else on the disk.
quick_folder() {
  local free
  if free=$(df --block-size=1M --output=avail /dev/shm 2>/dev/null | tail -n 1) && ((free >= 3072)); then
    echo /dev/shm
  else
    echo "${TMPDIR:-/tmp}"
  fi
}
