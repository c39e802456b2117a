//! A terminal in a container: over a connection to the engine of its own, and ended there when it is over
//! here.
//!
//! Docker lets a program run on that nobody listens to any more. Each is marked (`mark`), and told that
//! the terminal hung up, as sshd tells a shell.

use std::{sync::Arc, time::Duration};

use portolan_types::{Argument, TerminalCause, TerminalEnd, TerminalSize};
use tokio::time::timeout;

use super::{
    super::{
        inside,
        mark::{Mark, Signal},
    },
    of_host, refused,
};
use crate::{
    Error,
    host::{Dialer, Host, Shell, Target, TerminalProgram},
    terminals::Inside,
};

/// Where it is named by nobody: the better shell, where there is one.
const SHELL: [&str; 3] =
    ["sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"];
/// The variable that marks what runs in a terminal.
const MARK: &str = "PORTOLAN_TERMINAL";
/// What to do where it ended at once.
const NO_SHELL: &str = "if you did not end it: the container may have no shell, or no such \
     program; name one that it has";
/// How long letting go may take: somebody waits for the end, and perhaps the process for its own.
const WITHIN: Duration = Duration::from_secs(5);

/// Holds a program in a container.
#[derive(Debug)]
pub(super) struct Hold {
    host: Arc<dyn Host>,
    docker_id: String,
    user: Option<String>,
    mark: Mark,
}

pub(super) async fn open(
    dialer: &dyn Dialer,
    target: &Target,
    wanted: &Inside,
    size: TerminalSize,
) -> Result<(Shell, Hold), TerminalEnd> {
    let reached = dialer.dial_apart(target).await;
    let host = reached.map_err(|error| of_host(TerminalCause::Refused, &error))?.host;
    let (host, container) =
        inside::find(Some(host), &wanted.place).await.map_err(|error| why(wanted, error))?;
    inside::check_runs(&wanted.place, &container).map_err(|error| why(wanted, error))?;
    let (docker_id, mark) = (container.member.docker_id, Mark::new(MARK));
    let user = wanted.user.as_ref().map(ToString::to_string);
    let program = TerminalProgram {
        command: command(wanted),
        user: user.clone(),
        environment: vec![mark.variable()],
    };
    let opened = host.open_terminal(&docker_id, &program, size).await;
    let shell = opened.map_err(|error| of_host(TerminalCause::Refused, &error))?;
    Ok((shell, Hold { host, docker_id, user, mark }))
}

fn command(wanted: &Inside) -> Vec<String> {
    match &wanted.program {
        Some(program) => program.arguments().iter().map(Argument::to_string).collect(),
        None => SHELL.map(str::to_owned).to_vec(),
    }
}

fn why(wanted: &Inside, error: Error) -> TerminalEnd {
    if let Error::Refused(refusal) = error {
        return refused(refusal.message, refusal.remedy);
    }
    // It is there in the rows, and not where they have it.
    let (container, server) = (&wanted.place.container, &wanted.place.server.name);
    let message = format!("there is no container `{container}` on server `{server}`");
    refused(message, Some("see `list_containers` for those that are".to_owned()))
}

impl Hold {
    /// Sees to it that nothing of it goes on in the container, and says what its end was.
    pub(super) async fn let_go(self, end: TerminalEnd) -> TerminalEnd {
        if end.cause != TerminalCause::Exited {
            self.hang_up().await;
        }
        drop(timeout(WITHIN, self.host.close()).await);
        // A shell of a host is explained otherwise.
        let has_ended = end.cause == TerminalCause::Exited;
        let remedy = end.remedy.map(|other| if has_ended { NO_SHELL.to_owned() } else { other });
        TerminalEnd { remedy, ..end }
    }

    async fn hang_up(&self) {
        let at = (self.host.as_ref(), self.docker_id.as_str());
        self.mark.tell(at, self.user.as_deref(), Signal::HangUp).await;
    }
}
