# shellcheck shell=bash
# Owns what the machine itself needs. Engine, sshd, registry and databases are not among it: they live in the
# hosts' own root (lib/root.sh), so an engine or client that the machine already has is never touched, and nothing
# installed here has a service that apt could start.

# command:package
readonly LAB_NEEDS=(
  debootstrap:debootstrap
  ip:iproute2
  mkfs.ext4:e2fsprogs
  nsenter:util-linux
  ssh:openssh-client
  curl:curl
  /usr/bin/python3:python3
  faketime:faketime
)

missing_packages() {
  local need
  for need in "${LAB_NEEDS[@]}"; do
    command -v "${need%%:*}" >/dev/null || echo "${need##*:}"
  done
  python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
}

lab_install() {
  require_root
  local packages
  mapfile -t packages < <(missing_packages)
  if ((${#packages[@]} == 0)); then
    say "nothing to install"
    return
  fi
  say "installing: ${packages[*]}"
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}" >&2
}

require_installed() {
  local packages
  packages=$(missing_packages)
  [[ -z $packages ]] || fail "the machine lacks ${packages//$'\n'/, }" "run: lab install"
}
