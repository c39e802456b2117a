# shellcheck shell=bash
# What every part shares: names and addresses, messages, the lock, waiting with a deadline.
# Owns no process, file or network device.

readonly LAB_DIR=${PORTOLAN_LAB_DIR:-/var/lib/portolan-lab}
readonly LAB_CACHE=$LAB_DIR/cache
readonly LAB_MIRROR=${PORTOLAN_LAB_MIRROR:-http://deb.debian.org/debian}
readonly LAB_SUITE=bookworm
readonly LAB_LOCK_WAIT=120

readonly LAB_NET=10.88.0
readonly LAB_GATEWAY=$LAB_NET.1
readonly LAB_REGISTRY_ADDRESS=$LAB_NET.2
readonly LAB_REGISTRY=$LAB_REGISTRY_ADDRESS:5000
readonly LAB_PRIVATE_REGISTRY=$LAB_REGISTRY_ADDRESS:5001
readonly LAB_PRIVATE_USER=robot LAB_PRIVATE_PASSWORD="open sesame"
readonly LAB_HOSTS=(alpha bravo charlie delta echo foxtrot golf)

# stdout is data; everything the lab has to say goes to stderr.
say() { printf 'lab: %s\n' "$*" >&2; }

# fail WHAT-AND-WHY [HOW-TO-FIX]
fail() {
  say "error: $1"
  [[ -z ${2:-} ]] || say "hint: $2"
  exit 1
}

misuse() {
  say "error: $1"
  exit 2
}

require_root() {
  [[ $EUID -eq 0 ]] || fail "namespaces and mounts need root" "run it with sudo"
}

# The directory ends up in JSON, in mount options and in socket paths (at most 107 bytes).
require_plain_state_dir() {
  [[ $LAB_DIR =~ ^/[A-Za-z0-9._/-]{1,70}$ ]] ||
    fail "PORTOLAN_LAB_DIR is \`$LAB_DIR\`" "use an absolute path of plain characters, at most 70 long"
}

# Two commands that change the lab never overlap. What the lab starts runs with `9>&-`, or it would hold the lock.
locked() {
  require_root
  require_plain_state_dir
  mkdir -p "$LAB_DIR"
  exec 9>"$LAB_DIR/lock"
  flock --wait "$LAB_LOCK_WAIT" 9 ||
    fail "another lab command has held $LAB_DIR/lock for $LAB_LOCK_WAIT s" "see who: fuser -v $LAB_DIR/lock"
  "$@"
}

# wait_until SECONDS WHAT COMMAND... : polls; false after the deadline, with a message.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      say "error: gave up waiting for $what"
      return 1
    fi
    sleep 0.05
  done
}

# run_for_each FUNCTION NAME... : all at the same time; fails after all ended when one of them did. Never call it on
# the left of `||`, where bash would ignore `set -e` in the functions.
run_for_each() {
  local function=$1 name jobs=() failed=0
  shift
  for name in "$@"; do
    "$function" "$name" &
    jobs+=($!)
  done
  for name in "${jobs[@]}"; do wait "$name" || failed=1; done
  ((failed == 0)) || fail "\`$function\` did not work for all of: ${*}" "see the messages above"
}

# A host keeps its address, so that it can be started alone.
host_address() {
  local i
  for i in "${!LAB_HOSTS[@]}"; do
    [[ ${LAB_HOSTS[i]} != "$1" ]] || { echo "$LAB_NET.$((11 + i))"; return; }
  done
  fail "there is no host \`$1\`" "the lab knows: ${LAB_HOSTS[*]}"
}

host_dir() { echo "$LAB_DIR/hosts/$1"; }
