# shellcheck shell=bash
# Owns the control groups /portolan-lab/NAME, one per host in every hierarchy. A host's engine sees its own group as
# the root, so containers of different hosts do not meet, and `down` can remove what an engine left behind.

readonly LAB_CGROUPS=/sys/fs/cgroup

# Directories of all mounted hierarchies: version 1 has many, version 2 is one.
cgroup_hierarchies() {
  findmnt --list --noheadings --output TARGET --types cgroup,cgroup2 | grep "^$LAB_CGROUPS" | sort -u
}

# Moves the calling process (and so what it starts) into the group of NAME.
enter_cgroup() {
  local name=$1 hierarchy group
  for hierarchy in $(cgroup_hierarchies); do
    group=$hierarchy/portolan-lab/$name
    mkdir -p "$group"
    inherit_cpuset "$hierarchy/portolan-lab" "$hierarchy"
    inherit_cpuset "$group" "$hierarchy/portolan-lab"
    echo "$BASHPID" >"$group/cgroup.procs"
  done
}

# A new version 1 cpuset has no processor and no memory node, and refuses processes until it has.
inherit_cpuset() {
  local group=$1 parent=$2 file
  for file in cpuset.cpus cpuset.mems; do
    [[ -f $group/$file && -z $(<"$group/$file") ]] || continue
    cat "$parent/$file" >"$group/$file"
  done
}

# Children first; a group can stay busy for a moment after its last process ended.
remove_cgroup() {
  local hierarchy
  for hierarchy in $(cgroup_hierarchies); do
    remove_cgroup_tree "$hierarchy/portolan-lab/$1"
  done
}

remove_cgroup_tree() {
  [[ -d $1 ]] || return 0
  wait_until 10 "the control group $1 to empty" find "$1" -depth -type d -exec rmdir {} +
}

remove_cgroup_parents() {
  local hierarchy
  for hierarchy in $(cgroup_hierarchies); do
    [[ ! -d $hierarchy/portolan-lab ]] || rmdir "$hierarchy/portolan-lab"
  done
}
