//! `portolan serve`: the log, the listener and the signals around the control plane.

use std::io;

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt;

use crate::{
    control_plane::{Config, run},
    failure::Failure,
    printer::Printer,
    settings::{LogFilter, LogFormat, Settings},
};

pub(crate) async fn serve(printer: &Printer, settings: Settings) -> anyhow::Result<()> {
    let Settings { config, log, log_format } = settings;
    start_log(printer, &log, log_format);
    let listener = bind(&config).await?;
    let shutdown = CancellationToken::new();
    let mut signals = Signals::listen().context("could not listen for signals")?;
    let running = run(config, listener, shutdown.clone());
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return ended.context("the control plane stopped"),
        () = signals.next() => {}
    }
    tracing::info!("stopping; a second signal stops at once");
    shutdown.cancel();
    tokio::select! {
        ended = running => ended.context("the control plane did not stop well"),
        () = signals.next() => anyhow::bail!("stopped at once by a second signal"),
    }
}

/// The log is talk: it goes to stderr in either form.
fn start_log(printer: &Printer, filter: &LogFilter, format: LogFormat) {
    let builder = fmt().with_env_filter(filter.to_filter()).with_writer(io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(printer.colours_talk()).init(),
        LogFormat::Json => builder.json().with_current_span(false).init(),
    }
}

async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.listen;
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program has it, perhaps another Portolan (see `portolan doctor`): stop \
                 it, or listen elsewhere with --listen"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 belong to root: listen on another with --listen"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine does not have the address: see --listen"
            }
            _ => "listen elsewhere with --listen",
        };
        Failure::advised(format!("could not listen on {address}: {error}"), hint).into()
    })
}

/// The signals that ask a program to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
