//! A mark on a program in a container: a variable by which it and what it began are found there, and told
//! to end. Docker cannot end what it was asked to run.

use std::time::Duration;

use portolan_types::id::cuid2;
use tokio::time::timeout;

use crate::host::{Exec, Host};

/// Sends the signal `$1` to all whose variables have `$2`. What asked not to be told goes on.
const TELL: &str = "for one in /proc/[0-9]*; do \
     if grep -q \"$2\" \"$one/environ\" 2>/dev/null; \
     then kill \"-$1\" \"${one#/proc/}\"; fi; done";
/// How long that may take.
const WITHIN: Duration = Duration::from_secs(5);

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Nobody is there any more.
    HangUp,
    /// It is to end.
    Terminate,
}

impl Signal {
    const fn word(self) -> &'static str {
        match self {
            Self::HangUp => "HUP",
            Self::Terminate => "TERM",
        }
    }
}

/// What a program and all that it begins carry.
#[derive(Debug)]
pub(super) struct Mark {
    name: &'static str,
    value: String,
}

impl Mark {
    /// One that nothing else has, in a variable of this name.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, value: cuid2() }
    }

    pub(super) fn variable(&self) -> (String, String) {
        (self.name.to_owned(), self.value.clone())
    }

    /// Tells whatever carries it in a container, as the user whom it runs as.
    pub(super) async fn tell(
        &self,
        (host, docker_id): (&dyn Host, &str),
        user: Option<&str>,
        signal: Signal,
    ) {
        let mark = format!("{}={}", self.name, self.value);
        let command = ["sh", "-c", TELL, "sh", signal.word(), &mark].map(str::to_owned).to_vec();
        let user = user.map(str::to_owned);
        let exec = Exec { command, user, environment: Vec::new(), within: WITHIN };
        let told = timeout(WITHIN, host.exec(docker_id, &exec)).await;
        // A container without a shell, or that is gone: there is nothing else to tell it by.
        if !matches!(told, Ok(Ok(_))) {
            tracing::debug!(?told, ?signal, "a program in a container was not told to end");
        }
    }
}
