//! Tests against real hosts: sshd and dockerd of the lab (`make lab-up`).
//!
//! Every test is ignored unless asked for (`cargo test -p portolan-server --test lab -- --ignored`).
//! Tests that break a host are in modules called `faults`; they use `delta` only, one at a time.

mod containers;
mod faults;
mod fleet;
mod host;
