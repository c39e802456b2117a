//! Stories of operators on the lab's real hosts: the built binary, real sshd, real Docker.
//!
//! Logic with many cases is tested in `portolan-server` against a fleet in memory; here is what
//! only real hosts can show.

mod applications;
mod builds;
mod change;
mod chaos;
mod containers;
mod crashes;
mod databases;
mod destinations;
mod drift;
mod faults;
mod inside;
mod jobs;
mod links;
mod moves;
mod pages;
mod places;
mod plan;
mod proxies;
mod reach;
mod registries;
mod removal;
mod rules;
mod scan;
mod servers;
mod stacks;
mod support;
mod swarm;
mod verify;
