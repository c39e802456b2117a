//! The checks, each in a file of its own sort: what is tried, and what an answer means.

mod inside;
mod isolation;
mod network;
mod outbound;
mod proxy;
mod swarm;

pub(super) use inside::Inside;
