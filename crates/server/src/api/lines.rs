//! Lines that programs said, as text and as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use portolan_types::{LeftOut, LogLine};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::readings::{Lines, Said};

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
    /// As server-sent events, for as long as more is said and the reader wants.
    pub(super) follow: bool,
    /// Each line of the text begins with its time.
    timestamps: bool,
    /// As one JSON object a line, with the output and the time of each.
    json: bool,
    /// Browsers are to keep it as a file.
    download: bool,
}

/// All of it at once. The name is that of a file, without anything that would have to be quoted.
pub(super) fn text(lines: Lines, name: &str, shape: &Shape) -> Response {
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

/// As it is said.
pub(super) fn events(feed: impl Stream<Item = Said> + Send + 'static) -> Response {
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
