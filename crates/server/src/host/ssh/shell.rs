//! A shell in a terminal over a logged-in connection: asked for, spoken with, and seen to its end.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use portolan_types::TerminalSize;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, client::Msg};
use tokio::time::timeout;

use super::{
    super::{HostError, Shell, ShellEnd, ShellInput, ShellSaid, limits, shell::TERM, words::clean},
    session::Session,
};

/// Asks for a terminal and a shell in it.
pub(super) async fn open(session: Session, size: TerminalSize) -> Result<Shell, HostError> {
    let opening = begin(Arc::new(session), size);
    timeout(limits::SHELL, opening).await.unwrap_or_else(|_| {
        let seconds = limits::SHELL.as_secs();
        Err(HostError::Timeout { action: "open a terminal".into(), seconds })
    })
}

async fn begin(session: Arc<Session>, size: TerminalSize) -> Result<Shell, HostError> {
    let opened = session.open_session().await;
    let channel = opened.map_err(|why| session.lost().unwrap_or(HostError::NoShell { why }))?;
    let (mut reader, writer) = channel.split();
    let (columns, rows) = measure(size);
    let asked = writer.request_pty(true, TERM, columns, rows, 0, 0, &[]).await;
    asked.map_err(|_| lost(&session))?;
    agreed(&session, &mut reader, "sshd gives this user no terminal").await?;
    writer.request_shell(true).await.map_err(|_| lost(&session))?;
    agreed(&session, &mut reader, "sshd gives this user no shell").await?;
    let output = Output { session: session.clone(), reader, end: ShellEnd::default() };
    let output = stream::unfold(Some(output), |output| async {
        let mut output = output?;
        let said = output.next().await;
        let goes_on = matches!(said, Ok(ShellSaid::Bytes(_)));
        Some((said, goes_on.then_some(output)))
    });
    Ok(Shell { output: output.boxed(), input: Box::new(Input { session, writer }) })
}

fn measure(size: TerminalSize) -> (u32, u32) {
    (size.columns.get().into(), size.rows.get().into())
}

/// Waits for the answer to a request. A channel that ends instead is a refusal too.
async fn agreed(
    session: &Session,
    reader: &mut ChannelReadHalf,
    refused: &str,
) -> Result<(), HostError> {
    loop {
        match reader.wait().await {
            Some(ChannelMsg::Success) => return Ok(()),
            Some(ChannelMsg::Failure | ChannelMsg::Close) => {
                return Err(HostError::NoShell { why: refused.to_owned() });
            }
            Some(_) => {}
            None => {
                let refused = || HostError::NoShell { why: refused.to_owned() };
                return Err(session.lost().unwrap_or_else(refused));
            }
        }
    }
}

fn lost(session: &Session) -> HostError {
    let closed = || HostError::Lost { why: "the host closed the terminal".into() };
    session.lost().unwrap_or_else(closed)
}

/// What the shell says. The connection lives as long as this or [`Input`].
struct Output {
    session: Arc<Session>,
    reader: ChannelReadHalf,
    end: ShellEnd,
}

impl Output {
    async fn next(&mut self) -> Result<ShellSaid, HostError> {
        loop {
            match self.reader.wait().await {
                // With a terminal there is one output; what comes on the other is shown with it.
                Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                    return Ok(ShellSaid::Bytes(data));
                }
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    self.end.exit_status = Some(exit_status);
                }
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                    self.end.signal = Some(clean(&format!("{signal_name:?}")));
                }
                Some(ChannelMsg::Close) => return Ok(ShellSaid::Ended(self.end.clone())),
                // The last output may come after the exit status.
                Some(_) => {}
                None => return self.is_over(),
            }
        }
    }

    fn is_over(&self) -> Result<ShellSaid, HostError> {
        let told = self.end != ShellEnd::default();
        match self.session.lost() {
            Some(lost) if !told => Err(lost),
            Some(_) | None => Ok(ShellSaid::Ended(self.end.clone())),
        }
    }
}

struct Input {
    session: Arc<Session>,
    writer: ChannelWriteHalf<Msg>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("session", &self.session).finish_non_exhaustive()
    }
}

#[async_trait]
impl ShellInput for Input {
    async fn write(&mut self, bytes: Bytes) -> Result<(), HostError> {
        self.writer.data_bytes(bytes).await.map_err(|_| lost(&self.session))
    }

    async fn resize(&mut self, size: TerminalSize) -> Result<(), HostError> {
        let (columns, rows) = measure(size);
        let told = self.writer.window_change(columns, rows, 0, 0).await;
        told.map_err(|_| lost(&self.session))
    }
}
