//! The bell of those who follow events, and how many they may be.

use std::sync::Arc;

use portolan_types::TeamId;
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    broadcast::{self, Receiver, Sender, error::RecvError},
};

/// Each holds a connection open.
const MAX_READERS: usize = 512;

/// How far the events of a team go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub team: TeamId,
    pub latest: u64,
}

/// Those who follow events, in this process.
#[derive(Debug)]
pub(crate) struct Readers {
    bell: Sender<Numbered>,
    seats: Arc<Semaphore>,
}

impl Default for Readers {
    fn default() -> Self {
        // Whoever falls behind reads the rows: they are all there.
        let (bell, _) = broadcast::channel(256);
        Self { bell, seats: Arc::new(Semaphore::new(MAX_READERS)) }
    }
}

impl Readers {
    /// Tells the readers of a team that it has new events.
    pub(super) fn tell(&self, news: Numbered) {
        // Without readers there is nobody to tell.
        drop(self.bell.send(news));
    }

    /// Lets the readers of a team look whether they may go on.
    pub(crate) fn call(&self, team: &TeamId) {
        self.tell(Numbered { team: team.clone(), latest: 0 });
    }

    /// Listens for new events from now on.
    pub(crate) fn news(&self) -> Receiver<Numbered> {
        self.bell.subscribe()
    }

    /// Waits for something to happen in a team.
    pub(crate) async fn of_team(news: &mut Receiver<Numbered>, team: &TeamId) {
        loop {
            match news.recv().await {
                Ok(news) if news.team == *team => return,
                Ok(_) => {}
                // Too far behind to know.
                Err(RecvError::Lagged(_)) => return,
                // The sender lives as long as the app.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// A place among those who follow, for as long as it is held.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        self.seats.clone().try_acquire_owned().ok()
    }
}
