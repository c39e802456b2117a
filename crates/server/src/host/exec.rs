//! Programs in containers: what is run, what it said, and files that go in and out.

use std::time::Duration;

use portolan_types::Timestamp;

/// A program to be run in a running container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// The program and its arguments: no shell reads them.
    pub command: Vec<String>,
    /// Instead of the container's own.
    pub user: Option<String>,
    /// Besides the container's own variables: name and value.
    pub environment: Vec<(String, String)>,
    /// Docker cannot end the program: one that takes longer runs on, unheard.
    pub within: Duration,
}

impl Exec {
    /// As the container's own user.
    pub fn new<const N: usize>(command: [impl Into<String>; N], within: Duration) -> Self {
        let command = command.map(Into::into).to_vec();
        Self { command, user: None, environment: Vec::new(), within }
    }
}

/// A program to be run in a terminal in a running container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalProgram {
    /// The program and its arguments: no shell of ours reads them.
    pub command: Vec<String>,
    /// Instead of the container's own.
    pub user: Option<String>,
    /// Besides the container's own variables: name and value.
    pub environment: Vec<(String, String)>,
}

/// What a program did. The texts are hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecOutput {
    pub exit_code: i64,
    pub stdout: String,
    pub stderr: String,
    /// Whether what is here is only the end of what was said.
    pub truncated: bool,
}

/// What a program had said when it had taken longer than it may. The texts are hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfinished {
    pub stdout: String,
    pub stderr: String,
    /// Whether what is here is only the end of what was said.
    pub truncated: bool,
}

/// Which part of a container's logs is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogQuery {
    /// The last lines, at most so many.
    pub lines: u32,
    /// Only what was said from then on, in seconds since 1970.
    pub since: Option<i64>,
    /// Whether each line begins with its time, as Docker writes it.
    pub timestamps: bool,
}

/// Which lines of a container's logs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineQuery {
    /// The last lines, at most so many.
    pub lines: u32,
    /// Only what was said from then on.
    pub since: Option<Timestamp>,
    /// Only what was said until then.
    pub until: Option<Timestamp>,
    pub follow: Follow,
}

/// Whether what is said later is wanted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// To the end of the container.
    Yes,
    No,
}

/// A file to be put into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Below the directory that it is put into; directories in it are made.
    pub path: String,
    pub content: FileContent,
    /// As `chmod` takes it: `0o600`.
    pub mode: u32,
    pub owner: FileOwner,
}

/// Whom a file in a container belongs to, by numbers there: root, where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileOwner {
    pub uid: u32,
    pub gid: u32,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileContent {
    Bytes(Vec<u8>),
    /// A symbolic link to this path. Docker takes what is there away and puts a link in its place: a
    /// program finds no file for a moment, and never half of one.
    Link(String),
}

impl From<Vec<u8>> for FileContent {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl NewFile {
    /// What is in it; nothing is in a link.
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            FileContent::Bytes(bytes) => bytes,
            FileContent::Link(_) => &[],
        }
    }
}
