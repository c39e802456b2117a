# shellcheck shell=bash
# Owns the lab's network: a bridge in a namespace of its own, the machine's link into it, and one link per host.
#
# The bridge is not in the root namespace, because a docker engine there sets the FORWARD policy to DROP and would cut
# the hosts from each other; here no rule of the machine applies, and the lab adds none.

readonly LAB_GATEWAY_LINK=portolan-lab
readonly LAB_SPARE_BRIDGE=portolan-spare

ensure_switch() {
  is_running switch || start_switch
}

start_switch() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  start_init switch "$LAB_DIR/run/switch.log" --net -- \
    bash -c 'mount --make-rprivate / && exec -a "$1" sleep infinity' bash "$(init_title switch)"
  in_switch ip link add lab type bridge
  in_switch ip link set lab up
  plug_machine
}

in_switch() { nsenter --target "$(init_pid switch)" --net "$@"; }

plug_machine() {
  ip link add "$LAB_GATEWAY_LINK" type veth peer name machine netns "$(init_pid switch)"
  ip address add "$LAB_GATEWAY/24" dev "$LAB_GATEWAY_LINK"
  ip link set "$LAB_GATEWAY_LINK" up
  in_switch ip link set machine master lab up
}

# plug NAME ADDRESS: the machine's eth0. No default route, so the outside is "network is unreachable" at once; and no
# limit on ICMP errors, so that the second of two refusals is not turned into a timeout.
plug() {
  local name=$1 address=$2 pid
  pid=$(init_pid "$name")
  in_switch ip link add "port-$name" type veth peer name eth0 address "$(hardware_address "$address")" netns "$pid"
  in_switch ip link set "port-$name" master lab up
  nsenter --target "$pid" --net sh -euc "
    echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
    ip link set lo up
    ip address add $address/24 dev eth0
    ip link set eth0 up"
}

# Both ends at once; whoever else takes them away first has done the same.
unplug() { ! is_plugged "$1" || in_switch ip link delete "port-$1" || ! is_plugged "$1"; }

is_plugged() { in_switch ip link show "port-$1" >/dev/null 2>&1; }

# The same after a reboot, as a real card has; otherwise neighbours send to the old one for half a minute.
hardware_address() { printf '02:00:0a:58:00:%02x\n' "${1##*.}"; }

# For the builder's engine, which shares the machine's network: with no bridge at all it would delete the link docker0,
# which is that of the machine's own engine. Nothing is attached to it, and it exists only while images are built.
make_spare_bridge() {
  remove_spare_bridge
  ip link add "$LAB_SPARE_BRIDGE" type bridge
  ip address add 169.254.88.1/30 dev "$LAB_SPARE_BRIDGE"
}

remove_spare_bridge() {
  ! ip link show "$LAB_SPARE_BRIDGE" >/dev/null 2>&1 || ip link delete "$LAB_SPARE_BRIDGE"
}
