# shellcheck shell=bash
# Owns the file systems made by debootstrap: the base layer of the images, and the root that all hosts share
# read-only. Built once, kept in the cache. What differs between hosts is written by lib/host.sh.
#
# A root of their own, and not the machine's with some files bind-mounted over it, because then the hosts have their
# own users, sudo, engine and clients, what is installed on the machine cannot leak into a test, and nothing that a
# test writes on a host reaches the machine.

readonly LAB_BASE=$LAB_CACHE/base
readonly LAB_ROOT=$LAB_CACHE/root
readonly LAB_ROOT_PACKAGES=(
  docker.io iptables iproute2 openssh-server sudo docker-registry
  ca-certificates curl iputils-ping procps kmod e2fsprogs
)

ensure_root() {
  ensure_base
  [[ ! -d $LAB_ROOT ]] || return 0
  say "building the hosts' root: ${LAB_ROOT_PACKAGES[*]}"
  rm -rf "$LAB_ROOT.new"
  cp -a "$LAB_BASE" "$LAB_ROOT.new"
  build_log root install_root_packages "$LAB_ROOT.new"
  add_users "$LAB_ROOT.new"
  configure_sshd "$LAB_ROOT.new"
  rm -f "$LAB_ROOT.new"/etc/ssh/ssh_host_*_key*
  mv "$LAB_ROOT.new" "$LAB_ROOT"
}

ensure_base() {
  [[ ! -d $LAB_BASE ]] || return 0
  say "building the base system with debootstrap"
  mkdir -p "$LAB_CACHE/log"
  rm -rf "$LAB_BASE.new"
  build_log base debootstrap --variant=minbase --include=ca-certificates "$LAB_SUITE" "$LAB_BASE.new" "$LAB_MIRROR"
  # Whoever installs packages on top of it need not wait for the disk: what is half made is made anew.
  echo force-unsafe-io >"$LAB_BASE.new/etc/dpkg/dpkg.cfg.d/lab"
  mv "$LAB_BASE.new" "$LAB_BASE"
}

# build_log NAME COMMAND... : the command's output goes to a file that the error names. The command runs in the
# background, because on the left of `||` bash would ignore `set -e` in all of it.
build_log() {
  local log=$LAB_CACHE/log/$1.log
  shift
  mkdir -p "$LAB_CACHE/log"
  "$@" >"$log" 2>&1 &
  wait $! || fail "\`$*\` failed: $(tail -n 1 "$log")" "see $log"
}

# In a mount namespace, so that a failed installation leaves no mount behind.
install_root_packages() {
  local root=$1
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --mount sh -euc '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    chroot "$root" apt-get update -q
    chroot "$root" apt-get install -q -y --no-install-recommends "$@"
    chroot "$root" apt-get clean
  ' sh "$root" "${LAB_ROOT_PACKAGES[@]}"
  rm "$root/usr/sbin/policy-rc.d"
}

# `*` and not `!` as the password: sshd refuses even a key for an account that is locked.
add_users() {
  local root=$1 user
  for user in deploy operator guest; do
    chroot "$root" groupadd --force "$user"
    chroot "$root" useradd --create-home --gid "$user" --shell /bin/bash --password '*' "$user"
  done
  chroot "$root" usermod --append --groups docker deploy
  echo 'operator ALL=(root) NOPASSWD: /usr/bin/docker' >"$root/etc/sudoers.d/operator"
  chmod 0440 "$root/etc/sudoers.d/operator"
}

# Debian's own settings otherwise, MaxSessions 10 among them. MaxStartups is raised from 10:30:100, at which sshd drops
# some of the connections that a test suite opens at once.
configure_sshd() {
  cat >"$1/etc/ssh/sshd_config.d/10-lab.conf" <<'CONF'
PermitRootLogin prohibit-password
PasswordAuthentication no
AllowStreamLocalForwarding yes
MaxStartups 100:30:200
LogLevel VERBOSE
CONF
}
