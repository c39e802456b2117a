//! Terminals: each a task with a shell on a host and the line to a person, and the bytes between.
//!
//! Owns their tasks and how a terminal begins and ends. Who may have one is asked of `terminals`;
//! the bytes are carried in `relay`, and what ends them early is watched for in `watch`.

mod inside;
mod relay;
mod watch;

use std::{sync::Arc, time::Duration};

use futures_util::SinkExt;
use portolan_types::{TerminalCause, TerminalEnd, TerminalMessage};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{crew, target};
use crate::{
    App, Error,
    host::{Dialer, HostError, Shell},
    tasks::Pulse,
    terminals::{self, Line, Opening, Shown, Ticket},
};

/// How long a person's end may take to be told that it is over.
const FAREWELL: Duration = Duration::from_secs(5);

/// Keeps terminals until `shutdown`, and then until each has told its person and was written down.
pub(super) async fn run(
    app: Arc<App>,
    dialer: Arc<dyn Dialer>,
    openings: mpsc::Receiver<Opening>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let begin = |opening| keep(app.clone(), dialer.clone(), opening, pulse.clone());
    crew::keep(openings, &shutdown, begin).await;
}

/// One terminal, from its beginning to its end.
async fn keep(app: Arc<App>, dialer: Arc<dyn Dialer>, opening: Opening, pulse: Pulse) {
    let Opening { ticket, mut line } = opening;
    let end = match begin(&app, dialer.as_ref(), &ticket).await {
        Ok((shell, hold)) => {
            let opened = terminals::opened(&app, &ticket).await;
            let end = match opened {
                Ok(()) => use_it(&app, &ticket, &mut line, shell, &pulse).await,
                Err(error) => {
                    tracing::error!(%error, "could not write down that a terminal was opened");
                    refused("it could not be written down that it is opened".to_owned(), None)
                }
            };
            match hold {
                Some(hold) => hold.let_go(end).await,
                None => end,
            }
        }
        Err(end) => {
            let written = terminals::not_opened(&app, &ticket, &end.message).await;
            note(written, &pulse);
            end
        }
    };
    farewell(&mut line, end).await;
}

/// A shell that has begun, with what holds the one in a container.
type Begun = (Shell, Option<inside::Hold>);

/// A shell on the host or in a container, unless it is too late or there is none.
async fn begin(app: &App, dialer: &dyn Dialer, ticket: &Ticket) -> Result<Begun, TerminalEnd> {
    let opening = async {
        let target = target::of(app, &ticket.server).await.map_err(|error| {
            tracing::error!(%error, "could not read how a host is reached");
            refused("it could not be read how the host is reached".to_owned(), None)
        })?;
        if let Some(wanted) = &ticket.inside {
            let (shell, hold) = inside::open(dialer, &target, wanted, ticket.size).await?;
            return Ok((shell, Some(hold)));
        }
        let opened = dialer.open_shell(&target, ticket.size).await;
        let shell = opened.map_err(|error| of_host(TerminalCause::Refused, &error))?;
        Ok((shell, None))
    };
    tokio::select! {
        opened = opening => opened,
        // Dialling takes up to minutes, in which the right to it may end.
        end = watch::over(app, ticket) => Err(end),
    }
}

/// Carries bytes until one of the ends has had enough, or it may not go on.
async fn use_it(
    app: &App,
    ticket: &Ticket,
    line: &mut Line,
    shell: Shell,
    pulse: &Pulse,
) -> TerminalEnd {
    let began = Instant::now();
    let end = tokio::select! {
        biased;
        end = watch::over(app, ticket) => end,
        // The shell goes with its future: it has ended before anybody is told.
        end = relay::carry(line, shell) => end,
    };
    note(terminals::ended(app, ticket, began.elapsed(), &end).await, pulse);
    end
}

/// A terminal that has ended stays so whether or not it could be written down.
fn note(written: Result<(), Error>, pulse: &Pulse) {
    if let Err(error) = written {
        pulse.failed(&error);
        tracing::error!(%error, "could not write down how a terminal ended");
    }
}

/// Says how it ended to a person who may not listen any more.
async fn farewell(line: &mut Line, end: TerminalEnd) {
    let telling = async {
        if line.shown.send(Shown::Said(TerminalMessage::Ended(end))).await.is_ok() {
            drop(line.shown.close().await);
        }
    };
    drop(timeout(FAREWELL, telling).await);
}

fn refused(message: String, remedy: Option<String>) -> TerminalEnd {
    TerminalEnd { cause: TerminalCause::Refused, exit_status: None, message, remedy }
}

fn of_host(cause: TerminalCause, error: &HostError) -> TerminalEnd {
    TerminalEnd {
        cause,
        exit_status: None,
        message: error.to_string(),
        remedy: Some(error.remedy()),
    }
}
