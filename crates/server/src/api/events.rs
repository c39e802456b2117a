//! `/v1/events`: a list, and a stream of server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json as Answer,
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{
        IntoResponse,
        sse::{self, Sse},
    },
};
use futures_util::StreamExt;
use portolan_types::{Event, EventFilter, Page, PageQuery, page::SearchText};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Caller, Query},
    problem::Problems,
};
use crate::{
    Error,
    events::{
        self,
        stream::{Item, Wanted},
    },
};

/// How soon a reader whose connection broke may come back.
const COME_BACK_AFTER: Duration = Duration::from_secs(2);

/// From where on events are read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// Only events with a higher number than this, oldest first; 0 is the beginning.
    #[param(minimum = 0)]
    after: Option<u64>,
}

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// Only events whose subject, kind or message contains this text, in any case.
    #[param(value_type = Option<String>, max_length = 200)]
    search: Option<SearchText>,
}

/// Lists what happened to the team's things: newest first, or oldest first after a number.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventFilter, After, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Event>), Problems))]
pub(super) async fn list_events(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(filter): Query<EventFilter>,
    Query(After { after }): Query<After>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Event>>, Error> {
    Ok(Answer(match after {
        Some(after) => events::list_after(&app, &actor, &filter, &query, after).await?,
        None => events::list(&app, &actor, &filter, &query).await?,
    }))
}

/// Follows what happens, as server-sent events. Each has the event's number as its id, and the
/// event as its data. Come back with `Last-Event-ID`, as browsers do, or with `after`: nothing is
/// missed. `event: gap` says that events after that number are not kept any more. A comment comes
/// every 15 s.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events",
    params(
        EventFilter,
        After,
        Search,
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event"),
    ),
    security(("token" = ["read"])),
    responses(
        (status = 200, description = "Events for as long as the reader wants", body = String,
         content_type = "text/event-stream"),
        Problems,
    ))]
pub(super) async fn stream_events(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(filter): Query<EventFilter>,
    Query(After { after }): Query<After>,
    Query(Search { search }): Query<Search>,
    LastEventId(last): LastEventId,
) -> Result<impl IntoResponse, Error> {
    // A browser comes back to the same address, so what it read last is nearer than `after`.
    let wanted = Wanted { filter, search, after: last.or(after) };
    let items = events::stream::follow(&app, &actor, wanted).await?;
    Ok(Sse::new(items.map(|item| Ok::<_, Infallible>(message(item)))))
}

fn message(item: Item) -> sse::Event {
    match item {
        Item::Event(event) => {
            let told = sse::Event::default().id(event.sequence.to_string()).json_data(&event);
            // An event is made of text and JSON: it can be written as JSON.
            told.unwrap_or_else(|_| sse::Event::default().comment("an event that cannot be shown"))
        }
        Item::Gap { after } => {
            sse::Event::default().event("gap").data(format!("{{\"after\":{after}}}"))
        }
        Item::Pulse { sequence } => sse::Event::default()
            .id(sequence.to_string())
            .retry(COME_BACK_AFTER)
            .comment("nothing else so far"),
    }
}

/// `Last-Event-ID`, when it is sent.
#[derive(Debug)]
pub(super) struct LastEventId(Option<u64>);

impl FromRequestParts<AppState> for LastEventId {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        let refused = || Error::field("Last-Event-ID", "it is the number of an event");
        number.map(|number| Self(Some(number))).ok_or_else(refused)
    }
}
