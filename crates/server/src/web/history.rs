//! `/events` and `/audit`: what happened, and what people did.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    AuditEntry, AuditFilter, AuditNote, AuditOutcome, AuditVerdict, Author, Event, EventFilter,
    Page, PageQuery, Severity, Subject, Topic,
};

use super::{
    chrome::Chrome,
    extract::Query,
    operations::address,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, audit, events};

/// The things that have events, as the filter offers them.
const SUBJECTS: [&str; 13] = [
    "server",
    "destination",
    "route",
    "certificate",
    "key",
    "registry",
    "token",
    "team",
    "user",
    "notifier",
    "project",
    "environment",
    "application",
];

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages
        .page("/events", &["list_events"], get(list_events))
        .page("/audit", &["list_audit"], get(list_audit))
        .page("/audit/verify", &["verify_audit"], get(verify))
}

#[derive(Template)]
#[template(path = "history/events.html")]
struct Events {
    chrome: Chrome,
    page: Page<Event>,
    filter: EventFilter,
    search: String,
}

impl Events {
    fn is_of(&self, subject: &str) -> bool {
        self.filter.subject_type.as_ref().is_some_and(|chosen| chosen.as_str() == subject)
    }
}

async fn list_events(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(filter): Query<EventFilter>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = events::list(&app, &chrome.actor, &filter, &query).await?;
    Ok(shown::page(&Events { chrome, page, filter, search: shown::searched(&query) }))
}

/// Who or what did it, in a line.
fn author(by: &Author) -> String {
    match by {
        Author::Person { email, token_name: Some(token), .. } => {
            format!("{email} by token {token}")
        }
        Author::Person { email, .. } => email.clone(),
        Author::Portolan { task } => format!("Portolan ({task})"),
        Author::Docker { event } => format!("Docker: {event}"),
    }
}

/// The shape and colour of how much an event matters.
const fn look(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "state-off",
        Severity::Warning => "state-odd text-warning",
        Severity::Error => "state-bad text-error",
    }
}

/// JSON as people read it: it came from JSON.
fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}")
}

/// Where the page of a thing is; `None` for what there is no more or what has none.
fn place(subject: Option<&Subject>) -> Option<String> {
    subject.map(address)
}

#[derive(Template)]
#[template(path = "history/audit.html")]
struct Audit {
    chrome: Chrome,
    page: Page<AuditEntry>,
    filter: AuditFilter,
    search: String,
}

async fn list_audit(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(filter): Query<AuditFilter>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = audit::list(&app, &chrome.actor, &filter, &query).await?;
    Ok(shown::page(&Audit { chrome, page, filter, search: shown::searched(&query) }))
}

#[derive(Template)]
#[template(path = "history/verify.html")]
struct Verified {
    chrome: Chrome,
    verdict: AuditVerdict,
    note: AuditNote,
}

async fn verify(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(note): Query<AuditNote>,
) -> Shown {
    let verdict = audit::verify(&app, &note).await?;
    Ok(shown::page(&Verified { chrome, verdict, note }))
}
