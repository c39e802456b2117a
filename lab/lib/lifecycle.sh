# shellcheck shell=bash
# Owns `up` and `down`: the order in which the parts start and stop.

lab_up() {
  local hosts=("$@") host
  ((${#hosts[@]})) || hosts=("${LAB_HOSTS[@]}")
  for host in "${hosts[@]}"; do host_address "$host" >/dev/null; done
  require_installed
  ensure_root
  ensure_keys
  ensure_switch
  ensure_registry
  ensure_images
  run_for_each up_host "${hosts[@]}"
  say "up: ${hosts[*]}"
}

# A host that runs already is given back its services and relieved of its faults; and its link, which it lacks when an
# earlier `up` was interrupted or gave up before it had one.
up_host() {
  if is_running "$1"; then
    is_plugged "$1" || plug "$1" "$(host_address "$1")"
    clear_faults "$1"
  else
    power_on "$1"
  fi
  start_services "$1"
  await_services "$1"
  preload "$1"
  say "$1 is up at $(host_address "$1")"
}

lab_down() {
  [[ ${1:-} == "" || ${1:-} == --purge ]] || misuse "\`down\` takes --purge and nothing else"
  local machines=()
  mapfile -t machines < <(known_machines)
  ((${#machines[@]} == 0)) || run_for_each stop_init "${machines[@]}"
  remove_spare_bridge
  remove_cgroup_parents
  rm -rf "$LAB_DIR"/{hosts,keys,run}
  [[ ${1:-} != --purge ]] || rm -rf "$LAB_CACHE"
  say "down"
}

# Hosts, registry, builder, relays and the switch: everything that has an init or a process file.
known_machines() {
  local file
  for file in "$LAB_DIR"/run/*.init; do
    [[ ! -e $file ]] || basename "$file" .init
  done
}
