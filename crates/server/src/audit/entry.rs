//! Entries: of events that people bring about, and of what they were not let do.

use std::sync::Arc;

use portolan_types::{AuditOutcome, Author, Timestamp, id::AuditEntryId};
use serde_json::Value;
use sqlx::AnyConnection;

use super::context::{self, Caller, Context};
use crate::{
    App, Error,
    db::{self, audit::Written, event::NewEvent},
    events, vault,
};

/// Writes down an event that a request brought about, in the same transaction. Outside of a request
/// nothing is written: what Portolan does by itself is in the events.
pub(crate) async fn of_event(
    conn: &mut AnyConnection,
    event: &NewEvent<'_>,
) -> Result<(), sqlx::Error> {
    let Some(context) = context::current() else { return Ok(()) };
    // Within a request it is the caller's doing, also where the event does not say so.
    let author = context.caller().map_or(event.by, |caller| &caller.author);
    let entry = Written {
        team_id: Some(event.team.to_string()),
        kind: event.kind.to_owned(),
        subject_type: Some(event.subject.type_word().to_owned()),
        subject_id: Some(event.subject.id().to_owned()),
        subject_name: Some(event.subject_name.to_owned()),
        message: event.message.to_owned(),
        event_id: Some(event.id.to_string()),
        before_digest: event.before.map(digest),
        after_digest: event.after.map(digest),
        ..blank(&context, AuditOutcome::Done, author, event.at)?
    };
    db::audit::insert(conn, &entry, &context.key.prove(&entry)).await
}

/// Writes down that a known caller was refused; once a minute for the same operation with the same
/// credential, or one could fill the database.
pub(crate) async fn refused(app: &App, context: &Arc<Context>, status: u16) -> Result<(), Error> {
    let Some(caller) = context.caller() else { return Ok(()) };
    let author = &caller.author;
    let operation = context.operation.as_deref().unwrap_or("unknown");
    let same =
        format!("{status} {operation} {}", serde_json::to_string(author).unwrap_or_default());
    if !app.refusals.is_news(&same) {
        return Ok(());
    }
    let (kind, why) = match status {
        401 => ("access.unauthenticated", "their credential has ended or does not fit"),
        _ => ("access.forbidden", "they may not"),
    };
    let who = name(author);
    let mut tx = app.db.begin().await?;
    for team_id in teams(&mut tx, caller).await? {
        let entry = Written {
            team_id,
            kind: kind.to_owned(),
            message: format!("{who} was refused `{operation}`: {why}"),
            ..blank(context, AuditOutcome::Refused, author, Timestamp::now())?
        };
        db::audit::insert(&mut tx, &entry, &context.key.prove(&entry)).await?;
    }
    Ok(tx.commit().await?)
}

/// Whose admins are to know of it: a person who does not get in is of concern to all their teams.
async fn teams(
    conn: &mut AnyConnection,
    caller: &Caller,
) -> Result<Vec<Option<String>>, sqlx::Error> {
    let user = match (&caller.team, &caller.author) {
        (Some(team), _) => return Ok(vec![Some(team.to_string())]),
        (None, Author::Person { user_id, .. }) => user_id,
        (None, Author::Portolan { .. } | Author::Docker { .. }) => return Ok(vec![None]),
    };
    let teams = db::account::list_teams(conn, user).await?;
    if teams.is_empty() {
        return Ok(vec![None]);
    }
    Ok(teams.into_iter().map(|(team, _)| Some(team.id.to_string())).collect())
}

fn blank(
    context: &Context,
    outcome: AuditOutcome,
    author: &Author,
    at: Timestamp,
) -> Result<Written, sqlx::Error> {
    let user_id = match author {
        Author::Person { user_id, .. } => Some(user_id.to_string()),
        Author::Portolan { .. } | Author::Docker { .. } => None,
    };
    Ok(Written {
        id: AuditEntryId::generate().to_string(),
        team_id: None,
        at: at.as_millis(),
        written: events::stamp(),
        kind: String::new(),
        outcome: outcome.to_string(),
        user_id,
        author: db::to_json(author)?,
        address: context.address.map(|address| address.to_string()),
        request_id: context.request_id.clone(),
        operation: context.operation.as_deref().map(str::to_owned),
        subject_type: None,
        subject_id: None,
        subject_name: None,
        message: String::new(),
        event_id: None,
        before_digest: None,
        after_digest: None,
    })
}

fn name(author: &Author) -> &str {
    match author {
        Author::Person { email, .. } => email,
        Author::Portolan { task } => task,
        Author::Docker { event } => event,
    }
}

/// Of the text that the event's row has.
fn digest(value: &Value) -> String {
    vault::hash(&value.to_string())
}
