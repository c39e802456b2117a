//! All background work. Reconcilers take no input: they read the rows, look at the host and make
//! the host match. One code path serves the first time, the restart and the repair, so each is
//! safe to run twice and to be killed between any two steps.
//!
//! One task a server ([`server`]) owns its connection; the [`fleet`] owns the tasks.

mod adopt;
mod adoptability;
mod applications;
mod backups;
mod beside;
mod change;
mod clerk;
mod clock;
mod commands;
pub(crate) mod compare;
mod containers;
mod courier;
mod crew;
mod destinations;
mod detach;
mod drift;
mod fleet;
mod hosts;
mod inside;
mod janitor;
mod jobs;
mod links;
mod make;
mod mark;
mod members;
mod occasion;
mod orphans;
mod place;
mod proxy;
mod reachability;
mod readings;
mod recorder;
mod registries;
mod remove;
mod resets;
mod retries;
mod role;
mod scan;
mod sealer;
mod server;
mod side;
mod sight;
mod spare;
mod stacks;
mod swarm;
mod target;
mod terminals;
mod validation;
mod verify;
mod work;

pub(crate) use adopt::verdicts;
pub(crate) use change::{Reach, obstacle, overlap};
pub(crate) use containers::alias_belongs_to;
pub(crate) use make::taken;
#[cfg(feature = "fuzzing")]
pub(crate) use proxy::generate_anything;
pub(crate) use proxy::{PROXY_CONTAINER, generated, is_another_proxy, routes_of};
pub(crate) use recorder::failure;
pub(crate) use remove::{in_the_way, in_use};

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use portolan_types::TaskKind;

use crate::{App, Error, app::Ends, host::Dialer, host::HostError, tasks::Tasks};

/// Starts everything that runs in the background. It ends with `shutdown`; the tracker knows when.
pub(crate) fn start(
    app: &Arc<App>,
    dialer: Arc<dyn Dialer>,
    ends: Ends,
    tasks: &Tasks,
    shutdown: &CancellationToken,
) {
    let hosts = Arc::<hosts::Hosts>::default();
    let around = (dialer.clone(), hosts.clone());
    let fleet = fleet::Fleet::new(app.clone(), around, tasks.clone(), shutdown.clone());
    let (app, shutdown) = (app.clone(), shutdown.clone());
    tasks.spawn(TaskKind::Fleet, None, |pulse| fleet.run(ends.woken, pulse));
    tasks.spawn(TaskKind::Clerk, None, |pulse| clerk::run(app.clone(), pulse, shutdown.clone()));
    tasks
        .spawn(TaskKind::Courier, None, |pulse| courier::run(app.clone(), pulse, shutdown.clone()));
    tasks.spawn(TaskKind::Sealer, None, |pulse| sealer::run(app.clone(), pulse, shutdown.clone()));
    tasks.spawn(TaskKind::Resets, None, |pulse| {
        resets::run(app.clone(), ends.asked, pulse, shutdown.clone())
    });
    tasks.spawn(TaskKind::Backups, None, |pulse| {
        backups::run(app.clone(), dialer.clone(), ends.backups, pulse, shutdown.clone())
    });
    tasks.spawn(TaskKind::Terminals, None, |pulse| {
        terminals::run(app.clone(), dialer, ends.terminals, pulse, shutdown.clone())
    });
    tasks.spawn(TaskKind::Readings, None, |pulse| {
        readings::run(app.clone(), hosts.clone(), ends.readings, pulse, shutdown.clone())
    });
    tasks.spawn(TaskKind::Commands, None, |pulse| {
        commands::run(app.clone(), hosts.clone(), ends.commands, pulse, shutdown.clone())
    });
    tasks.spawn(TaskKind::Jobs, None, |pulse| {
        jobs::run(app.clone(), hosts, ends.jobs, pulse, shutdown.clone())
    });
    tasks.spawn(TaskKind::Janitor, None, |pulse| janitor::run(app, pulse, shutdown));
}

/// What every keeper shares.
#[derive(Debug, Clone)]
struct Surroundings {
    app: Arc<App>,
    dialer: Arc<dyn Dialer>,
    dials: Arc<Semaphore>,
    swarms: Arc<swarm::Swarms>,
    hosts: Arc<hosts::Hosts>,
    /// Verifications at once.
    proofs: Arc<Semaphore>,
    shutdown: CancellationToken,
}

impl Surroundings {
    /// What images are built with.
    fn workshop(&self) -> applications::Workshop {
        applications::Workshop { app: self.app.clone(), hosts: self.hosts.clone() }
    }
}

/// Why a pass over a server ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassError {
    /// The host's affair: the connection is dropped and dialled again.
    #[error(transparent)]
    Host(HostError),
    /// The swarm's: it has no leader, or the host is no manager any more. The pass is tried again.
    #[error(transparent)]
    Swarm(HostError),
    /// Ours: the pass is tried again later.
    #[error(transparent)]
    App(#[from] Error),
}

impl From<HostError> for PassError {
    fn from(error: HostError) -> Self {
        if error.is_of_swarm() { Self::Swarm(error) } else { Self::Host(error) }
    }
}

impl From<sqlx::Error> for PassError {
    fn from(error: sqlx::Error) -> Self {
        Self::App(error.into())
    }
}
