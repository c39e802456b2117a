# shellcheck shell=bash
# Owns the processes that outlive a script: one pid file and one log for each in the state directory.
# Knows nothing about what they are.
#
# A pid alone proves nothing: it is used again after a crash or a reboot. The pid file therefore holds the pid, the
# moment the process started (in ticks since boot) and the boot; only when all three agree is the process ours.

pid_file() { echo "$STATE/$1.pid"; }
log_file() { echo "$STATE/$1.log"; }

# start_process NAME COMMAND... : in a session of its own, so that ^C in this terminal does not reach it.
start_process() {
  local name=$1 pid
  shift
  (umask 077 && : >>"$(log_file "$name")")
  # In the background `setsid` leads no process group, so it does not fork, and $! is the command's own pid.
  setsid "$@" </dev/null >>"$(log_file "$name")" 2>&1 9>&- &
  pid=$!
  printf '%s %s %s\n' "$pid" "$(start_time "$pid")" "$(boot_id)" >"$(pid_file "$name")"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# start_time PID: false when there is no such process, or only its zombie (an init in a container may never reap it).
start_time() {
  local stat fields
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  # The second field is the command's name in parentheses and may hold anything; the third is the state.
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] || return 1
  echo "${fields[19]}"
}

# running_pid NAME: false when it does not run, or when its pid belongs to another process by now.
running_pid() {
  local pid started boot
  [[ -s $(pid_file "$1") ]] || return 1
  read -r pid started boot <"$(pid_file "$1")"
  [[ $boot == "$(boot_id)" && $(start_time "$pid") == "$started" ]] || return 1
  echo "$pid"
}

is_running() { running_pid "$1" >/dev/null; }
is_gone() { ! is_running "$1"; }

# stop_process NAME SECONDS: asks it to end and waits; a process that does not end is left, and said.
stop_process() {
  local name=$1 seconds=$2 pid
  if pid=$(running_pid "$name"); then
    say "stopping $name (pid $pid)"
    signal_process "$name" "$pid"
    wait_until "$seconds" is_gone "$name" ||
      fail "$name (pid $pid) did not stop within $seconds seconds" "see $(log_file "$name"); kill -9 $pid ends it at once"
  else
    say "$name is not running"
  fi
  rm -f "$(pid_file "$name")"
}

# It may end by itself between the look and the signal, which is what was wanted.
signal_process() {
  kill -TERM "$2" 2>/dev/null || is_gone "$1" ||
    fail "could not signal $1 (pid $2)" "it was started by another user; run the same command as that user"
}

# wait_for_process NAME SECONDS CHECK... : until CHECK holds; shows the end of the log when NAME dies or is too slow.
wait_for_process() {
  local name=$1 seconds=$2
  shift 2
  wait_until "$seconds" holds_or_dead "$name" "$@" || fail_with_log "$name" "$name did not answer within $seconds seconds"
  is_running "$name" || fail_with_log "$name" "$name ended right after its start"
}

holds_or_dead() {
  local name=$1
  shift
  "$@" || is_gone "$name"
}

fail_with_log() {
  printf -- '--- the end of %s\n' "$(log_file "$1")" >&2
  tail -n 15 "$(log_file "$1")" >&2
  fail "$2" "the reason is in its log: $(log_file "$1")"
}
