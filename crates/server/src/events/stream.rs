//! Following events as they happen: from a number on, for as long as the reader may read.
//!
//! A reader that waits costs nothing: it is woken by the bell of its team. What it is sent is read
//! from the rows when it asks for more, so a slow one fills no memory. It ends when the process
//! stops, and when its token or session ends or its person leaves the team.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::stream::{self, Stream};
use portolan_types::{Event, EventFilter, page::SearchText};
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{Receiver, error::RecvError},
    },
    time::Instant,
};

use super::{Numbered, number};
use crate::{
    Actor, App, Error, credentials,
    db::{self, event::Part},
};

/// Shorter than proxies and browsers give up on a silent connection.
const PULSE: Duration = Duration::from_secs(15);
/// A revocation rings the bell of the team; this is for what does not.
const CHECK_ACCESS: Duration = Duration::from_mins(1);
const BATCH: i64 = 100;

/// What a reader is sent.
#[derive(Debug)]
pub(crate) enum Item {
    Event(Box<Event>),
    /// Events after this number are not kept any more, or the numbers began anew: what follows is
    /// not all there was.
    Gap {
        after: u64,
    },
    /// Nothing new, as far as this number.
    Pulse {
        sequence: u64,
    },
}

/// What a reader wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub filter: EventFilter,
    pub search: Option<SearchText>,
    /// The number of the last event that it has; what is new from now on without it.
    pub after: Option<u64>,
}

/// Follows the team's events.
pub(crate) async fn follow(
    app: &Arc<App>,
    actor: &Actor,
    wanted: Wanted,
) -> Result<impl Stream<Item = Item> + use<>, Error> {
    let seat = app.readers.seat().ok_or_else(too_many)?;
    // Listening begins before reading, or an event between the two would be missed.
    let news = app.readers.news();
    number(app).await?;
    let mut conn = app.db.acquire().await?;
    let (latest, swept) = db::event::find_marks(&mut conn).await?;
    drop(conn);
    let after = wanted.after.unwrap_or(latest);
    let position = after.min(latest);
    let lost = after > latest || (0 < after && after < swept);
    let first = [lost.then_some(Item::Gap { after }), Some(Item::Pulse { sequence: position })];
    let follower = Follower {
        app: app.clone(),
        actor: actor.clone(),
        wanted,
        news,
        position,
        known: latest,
        queue: first.into_iter().flatten().collect(),
        checked: Instant::now(),
        _seat: seat,
    };
    Ok(stream::unfold(follower, |mut follower| async {
        let item = follower.next().await?;
        Some((item, follower))
    }))
}

fn too_many() -> Error {
    Error::refused(
        "too-many-readers",
        "too many others follow events at this moment",
        "try again later, or read the list (`GET /v1/events?after=...`)",
    )
}

struct Follower {
    app: Arc<App>,
    actor: Actor,
    wanted: Wanted,
    news: Receiver<Numbered>,
    /// Everything up to this number was sent.
    position: u64,
    /// Events are known up to this number.
    known: u64,
    queue: VecDeque<Item>,
    checked: Instant,
    _seat: OwnedSemaphorePermit,
}

impl Follower {
    /// The next thing to send; `None` ends the stream. The reader resumes where it was.
    async fn next(&mut self) -> Option<Item> {
        match self.find_next().await {
            Ok(item) => item,
            Err(error) => {
                tracing::error!(%error, "could not read events for somebody who follows them");
                None
            }
        }
    }

    async fn find_next(&mut self) -> Result<Option<Item>, Error> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Ok(Some(item));
            }
            if self.app.stopping.is_cancelled() {
                return Ok(None);
            }
            if self.position < self.known {
                if !self.may_read().await? {
                    return Ok(None);
                }
                self.read().await?;
                continue;
            }
            let woken = self.wait().await?;
            let has_to_look = match woken {
                // Called without anything new: who may read has changed.
                Woken::ByNews => self.position >= self.known,
                Woken::ByNobody => self.checked.elapsed() >= CHECK_ACCESS,
            };
            if has_to_look && !self.may_read().await? {
                return Ok(None);
            }
            if woken == Woken::ByNobody {
                return Ok(Some(Item::Pulse { sequence: self.position }));
            }
        }
    }

    /// Whether the reader may still read: neither revoked nor removed from the team.
    async fn may_read(&mut self) -> Result<bool, Error> {
        self.checked = Instant::now();
        credentials::is_good(&self.app, &self.actor).await
    }

    async fn read(&mut self) -> Result<(), Error> {
        let Wanted { filter, search, .. } = &self.wanted;
        let from = i64::try_from(self.position).unwrap_or(i64::MAX);
        let part = Part { filter, search: search.as_ref(), from, rows: BATCH };
        let mut conn = self.app.db.acquire().await?;
        let events = db::event::list_after(&mut conn, self.actor.visible(), part).await?;
        let last = events.last().map_or(self.position, |event| event.sequence);
        let is_all = events.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        self.position = if is_all { last.max(self.known) } else { last };
        self.queue.extend(events.into_iter().map(|event| Item::Event(Box::new(event))));
        Ok(())
    }

    async fn wait(&mut self) -> Result<Woken, Error> {
        let deadline = Instant::now() + PULSE;
        let stopping = self.app.stopping.clone();
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(Woken::ByNews),
                () = tokio::time::sleep_until(deadline) => return Ok(Woken::ByNobody),
                news = self.news.recv() => match news {
                    Ok(news) if news.team == *self.actor.team_id() => {
                        self.known = self.known.max(news.latest);
                        return Ok(Woken::ByNews);
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        let mut conn = self.app.db.acquire().await?;
                        self.known = db::event::find_marks(&mut conn).await?.0;
                        return Ok(Woken::ByNews);
                    }
                    // The sender lives as long as the app.
                    Err(RecvError::Closed) => stopping.cancelled().await,
                },
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    ByNews,
    ByNobody,
}
