# shellcheck shell=bash
# Owns machines in the sense of the kernel: a set of namespaces kept by one init process, which the lab knows by its
# process id. Hosts, registry, builder and switch are all such machines. What runs inside is not decided here.
#
# The namespaces have no names in /run/netns: they end with their init, and so do their processes, mounts, loop
# devices and links. Killing one process is therefore the whole of a power cut, and leaves nothing to clean up.

init_file() { echo "$LAB_DIR/run/$1.init"; }

# init_pid NAME: false when it does not run. The title guards against a process id that was used again.
init_pid() {
  local file pid title
  file=$(init_file "$1")
  [[ -f $file ]] || return 1
  pid=$(<"$file")
  [[ -r /proc/$pid/cmdline ]] || return 1
  IFS= read -r -d '' title <"/proc/$pid/cmdline" || return 1
  [[ $title == "$(init_title "$1")" ]] || return 1
  echo "$pid"
}

init_title() { echo "portolan-lab:$1"; }

is_running() { init_pid "$1" >/dev/null; }

# start_init NAME LOG UNSHARE-OPTIONS -- COMMAND... : the command sets the machine up, then executes its init.
start_init() {
  local name=$1 log=$2 options=()
  shift 2
  while [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift
  mkdir -p "$LAB_DIR/run"
  (
    enter_cgroup "$name"
    setsid unshare "${options[@]}" --mount --uts --ipc --pid --cgroup --fork --kill-child \
      "$@" </dev/null >"$log" 2>&1 9>&- &
    echo $! >"$(init_file "$name").launcher"
  )
  wait_until 60 "$name to start (see $log)" adopt_init "$name"
  settle_cgroup "$name"
}

# The init is the only child of `unshare`; it has started when it carries its title.
adopt_init() {
  local launcher
  launcher=$(<"$(init_file "$1").launcher")
  cut -d ' ' -f 1 "/proc/$launcher/task/$launcher/children" >"$(init_file "$1")"
  is_running "$1"
}

# in_machine NAME COMMAND... : runs it inside, with none of this shell's environment.
in_machine() {
  local name=$1 pid
  pid=$(init_pid "$name") || fail "\`$name\` is not running" "run: lab up"
  shift
  (
    join_cgroup "$name"
    exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root env -i --chdir=/ \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@" 9>&-
  )
}

# Kills the init, and with it everything inside; waits until the kernel has taken the namespaces down.
stop_init() {
  local name=$1 pid launcher
  if pid=$(init_pid "$name"); then
    launcher=$(<"$(init_file "$name").launcher")
    kill -KILL "$pid"
    wait_until 30 "$name to end" process_gone "$launcher"
  fi
  rm -f "$(init_file "$name")" "$(init_file "$name").launcher"
  remove_cgroup "$name"
}

process_gone() { [[ ! -d /proc/$1 ]]; }
