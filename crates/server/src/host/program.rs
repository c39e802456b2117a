//! A program in a container that is spoken with: what it reads and what it says are streams. Nothing
//! here is kept: the bytes are between the program and whoever asked for it.

use std::fmt::{self, Debug};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::HostError;

/// A program that runs. Dropped, it is not heard any more, and finds its input at an end.
pub struct Program {
    /// What it says, to its end. Whoever does not read it holds it up, and nothing else.
    pub output: BoxStream<'static, Result<ProgramSaid, HostError>>,
    pub input: Box<dyn ProgramInput>,
}

impl Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("input", &self.input).finish_non_exhaustive()
    }
}

/// What a program says. The bytes are hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramSaid {
    Out(Bytes),
    /// On its standard error.
    Error(Bytes),
    /// The last: its exit code.
    Ended(i64),
}

/// The way to a program's input. A call waits until the host takes it.
#[async_trait]
pub trait ProgramInput: Debug + Send {
    async fn write(&mut self, bytes: Bytes) -> Result<(), HostError>;

    /// There is no more: the program finds the end.
    async fn close(&mut self) -> Result<(), HostError>;
}
