//! The terminal of whoever sits here: its size, its keys as they are pressed, and its own manner
//! again afterwards.

use std::{
    fs::File,
    io::{self, IsTerminal},
    os::fd::AsFd,
};

use anyhow::Context;
use portolan_types::{TerminalSize, terminal::Cells};
use rustix::{
    fs::{Mode, OFlags, open},
    termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr, ttyname},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::failure::Failure;

/// As much as is typed or pasted between two looks.
const KEYS: usize = 16 << 10;

/// The terminal of this process.
#[derive(Debug)]
pub(super) struct Console {
    keys: pipe::Receiver,
    screen: pipe::Sender,
    resizes: Signal,
}

/// What somebody does at a terminal.
#[derive(Debug)]
pub(super) enum Done {
    Typed(Vec<u8>),
    Resized(TerminalSize),
}

/// The manner in which it was found. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Raw(Termios);

impl Drop for Raw {
    fn drop(&mut self) {
        // With the terminal gone there is nothing to be given back.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

impl Console {
    /// An error where nobody sits at a terminal.
    pub(super) fn find() -> anyhow::Result<Self> {
        for (is_one, name) in [
            (io::stdin().is_terminal(), "standard input"),
            (io::stdout().is_terminal(), "standard output"),
        ] {
            if !is_one {
                return Err(Failure::usage(
                    format!("a terminal is for somebody who sits at one, and {name} is none"),
                    "run it in a terminal; for a single command there is `ssh`",
                )
                .into());
            }
        }
        // A terminal is read and written like a pipe, whose name these types have.
        let keys = pipe::Receiver::from_file_unchecked(anew(io::stdin(), OFlags::RDONLY)?);
        let screen = pipe::Sender::from_file_unchecked(anew(io::stdout(), OFlags::WRONLY)?);
        Ok(Self {
            keys: keys.context("could not read this terminal")?,
            screen: screen.context("could not write to this terminal")?,
            resizes: signal(SignalKind::window_change()).context("could not follow its size")?,
        })
    }

    /// What whoever sits here does next.
    pub(super) async fn next(&mut self) -> anyhow::Result<Done> {
        let mut typed = vec![0; KEYS];
        tokio::select! {
            length = self.keys.read(&mut typed) => {
                let length = length.context("could not read this terminal")?;
                anyhow::ensure!(length > 0, "this terminal was closed");
                typed.truncate(length);
                Ok(Done::Typed(typed))
            }
            _ = self.resizes.recv() => Ok(Done::Resized(size())),
        }
    }

    /// Shows it as it is.
    pub(super) async fn show(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.screen.write_all(bytes).await.context("could not write to this terminal")
    }
}

/// How large it is; the usual size where it does not say.
pub(super) fn size() -> TerminalSize {
    let usual = TerminalSize::default();
    let Ok(size) = tcgetwinsize(io::stdout()) else { return usual };
    TerminalSize {
        columns: Cells::try_from(size.ws_col).unwrap_or(usual.columns),
        rows: Cells::try_from(size.ws_row).unwrap_or(usual.rows),
    }
}

/// Every key is the shell's from now on, until what this answers is dropped.
pub(super) fn raw() -> anyhow::Result<Raw> {
    let found = tcgetattr(io::stdin()).context("could not read this terminal's manner")?;
    let mut raw = found.clone();
    raw.make_raw();
    tcsetattr(io::stdin(), OptionalActions::Flush, &raw)
        .context("could not change this terminal's manner")?;
    Ok(Raw(found))
}

/// Opened anew: what is set on the one that we were given would be set for others too.
fn anew(terminal: impl AsFd, flags: OFlags) -> anyhow::Result<File> {
    let name = ttyname(terminal, Vec::new()).context("could not find this terminal")?;
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = open(name, flags, Mode::empty()).context("could not open this terminal")?;
    Ok(opened.into())
}
