//! Terminals on the hosts of servers and in containers: who may open one, how many there may be, and what is written
//! down of them. Never what was typed or shown.
//!
//! A request only asks; `reconcile::terminals` opens the shell and carries the bytes (decision 0040).

mod record;

use std::{fmt, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::{Sink, stream::BoxStream};
use portolan_types::{
    Connection, ContainerTerminal, ContainerUser, Program, Server, ServerId, TerminalMessage,
    TerminalRequest, TerminalSize,
};
use tokio::sync::mpsc;

use crate::{
    Actor, App, Error,
    audit::{self, Context},
    container::{self, Named, Place},
    db::{self, server::Assigned},
    policy::Policy,
    seats::{Bounds, Seat, Seats},
};

pub(crate) use record::{ended, not_opened, opened};

/// Of one person a few windows beside each other; a script that opens more has lost count. On a
/// server each is a connection and a login of its own, and each may hold about a megabyte on its way.
const BOUNDS: Bounds =
    Bounds { of_one: 4, on_one: 8, all: 64, code: "too-many-terminals", what: "terminals" };
/// Terminals that wait to be opened; each is taken at once.
const WAITING: usize = 16;

/// Those that are open, and the way to who opens them.
#[derive(Debug)]
pub(crate) struct Terminals {
    seats: Seats,
    openings: mpsc::Sender<Opening>,
}

impl Terminals {
    /// The other end goes to who opens them.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Opening>) {
        let (openings, asked) = mpsc::channel(WAITING);
        (Self { seats: Seats::new(BOUNDS), openings }, asked)
    }
}

/// What somebody does at their end.
#[derive(Debug)]
pub(crate) enum Typed {
    Bytes(Bytes),
    Asked(TerminalRequest),
    /// What was sent is neither, for this reason.
    Misused(String),
}

/// What they are shown.
#[derive(Debug)]
pub(crate) enum Shown {
    Bytes(Bytes),
    Said(TerminalMessage),
    /// Nothing, so that the way stays open.
    Pulse,
}

/// Nobody is there any more.
#[derive(Debug)]
pub(crate) struct Gone;

/// The way to somebody who has a terminal.
pub(crate) struct Line {
    pub typed: BoxStream<'static, Typed>,
    pub shown: Pin<Box<dyn Sink<Shown, Error = Gone> + Send>>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

/// A terminal that somebody may open.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub actor: Actor,
    pub server: Server,
    /// Of the server's connection: with another one the terminal ends.
    pub revision: i64,
    pub size: TerminalSize,
    /// What is to run where, when it is no shell of the host itself.
    pub inside: Option<Inside>,
    /// The request that asked for it: the audit names it for all that follows.
    context: Option<Arc<Context>>,
    _seat: Seat,
}

/// A terminal in a container.
#[derive(Debug)]
pub(crate) struct Inside {
    pub place: Place,
    /// What the route asked of its person.
    pub policy: Policy,
    /// Without a program a shell.
    pub program: Option<Program>,
    pub user: Option<ContainerUser>,
}

/// A terminal that is to be opened, and for whom.
#[derive(Debug)]
pub(crate) struct Opening {
    pub ticket: Ticket,
    pub line: Line,
}

/// Whether a terminal may be opened now.
pub(crate) async fn ask(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    size: TerminalSize,
) -> Result<Ticket, Error> {
    let mut conn = app.db.acquire().await?;
    // As the actor sees it: what another team has does not exist.
    crate::servers::find(&mut conn, actor, id).await?;
    let row = db::server::find_assigned(&mut conn, id).await?.ok_or(Error::NotFound("server"))?;
    drop(conn);
    check(&row.server)?;
    ticket(app, actor, row, size, None)
}

/// Whether one may be opened in a container now, by who has got past this policy.
pub(crate) async fn ask_inside(
    app: &App,
    actor: &Actor,
    (named, policy): (Named<'_>, Policy),
    wanted: ContainerTerminal,
) -> Result<Ticket, Error> {
    let place = container::find(app, actor, named).await?;
    container::check_may_be_entered(&place.server)?;
    let mut conn = app.db.acquire().await?;
    let row = db::server::find_assigned(&mut conn, &place.server.id).await?;
    drop(conn);
    let (row, size) = (row.ok_or(Error::NotFound("server"))?, wanted.size());
    let ContainerTerminal { command: program, user, .. } = wanted;
    ticket(app, actor, row, size, Some(Inside { place, policy, program, user }))
}

fn ticket(
    app: &App,
    actor: &Actor,
    row: Assigned,
    size: TerminalSize,
    inside: Option<Inside>,
) -> Result<Ticket, Error> {
    let seat = app.terminals.seats.take(&actor.user.id, &row.server.id)?;
    Ok(Ticket {
        actor: actor.clone(),
        server: row.server,
        revision: row.revision,
        size,
        inside,
        context: audit::current(),
        _seat: seat,
    })
}

fn check(server: &Server) -> Result<(), Error> {
    let name = &server.name;
    if matches!(server.connection, Connection::Local { .. }) {
        return Err(Error::refused(
            "terminal-is-local",
            format!("server `{name}` is the machine that Portolan runs on: nobody logs in to it"),
            "use a shell on that machine itself",
        ));
    }
    container::check_may_be_entered(server)?;
    if server.host_key.is_none() {
        return Err(Error::refused(
            "host-key-unknown",
            format!("server `{name}` was never reached: its host key is not known"),
            "validate it first (`validate_server`)",
        ));
    }
    Ok(())
}

/// Lets it be opened. What becomes of it is told on its line.
pub(crate) async fn open(app: &App, opening: Opening) {
    // Nobody takes it only while the process stops: dropping it hangs up.
    drop(app.terminals.openings.send(opening).await);
}
