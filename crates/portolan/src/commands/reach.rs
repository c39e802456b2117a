//! `portolan reach`.

use portolan_types::{AskReach, Reach, ReachEnd, ReachName, ReachPath, ReachPlace, ReachVerdict};

use crate::{
    client::Client,
    failure::Outcome,
    printer::{Format, Line, Printer, Style},
    words::since,
};

pub(crate) async fn reach(
    client: &Client,
    printer: &Printer,
    from: ReachName,
    to: ReachName,
) -> anyhow::Result<Outcome> {
    let answer: Reach = client.act_with("/v1/reach", &AskReach { from, to }).await?;
    if printer.format() == Format::Json {
        printer.json(&answer)?;
    } else {
        show(printer, &answer)?;
    }
    Ok(match answer.verdict {
        ReachVerdict::Yes => Outcome::Done,
        ReachVerdict::No | ReachVerdict::Unknown => Outcome::Failed,
    })
}

fn show(printer: &Printer, answer: &Reach) -> anyhow::Result<()> {
    let Reach { verdict, from, to, paths, obstacles } = answer;
    let style = match verdict {
        ReachVerdict::Yes => Style::Good,
        ReachVerdict::No => Style::Bad,
        ReachVerdict::Unknown => Style::Caution,
    };
    let question = format!(": {} -> {}", from.name, to.name);
    printer.styled(&Line::styled(style, verdict.as_str()).and(Style::Strong, question))?;
    for end in [from, to] {
        printer.styled(&Line::plain(end_in_words(end)))?;
    }
    for path in paths {
        printer.styled(&Line::styled(Style::Good, "way: ").and_plain(path_in_words(path)))?;
    }
    for obstacle in obstacles {
        printer.styled(&Line::styled(Style::Bad, "in the way: ").and_plain(&obstacle.reason))?;
        printer.styled(&Line::plain(format!("  {}", obstacle.remedy)))?;
    }
    Ok(())
}

fn end_in_words(end: &ReachEnd) -> String {
    let place = |place: &ReachPlace| match &place.address {
        Some(address) => format!("{} ({address})", place.network),
        None => place.network.clone(),
    };
    let places: Vec<String> = end.places.iter().map(place).collect();
    let on = if places.is_empty() { "no network".to_owned() } else { places.join(", ") };
    let what = end.state.as_deref().map_or_else(
        || format!("destination {}", end.name),
        |state| format!("container {} ({state})", end.name),
    );
    format!("{what} of {} on {on}, seen {}", end.server_name, since(end.as_of))
}

fn path_in_words(path: &ReachPath) -> String {
    let address = path.address.as_deref().unwrap_or("-");
    format!("{} by {address}: {}", path.kind, path.detail)
}
