# shellcheck shell=bash
# Owns sshd and dockerd of a host: start, stop, ask. Both run inside the host's namespaces with the host's own files
# and default paths; the engine has a second socket, and both have their logs, in the directory shared with the machine.

engine_socket() { echo "$(host_dir "$1")/shared/docker.sock"; }

start_engine() {
  in_machine "$1" start-stop-daemon --start --oknodo --quiet --background --output /run/lab/dockerd.log \
    --pidfile /run/docker.pid --exec /usr/sbin/dockerd -- \
    --pidfile /run/docker.pid -H unix:///var/run/docker.sock -H unix:///run/lab/docker.sock
}

stop_engine() {
  in_machine "$1" start-stop-daemon --stop --oknodo --retry TERM/60/KILL/5 --quiet \
    --pidfile /run/docker.pid --exec /usr/sbin/dockerd
}

engine_answers() { curl -fsS --max-time 5 --unix-socket "$(engine_socket "$1")" http://engine/_ping; }

start_sshd() {
  in_machine "$1" start-stop-daemon --start --oknodo --quiet \
    --pidfile /run/sshd.pid --exec /usr/sbin/sshd -- -E /run/lab/sshd.log
}

# The listener only: live sessions go on, as they do when a distribution restarts sshd.
stop_sshd() {
  in_machine "$1" start-stop-daemon --stop --oknodo --retry TERM/10/KILL/5 --quiet \
    --pidfile /run/sshd.pid --exec /usr/sbin/sshd
}

restart_sshd() {
  stop_sshd "$1"
  start_sshd "$1"
}

# A whole greeting, not only an open port.
sshd_answers() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/22" && read -r greeting <&3 && [[ $greeting == SSH-2.0* ]]' \
    bash "$(host_address "$1")"
}

await_sshd() { wait_until 60 "sshd on $1 (see $(host_dir "$1")/shared/sshd.log)" sshd_answers "$1"; }

start_services() {
  start_sshd "$1"
  start_engine "$1"
}

await_services() {
  await_sshd "$1"
  wait_until 60 "dockerd on $1 (see $(host_dir "$1")/shared/dockerd.log)" engine_answers "$1"
}
