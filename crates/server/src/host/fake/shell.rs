//! A shell of a fake host: it shows what is typed, and knows a few words.
//!
//! `size` prints how large the terminal is, `exit N` ends it, `flood` says on and on, `deaf` takes
//! nothing more; anything else is named back.

use std::sync::{Arc, Mutex, atomic::Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use portolan_types::TerminalSize;
use tokio::sync::{broadcast, mpsc, watch};

use super::{FakeEngine, lock, lost};
use crate::host::{HostError, HostEvent, Shell, ShellEnd, ShellInput, ShellSaid};

/// What a flood says at a time.
const PIECE: usize = 32 << 10;
const PROMPT: &str = "$ ";

/// Held by both ends of a shell: when the last is gone, so is the shell.
#[derive(Debug)]
struct Alive(Arc<FakeEngine>);

impl Alive {
    fn new(engine: &Arc<FakeEngine>) -> Arc<Self> {
        engine.shells.send_modify(|shells| *shells += 1);
        Arc::new(Self(engine.clone()))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.shells.send_modify(|shells| *shells -= 1);
    }
}

/// In a container it ends with that.
pub(super) fn open(engine: &Arc<FakeEngine>, size: TerminalSize, inside: Option<&str>) -> Shell {
    let (typed, read) = mpsc::channel(4);
    let size = Arc::new(Mutex::new(size));
    let alive = Alive::new(engine);
    let state = State {
        read,
        size: size.clone(),
        line: Vec::new(),
        mood: Mood::Greets,
        up: engine.up.subscribe(),
        inside: inside.map(str::to_owned),
        events: engine.events.subscribe(),
        alive: alive.clone(),
    };
    let output = stream::unfold(Some(state), |state| async {
        let mut state = state?;
        let said = state.next().await;
        let goes_on = matches!(said, Ok(ShellSaid::Bytes(_)));
        Some((said, goes_on.then_some(state)))
    });
    Shell { output: output.boxed(), input: Box::new(Input { typed, size, _alive: alive }) }
}

#[derive(Debug)]
struct Input {
    typed: mpsc::Sender<Bytes>,
    size: Arc<Mutex<TerminalSize>>,
    _alive: Arc<Alive>,
}

#[async_trait]
impl ShellInput for Input {
    async fn write(&mut self, bytes: Bytes) -> Result<(), HostError> {
        self.typed.send(bytes).await.map_err(|_| lost())
    }

    async fn resize(&mut self, size: TerminalSize) -> Result<(), HostError> {
        *lock(&self.size) = size;
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Greets,
    Listens,
    Floods,
    Deaf,
}

struct State {
    read: mpsc::Receiver<Bytes>,
    size: Arc<Mutex<TerminalSize>>,
    line: Vec<u8>,
    mood: Mood,
    up: watch::Receiver<bool>,
    inside: Option<String>,
    events: broadcast::Receiver<HostEvent>,
    alive: Arc<Alive>,
}

impl State {
    async fn next(&mut self) -> Result<ShellSaid, HostError> {
        match self.mood {
            Mood::Greets => {
                self.mood = Mood::Listens;
                Ok(said(PROMPT))
            }
            Mood::Floods => {
                self.alive.0.flooded.fetch_add(PIECE, Ordering::Relaxed);
                Ok(ShellSaid::Bytes(vec![b'x'; PIECE].into()))
            }
            Mood::Listens => {
                loop {
                    if self.has_lost_its_container() {
                        let exit_status = Some(137);
                        return Ok(ShellSaid::Ended(ShellEnd { exit_status, signal: None }));
                    }
                    let typed = tokio::select! {
                        typed = self.read.recv() => typed,
                        _ = self.up.wait_for(|up| !up) => None,
                        // That something happened is enough: it is looked for again.
                        _ = self.events.recv() => continue,
                    };
                    return typed.map(|typed| self.heard(&typed)).ok_or_else(lost);
                }
            }
            Mood::Deaf => std::future::pending().await,
        }
    }

    fn has_lost_its_container(&self) -> bool {
        let Some(id) = &self.inside else { return false };
        let world = lock(&self.alive.0.world);
        !world.containers.get(id).is_some_and(super::containers::runs)
    }

    /// Shows it, and does what a whole line says.
    fn heard(&mut self, typed: &[u8]) -> ShellSaid {
        let mut shown = Vec::new();
        for byte in typed {
            if *byte != b'\r' {
                shown.push(*byte);
                self.line.push(*byte);
                continue;
            }
            shown.extend_from_slice(b"\r\n");
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("exit", status) => {
                    let exit_status = Some(status.parse().unwrap_or_default());
                    return ShellSaid::Ended(ShellEnd { exit_status, signal: None });
                }
                ("flood", _) => self.mood = Mood::Floods,
                ("deaf", _) => self.mood = Mood::Deaf,
                ("size", _) => {
                    let TerminalSize { columns, rows } = *lock(&self.size);
                    let size = format!("{} by {}\r\n{PROMPT}", columns.get(), rows.get());
                    shown.extend_from_slice(size.as_bytes());
                }
                _ => shown.extend_from_slice(format!("ran {line}\r\n{PROMPT}").as_bytes()),
            }
        }
        ShellSaid::Bytes(shown.into())
    }
}

fn said(text: &'static str) -> ShellSaid {
    ShellSaid::Bytes(Bytes::from_static(text.as_bytes()))
}
