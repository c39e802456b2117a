//! Tells those outside: events become messages, messages are sent. One task, which waits for the
//! bell of events, for the next message that is due, and for those under way.
//!
//! A notifier's messages are sent one after the other; a receiver that takes its time keeps nobody
//! else waiting. Whatever a crash interrupts stands in rows.

use std::{collections::HashMap, sync::Arc, time::Duration};

use portolan_types::{NotifierId, Timestamp};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::server::after;
use crate::{
    App, Error,
    db::{self, delivery::Head},
    events::Numbered,
    notifiers,
    tasks::Pulse,
};

/// How long to wait after the database refused.
const PAUSE: Duration = Duration::from_secs(5);
/// Messages under way, of as many notifiers.
const AT_ONCE: usize = 32;

pub(super) async fn run(app: Arc<App>, pulse: Pulse, shutdown: CancellationToken) {
    let courier = Courier {
        // Before the first look, or an event between the two would wait for the next.
        news: app.readers.news(),
        app,
        pulse,
        under_way: JoinSet::new(),
        busy: HashMap::new(),
    };
    courier.work(shutdown).await;
}

struct Courier {
    app: Arc<App>,
    pulse: Pulse,
    news: Receiver<Numbered>,
    /// Tasks of their own, which end with this one: an attempt that waited here for its turn to be
    /// polled could hold the lock of the database for which this one waits.
    under_way: JoinSet<Result<(), Error>>,
    /// Whose messages are under way.
    busy: HashMap<Id, NotifierId>,
}

impl Courier {
    /// Ends between two looks: they are short, and a connection that is dropped in the middle of a
    /// statement outlives the pool by a moment.
    async fn work(mut self, shutdown: CancellationToken) {
        loop {
            let looked = self.pulse.run(look(&self.app)).await;
            let next = match looked {
                Ok(Look { due, next }) => {
                    for head in due {
                        self.send(head);
                    }
                    next
                }
                Err(error) => {
                    tracing::error!(%error, "could not see to notifications; trying again");
                    Some(PAUSE)
                }
            };
            self.pulse.next(next);
            if shutdown.run_until_cancelled(self.wait(next)).await.is_none() {
                return;
            }
        }
    }

    fn send(&mut self, head: Head) {
        let busy = self.busy.values().any(|notifier| *notifier == head.notifier);
        if busy || self.busy.len() >= AT_ONCE {
            // Its turn comes when one of those under way has ended.
            return;
        }
        let (app, notifier) = (self.app.clone(), head.notifier.clone());
        let task = self.under_way.spawn(async move { notifiers::attempt(&app, &head).await });
        self.busy.insert(task.id(), notifier);
    }

    async fn wait(&mut self, next: Option<Duration>) {
        tokio::select! {
            () = rung(&mut self.news) => {}
            () = self.app.courier.notified() => {}
            Some(ended) = self.under_way.join_next_with_id() => self.ended(ended).await,
            () = after(next) => {}
        }
    }

    async fn ended(&mut self, ended: Result<(Id, Result<(), Error>), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let notifier = self.busy.remove(&id);
        let cause = match ended {
            Ok((_, Ok(()))) => return,
            Ok((_, Err(error))) => error.to_string(),
            Err(error) => error.to_string(),
        };
        let notifier = notifier.map(String::from);
        tracing::error!(notifier.id = notifier, cause, "could not write down a delivery");
        self.pulse.failed(&"could not write down a delivery");
        // The message still waits: not at once again, or a broken database would be hammered.
        tokio::time::sleep(PAUSE).await;
    }
}

async fn rung(news: &mut Receiver<Numbered>) {
    match news.recv().await {
        // Whoever falls behind reads the rows.
        Ok(_) | Err(RecvError::Lagged(_)) => {}
        // The sender lives as long as the app.
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// What there is to send, and when there will be more.
struct Look {
    due: Vec<Head>,
    next: Option<Duration>,
}

async fn look(app: &App) -> Result<Look, Error> {
    let held = notifiers::collect(app).await?;
    let now = Timestamp::now();
    let mut conn = app.db.acquire().await?;
    let due = db::delivery::list_due(&mut conn, now).await?;
    let again = db::delivery::find_next_attempt(&mut conn, now).await?;
    let next = held.into_iter().chain(again).min();
    let pause = |at: Timestamp| Duration::from_millis(now.millis_until(at).saturating_add(1));
    Ok(Look { due, next: next.map(pause) })
}
