//! What containers say, read for those who may: who that is, how many read at a time, and the way on
//! which it comes to them.
//!
//! A request only asks; `reconcile::readings` reads over the connection that the server's keeper has
//! (decision 0045). Nothing of it is stored.

mod spool;

use portolan_types::{
    Access, ContainerName, Destination, DestinationId, LogLine, Reachability, ReadLogs, Right,
    Server,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Actor, App, Error,
    destinations::{self, placement},
    policy::Policy,
    seats::{Bounds, Seat, Seats},
    servers,
};

pub(crate) use spool::{Feed, Said, spool};

/// Each holds a channel of the keeper's connection, of which sixteen may be open at a time, and up to
/// a megabyte for a reader who is slow.
const BOUNDS: Bounds =
    Bounds { of_one: 8, on_one: 8, all: 128, code: "too-many-readings", what: "logs" };
/// Where a channel is a command on the host: sshd allows ten, and the keeper needs its own.
const OVER_COMMANDS: usize = 3;
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
    pub destination: Destination,
    pub server: Server,
    pub container: ContainerName,
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
    pub wanted: ReadLogs,
    pub to: To,
}

/// What becomes of it.
#[derive(Debug)]
pub(crate) enum To {
    /// All of it at once, as it is now.
    Whole(Answer<Lines>),
    /// As it is said.
    Follow(Answer<Feed>),
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
    (id, container): (&DestinationId, &ContainerName),
    wanted: ReadLogs,
) -> Result<Lines, Error> {
    let ticket = ticket(app, actor, (id, container), Policy::On(Right::Use)).await?;
    let (answer, answered) = oneshot::channel();
    begin(app, Asked { ticket, wanted, to: To::Whole(answer) }).await;
    answered.await.map_err(|_| stopping())?
}

/// What a container said last, and what it says from now on.
pub(crate) async fn follow_logs(
    app: &App,
    actor: &Actor,
    (id, container): (&DestinationId, &ContainerName),
    wanted: ReadLogs,
) -> Result<Feed, Error> {
    if wanted.until.is_some() {
        return Err(Error::field("until", "what is followed has no end"));
    }
    let ticket = ticket(app, actor, (id, container), Policy::On(Right::Use)).await?;
    let (answer, answered) = oneshot::channel();
    begin(app, Asked { ticket, wanted, to: To::Follow(answer) }).await;
    answered.await.map_err(|_| stopping())?
}

/// Whether a reading may begin now.
async fn ticket(
    app: &App,
    actor: &Actor,
    (id, container): (&DestinationId, &ContainerName),
    policy: Policy,
) -> Result<Ticket, Error> {
    let mut conn = app.db.acquire().await?;
    let destination = destinations::find(&mut conn, actor, id).await?;
    let server = servers::find(&mut conn, actor, &destination.server_id).await?;
    drop(conn);
    if server.reachability != Reachability::Reachable {
        return Err(placement::unreachable(&server));
    }
    let on_one = match server.access {
        Some(Access::DialStdio | Access::SudoDialStdio) => OVER_COMMANDS,
        Some(Access::StreamForwarding | Access::LocalSocket) | None => BOUNDS.on_one,
    };
    let seat = app.readings.seats.take_of(on_one, &actor.user.id, &server.id)?;
    let (actor, container) = (actor.clone(), container.clone());
    Ok(Ticket { actor, destination, server, container, policy, _seat: seat })
}

async fn begin(app: &App, asked: Asked) {
    // Nobody takes it only while the process stops: who waits for the answer is told so.
    drop(app.readings.asked.send(asked).await);
}

fn stopping() -> Error {
    Error::refused("stopping", "Portolan stops", "try again when it is back")
}
