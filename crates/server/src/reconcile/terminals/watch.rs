//! What ends a terminal from outside, at once: its person may not have it any more, its server is
//! another one, or the process stops.

use std::time::Duration;

use portolan_types::{TerminalCause, TerminalEnd, TerminalSwitch};
use tokio::time::sleep;

use crate::{
    App, Error, container, credentials, db,
    events::Readers,
    policy::{self, Policy},
    terminals::{Inside, Ticket},
};

/// Each change of who may do what rings the bell of its team; this is for what rings none, as the
/// end of a session that nobody used.
const CHECK: Duration = Duration::from_mins(1);

/// Completes when it may not go on.
pub(super) async fn over(app: &App, ticket: &Ticket) -> TerminalEnd {
    // Listening begins before looking, or what happens between the two would be missed.
    let mut news = app.readers.news();
    loop {
        match judge(app, ticket).await {
            Ok(None) => {}
            Ok(Some(end)) => return end,
            Err(error) => {
                tracing::error!(%error, "could not tell whether a terminal may go on; it ends");
                return end(TerminalCause::Revoked, "it could not be told whether it may go on");
            }
        }
        tokio::select! {
            () = app.stopping.cancelled() => {
                return end(TerminalCause::Stopping, "Portolan stops");
            }
            () = Readers::of_team(&mut news, ticket.actor.team_id()) => {}
            () = sleep(CHECK) => {}
        }
    }
}

fn end(cause: TerminalCause, message: impl Into<String>) -> TerminalEnd {
    TerminalEnd { cause, exit_status: None, message: message.into(), remedy: None }
}

/// Why it may not go on.
async fn judge(app: &App, ticket: &Ticket) -> Result<Option<TerminalEnd>, Error> {
    if !may_go_on(app, ticket).await? {
        let message = "you were signed out, or may not have it any more";
        return Ok(Some(end(TerminalCause::Revoked, message)));
    }
    let mut conn = app.db.acquire().await?;
    let row = db::server::find_assigned(&mut conn, &ticket.server.id).await?;
    let message = match row {
        None => "the server was removed",
        Some(row) if row.revision != ticket.revision => "the server's connection was changed",
        Some(row) if row.server.terminal == TerminalSwitch::Off => {
            "terminals on the server were turned off"
        }
        Some(_) => return Ok(None),
    };
    Ok(Some(end(TerminalCause::ServerChanged, message)))
}

/// Whether the session stands and the role is still enough.
async fn may_go_on(app: &App, ticket: &Ticket) -> Result<bool, Error> {
    let actor = &ticket.actor;
    if let Some(Inside { place, policy, .. }) = &ticket.inside {
        return container::may_go_on(app, actor, place, *policy).await;
    }
    if !credentials::is_good(app, actor).await? {
        return Ok(false);
    }
    let mut conn = app.db.acquire().await?;
    let role = db::member::find_role(&mut conn, actor.team_id(), &actor.user.id).await?;
    let wanted = Policy::Terminal.role();
    Ok(role.zip(wanted).is_some_and(|(role, wanted)| policy::includes(role, wanted)))
}
