//! `portolan destination verify` of several destinations: all are asked for at once, and told of in
//! one table when they are over.
//!
//! Owns the table and its words. One destination alone is in `verification`.

use portolan_types::{
    Check, CheckOutcome, Destination, Operation, OperationResult, OperationState, Problem, Server,
};
use serde::Serialize;
use tokio::time::Instant;

use super::verification::{failed, style};
use crate::{
    client::{self, Client},
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Format, Line, Printer, Span, Style, Table},
    watch::{Ending, Wait, until_over},
};

/// Which destinations are meant.
#[derive(Debug)]
pub(crate) enum Which {
    These(Vec<Reference>),
    /// Every one of the team.
    All,
    /// Every one of a server, with those of the swarm that it manages.
    OnServer(Reference),
}

/// What became of one destination.
#[derive(Debug, Serialize)]
struct Proved {
    destination: Destination,
    /// Absent when it was refused.
    operation: Option<Operation>,
    /// Why it was not even begun.
    refusal: Option<Box<Problem>>,
}

/// How one destination does, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Checked(CheckOutcome),
    /// The work failed before its checks were over.
    Broken,
    Refused,
    /// Still at it.
    Unfinished,
}

pub(crate) async fn verify(
    client: &Client,
    printer: &Printer,
    which: Which,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let destinations = destinations(client, which).await?;
    let mut all = Vec::new();
    for destination in destinations {
        all.push(begin(client, destination).await?);
    }
    if let Wait::AtMost(limit) = wait {
        let deadline = Instant::now() + limit;
        for one in &mut all {
            stay(client, printer, one, deadline).await?;
        }
        printer.progress_over();
    }
    tell(printer, &all)?;
    Ok(outcome(&all, wait))
}

async fn destinations(client: &Client, which: Which) -> anyhow::Result<Vec<Destination>> {
    let filters = match which {
        Which::These(references) => {
            let mut found: Vec<Destination> = Vec::new();
            for wanted in &references {
                let one: Destination = find(client, wanted).await?;
                // Two names of one destination are one proof.
                if found.iter().all(|other| other.id != one.id) {
                    found.push(one);
                }
            }
            return Ok(found);
        }
        Which::All => Vec::new(),
        Which::OnServer(wanted) => {
            vec![("server_id", find::<Server>(client, &wanted).await?.id.into())]
        }
    };
    Ok(collect(client, "/v1/destinations", &filters, Listing::all(None)).await?.items)
}

/// A refusal is told of in its row: the others go on.
async fn begin(client: &Client, destination: Destination) -> Result<Proved, client::Error> {
    let path = format!("/v1/destinations/{}/verify", destination.id);
    match client.act(&path).await {
        Ok(operation) => Ok(Proved { destination, operation: Some(operation), refusal: None }),
        Err(client::Error::Refused(problem)) if is_of_the_destination(&problem) => {
            Ok(Proved { destination, operation: None, refusal: Some(problem) })
        }
        Err(error) => Err(error),
    }
}

/// It is not at rest, its server does not answer, or it has just gone; not: who asks may not.
fn is_of_the_destination(problem: &Problem) -> bool {
    matches!(problem.status, 404 | 409 | 422)
}

async fn stay(
    client: &Client,
    printer: &Printer,
    one: &mut Proved,
    deadline: Instant,
) -> Result<(), client::Error> {
    let Some(begun) = &one.operation else { return Ok(()) };
    let name = one.destination.name.as_str();
    let ending = until_over(client, printer, &begun.id, deadline, |_| printer.progress(name));
    let (Ending::Over(operation) | Ending::Unfinished(operation)) = ending.await?;
    one.operation = Some(operation);
    Ok(())
}

impl Proved {
    fn word(&self) -> Word {
        let Some(operation) = &self.operation else { return Word::Refused };
        match (operation.state, self.checks()) {
            (OperationState::Queued | OperationState::Running, _) => Word::Unfinished,
            (OperationState::Succeeded | OperationState::Failed, Some(checks)) => {
                Word::Checked(CheckOutcome::of_all(checks.iter().map(|check| check.outcome)))
            }
            (OperationState::Succeeded | OperationState::Failed, None) => Word::Broken,
        }
    }

    fn checks(&self) -> Option<&[Check]> {
        match self.operation.as_ref()?.result.as_ref()? {
            OperationResult::Verification { checks } => Some(checks),
            _ => None,
        }
    }

    /// Why there is no proof that all is well, in lines: each with what to do.
    fn reasons(&self) -> Vec<(String, Option<String>)> {
        if let Some(problem) = &self.refusal {
            return vec![(problem.detail.clone(), problem.remedy.clone())];
        }
        if let Some(checks) = self.checks() {
            let failed = checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
            let reason = |check: &Check| {
                let why = check.reason.as_deref().unwrap_or("failed");
                (format!("{}: {why}", check.name), check.remedy.clone())
            };
            return failed.map(reason).collect();
        }
        let failure = self.operation.as_ref().and_then(|operation| operation.failure.as_ref());
        failure
            .map(|failure| (failure.message.clone(), failure.remedy.clone()))
            .into_iter()
            .collect()
    }
}

impl Word {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Checked(outcome) => outcome.as_str(),
            Self::Broken => "broken off",
            Self::Refused => "refused",
            Self::Unfinished => "not over",
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Checked(outcome) => style(outcome),
            Self::Broken | Self::Refused => Style::Bad,
            Self::Unfinished => Style::Caution,
        }
    }

    /// Whether it is as good as it can be known to be.
    const fn is_well(self) -> bool {
        matches!(self, Self::Checked(CheckOutcome::Passed | CheckOutcome::Skipped))
    }
}

fn tell(printer: &Printer, all: &[Proved]) -> anyhow::Result<()> {
    if printer.format() == Format::Json {
        printer.json(&serde_json::json!({ "items": all }))?;
        return Ok(());
    }
    if all.is_empty() {
        printer.say(&Line::plain("no destinations to verify"));
        return Ok(());
    }
    printer.table(&table(all))?;
    for one in all {
        for (reason, remedy) in one.reasons() {
            let name = format!("{}: ", one.destination.name);
            printer.styled(&Line::styled(Style::Bad, name).and_plain(reason))?;
            if let Some(remedy) = remedy {
                printer.styled(&Line::plain(format!("  {remedy}")))?;
            }
        }
    }
    printer.say(&Line::plain(summary(all)));
    Ok(())
}

fn table(all: &[Proved]) -> Table {
    let header = &["NAME", "SERVER", "OUTCOME", "FAILED", "OPERATION"];
    Table::new(header).yielding(&["OPERATION"]).with(all.iter().map(|one| {
        let word = one.word();
        let failed = one.checks().map(failed).filter(|names| !names.is_empty());
        let operation = one.operation.as_ref().map(|operation| operation.id.as_str());
        vec![
            Span::plain(one.destination.name.as_str()),
            Span::plain(one.destination.server_name.as_str()),
            Span::new(word.style(), word.as_str()),
            Span::or_dash(failed),
            Span::or_dash(operation),
        ]
    }))
}

/// `3 destinations: 2 passed, 1 failed`.
fn summary(all: &[Proved]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for one in all {
        let word = one.word().as_str();
        match counts.iter_mut().find(|(of, _)| *of == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let counts: Vec<String> =
        counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let plural = if all.len() == 1 { "" } else { "s" };
    format!("{} destination{plural}: {}", all.len(), counts.join(", "))
}

/// Without waiting, what was accepted is all that was asked for.
fn outcome(all: &[Proved], wait: Wait) -> Outcome {
    let is_well = |one: &Proved| match (one.word(), wait) {
        (Word::Unfinished, Wait::No) => true,
        (word, _) => word.is_well(),
    };
    if all.iter().all(is_well) { Outcome::Done } else { Outcome::Failed }
}
