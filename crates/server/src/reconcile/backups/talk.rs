//! What taking a backup and giving it back share: the way to the engine's container, and what its
//! programs say where they fail.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use portolan_types::Failure;

use super::super::{
    inside,
    recorder::{Recorder, failure, host_failure},
    target,
};
use crate::{
    App, Error,
    databases::backups::{Asked, Work},
    host::{ContainerDetail, Dialer, Host, HostError, clean},
    storages::object::StorageError,
};

/// What is kept of what a program says on its standard error: the end.
const KEPT: usize = 4 << 10;
/// Of that, what is told.
const TOLD: usize = 600;

/// Between two words of how far it is.
pub(super) const TOLD_EVERY: Duration = Duration::from_secs(2);
/// The code of a failure of the storage.
pub(super) const STORAGE_FAILED: &str = "storage-failed";

/// The outcome of a step, and an error where it could not be written down.
pub(super) type Outcome<T> = Result<Result<T, Failure>, Error>;

/// A connection of its own to the host, and the container on it, which runs.
pub(super) async fn reach(
    app: &App,
    dialer: &dyn Dialer,
    asked: &Asked,
) -> Outcome<(Arc<dyn Host>, ContainerDetail)> {
    let target = target::of(app, &asked.place.server).await?;
    let host = match dialer.dial_apart(&target).await {
        Ok(reached) => reached.host,
        Err(error) => return Ok(Err(of_host(asked, "reach the engine", &error))),
    };
    let found = inside::find(Some(host), &asked.place).await;
    let found = found.and_then(|(host, container)| {
        inside::check_runs(&asked.place, &container).map(|()| (host, container))
    });
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(Error::Refused(refusal)) => {
            Ok(Err(failure(refusal.code, refusal.message, refusal.remedy.unwrap_or_default())))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn of_host(asked: &Asked, action: &str, error: &HostError) -> Failure {
    host_failure(action, asked.place.server.name.as_str(), error)
}

pub(super) fn of_storage(asked: &Asked, action: &str, error: &StorageError) -> Failure {
    let storage = &asked.backup.storage_name;
    let message = format!("could not {action} in storage `{storage}`: {error}");
    failure(STORAGE_FAILED, message, error.remedy())
}

/// The program said nothing for so long.
pub(super) fn silent(what: &str, silence: Duration) -> Failure {
    let seconds = silence.as_secs();
    failure(
        "too-slow",
        format!("{what} was not heard of for {seconds} s: it may run on in the container"),
        "look at the database, and try again",
    )
}

/// What to do where an engine did not read a backup.
pub(super) const fn again(work: Work) -> &'static str {
    match work {
        Work::Check => {
            "see what the engine says of it, and take another backup (`back_up_database`)"
        }
        Work::Take | Work::Restore => {
            "see what the engine says of it, and restore it again (`restore_database`)"
        }
    }
}

/// The end of what a program says on its standard error.
#[derive(Debug, Default)]
pub(super) struct Complaint(Vec<u8>);

impl Complaint {
    pub(super) fn take(&mut self, bytes: &Bytes) {
        self.0.extend_from_slice(bytes);
        let more = self.0.len().saturating_sub(KEPT);
        self.0.drain(..more);
    }

    /// Its last lines, as one line without what would steer a terminal.
    pub(super) fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let text = text.trim();
        let from = text.ceil_char_boundary(text.len().saturating_sub(TOLD));
        let lines: Vec<String> = text[from..]
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(clean)
            .collect();
        if lines.is_empty() { "it did not say why".to_owned() } else { lines.join("; ") }
    }
}

/// Ends a step that came to nothing.
pub(super) async fn fail<T>(
    recorder: &Recorder<'_>,
    step: super::super::recorder::OpenStep,
    failure: Failure,
) -> Outcome<T> {
    recorder.fail(step, &failure).await?;
    Ok(Err(failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_kept_and_harmless() {
        let mut said = Complaint::default();
        assert_eq!(said.words(), "it did not say why");
        for _ in 0..1_000 {
            said.take(&Bytes::from_static("noch größer\n".as_bytes()));
        }
        said.take(&Bytes::from_static(b"\x1b[31mFATAL\n\n  the end\n"));
        let words = said.words();
        assert!(words.ends_with("the end") && words.len() < 2 * TOLD, "{words}");
        assert!(!words.contains('\u{1b}') && !words.contains('\n'), "{words}");
    }
}
