# shellcheck shell=bash
# Owns the control groups /portolan-lab-ID/NAME, one per host in every hierarchy. A host's engine sees its own group as
# the root, so containers of different hosts do not meet, and `down` can remove what an engine left behind.
#
# In version 2 a group with controllers for its children holds no process itself, so a host's processes are in its
# child `init`.

readonly LAB_CGROUPS=/sys/fs/cgroup

# Directories of the hierarchies that have the controllers: one of version 2, or the many of version 1.
cgroup_hierarchies() {
  if has_cgroup_version_2; then
    echo "$LAB_CGROUPS"
  else
    findmnt --list --noheadings --output TARGET --types cgroup | sort -u
  fi
}

# Control groups are shared by all of the machine, also with a lab in a container or a chroot: each state directory has
# a group of its own.
lab_group() { echo "portolan-lab-$(stat --format %d-%i "$LAB_DIR")"; }

has_cgroup_version_2() { [[ $(stat --file-system --format %T "$LAB_CGROUPS") == cgroup2fs ]]; }

# Makes the group of NAME and moves the calling process (and so what it starts) into it. A cgroup namespace made now has
# that group as its root.
enter_cgroup() {
  local name=$1 hierarchy parent group
  for hierarchy in $(cgroup_hierarchies); do
    parent=$hierarchy/$(lab_group)
    group=$parent/$name
    mkdir -p "$group"
    delegate_controllers "$hierarchy"
    delegate_controllers "$parent"
    inherit_cpuset "$parent" "$hierarchy"
    inherit_cpuset "$group" "$parent"
    echo "$BASHPID" >"$group/cgroup.procs"
  done
}

# Moves the calling process beside those that NAME runs already.
join_cgroup() {
  local name=$1 hierarchy group
  for hierarchy in $(cgroup_hierarchies); do
    group=$hierarchy/$(lab_group)/$name
    [[ ! -d $group/init ]] || group=$group/init
    echo "$BASHPID" >"$group/cgroup.procs"
  done
}

# Once NAME has started: clears its version 2 group of processes and lets its engine use the controllers.
settle_cgroup() {
  local name=$1 hierarchy group process
  for hierarchy in $(cgroup_hierarchies); do
    group=$hierarchy/$(lab_group)/$name
    [[ -f $group/cgroup.subtree_control ]] || continue
    mkdir "$group/init"
    for process in $(<"$group/cgroup.procs"); do echo "$process" >"$group/init/cgroup.procs"; done
    delegate_controllers "$group"
  done
}

delegate_controllers() {
  local controller
  [[ -f $1/cgroup.subtree_control ]] || return 0
  for controller in $(<"$1/cgroup.controllers"); do
    echo "+$controller" >"$1/cgroup.subtree_control"
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
    remove_cgroup_tree "$hierarchy/$(lab_group)/$1"
  done
}

remove_cgroup_tree() {
  [[ -d $1 ]] || return 0
  wait_until 10 "the control group $1 to empty" find "$1" -depth -type d -exec rmdir {} +
}

remove_cgroup_parents() {
  local hierarchy parent
  for hierarchy in $(cgroup_hierarchies); do
    parent=$hierarchy/$(lab_group)
    [[ ! -d $parent ]] || rmdir "$parent"
  done
}
