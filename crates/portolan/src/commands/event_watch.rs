//! `portolan event watch`: follows events, and takes a lost connection up where it was.

use std::time::Duration;

use portolan_types::{Event, Severity};
use tokio::time::sleep;

use super::event::{Filter, subject_words};
use crate::{
    client::{Client, Error, Message},
    printer::{Format, Line, Printer, Style},
};

/// Before a connection is taken up again.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn watch(
    client: &Client,
    printer: &Printer,
    filter: Filter,
    after: Option<u64>,
) -> anyhow::Result<()> {
    let mut watch = Watch { client, printer, query: filter.into_query(client).await?, last: after };
    let mut lost = false;
    loop {
        match watch.follow(&mut lost).await {
            // It ended in order: the control plane stops, or the token does, which is told next.
            Ok(()) => {}
            Err(error) => match error.downcast::<Error>() {
                Ok(error) if error.is_passing() => {
                    if !lost {
                        printer.warn(&format!("{error}; trying again"));
                    }
                    lost = true;
                }
                Ok(error) => return Err(error.into()),
                Err(error) => return Err(error),
            },
        }
        sleep(PAUSE).await;
    }
}

struct Watch<'a> {
    client: &'a Client,
    printer: &'a Printer,
    query: Vec<(&'static str, String)>,
    /// The number of the last event that was shown.
    last: Option<u64>,
}

impl Watch<'_> {
    /// One connection, to its end.
    async fn follow(&mut self, lost: &mut bool) -> anyhow::Result<()> {
        let mut query = self.query.clone();
        query.extend(self.last.map(|last| ("after", last.to_string())));
        let mut stream = self.client.stream("/v1/events/stream", &query).await?;
        *lost = false;
        while let Some(message) = stream.next().await? {
            self.take(&message)?;
        }
        Ok(())
    }

    fn take(&mut self, message: &Message) -> anyhow::Result<()> {
        if message.name.as_deref() == Some("gap") {
            self.printer.warn("events were missed: they are not kept any more");
        } else if !message.data.is_empty() {
            self.show(&serde_json::from_str(&message.data)?)?;
        }
        self.last = message.id.as_deref().and_then(|id| id.parse().ok()).or(self.last);
        Ok(())
    }

    fn show(&self, event: &Event) -> anyhow::Result<()> {
        match self.printer.format() {
            Format::Json => self.printer.json_line(event)?,
            Format::Text => self.printer.styled(&line(event))?,
        }
        Ok(())
    }
}

/// `2026-01-31T12:00:00.000Z  server.unreachable  server web-1  the connection broke off`.
fn line(event: &Event) -> Line {
    let style = match event.severity {
        Severity::Info => Style::Plain,
        Severity::Warning => Style::Caution,
        Severity::Error => Style::Bad,
    };
    Line::styled(Style::Dim, event.at.to_string())
        .and_plain("  ")
        .and(style, &event.kind)
        .and_plain(format!("  {}", subject_words(&event.subject, &event.subject_name)))
        .and_plain(format!("  {}", event.message))
}
