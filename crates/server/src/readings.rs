//! What containers say and use, read for those who may: who that is, how many read at a time, and the way on
//! which it comes to them.
//!
//! A request only asks; `reconcile::readings` reads over the connection that the server's keeper has
//! (decision 0045). Nothing of it is stored.

mod spool;

use std::time::Duration;

use futures_util::StreamExt;
use portolan_types::{Access, ContainerStats, LogLine, ReadLogs, ReadingEnd, Right, Server};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    Actor, App, Error,
    container::{self, Named, Place},
    policy::Policy,
    seats::{Bounds, Seat, Seats},
};

pub(crate) use spool::{Feed, Said, Spool, spool};

/// Each holds a channel of the keeper's connection, of which sixteen may be open at a time, and up to
/// a megabyte for a reader who is slow.
const BOUNDS: Bounds = Bounds {
    of_one: 8,
    on_one: 8,
    all: 128,
    code: "too-many-readings",
    what: "logs, stats or commands",
};
/// Where a channel is a command on the host: sshd allows ten, and the keeper needs its own.
const OVER_COMMANDS: usize = 3;
/// How long two samples may take: an engine takes one a second.
const MEASURED: Duration = Duration::from_secs(10);
/// Readings that wait to be begun; each is taken at once.
const WAITING: usize = 16;

/// What is being read, and the way to who reads it on hosts.
#[derive(Debug)]
pub(crate) struct Readings {
    seats: Seats,
    asked: mpsc::Sender<Asked>,
}

impl Readings {
    /// The other end goes to who reads.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (asked, taken) = mpsc::channel(WAITING);
        (Self { seats: Seats::new(BOUNDS), asked }, taken)
    }
}

/// What somebody may read.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub actor: Actor,
    pub place: Place,
    /// What the route asked of them: it ends when they may not any more.
    pub policy: Policy,
    _seat: Seat,
}

/// Who waits for the beginning.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// What is to be read, and for whom.
#[derive(Debug)]
pub(crate) struct Asked {
    pub ticket: Ticket,
    pub wish: Wish,
}

/// What of it, and who waits for it.
#[derive(Debug)]
pub(crate) enum Wish {
    /// What it said until now, at once.
    Logs(ReadLogs, Answer<Lines>),
    /// As it is said.
    FollowedLogs(ReadLogs, Answer<Feed>),
    /// What it uses.
    Stats(Answer<Feed>),
}

/// The last lines that were wanted, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub lines: Vec<LogLine>,
    /// Lines before them that were wanted too and are more than an answer holds.
    pub left_out: u64,
}

/// What a container said.
pub(crate) async fn read_logs(
    app: &App,
    actor: &Actor,
    named: Named<'_>,
    wanted: ReadLogs,
) -> Result<Lines, Error> {
    let ticket = ticket(app, actor, named, Policy::On(Right::Use)).await?;
    let (answer, answered) = oneshot::channel();
    begin(app, Asked { ticket, wish: Wish::Logs(wanted, answer) }).await;
    answered.await.map_err(|_| stopping())?
}

/// What a container said last, and what it says from now on.
pub(crate) async fn follow_logs(
    app: &App,
    actor: &Actor,
    named: Named<'_>,
    wanted: ReadLogs,
) -> Result<Feed, Error> {
    if wanted.until.is_some() {
        return Err(Error::field("until", "what is followed has no end"));
    }
    let ticket = ticket(app, actor, named, Policy::On(Right::Use)).await?;
    let (answer, answered) = oneshot::channel();
    begin(app, Asked { ticket, wish: Wish::FollowedLogs(wanted, answer) }).await;
    answered.await.map_err(|_| stopping())?
}

/// What a container uses from now on.
pub(crate) async fn watch_stats(app: &App, actor: &Actor, named: Named<'_>) -> Result<Feed, Error> {
    let ticket = ticket(app, actor, named, Policy::Read).await?;
    let (answer, answered) = oneshot::channel();
    begin(app, Asked { ticket, wish: Wish::Stats(answer) }).await;
    answered.await.map_err(|_| stopping())?
}

/// What a container uses now: processors are measured between two samples.
pub(crate) async fn read_stats(
    app: &App,
    actor: &Actor,
    named: Named<'_>,
) -> Result<ContainerStats, Error> {
    let mut feed = watch_stats(app, actor, named).await?;
    let measured = async {
        while let Some(said) = feed.next().await {
            match said {
                Said::Stats(stats) if stats.cpu_thousandths.is_some() => return Ok(stats),
                Said::Stats(_) | Said::Line(_) | Said::LeftOut(_) => {}
                Said::Ended(end) => return Err(not_measured(end)),
            }
        }
        Err(stopping())
    };
    timeout(MEASURED, measured).await.unwrap_or_else(|_| {
        Err(Error::refused("too-slow", "the engine did not measure it in time", "try again"))
    })
}

fn not_measured(end: ReadingEnd) -> Error {
    let remedy = end.remedy.unwrap_or_else(|| "try again".to_owned());
    Error::refused("not-read", end.message, remedy)
}

/// Whether a reading may begin now.
async fn ticket(
    app: &App,
    actor: &Actor,
    named: Named<'_>,
    policy: Policy,
) -> Result<Ticket, Error> {
    let place = container::find(app, actor, named).await?;
    let seat = seat(app, actor, &place.server)?;
    Ok(Ticket { actor: actor.clone(), place, policy, _seat: seat })
}

/// A place on the keeper's connection beside its own work.
pub(crate) fn seat(app: &App, actor: &Actor, server: &Server) -> Result<Seat, Error> {
    let on_one = match server.access {
        Some(Access::DialStdio | Access::SudoDialStdio) => OVER_COMMANDS,
        Some(Access::StreamForwarding | Access::LocalSocket) | None => BOUNDS.on_one,
    };
    app.readings.seats.take_of(on_one, &actor.user.id, &server.id)
}

async fn begin(app: &App, asked: Asked) {
    // Nobody takes it only while the process stops: who waits for the answer is told so.
    drop(app.readings.asked.send(asked).await);
}

fn stopping() -> Error {
    Error::refused("stopping", "Portolan stops", "try again when it is back")
}
