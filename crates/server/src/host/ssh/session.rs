//! A logged-in SSH connection: opens channels, knows when and why it ended.

use std::sync::Arc;

use portolan_types::SshRepository;
use russh::{
    Channel, ChannelOpenFailure, Disconnect,
    client::{Handle, Msg},
};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::task::TaskTracker;

use super::{
    super::{HostError, engine::Duplex, limits, words::lower_first},
    exec,
    gate::{Gate, Seen},
    handshake::Pending,
};

/// One connection to one host. It ends when dropped.
pub(in super::super) struct Session {
    handle: Handle<Gate>,
    seen: Arc<Seen>,
    /// Closing of channels, which outlives the one who used them, and reading ahead.
    tasks: TaskTracker,
    commands: Semaphore,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(pending: Pending) -> Self {
        Self {
            handle: pending.handle,
            seen: pending.seen,
            tasks: TaskTracker::new(),
            commands: Semaphore::new(limits::COMMANDS),
        }
    }

    /// A stream to a Unix socket of the host. The error is in words.
    pub(in super::super) async fn open_socket(&self, path: &str) -> Result<Duplex, String> {
        let opened = self.handle.channel_open_direct_streamlocal(path).await;
        let channel = opened.map_err(|error| self.why_not_opened(&error, path))?;
        Ok(Box::new(channel.into_stream()))
    }

    /// A stream to the standard input and output of a command.
    pub(in super::super) async fn open_command(
        &self,
        command: exec::Command,
    ) -> Result<Duplex, String> {
        let channel = self.open_session().await?;
        exec::stream(channel, command, &self.tasks).await
    }

    /// A stream to and from whoever sends a repository.
    pub(super) async fn open_repository(
        &self,
        repository: &SshRepository,
    ) -> Result<Duplex, String> {
        let channel = self.open_session().await?;
        exec::stream_repository(channel, repository, &self.tasks).await
    }

    /// What a command prints, or nothing when it fails or prints too much.
    pub(in super::super) async fn output(&self, command: exec::Command) -> Option<String> {
        let running = async {
            let _turn = self.commands.acquire().await.ok()?;
            let channel = self.open_session().await.ok()?;
            exec::output(channel, command).await
        };
        timeout(limits::DISK, running).await.ok()?
    }

    pub(super) async fn open_session(&self) -> Result<Channel<Msg>, String> {
        let opened = self.handle.channel_open_session().await;
        opened.map_err(|error| self.why_not_opened(&error, "a session"))
    }

    /// OpenSSH refuses with the same code and "open failed" whatever the reason is.
    fn why_not_opened(&self, error: &russh::Error, what: &str) -> String {
        match error {
            russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed) => format!(
                "the host could not open {what}: it is not there, nothing listens on it, the user \
                 may not open it, or sshd forbids stream forwarding"
            ),
            russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited) => {
                format!("sshd forbids opening {what}")
            }
            russh::Error::ChannelOpenFailure(ChannelOpenFailure::UnknownChannelType) => {
                format!("the SSH server does not know how to open {what}")
            }
            russh::Error::ChannelOpenFailure(_) => format!("the host could not open {what} now"),
            russh::Error::Disconnect | russh::Error::SendError => self.seen.why(),
            other => lower_first(&other.to_string()),
        }
    }

    /// The reason when the connection is over.
    pub(in super::super) fn lost(&self) -> Option<HostError> {
        let over = self.seen.ended.is_cancelled() || self.handle.is_closed();
        over.then(|| HostError::Lost { why: self.seen.why() })
    }

    /// What belongs to the connection and outlives the one who began it.
    pub(in super::super) const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Completes when the connection is over.
    pub(in super::super) async fn ended(&self) {
        self.seen.ended.cancelled().await;
    }

    /// Says goodbye. A host that does not listen any more needs none.
    pub(in super::super) async fn close(&self) {
        self.seen.end_because("Portolan closed the connection");
        drop(self.handle.disconnect(Disconnect::ByApplication, "", "en").await);
        drop(timeout(limits::STEP, self.ended()).await);
    }
}
