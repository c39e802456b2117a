//! What is written down of a terminal: who opened it where, how long it was open and how it ended.

use std::time::Duration;

use portolan_types::{Subject, TerminalEnd, Timestamp};
use serde_json::{Value, json};

use super::{Inside, Ticket};
use crate::{
    App, Error, audit,
    events::{self, Happened},
    host::clean,
};

/// A shell has begun. Without this nobody gets one.
pub(crate) async fn opened(app: &App, ticket: &Ticket) -> Result<(), Error> {
    record(app, ticket, "terminal.opened", "was opened", Value::Null).await
}

/// There was none to be had.
pub(crate) async fn not_opened(app: &App, ticket: &Ticket, why: &str) -> Result<(), Error> {
    let what = format!("could not be opened: {why}");
    record(app, ticket, "terminal.not-opened", &what, Value::Null).await
}

/// It is over.
pub(crate) async fn ended(
    app: &App,
    ticket: &Ticket,
    open: Duration,
    end: &TerminalEnd,
) -> Result<(), Error> {
    let seconds = open.as_secs();
    let what = format!("ended after {seconds} s: {}", end.message);
    let after = json!({
        "cause": end.cause, "exit_status": end.exit_status, "seconds": seconds,
    });
    record(app, ticket, "terminal.closed", &what, after).await
}

async fn record(
    app: &App,
    ticket: &Ticket,
    kind: &'static str,
    what: &str,
    after: Value,
) -> Result<(), Error> {
    let Ticket { actor, server, inside, context, .. } = ticket;
    let (subject, name) = match inside {
        Some(inside) => inside.place.subject(),
        None => (Subject::Server(server.id.clone()), server.name.as_str()),
    };
    let place = inside.as_ref().map_or_else(String::new, within);
    let writing = async {
        let happened = Happened {
            team: actor.team_id(),
            kind,
            subject,
            name,
            message: format!(
                "the terminal of {}{place} on server `{}` {what}",
                actor.user.email, server.name
            ),
        };
        let entry = happened.by(actor.author()).change(&Value::Null, &after);
        let mut tx = app.db.begin().await?;
        events::record(&mut tx, entry, Timestamp::now()).await?;
        tx.commit().await
    };
    match context {
        // It was asked for by a request, long ago maybe: the audit has from where.
        Some(context) => audit::within(context.clone(), writing).await?,
        None => writing.await?,
    }
    Ok(())
}

/// Which program runs in which container: never its arguments, which may be secrets.
fn within(Inside { place, program, .. }: &Inside) -> String {
    let container = &place.container;
    let program = program.as_ref().and_then(|program| program.arguments().first());
    match program {
        Some(program) => format!(" with `{}` in container `{container}`", clean(program.as_str())),
        None => format!(" in container `{container}`"),
    }
}
