//! `/v1/destinations/{id}/containers/{container}/logs` and `/v1/applications/{id}/logs`: as text, and as
//! server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::{StreamExt, stream};
use portolan_types::{ApplicationId, ContainerName, DestinationId, LeftOut, LogLine, ReadLogs};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Caller, Path, Query},
    problem::Problems,
};
use crate::{
    Actor, Error,
    container::Named,
    readings::{self, Feed, Lines, Said},
};

/// Shorter than proxies and browsers give up on a silent connection.
const PULSE: Duration = Duration::from_secs(15);
const TEXT: &str = "text/plain; charset=utf-8";
const JSON_LINES: &str = "application/x-ndjson";

/// In which shape it comes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the query")]
pub(super) struct Shape {
    /// As server-sent events, for as long as the container runs and the reader wants.
    follow: bool,
    /// Each line of the text begins with its time.
    timestamps: bool,
    /// As one JSON object a line, with the output and the time of each.
    json: bool,
    /// Browsers are to keep it as a file.
    download: bool,
}

/// Reads what a container said: the last lines, as its program wrote them.
///
/// With `follow` they come as server-sent events, and those that follow. Each has a line as its data:
/// `{"stream":"stdout","at":"...","text":"..."}`. Then `lines` are those before, in which `search`
/// looks first. `event: left-out` says how many lines (`{"lines":5}`) were said faster than they were
/// read and are missing before what comes next; `event: ended` is the last, and says why:
/// `{"cause":"ended","message":"..."}`. A comment comes every 15 s.
///
/// What programs write may hold secrets: it needs the right to use the server. The proxy's are read
/// with `read_proxy_logs`.
#[utoipa::path(get, path = "/v1/destinations/{id}/containers/{container}/logs",
    tag = "destinations",
    params(
        ("id" = DestinationId, Path, description = "The destination"),
        ("container" = ContainerName, Path, description = "Its name, or its whole id"),
        ReadLogs,
        Shape,
    ),
    security(("token" = ["use"])),
    responses(
        (status = 200, description = "What it said", content(
            (String = "text/plain"),
            (LogLine = "application/x-ndjson"),
            (String = "text/event-stream"),
        )),
        Problems,
    ))]
pub(super) async fn read_container_logs(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, container)): Path<(DestinationId, ContainerName)>,
    Query(wanted): Query<ReadLogs>,
    Query(shape): Query<Shape>,
) -> Result<Response, Error> {
    read(&app, &actor, Named::On(&id, &container), (wanted, &shape)).await
}

/// Reads what the container said that serves an application, as `read_container_logs` does.
///
/// What programs write may hold secrets: it needs the right to use the project, and none on the server.
#[utoipa::path(get, path = "/v1/applications/{id}/logs", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), ReadLogs, Shape),
    security(("token" = ["use"])),
    responses(
        (status = 200, description = "What it said", content(
            (String = "text/plain"),
            (LogLine = "application/x-ndjson"),
            (String = "text/event-stream"),
        )),
        Problems,
    ))]
pub(super) async fn read_application_logs(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wanted): Query<ReadLogs>,
    Query(shape): Query<Shape>,
) -> Result<Response, Error> {
    read(&app, &actor, Named::Of(&id), (wanted, &shape)).await
}

async fn read(
    app: &AppState,
    actor: &Actor,
    named: Named<'_>,
    (wanted, shape): (ReadLogs, &Shape),
) -> Result<Response, Error> {
    if shape.follow {
        return Ok(events(readings::follow_logs(app, actor, named, wanted).await?));
    }
    let lines = readings::read_logs(app, actor, named, wanted).await?;
    Ok(text(lines, named.word(), shape))
}

fn text(lines: Lines, name: &str, shape: &Shape) -> Response {
    let Shape { timestamps, json, download, .. } = *shape;
    let Lines { lines, left_out } = lines;
    let note = (left_out > 0).then(|| {
        if json {
            as_json(&LeftOut { lines: left_out })
        } else {
            format!("[Portolan left {left_out} earlier lines out: they are more than 8 MiB]\n")
        }
    });
    let written = lines
        .into_iter()
        .map(move |line| if json { as_json(&line) } else { as_text(&line, timestamps) });
    let parts = note.into_iter().chain(written).map(|line| Ok::<_, Infallible>(Bytes::from(line)));
    let kind = [(header::CONTENT_TYPE, if json { JSON_LINES } else { TEXT })];
    let mut response = (kind, Body::from_stream(stream::iter(parts))).into_response();
    // Names of containers and ids have nothing that would have to be quoted otherwise.
    let name = format!("attachment; filename=\"{name}.log\"");
    if let Some(name) = name.parse().ok().filter(|_| download) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

fn as_text(line: &LogLine, timestamps: bool) -> String {
    match line.at.filter(|_| timestamps) {
        Some(at) => format!("{at} {}\n", line.text),
        None => format!("{}\n", line.text),
    }
}

/// Texts, words and numbers: they can be written as JSON.
fn as_json(data: &impl Serialize) -> String {
    serde_json::to_string(data).map_or_else(|_| String::new(), |json| json + "\n")
}

pub(super) fn events(feed: Feed) -> Response {
    let messages = feed.map(|said| Ok::<_, Infallible>(message(&said)));
    Sse::new(messages).keep_alive(KeepAlive::new().interval(PULSE)).into_response()
}

fn message(said: &Said) -> sse::Event {
    match said {
        Said::Line(line) => with(sse::Event::default(), line),
        Said::Stats(stats) => with(sse::Event::default(), stats),
        Said::LeftOut(left_out) => with(sse::Event::default().event("left-out"), left_out),
        Said::Ended(end) => with(sse::Event::default().event("ended"), end),
    }
}

/// Texts, words and numbers: they can be written as JSON.
fn with(event: sse::Event, data: &impl Serialize) -> sse::Event {
    event.json_data(data).unwrap_or_else(|_| sse::Event::default().comment("not to be shown"))
}
