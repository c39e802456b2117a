//! A shell on a host, in a terminal: what it says and what it is told. Nothing here is read: the
//! bytes are between a person and the host.

use std::fmt::{self, Debug};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use portolan_types::TerminalSize;

use super::HostError;

/// What programs take the terminal for: what xterm.js and every terminal of today is.
pub(super) const TERM: &str = "xterm-256color";

/// A shell that runs. It ends when dropped.
pub struct Shell {
    /// What it says, to its end. Whoever does not read it holds it up, and nothing else.
    pub output: BoxStream<'static, Result<ShellSaid, HostError>>,
    pub input: Box<dyn ShellInput>,
}

impl Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shell").field("input", &self.input).finish_non_exhaustive()
    }
}

/// What a shell says. The bytes are hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellSaid {
    Bytes(Bytes),
    /// The last that it says.
    Ended(ShellEnd),
}

/// How a shell ended by itself; neither is known where the host did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellEnd {
    pub exit_status: Option<u32>,
    /// The name of a signal, as SSH has it: without `SIG`. It is the host's word.
    pub signal: Option<String>,
}

/// The way to a shell's input. A call waits until the host takes it.
#[async_trait]
pub trait ShellInput: Debug + Send {
    async fn write(&mut self, bytes: Bytes) -> Result<(), HostError>;

    async fn resize(&mut self, size: TerminalSize) -> Result<(), HostError>;
}
