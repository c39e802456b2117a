# shellcheck shell=bash
# Owns what the lab prints about itself, and the two ways into a host: `ssh` and `docker`. Changes nothing.

running_hosts() {
  local host
  for host in "${LAB_HOSTS[@]}"; do
    ! is_running "$host" || echo "$host"
  done
}

lab_status() {
  local host
  printf '%-10s %-12s %-8s %-8s %s\n' HOST ADDRESS SSHD ENGINE FAULTS
  for host in "${LAB_HOSTS[@]}"; do status_line "$host"; done
  printf '%-10s %-12s %s\n' registry "$LAB_REGISTRY_ADDRESS" "$(state_of is_running registry)"
}

status_line() {
  if ! is_running "$1"; then
    printf '%-10s %-12s off\n' "$1" "$(host_address "$1")"
    return
  fi
  printf '%-10s %-12s %-8s %-8s %s\n' "$1" "$(host_address "$1")" \
    "$(state_of sshd_answers "$1")" "$(state_of engine_answers "$1")" "$(list_faults "$1" | paste -sd ' ')"
}

state_of() {
  if "$@" >/dev/null 2>&1; then echo up; else echo down; fi
}

lab_env() {
  case ${1:-} in
    '') env_exports ;;
    --json) env_json ;;
    *) misuse "\`env\` takes --json and nothing else" ;;
  esac
}

env_exports() {
  cat <<SH
export PORTOLAN_LAB=1
export PORTOLAN_LAB_DIR=$LAB_DIR
export PORTOLAN_LAB_HOSTS="$(running_hosts | paste -sd ' ')"
export PORTOLAN_LAB_KEY=$LAB_KEY
export PORTOLAN_LAB_REGISTRY=$LAB_REGISTRY
SH
}

# Every value is plain: names and addresses are ours, the directory is checked by require_plain_state_dir.
env_json() {
  local host separator='['
  for host in $(running_hosts); do
    printf '%s\n' "$separator"
    host_json "$host"
    separator=,
  done
  [[ $separator == , ]] || printf '['
  printf ']\n'
}

host_json() {
  cat <<JSON
  {
    "name": "$1",
    "address": "$(host_address "$1")",
    "port": 22,
    "users": ["root", "deploy", "operator", "guest"],
    "key": "$LAB_KEY",
    "keys": {"ed25519": "$LAB_KEY", "rsa": "$LAB_KEYS/rsa", "ecdsa": "$LAB_KEYS/ecdsa"},
    "unauthorised_key": "$LAB_KEYS/unauthorised",
    "docker_socket": "$(engine_socket "$1")",
    "host_key_fingerprint": "$(host_fingerprint "$1" ed25519)",
    "registry": "$LAB_REGISTRY"
  }
JSON
}

host_fingerprint() {
  in_machine "$1" ssh-keygen -l -f "/etc/ssh/ssh_host_$2_key.pub" | cut -d ' ' -f 2
}

# The lab is trusted by construction and changes host keys on purpose, so they are not checked here.
lab_ssh() {
  (($#)) || misuse "\`ssh\` needs a host"
  local target=$1 user=root host
  shift
  host=${target#*@}
  [[ $target != *@* ]] || user=${target%%@*}
  host_address "$host" >/dev/null
  exec ssh -F none -i "$LAB_KEY" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR "$user@$(host_address "$host")" "$@"
}

# The client of the hosts' root, so that the machine needs none; it runs here, so local files can be given to it.
lab_docker() {
  (($#)) || misuse "\`docker\` needs a host"
  local host=$1
  shift
  host_address "$host" >/dev/null
  is_running "$host" || fail "\`$host\` is not running" "run: lab up $host"
  docker_on "$host" "$@"
}

docker_on() {
  local host=$1
  shift
  DOCKER_BUILDKIT=0 "$LAB_ROOT/usr/bin/docker" -H "unix://$(engine_socket "$host")" "$@"
}
