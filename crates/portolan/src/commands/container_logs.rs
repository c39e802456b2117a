//! `portolan container logs` and `portolan app logs`: what a container said, and what it goes on saying.

use portolan_types::{LeftOut, LogLine, ReadLogs, ReadingCause, ReadingEnd};
use serde::Deserialize;

use super::inside::Named;
use crate::{
    client::{Client, Message},
    failure::Outcome,
    printer::{Format, Line, Printer, Style},
};

/// How long it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Once,
    Follow,
}

/// Whether each line begins with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Shown,
    Hidden,
}

pub(crate) async fn read(
    client: &Client,
    printer: &Printer,
    named: &Named,
    logs: &ReadLogs,
    (manner, times): (Manner, Times),
) -> anyhow::Result<Outcome> {
    let path = format!("{}/logs", named.path(client).await?);
    match manner {
        Manner::Once => once(client, printer, &path, query(logs, "json"), times).await,
        Manner::Follow => follow(client, printer, &path, query(logs, "follow"), times).await,
    }
}

impl From<bool> for Manner {
    fn from(follow: bool) -> Self {
        if follow { Self::Follow } else { Self::Once }
    }
}

type Pairs = Vec<(&'static str, String)>;

fn query(logs: &ReadLogs, shape: &'static str) -> Pairs {
    let ReadLogs { lines, since, until, search } = logs;
    let mut query = vec![("lines", lines.get().to_string()), (shape, "true".to_owned())];
    query.extend(since.map(|since| ("since", since.to_string())));
    query.extend(until.map(|until| ("until", until.to_string())));
    query.extend(search.as_ref().map(|search| ("search", search.to_string())));
    query
}

/// A line of the answer.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Read {
    Line(LogLine),
    LeftOut(LeftOut),
}

pub(super) async fn once(
    client: &Client,
    printer: &Printer,
    path: &str,
    query: Pairs,
    times: Times,
) -> anyhow::Result<Outcome> {
    let mut lines = client.lines(path, &query).await?;
    while let Some(line) = lines.next().await? {
        match serde_json::from_str(&line)? {
            Read::Line(line) => show(printer, &line, times)?,
            Read::LeftOut(LeftOut { lines }) => {
                printer.warn(&format!("{lines} earlier lines were left out: there are too many"));
            }
        }
    }
    Ok(Outcome::Done)
}

pub(super) async fn follow(
    client: &Client,
    printer: &Printer,
    path: &str,
    query: Pairs,
    times: Times,
) -> anyhow::Result<Outcome> {
    let mut stream = client.stream(path, &query).await?;
    while let Some(message) = stream.next().await? {
        let Message { name, data, .. } = message;
        match name.as_deref() {
            None if data.is_empty() => {}
            None => show(printer, &serde_json::from_str(&data)?, times)?,
            Some("left-out") => {
                let LeftOut { lines } = serde_json::from_str(&data)?;
                printer.warn(&format!("{lines} lines were left out: they came too fast"));
            }
            Some("ended") => return Ok(conclude(printer, &serde_json::from_str(&data)?)),
            // A word of a newer control plane.
            Some(_) => {}
        }
    }
    printer.error("the connection to the control plane broke off");
    Ok(Outcome::Failed)
}

fn show(printer: &Printer, line: &LogLine, times: Times) -> anyhow::Result<()> {
    if printer.format() == Format::Json {
        return Ok(printer.json_line(line)?);
    }
    let text = line.plain();
    match line.at.filter(|_| times == Times::Shown) {
        Some(at) => printer.line(&format!("{at} {text}"))?,
        None => printer.line(&text)?,
    }
    Ok(())
}

pub(super) fn conclude(printer: &Printer, end: &ReadingEnd) -> Outcome {
    if end.cause == ReadingCause::Ended {
        printer.say(&Line::styled(Style::Dim, &end.message));
        return Outcome::Done;
    }
    printer.error(&end.message);
    if let Some(remedy) = &end.remedy {
        printer.hint(remedy);
    }
    Outcome::Failed
}
