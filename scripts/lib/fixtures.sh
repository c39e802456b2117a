# shellcheck shell=bash
# Owns what the tests run against: a throw-away PostgreSQL, the lab, and a folder for what they write. Brings up what is
# not up yet, and at the end takes down exactly that. How each works is in scripts/postgres and lab/lab.
#
# LAB_KEEP=1  leaves the lab up, for a look at it or for the next run

STARTED=()
IMAGES=

# Called first: from then on, whatever ends the script takes the fixtures down and keeps its exit code.
take_down_at_exit() {
  ensure_state
  trap take_down EXIT
}

# Silent unless it fails, so that the last lines are the tests' own summary.
take_down() {
  local name log=$STATE/take-down.log
  for name in "${STARTED[@]}"; do
    "take_down_$name" >"$log" 2>&1 || warn "could not take down the $name: $(tail -n 1 "$log") (see $log)"
  done
}

take_down_folder() { rm -rf "$TMPDIR"; }
take_down_postgres() { "$SCRIPTS/postgres" stop; }
# Half an image would be in the way of the next run: what has begun is waited for, however it ends.
take_down_lab() {
  await_images || warn "the lab's images could not be built (see $STATE/lab-images.log)"
  "$CHECKOUT/lab/lab" down
}

bring_up_postgres() {
  "$SCRIPTS/postgres" url >/dev/null 2>&1 || STARTED+=(postgres)
  PORTOLAN_TEST_POSTGRES_URL=$("$SCRIPTS/postgres" start)
  export PORTOLAN_TEST_POSTGRES_URL
}

# Images wait for packages to come and to be written, a compiler for nothing: they are made beside it.
begin_lab() {
  if lab_is_up || [[ ${LAB_KEEP:-} == 1 ]]; then
    say "the lab will stay up"
  else
    STARTED+=(lab)
  fi
  "$CHECKOUT/lab/lab" images >"$STATE/lab-images.log" 2>&1 &
  IMAGES=$!
}

# Every commit of a control plane waits for its disk, and a story makes hundreds.
work_in_memory() {
  TMPDIR=$(mktemp -d "$(quick_folder)/portolan.XXXXXX")
  export TMPDIR
  STARTED+=(folder)
}

bring_up_lab() {
  local exports
  await_images || fail "the lab's images could not be built: $(tail -n 1 "$STATE/lab-images.log")" \
    "see $STATE/lab-images.log"
  "$CHECKOUT/lab/lab" up >&2
  exports=$("$CHECKOUT/lab/lab" env)
  eval "$exports"
}

# Once: a second time there is nothing to wait for.
await_images() {
  [[ -n $IMAGES ]] || return 0
  local job=$IMAGES
  IMAGES=
  wait "$job"
}

# Any host that runs is somebody's: then the lab is theirs.
lab_is_up() {
  local exports
  exports=$("$CHECKOUT/lab/lab" env) || return 1
  (eval "$exports" && [[ -n ${PORTOLAN_LAB_HOSTS:-} ]])
}
