//! What operations share: the database, the vault and the bells that wake others.

use portolan_types::{OperationId, ServerId};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{db::Db, metrics::Metrics, vault::Vault};

/// One per process, behind an `Arc`.
#[derive(Debug)]
pub struct App {
    pub db: Db,
    pub vault: Vault,
    pub metrics: Metrics,
    /// Cancelled when the process is to end: who waits for an outcome is answered at once.
    pub stopping: CancellationToken,
    /// Rung after a change was committed: the reconciler of that server looks at its rows.
    wake: mpsc::UnboundedSender<ServerId>,
    /// Rung when an operation or its steps changed: those who wait read it again.
    changed: broadcast::Sender<OperationId>,
}

impl App {
    /// The other end of the bell goes to the reconcilers.
    pub fn new(
        db: Db,
        vault: Vault,
        stopping: CancellationToken,
    ) -> (Self, mpsc::UnboundedReceiver<ServerId>) {
        let (wake, woken) = mpsc::unbounded_channel();
        // A waiter that falls behind by so many changes reads the row, which is what it wants.
        let (changed, _) = broadcast::channel(1_024);
        (Self { db, vault, metrics: Metrics::default(), stopping, wake, changed }, woken)
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
}
