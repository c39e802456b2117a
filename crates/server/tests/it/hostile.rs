//! Peers that mean harm: engines and SSH servers of our own that misbehave in each way that we could
//! think of, spoken to over real sockets by the real dialer.
//!
//! What is expected of each: an end in bounded time and memory, words that name the server and the
//! cause, nobody else who waits for it, and no panic.

use std::{
    panic,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use portolan_server::host::{
    Dialed, Dialer, HostError, Progress, Reachable, RealDialer, Route, Shell, Target,
    fake::FakeFleet,
};
use portolan_types::{Operation, Server, TerminalSize};
use serde_json::{Value, json};

use crate::support::TestApp;

mod engine;
mod engines;
mod http;
mod names;
mod paths;
mod registries;
mod ssh;
mod ssh_servers;
mod streams;

/// The machine's own addresses and sockets are real, all others are the fleet's.
#[derive(Debug)]
struct RealAndFake(Arc<FakeFleet>);

#[async_trait]
impl Dialer for RealAndFake {
    async fn dial(&self, target: &Target, progress: &Progress) -> Result<Dialed, HostError> {
        match real(target) {
            Some(reachable) => RealDialer::new(reachable).dial(target, progress).await,
            None => self.0.dial(target, progress).await,
        }
    }

    async fn dial_apart(&self, target: &Target) -> Result<Dialed, HostError> {
        match real(target) {
            Some(reachable) => RealDialer::new(reachable).dial_apart(target).await,
            None => self.0.dial_apart(target).await,
        }
    }

    async fn open_shell(&self, target: &Target, size: TerminalSize) -> Result<Shell, HostError> {
        match real(target) {
            Some(reachable) => RealDialer::new(reachable).open_shell(target, size).await,
            None => self.0.open_shell(target, size).await,
        }
    }
}

/// What of this machine has to be reachable for it; `None` is the fleet's.
fn real(target: &Target) -> Option<Reachable> {
    let mut reachable = Reachable::default();
    match &target.route {
        Route::Local { socket } => reachable.sockets.push(socket.clone()),
        Route::Ssh(route) if route.host.as_str().starts_with("127.") => {
            reachable.networks.push("127.0.0.0/8".parse().expect("a network"));
        }
        Route::Ssh(_) => return None,
    }
    Some(reachable)
}

/// Starts the control plane again so that it reaches real peers too.
pub(crate) async fn reach_real_peers(app: &mut TestApp) -> Result<()> {
    app.dialer = Arc::new(RealAndFake(app.fleet.clone()));
    app.restart().await
}

/// A new server; its validation is under way.
async fn add(app: &TestApp, name: &str, connection: Value) -> Result<Server> {
    let body = json!({ "name": name, "connection": connection });
    app.owner.post("/v1/servers", body).await?.created()
}

/// How its validation ended. Silence is waited for longer than most things: each call may take half
/// a minute, and dialling has several.
async fn validated(app: &TestApp, server: &Server) -> Result<Operation> {
    let id = server.operation_id.as_ref().context("an operation")?;
    for _ in 0..5 {
        let path = format!("/v1/operations/{id}?wait=20");
        let operation: Operation = app.owner.get(&path).await?.ok()?;
        if operation.state.is_over() {
            return Ok(operation);
        }
    }
    anyhow::bail!("the validation of {} has no end", server.name)
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Watches this process: every test has its own.
struct Watch {
    panics: usize,
}

impl Watch {
    fn begin() -> Self {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(what);
        }));
        Self { panics: PANICS.load(Ordering::Relaxed) }
    }

    /// Nothing panicked, and the process never had more than so many MiB in memory.
    fn saw_nothing(&self, most_mib: usize) -> Result<()> {
        ensure!(PANICS.load(Ordering::Relaxed) == self.panics, "something panicked");
        let peak = peak_mib()?;
        ensure!(peak < most_mib, "{peak} MiB in memory");
        Ok(())
    }
}

/// The most memory that this process ever had.
fn peak_mib() -> Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("a peak")?;
    let kib: usize = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1_024)
}
