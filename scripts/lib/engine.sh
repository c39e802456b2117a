# shellcheck shell=bash
# Owns the Docker engine of this machine: finds it, installs it, starts it and, when it was started here, stops it.
# An engine that was there before, and one that belongs to a service manager, is used and never stopped. What the
# engine holds (images, networks, containers in its own data directory) is not touched.

readonly ENGINE_SOCKET=/var/run/docker.sock
readonly CONTAINERD_SOCKET=/run/containerd/containerd.sock

ensure_engine() {
  if engine_answers; then
    say "a Docker engine answers on $ENGINE_SOCKET"
    return
  fi
  require_access_to_socket
  has dockerd || ensure_packages "because no Docker engine answers on $ENGINE_SOCKET" docker.io
  start_engine
}

engine_answers() {
  [[ $(curl -s --max-time 5 --unix-socket "$ENGINE_SOCKET" http://localhost/_ping) == OK ]]
}

require_access_to_socket() {
  [[ ! -S $ENGINE_SOCKET || -w $ENGINE_SOCKET ]] ||
    fail "$ENGINE_SOCKET exists, but \`$(id -un)\` may not use it" \
      "join its group (sudo usermod -aG docker $(id -un), then sign in again), or run as root"
}

start_engine() {
  is_root || fail "no Docker engine runs, and starting one needs root" "start it (sudo systemctl start docker), or run as root"
  case $(service_manager) in
    systemd) start_engine_service systemctl start docker ;;
    openrc) start_engine_service rc-service docker start ;;
    sysv) start_engine_service service docker start ;;
    none) start_own_engine ;;
  esac
  say "the Docker engine answers on $ENGINE_SOCKET"
}

# The directories are the documented signs that the manager is running, not merely installed.
service_manager() {
  if [[ -d /run/systemd/system ]]; then
    echo systemd
  elif [[ -d /run/openrc && -x /etc/init.d/docker ]]; then
    echo openrc
  elif [[ $(</proc/1/comm) == init && -x /etc/init.d/docker ]]; then
    echo sysv
  else
    echo none
  fi
}

start_engine_service() {
  say "starting the Docker engine: $*"
  "$@" >&2 || fail "\`$*\` failed" "see the service's own log (journalctl -u docker, or /var/log/docker.log)"
  wait_until 60 engine_answers || fail "the engine's service runs, but $ENGINE_SOCKET did not answer within 60 seconds" \
    "see the service's own log (journalctl -u docker, or /var/log/docker.log)"
}

start_own_engine() {
  if ! is_running engine && ! foreign_engine_starting; then
    prepare_for_engine
    say "no service manager runs here: starting dockerd in the background, its log is $(log_file engine)"
    start_process engine dockerd --pidfile "$STATE/dockerd.pid"
  fi
  if is_running engine; then
    wait_for_process engine 90 engine_answers
  else
    wait_until 60 engine_answers || fail "dockerd (pid $(</var/run/docker.pid)) runs, but $ENGINE_SOCKET does not answer" \
      "stop it, and run the same command again"
  fi
}

# Two engines on one data directory destroy it. Somebody else's may just not answer yet.
foreign_engine_starting() {
  [[ -s /var/run/docker.pid && $(process_name "$(</var/run/docker.pid)") == dockerd ]]
}

# process_name PID: empty when there is none.
process_name() {
  if [[ -r /proc/$1/comm ]]; then cat "/proc/$1/comm"; fi
}

# What a service manager and an orderly shutdown would have seen to.
prepare_for_engine() {
  has iptables || ensure_packages "because dockerd needs it for its networks" iptables
  ensure_cgroups
  # Ours alone, and its process is gone: dockerd refuses to start while a file names a pid that is in use again.
  rm -f "$STATE/dockerd.pid"
  remove_stale_containerd_socket
}

ensure_cgroups() {
  ! grep -qE '^[^ ]+ /sys/fs/cgroup[^ ]* cgroup' /proc/mounts || return 0
  mkdir -p /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup ||
    fail "no control groups are mounted, and mounting them failed" "containers need a privileged system: check its settings"
}

# dockerd uses this socket when the file exists and else starts a containerd of its own; with a dead one it waits forever.
remove_stale_containerd_socket() {
  [[ -S $CONTAINERD_SOCKET ]] || return 0
  ! grep -qE " $CONTAINERD_SOCKET\$" /proc/net/unix || return 0
  rm -f "$CONTAINERD_SOCKET"
}

# Only what start_own_engine started has a pid file. Its containers end with it, unless live-restore is configured.
stop_own_engine() {
  if [[ ! -e $(pid_file engine) ]]; then
    say "no Docker engine that was started here runs"
    return
  fi
  stop_process engine 90
  rm -f "$STATE/dockerd.pid"
}
