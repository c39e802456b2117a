# shellcheck shell=bash
# Owns the container images and their way into the lab's registry. Each is a directory images/NAME with a Dockerfile
# on the base layer of lib/root.sh; a requirements.txt there names binaries that come from PyPI. An image is built
# again only when its directory changed.
#
# They are built by the engine of a machine that exists only for that and uses the network of the root namespace, so
# that builds reach the package mirrors, with no bridge and no iptables rule of its own.

readonly LAB_IMAGES=(caddy:2 traefik:v3 postgres:15 mariadb:10.11 redis:7 valkey/valkey:8.1 echo:1)
readonly LAB_PRELOADED=echo:1
readonly LAB_BUILDER_DISK=12G

lab_images() {
  require_installed
  ensure_root
  ensure_keys
  ensure_switch
  ensure_registry
  ensure_images
}

ensure_images() {
  local images
  mapfile -t images < <(stale_images)
  ((${#images[@]})) || return 0
  say "building images: ${images[*]}"
  start_builder
  import_base
  run_for_each build_image "${images[@]}"
  stop_init builder
  remove_spare_bridge
  rm -rf "$(host_dir builder)"
}

stale_images() {
  local image
  for image in "${LAB_IMAGES[@]}"; do
    [[ -f $(stamp_file "$image") && $(<"$(stamp_file "$image")") == "$(source_digest "$image")" ]] || echo "$image"
  done
}

# What is last of its name, whoever publishes it: `valkey` of valkey/valkey:8.1.
short_name() {
  local name=${1%%:*}
  echo "${name##*/}"
}

stamp_file() { echo "$LAB_CACHE/images/${1##*/}"; }

source_dir() { echo "$LAB_HOME/images/$(short_name "$1")"; }

source_digest() {
  (cd "$(source_dir "$1")" && find . -type f | sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)
}

start_builder() {
  local dir
  dir=$(host_dir builder)
  stop_init builder
  rm -rf "$dir"
  mkdir -p "$dir"
  make_spare_bridge
  cp /etc/hosts /etc/resolv.conf "$dir"
  write_builder_settings >"$dir/daemon.json"
  make_disk "$dir/disk.img" "$LAB_BUILDER_DISK"
  start_init builder "$dir/boot.log" -- "$LAB_HOME/host/boot" \
    builder none "$dir" "$LAB_ROOT" "$(init_title builder)" "$LAB_KEYS/authorized_keys"
  start_engine builder
  wait_until 60 "the builder's dockerd (see $dir/shared/dockerd.log)" engine_answers builder
}

write_builder_settings() {
  cat <<JSON
{
  "storage-driver": "overlay2",
  "bridge": "$LAB_SPARE_BRIDGE",
  "iptables": false,
  "ip-forward": false,
  "insecure-registries": ["$LAB_REGISTRY"]
}
JSON
}

import_base() {
  tar --create --directory "$LAB_BASE" --exclude='./usr/share/'{locale,doc,man,info}/'*' \
    --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/*' --exclude='./dev/*' . |
    docker_on builder import --change 'CMD ["bash"]' - lab/base >/dev/null
}

build_image() {
  local image=$1 name context
  name=$(short_name "$image")
  context=$(host_dir builder)/context-$name
  mkdir -p "$LAB_CACHE/images"
  cp -a "$(source_dir "$image")" "$context"
  build_log "$name" build_and_push "$image" "$context"
  source_digest "$image" >"$(stamp_file "$image")"
  say "built $image"
}

build_and_push() {
  local image=$1 context=$2 reference=$LAB_REGISTRY/$1
  [[ $image == */* ]] || reference=$LAB_REGISTRY/library/$image
  [[ ! -f $context/requirements.txt ]] ||
    python3 -m pip install --quiet --no-deps --target "$context/pypi" --requirement "$context/requirements.txt"
  docker_on builder build --network host --tag "$reference" "$context"
  docker_on builder push "$reference"
}

# The small image is on every host, so that most tests need no pull.
preload() {
  docker_on "$1" image inspect "$LAB_PRELOADED" >/dev/null 2>&1 ||
    docker_on "$1" pull --quiet "$LAB_PRELOADED" >/dev/null
}
