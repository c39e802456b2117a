//! Services of a swarm as they are asked for.

use std::collections::BTreeMap;

use super::NewContainer;

/// A service to be made, or what one is to be from now on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewService {
    /// What each of its tasks runs: its name is the service's, its restart policy the tasks'. What a
    /// service cannot have is left out: that nothing is gained, options of a resolver, an address of a published
    /// port, a network that is no overlay.
    pub task: NewContainer,
    /// Of the service; those of its containers are in `task`.
    pub labels: BTreeMap<String, String>,
    pub replicas: u32,
    /// Tasks are replaced when it is another one, even if nothing else is.
    pub forced: u64,
    pub order: UpdateOrder,
    /// How many tasks are replaced at a time.
    pub at_once: u32,
    pub found_by: FoundBy,
}

/// What the names of a service lead to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FoundBy {
    /// One address of its own, which the kernels of the nodes share out (IPVS).
    #[default]
    Address,
    /// The addresses of its tasks. Nothing can be published then.
    Tasks,
}

/// How tasks take the place of those before. That new ones fail stops it, and whoever asked decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UpdateOrder {
    /// A new task runs, and is healthy where that is checked, before the old one ends.
    #[default]
    StartFirst,
    /// The old task ends before the new one is started.
    StopFirst,
}

/// What can be changed of a service as it is, whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceChange {
    Replicas(u32),
    /// Its tasks are replaced when this is another number than before.
    Forced(u64),
}
