//! Commands on a host: a closed list of fixed texts, because sshd hands them to a shell. One has a part
//! that people write, the path of a repository: it consists of letters that mean nothing to a shell
//! (`SshRepository`).

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};
use portolan_types::SshRepository;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, client::Msg};
use tokio_util::{io::StreamReader, task::TaskTracker};

use super::super::{
    engine::Duplex,
    limits,
    words::{MAX_WORDS, clean},
};

const ENDED: &str = "the SSH connection ended";

/// Everything Portolan ever executes on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Command {
    /// The Docker client as a pipe to the socket.
    DialStdio,
    /// The same where only root may open the socket; `-n` never asks for a password.
    SudoDialStdio,
    /// Sizes of all file systems, in the format that POSIX fixes.
    DiskFree,
    /// The routing tables of both families; the second file is not there without IPv6.
    Routes,
}

impl Command {
    const fn text(self) -> &'static str {
        match self {
            Self::DialStdio => "docker system dial-stdio",
            Self::SudoDialStdio => "sudo -n docker system dial-stdio",
            Self::DiskFree => "df -Pk",
            Self::Routes => "cat /proc/net/route /proc/net/ipv6_route",
        }
    }
}

/// Starts a command and gives its input and output as a stream. When the command ends with a
/// complaint, reading fails with that complaint.
pub(super) async fn stream(
    channel: Channel<Msg>,
    command: Command,
    tasks: &TaskTracker,
) -> Result<Duplex, String> {
    stream_text(channel, command.text(), tasks).await
}

/// The same of the command by which a host sends a repository.
pub(super) async fn stream_repository(
    channel: Channel<Msg>,
    repository: &SshRepository,
    tasks: &TaskTracker,
) -> Result<Duplex, String> {
    // A host that takes no variables answers in an older version of the protocol.
    let asked = channel.set_env(false, "GIT_PROTOCOL", "version=2").await;
    asked.map_err(|_| ENDED.to_owned())?;
    let text = format!("git-upload-pack '{}'", repository.path);
    stream_text(channel, &text, tasks).await
}

async fn stream_text(
    channel: Channel<Msg>,
    text: &str,
    tasks: &TaskTracker,
) -> Result<Duplex, String> {
    let (reader, writer) = start(channel, text).await?;
    let input = writer.make_writer();
    let output =
        Output { reader, errors: Vec::new(), _close: CloseOnDrop(Some(writer), tasks.clone()) };
    Ok(Box::new(tokio::io::join(StreamReader::new(Box::pin(output.chunks())), input)))
}

/// Runs a command and gives what it printed when all went well.
pub(super) async fn output(channel: Channel<Msg>, command: Command) -> Option<String> {
    let (mut reader, writer) = start(channel, command.text()).await.ok()?;
    let mut text = Vec::new();
    let mut status = None;
    while let Some(message) = reader.wait().await {
        match message {
            ChannelMsg::Data { data } if text.len() + data.len() <= limits::COMMAND_OUTPUT => {
                text.extend_from_slice(&data);
            }
            ChannelMsg::Data { .. } | ChannelMsg::Failure => break,
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            _ => {}
        }
    }
    drop(writer.close().await);
    // `df` and `cat` fail when one of many things cannot be read, and still print the others.
    status.and_then(|_| String::from_utf8(text).ok())
}

async fn start(
    channel: Channel<Msg>,
    text: &str,
) -> Result<(ChannelReadHalf, ChannelWriteHalf<Msg>), String> {
    // The answer is read with the output: waiting for it here would cost a round trip.
    let started = channel.exec(true, text).await;
    started.map_err(|_| ENDED.to_owned())?;
    Ok(channel.split())
}

/// The output side of a running command.
struct Output {
    reader: ChannelReadHalf,
    errors: Vec<u8>,
    _close: CloseOnDrop,
}

impl Output {
    fn chunks(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::unfold(self, |mut output| async {
            let chunk = output.next().await?;
            Some((chunk, output))
        })
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.reader.wait().await {
                Some(ChannelMsg::Data { data }) => return Some(Ok(data)),
                Some(ChannelMsg::ExtendedData { data, .. }) => self.keep(&data),
                Some(ChannelMsg::Failure) => self.keep(b"sshd refused to start the command"),
                Some(ChannelMsg::ExitStatus { exit_status }) if exit_status != 0 => {
                    self.keep(format!(" (exit status {exit_status})").as_bytes());
                }
                // What it complained of may come after the end of its output.
                Some(_) => {}
                None => return self.complaint().map(Err),
            }
        }
    }

    fn keep(&mut self, data: &[u8]) {
        let room = (4 * MAX_WORDS).saturating_sub(self.errors.len());
        self.errors.extend_from_slice(&data[..data.len().min(room)]);
    }

    /// Said once; reading on then meets the end.
    fn complaint(&mut self) -> Option<io::Error> {
        let words = clean(&String::from_utf8_lossy(&std::mem::take(&mut self.errors)));
        (!words.is_empty()).then(|| io::Error::other(Complaint(words)))
    }
}

/// What a command said when it failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in super::super) struct Complaint(pub(in super::super) String);

/// sshd ends the command when its channel is closed.
struct CloseOnDrop(Option<ChannelWriteHalf<Msg>>, TaskTracker);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        if let Some(channel) = self.0.take() {
            self.1.spawn(async move { drop(channel.close().await) });
        }
    }
}
