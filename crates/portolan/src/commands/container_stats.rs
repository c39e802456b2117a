//! `portolan container stats` and `portolan app stats`: what a container uses, once or for as long as somebody looks.

use std::io::{self, IsTerminal};

use portolan_types::ContainerStats;

use super::{container_logs::conclude, inside::Named};
use crate::{
    client::Client,
    failure::Outcome,
    printer::{Details, Format, Printer, Span},
    words::bytes,
};

/// How long it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Once,
    Watch,
}

pub(crate) async fn read(
    client: &Client,
    printer: &Printer,
    named: &Named,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let path = format!("{}/stats", named.path(client).await?);
    match manner {
        Manner::Once => {
            let stats: ContainerStats = client.get(&path, &[]).await?;
            printer.one(&stats, details)?;
            Ok(Outcome::Done)
        }
        Manner::Watch => watch(client, printer, &path).await,
    }
}

async fn watch(client: &Client, printer: &Printer, path: &str) -> anyhow::Result<Outcome> {
    let mut stream = client.stream(path, &[("stream", "true".to_owned())]).await?;
    let mut screen = Screen::default();
    while let Some(message) = stream.next().await? {
        match message.name.as_deref() {
            None if message.data.is_empty() => {}
            None => screen.show(printer, &serde_json::from_str(&message.data)?)?,
            Some("ended") => return Ok(conclude(printer, &serde_json::from_str(&message.data)?)),
            // A word of a newer control plane.
            Some(_) => {}
        }
    }
    printer.error("the connection to the control plane broke off");
    Ok(Outcome::Failed)
}

/// What was shown last, which the next takes the place of where a person looks.
#[derive(Debug, Default)]
struct Screen {
    is_shown: bool,
}

/// Lines of the details.
const LINES: usize = 5;

impl Screen {
    fn show(&mut self, printer: &Printer, stats: &ContainerStats) -> io::Result<()> {
        if printer.format() == Format::Json {
            return printer.json_line(stats);
        }
        if self.is_shown && io::stdout().is_terminal() {
            // Up by as many lines, and away with them.
            printer.script(format!("\u{1b}[{LINES}A\u{1b}[J").as_bytes())?;
        }
        self.is_shown = true;
        printer.one(stats, details)
    }
}

/// Short enough for any terminal: what wraps would not be taken away whole.
fn details(stats: &ContainerStats) -> Details {
    let cpu = stats.cpu_thousandths.map_or_else(
        || Span::dim("not measured yet"),
        |used| Span::plain(format!("{}.{} % of {} processors", used / 10, used % 10, stats.cpus)),
    );
    let memory = stats.memory_limit_bytes.map_or_else(
        || bytes(stats.memory_bytes),
        |limit| format!("{} of {}", bytes(stats.memory_bytes), bytes(limit)),
    );
    let (received, sent) = (bytes(stats.received_bytes), bytes(stats.sent_bytes));
    let (read, written) = (bytes(stats.read_bytes), bytes(stats.written_bytes));
    Details::default()
        .span("cpu", cpu)
        .row("memory", memory)
        .row("network", format!("{received} in, {sent} out"))
        .row("disk", format!("{read} read, {written} written"))
        .row("processes", stats.processes.to_string())
}
