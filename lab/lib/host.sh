# shellcheck shell=bash
# Owns a host as a thing that can be switched on and off: its disk, its settings, its boot. What runs on it is in
# lib/services.sh; what is mounted in it is in host/boot.

readonly LAB_DISK_SIZE=3G

power_on() {
  local name=$1 dir
  dir=$(host_dir "$name")
  [[ -f $dir/disk.img ]] || prepare_host "$dir"
  start_init "$name" "$dir/boot.log" --net -- "$LAB_HOME/host/boot" \
    "$name" "$(host_address "$name")" "$dir" "$LAB_ROOT" "$(init_title "$name")" "$LAB_KEYS/authorized_keys"
  plug "$name" "$(host_address "$name")"
}

# The kernel takes the links of a namespace away when it gets to it, and the next boot would find this one in its place.
power_off() {
  stop_init "$1"
  unplug "$1"
}

prepare_host() {
  local dir=$1
  mkdir -p "$dir"
  write_hosts_file >"$dir/hosts"
  echo "nameserver $LAB_REGISTRY_ADDRESS" >"$dir/resolv.conf"
  write_engine_settings >"$dir/daemon.json"
  make_disk "$dir/disk.img" "$LAB_DISK_SIZE"
}

# No blocks reserved for root: a full disk is full for the engine too.
make_disk() {
  truncate --size "$2" "$1.new"
  mkfs.ext4 -q -m 0 "$1.new"
  mv "$1.new" "$1"
}

write_hosts_file() {
  local other
  echo "127.0.0.1 localhost"
  echo "$LAB_REGISTRY_ADDRESS registry"
  for other in "${LAB_HOSTS[@]}"; do echo "$(host_address "$other") $other"; done
}

write_engine_settings() {
  cat <<JSON
{
  "storage-driver": "overlay2",
  "registry-mirrors": ["http://$LAB_REGISTRY"],
  "insecure-registries": ["$LAB_REGISTRY", "$LAB_PRIVATE_REGISTRY", "http://$LAB_PRIVATE_REGISTRY"]
}
JSON
}
