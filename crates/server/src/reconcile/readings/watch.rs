//! What ends a reading from outside: its reader may not read it any more, what is read is gone, or the
//! process stops.

use std::time::Duration;

use portolan_types::{ReadingCause, ReadingEnd};
use tokio::time::sleep;

use crate::{App, container, events::Readers, readings::Ticket, tasks::Pulse};

/// Each change of who may do what rings the bell of its team; this is for what rings none, as the
/// end of a session that nobody used.
const CHECK: Duration = Duration::from_mins(1);

/// Completes when it may not go on.
pub(super) async fn over(app: &App, ticket: &Ticket, pulse: &Pulse) -> ReadingEnd {
    // Listening begins before looking, or what happens between the two would be missed.
    let mut news = app.readers.news();
    loop {
        match container::may_go_on(app, &ticket.actor, &ticket.place, ticket.policy).await {
            Ok(true) => {}
            Ok(false) => {
                return end(ReadingCause::Revoked, "it is not there any more, or not for you");
            }
            Err(error) => {
                pulse.failed(&error);
                tracing::error!(%error, "could not tell whether a reading may go on; it ends");
                return end(ReadingCause::Revoked, "it could not be told whether it may go on");
            }
        }
        tokio::select! {
            () = app.stopping.cancelled() => {
                return end(ReadingCause::Stopping, "Portolan stops");
            }
            () = Readers::of_team(&mut news, ticket.actor.team_id()) => {}
            () = sleep(CHECK) => {}
        }
    }
}

fn end(cause: ReadingCause, message: &str) -> ReadingEnd {
    ReadingEnd { cause, message: message.to_owned(), remedy: None }
}
