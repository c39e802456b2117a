# shellcheck shell=bash
# Owns the faults that can be set on a running host, and their undoing. Which are set is a directory of marker files,
# $LAB_DIR/hosts/HOST/faults; undoing a fault that is not set changes nothing.
#
# Links are damaged at the switch, outside the host, where the host cannot notice or repair it.

readonly LAB_FAULTS=(link-cut link-slow engine-stop sshd-stop host-key-change forwarding-off disk-full)
readonly LAB_EVENTS=(engine-restart reboot)

lab_fault() {
  (($# >= 2)) || misuse "\`fault\` needs a host and a kind: ${LAB_FAULTS[*]} ${LAB_EVENTS[*]} clear"
  local host=$1 kind=$2
  host_address "$host" >/dev/null
  is_running "$host" || fail "\`$host\` is not running" "run: lab up $host"
  if [[ $kind == clear ]]; then
    clear_faults "$host"
    await_services "$host"
  elif is_one_of "$kind" "${LAB_EVENTS[@]}"; then
    "event_${kind//-/_}" "$host"
  elif is_one_of "$kind" "${LAB_FAULTS[@]}"; then
    [[ $kind != link-slow ]] || require_milliseconds "${3:-}"
    set_fault "$host" "$kind" "${@:3}"
  else
    misuse "there is no fault \`$kind\`; there are: ${LAB_FAULTS[*]} ${LAB_EVENTS[*]} clear"
  fi
  say "$host: ${*:2}"
}

is_one_of() {
  local word=$1 other
  shift
  for other in "$@"; do [[ $word != "$other" ]] || return 0; done
  return 1
}

require_milliseconds() {
  [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] || misuse "\`link-slow\` needs a number of milliseconds, 1 to 99999"
}

faults_dir() { echo "$(host_dir "$1")/faults"; }

has_fault() { [[ -e $(faults_dir "$1")/$2 ]]; }

list_faults() { [[ ! -d $(faults_dir "$1") ]] || ls "$(faults_dir "$1")"; }

# Setting a fault again first undoes it, so that a new value replaces the old one.
set_fault() {
  local host=$1 kind=$2
  clear_fault "$host" "$kind"
  mkdir -p "$(faults_dir "$host")"
  touch "$(faults_dir "$host")/$kind"
  "set_${kind//-/_}" "$host" "${@:3}"
}

clear_faults() {
  local kind
  for kind in "${LAB_FAULTS[@]}"; do clear_fault "$1" "$kind"; done
}

clear_fault() {
  has_fault "$1" "$2" || return 0
  "clear_${2//-/_}" "$1"
  rm "$(faults_dir "$1")/$2"
}

set_link_cut() { in_switch ip link set "port-$1" down; }
clear_link_cut() { in_switch ip link set "port-$1" up; }

# netem is missing from many kernels, so a process at the switch carries the host's frames and holds them back.
set_link_slow() {
  local host=$1 milliseconds=$2 switch_net
  switch_net=/proc/$(init_pid switch)/ns/net
  in_switch ip link add "slow-$host" type veth peer name "carry-$host"
  in_switch ip link set "slow-$host" master lab up
  in_switch ip link set "carry-$host" up
  in_switch ip link set "port-$host" nomaster
  # shellcheck disable=SC2016  # expanded by the inner shell
  start_init "slow-$host" "$(host_dir "$host")/slow.log" -- nsenter --net="$switch_net" \
    bash -c 'exec -a "$1" /usr/bin/python3 "${@:2}"' bash "$(init_title "slow-$host")" \
    "$LAB_HOME/host/carry_frames.py" "port-$host" "carry-$host" "$milliseconds"
}

clear_link_slow() {
  stop_init "slow-$1"
  in_switch ip link set "port-$1" master lab
  in_switch ip link delete "slow-$1"
}

set_engine_stop() { stop_engine "$1"; }
clear_engine_stop() { start_engine "$1"; }

# The sessions too: as when the machine's sshd was killed, not restarted. The names are matched inside the host's own
# process namespace and reach nothing else.
set_sshd_stop() {
  stop_sshd "$1"
  in_machine "$1" sh -c 'while pkill -KILL -x sshd; do sleep 0.02; done'
}
clear_sshd_stop() { start_sshd "$1"; }

readonly LAB_HOST_KEY=/etc/ssh/ssh_host_ed25519_key

set_host_key_change() {
  in_machine "$1" mkdir /etc/ssh/original
  in_machine "$1" mv "$LAB_HOST_KEY" "$LAB_HOST_KEY.pub" /etc/ssh/original/
  in_machine "$1" ssh-keygen -q -t ed25519 -N '' -C "root@$1" -f "$LAB_HOST_KEY"
  restart_sshd_unless_stopped "$1"
}

clear_host_key_change() {
  in_machine "$1" sh -c 'mv /etc/ssh/original/* /etc/ssh/ && rmdir /etc/ssh/original'
  restart_sshd_unless_stopped "$1"
}

# sshd takes the first value it reads, and the files in the order of their names.
readonly LAB_FORWARDING_CONFIG=/etc/ssh/sshd_config.d/00-forwarding-off.conf

set_forwarding_off() {
  in_machine "$1" sh -c "echo 'AllowStreamLocalForwarding no' >$LAB_FORWARDING_CONFIG"
  restart_sshd_unless_stopped "$1"
}

clear_forwarding_off() {
  in_machine "$1" rm -f "$LAB_FORWARDING_CONFIG"
  restart_sshd_unless_stopped "$1"
}

# Nobody hears a host behind a cut link.
restart_sshd_unless_stopped() {
  ! has_fault "$1" sshd-stop || return 0
  restart_sshd "$1"
  has_fault "$1" link-cut || await_sshd "$1"
}

# Whole megabytes at once, the rest by writing until there is none.
readonly LAB_FILLER=/var/lib/docker/filler

set_disk_full() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  in_machine "$1" sh -euc '
    free=$(df --block-size=1M --output=avail /var/lib/docker | tail -n 1)
    [ "$free" -lt 2 ] || fallocate --length "$((free - 1))M" "$1.1"
    ! dd if=/dev/zero of="$1.2" bs=4k 2>/dev/null' sh "$LAB_FILLER"
}

clear_disk_full() { in_machine "$1" rm -f "$LAB_FILLER.1" "$LAB_FILLER.2"; }

event_engine_restart() {
  stop_engine "$1"
  clear_fault "$1" engine-stop
  start_engine "$1"
  await_services "$1"
}

# A power cut. What is on the disk stays as it was, faults included; link and services start whole.
event_reboot() {
  clear_fault "$1" link-cut
  clear_fault "$1" link-slow
  power_off "$1"
  rm -f "$(faults_dir "$1")"/{engine-stop,sshd-stop}
  power_on "$1"
  start_services "$1"
  await_services "$1"
}
