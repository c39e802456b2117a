# shellcheck shell=bash
# Owns what the tests run against: a throw-away PostgreSQL and the lab. Brings up what is not up yet, and at the end
# takes down exactly that. How each works is in scripts/postgres and lab/lab.
#
# LAB_KEEP=1  leaves the lab up, for a look at it or for the next run

STARTED=()

# Called first: from then on, whatever ends the script takes the fixtures down and keeps its exit code.
take_down_at_exit() { trap take_down EXIT; }

# Silent unless it fails, so that the last lines are the tests' own summary.
take_down() {
  local name log=$STATE/take-down.log
  for name in "${STARTED[@]}"; do
    "take_down_$name" >"$log" 2>&1 || warn "could not take down the $name: $(tail -n 1 "$log") (see $log)"
  done
}

take_down_postgres() { "$SCRIPTS/postgres" stop; }
take_down_lab() { "$CHECKOUT/lab/lab" down; }

bring_up_postgres() {
  "$SCRIPTS/postgres" url >/dev/null 2>&1 || STARTED+=(postgres)
  PORTOLAN_TEST_POSTGRES_URL=$("$SCRIPTS/postgres" start)
  export PORTOLAN_TEST_POSTGRES_URL
}

bring_up_lab() {
  local exports
  if lab_is_up || [[ ${LAB_KEEP:-} == 1 ]]; then
    say "the lab will stay up"
  else
    STARTED+=(lab)
  fi
  "$CHECKOUT/lab/lab" up >&2
  exports=$("$CHECKOUT/lab/lab" env)
  eval "$exports"
}

# Any host that runs is somebody's: then the lab is theirs.
lab_is_up() {
  local exports
  exports=$("$CHECKOUT/lab/lab" env) || return 1
  (eval "$exports" && [[ -n ${PORTOLAN_LAB_HOSTS:-} ]])
}
