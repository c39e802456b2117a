//! `portolan reach`.

use portolan_types::{
    AskReach, Obstacle, Operation, ProveReach, Reach, ReachEnd, ReachName, ReachOutcome, ReachPath,
    ReachPlace, ReachProof, ReachVerdict,
};

use super::{operation::accompany, verification::tried};
use crate::{
    client::Client,
    failure::Outcome,
    printer::{Format, Line, Printer, Style},
    watch::Wait,
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

/// Asks the question and has the answer tried.
pub(crate) async fn prove(
    client: &Client,
    printer: &Printer,
    question: &ProveReach,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let operation: Operation = client.act_with("/v1/reach/prove", question).await?;
    accompany(client, printer, operation, wait).await
}

/// What a probe found beside the answer.
pub(super) fn show_proof(
    printer: &Printer,
    answer: &Reach,
    proof: &ReachProof,
) -> anyhow::Result<()> {
    show(printer, answer)?;
    let port = proof.port.map(|port| format!(" at port {port}")).unwrap_or_default();
    let head = Line::styled(Style::Strong, "tried: ");
    printer.styled(&head.and(style(proof.outcome), proof.outcome.as_str()).and_plain(port))?;
    for evidence in &proof.evidence {
        tried(printer, evidence)?;
    }
    if proof.contradicts {
        let words = format!("this contradicts the answer `{}`", answer.verdict);
        printer.styled(&Line::styled(Style::Caution, words))?;
    }
    if let Some(Obstacle { reason, remedy }) = &proof.cause {
        printer.styled(&Line::styled(Style::Bad, "likely cause: ").and_plain(reason))?;
        printer.styled(&Line::plain(format!("  {remedy}")))?;
    }
    Ok(())
}

const fn style(outcome: ReachOutcome) -> Style {
    match outcome {
        ReachOutcome::Connected => Style::Good,
        ReachOutcome::Untried => Style::Caution,
        ReachOutcome::Refused
        | ReachOutcome::TimedOut
        | ReachOutcome::Unreachable
        | ReachOutcome::NameNotFound
        | ReachOutcome::Stranger => Style::Bad,
    }
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
