//! What operations share: the database, the vault and the bells that wake others.

use std::{sync::Arc, time::Duration};

use portolan_types::{OperationId, RouteId, ServerId};
use tokio::{
    sync::{
        Notify,
        broadcast::{self, error::RecvError},
        mpsc,
    },
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Error,
    accounts::Passwords,
    audit::{AuditKey, Refusals},
    commands::{self, Commands},
    databases::backups::{self, Backups},
    db::Db,
    events::Readers,
    jobs::{self, Jobs},
    metrics::Metrics,
    notifiers::Post,
    openid::Issuers,
    readings::{Asked, Readings},
    storages::Outside,
    tasks::Board,
    terminals::{Opening, Terminals},
    vault::{MasterKey, Vault},
};

/// Forgotten passwords that wait for their mail: more are asked for only by somebody who means ill.
const RESETS: usize = 100;

/// The ends of the bells at which the reconcilers listen.
#[derive(Debug)]
pub struct Ends {
    pub(crate) woken: mpsc::UnboundedReceiver<ServerId>,
    pub(crate) asked: mpsc::Receiver<String>,
    pub(crate) terminals: mpsc::Receiver<Opening>,
    pub(crate) readings: mpsc::Receiver<Asked>,
    pub(crate) commands: mpsc::Receiver<commands::Asked>,
    pub(crate) backups: mpsc::Receiver<backups::Asked>,
    pub(crate) jobs: mpsc::Receiver<jobs::Asked>,
}

/// One per process, behind an `Arc`.
#[derive(Debug)]
pub struct App {
    /// What the process was started with.
    pub config: Config,
    pub db: Db,
    pub vault: Vault,
    /// Seals new data keys.
    pub(crate) master: MasterKey,
    /// Rung when there is another data key.
    pub(crate) sealer: Notify,
    /// Proves what is written into the audit.
    pub(crate) audit: AuditKey,
    /// What bounds it.
    pub(crate) refusals: Refusals,
    pub metrics: Arc<Metrics>,
    /// How the background tasks go.
    pub(crate) board: Board,
    /// Cancelled when the process is to end: who waits for an outcome is answered at once.
    pub stopping: CancellationToken,
    /// Rung after a change was committed: the reconciler of that server looks at its rows.
    wake: mpsc::UnboundedSender<ServerId>,
    /// Rung when an operation or its steps changed: those who wait read it again.
    changed: broadcast::Sender<OperationId>,
    /// Rung after a host was looked at, with the moment at which the look began.
    looked: broadcast::Sender<(ServerId, Instant)>,
    /// Rung when it was found how a route is doing.
    routed: broadcast::Sender<RouteId>,
    /// Those who follow events.
    pub(crate) readers: Readers,
    /// Hashes passwords, a few at a time.
    pub(crate) passwords: Passwords,
    /// Addresses for which a new password was asked for.
    resets: mpsc::Sender<String>,
    /// Sends webhooks and mail.
    pub(crate) post: Post,
    /// Asks issuers of OpenID Connect.
    pub(crate) issuers: Issuers,
    /// Terminals on hosts, and those that are to be opened.
    pub(crate) terminals: Terminals,
    /// What is read of containers, and what is to be.
    pub(crate) readings: Readings,
    /// Programs in containers that are to be run.
    pub(crate) commands: Commands,
    /// Backups that are to be taken, given back or removed.
    pub(crate) backups: Backups,
    /// Jobs that are to run.
    pub(crate) jobs: Jobs,
    /// The way to buckets.
    pub(crate) outside: Outside,
    /// Rung when the courier has to look without there being an event.
    pub(crate) courier: Notify,
}

impl App {
    /// The other ends go to the reconcilers.
    pub(crate) fn new(
        config: Config,
        db: Db,
        (master, vault): (MasterKey, Vault),
        audit: AuditKey,
        (post, issuers, outside): (Post, Issuers, Outside),
        stopping: CancellationToken,
    ) -> (Self, Ends) {
        let (wake, woken) = mpsc::unbounded_channel();
        let (resets, asked) = mpsc::channel(RESETS);
        let (terminals, openings) = Terminals::new();
        let (readings, wanted) = Readings::new();
        let (commands, programs) = Commands::new();
        let (backups, dumps) = Backups::new();
        let (jobs, runs) = Jobs::new();
        // A waiter that falls behind by so many changes reads the row, which is what it wants.
        let (changed, _) = broadcast::channel(1_024);
        let (looked, _) = broadcast::channel(1_024);
        let (routed, _) = broadcast::channel(1_024);
        let metrics: Arc<Metrics> = Arc::default();
        let passwords = Passwords::new(metrics.password_hashes.clone());
        let board = Board::default();
        let readers = Readers::default();
        let app = Self {
            config,
            db,
            vault,
            master,
            sealer: Notify::new(),
            audit,
            refusals: Refusals::default(),
            metrics,
            board,
            stopping,
            wake,
            changed,
            looked,
            routed,
            readers,
            passwords,
            resets,
            post,
            issuers,
            terminals,
            readings,
            commands,
            backups,
            jobs,
            outside,
            courier: Notify::new(),
        };
        let ends = Ends {
            woken,
            asked,
            terminals: openings,
            readings: wanted,
            commands: programs,
            backups: dumps,
            jobs: runs,
        };
        (app, ends)
    }

    /// Leaves it to a task to find out whether anybody has this address.
    pub(crate) fn ask_reset(&self, email: String) -> Result<(), Error> {
        self.resets.try_send(email).map_err(|_| Error::TooSoon(Duration::from_mins(1)))
    }

    /// Wakes the reconciler of a server. Call it after the commit.
    pub fn wake(&self, server: &ServerId) {
        // Nobody listens only while shutting down; the rows are found at the next start.
        drop(self.wake.send(server.clone()));
    }

    /// Tells those who wait that an operation changed.
    pub fn changed(&self, operation: &OperationId) {
        // Without waiters there is nobody to tell.
        drop(self.changed.send(operation.clone()));
    }

    /// Listens for changes from now on. Begin before reading, or a change between the two is missed.
    pub fn watch(&self) -> broadcast::Receiver<OperationId> {
        self.changed.subscribe()
    }

    /// Tells those who wait that a host was looked at.
    pub fn looked(&self, server: &ServerId, began: Instant) {
        // Without waiters there is nobody to tell.
        drop(self.looked.send((server.clone(), began)));
    }

    /// Tells those who wait how a route is doing.
    pub fn routed(&self, route: &RouteId) {
        // Without waiters there is nobody to tell.
        drop(self.routed.send(route.clone()));
    }

    /// Listens for news of routes from now on.
    pub fn routes(&self) -> broadcast::Receiver<RouteId> {
        self.routed.subscribe()
    }

    /// Listens for looks at hosts from now on.
    pub fn looks(&self) -> broadcast::Receiver<(ServerId, Instant)> {
        self.looked.subscribe()
    }
}

/// Waits for a bell to ring for this one.
pub(crate) async fn rung<T: Clone + PartialEq>(of: &T, bell: &mut broadcast::Receiver<T>) {
    loop {
        match bell.recv().await {
            Ok(other) if other == *of => return,
            Ok(_) => {}
            // Too far behind to know: read the row.
            Err(RecvError::Lagged(_)) => return,
            // The sender lives as long as the app: the deadline ends the wait.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
